use std::fmt;

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
        DependencyKind::S3.as_str()
    }

    fn kind(&self) -> Option<DependencyKind> {
        Some(DependencyKind::S3)
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        match self.config.find_bucket(&self.client).await? {
            Some(_) => Ok(()),
            None => Err(ProbeError::Misconfigured(super::error::NO_BUCKET, None)),
        }
    }
}
