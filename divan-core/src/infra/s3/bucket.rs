use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::S3Config;
use super::fault::{Answer, fault};
use crate::infra::probe::ProbeError;

/// The region that a bucket lies in when none is asked for.
const DEFAULT_REGION: &str = "us-east-1";

/// How a bucket came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Bucket {
    /// It was there.
    Found,
    /// It was not, and is now.
    Created,
}

impl S3Config {
    /// Makes the bucket where it is missing. Servers that start at the same time do not get in each
    /// other's way.
    ///
    /// # Errors
    /// When the bucket is somebody else's or may not be made, when the key is refused, and when the
    /// store is not there. It is asked once: a caller that wants to wait for a store asks again.
    pub async fn ensure_bucket(&self, client: &Client) -> Result<Bucket, ProbeError> {
        match self.look_at_bucket(client).await? {
            Some(found) => Ok(found),
            None => self.create_bucket(client).await,
        }
    }

    /// Asks for the bucket; `None` where there is no such bucket.
    ///
    /// One object is listed, and not HEAD asked: that answer has words, and the page of a front end
    /// does not pass for it.
    pub(super) async fn look_at_bucket(
        &self,
        client: &Client,
    ) -> Result<Option<Bucket>, ProbeError> {
        let list = client
            .list_objects_v2()
            .bucket(&self.bucket)
            .max_keys(1)
            .customize();
        match list.config_override(once()).send().await {
            Ok(_) => Ok(Some(Bucket::Found)),
            Err(error) if Answer::of(&error) == Answer::NoBucket => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }

    async fn create_bucket(&self, client: &Client) -> Result<Bucket, ProbeError> {
        let place = (self.region != DEFAULT_REGION).then(|| {
            let region = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder()
                .location_constraint(region)
                .build()
        });
        let create = client
            .create_bucket()
            .bucket(&self.bucket)
            .set_create_bucket_configuration(place);
        let Err(error) = create.customize().config_override(once()).send().await else {
            return Ok(Bucket::Created);
        };
        // Another server was quicker, or somebody else has it; not every store says which.
        self.look_at_bucket(client)
            .await?
            .ok_or_else(|| fault(error))
    }
}

/// One attempt: who asks whether a store is there wants the answer, not another try.
pub(super) fn once() -> Builder {
    aws_sdk_s3::Config::builder().retry_config(RetryConfig::disabled())
}
