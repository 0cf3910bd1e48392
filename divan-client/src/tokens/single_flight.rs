use tokio::sync::watch;

use super::token_pair::Tokens;
use crate::error::Error;

/// Refresh in progress, shared by all calls that need it.
#[derive(Debug)]
pub(super) struct SingleFlight {
    pub(super) stale: Tokens,
    pub(super) result: RefreshResult,
}

/// Result of a refresh; `None` until it is complete.
pub(super) type RefreshResult = watch::Receiver<Option<Result<Tokens, Error>>>;
