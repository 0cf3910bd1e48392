use async_trait::async_trait;
use aws_sdk_s3::Client;

use super::S3Config;
use crate::infra::DependencyKind;
use crate::infra::probe::{Probe, ProbeError};

/// Lists the bucket with the configured key.
#[derive(Clone)]
pub struct S3Probe {
    config: S3Config,
    client: Client,
}

impl S3Config {
    /// Creates a probe that uses this client.
    pub fn probe(&self, client: &Client) -> S3Probe {
        S3Probe {
            config: self.clone(),
            client: client.clone(),
        }
    }
}

redacted_debug!(S3Probe { config });

#[async_trait]
impl Probe for S3Probe {
    fn name(&self) -> &'static str {
        DependencyKind::S3.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        match self.config.find_bucket(&self.client).await? {
            Some(_) => Ok(()),
            None => Err(ProbeError::Misconfigured(super::error::NO_BUCKET, None)),
        }
    }
}
