use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::S3Config;
use super::error::{is_missing_bucket, probe_error};
use crate::infra::probe::ProbeError;

/// Region of a bucket that is created without one.
const DEFAULT_REGION: &str = "us-east-1";

/// Result of [`S3Config::ensure_bucket`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Bucket {
    /// The bucket existed.
    Found,
    /// The bucket was created.
    Created,
}

impl S3Config {
    /// Creates the bucket if it is missing. Several servers may do so concurrently.
    ///
    /// # Errors
    /// When the bucket belongs to another account or must not be created, when the key is rejected,
    /// and when the store is unreachable. There is a single attempt, which the caller may repeat.
    pub async fn ensure_bucket(&self, client: &Client) -> Result<Bucket, ProbeError> {
        match self.find_bucket(client).await? {
            Some(found) => Ok(found),
            None => self.create_bucket(client).await,
        }
    }

    /// Finds the bucket; `None` if it does not exist.
    ///
    /// Lists one object instead of sending `HEAD`, whose response has no error code and cannot be
    /// distinguished from the response of another web server.
    pub(super) async fn find_bucket(&self, client: &Client) -> Result<Option<Bucket>, ProbeError> {
        let list = client
            .list_objects_v2()
            .bucket(&self.bucket)
            .max_keys(1)
            .customize();
        match list.config_override(once()).send().await {
            Ok(_) => Ok(Some(Bucket::Found)),
            Err(error) if is_missing_bucket(&error) => Ok(None),
            Err(error) => Err(probe_error(error)),
        }
    }

    async fn create_bucket(&self, client: &Client) -> Result<Bucket, ProbeError> {
        let location = (self.region != DEFAULT_REGION).then(|| {
            let region = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder()
                .location_constraint(region)
                .build()
        });
        let create = client
            .create_bucket()
            .bucket(&self.bucket)
            .set_create_bucket_configuration(location);
        let Err(error) = create.customize().config_override(once()).send().await else {
            return Ok(Bucket::Created);
        };
        // Another server has created it, or it belongs to another account: not every store
        // distinguishes these.
        self.find_bucket(client)
            .await?
            .ok_or_else(|| probe_error(error))
    }
}

/// Turns retries off.
fn once() -> Builder {
    aws_sdk_s3::Config::builder().retry_config(RetryConfig::disabled())
}
