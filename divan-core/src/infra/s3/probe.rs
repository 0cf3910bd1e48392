use std::fmt;

use async_trait::async_trait;
use aws_sdk_s3::Client;

use super::S3Config;
use crate::infra::probe::{Probe, ProbeError};

/// Asks the store for the bucket, signed with the configured key.
#[derive(Clone)]
pub struct S3Probe {
    config: S3Config,
    client: Client,
}

impl S3Config {
    /// A probe that asks over this client.
    pub fn probe(&self, client: &Client) -> S3Probe {
        S3Probe {
            config: self.clone(),
            client: client.clone(),
        }
    }
}

impl fmt::Debug for S3Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Probe")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Probe for S3Probe {
    fn name(&self) -> &'static str {
        "s3"
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        match self.config.look_at_bucket(&self.client).await? {
            Some(_) => Ok(()),
            None => Err(ProbeError::Misconfigured(super::fault::NO_BUCKET, None)),
        }
    }
}
