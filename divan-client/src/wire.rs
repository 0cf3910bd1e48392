use std::time::Duration;

use tokio::time::Instant;

use crate::Retries;
use crate::base_url::BaseUrl;

/// Stands for "never": what an [`Instant`] can surely be moved by.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// The way to one server, without anybody's tokens.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) http: reqwest::Client,
    pub(crate) base: BaseUrl,
    pub(crate) timeout: Duration,
    pub(crate) retries: Retries,
}

impl Wire {
    /// When a call that begins now has to be over.
    pub(crate) fn deadline(&self) -> Instant {
        deadline_in(self.timeout)
    }
}

pub(crate) fn deadline_in(time: Duration) -> Instant {
    Instant::now() + time.min(FOR_EVER)
}
