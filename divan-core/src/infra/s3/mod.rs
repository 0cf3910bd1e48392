#[cfg(feature = "s3")]
mod bucket;
#[cfg(feature = "s3")]
mod client;
#[cfg(feature = "s3")]
mod error;
#[cfg(feature = "s3")]
mod probe;
mod section;

#[cfg(feature = "s3")]
pub use bucket::Bucket;
#[cfg(feature = "s3")]
pub use probe::S3Probe;

use url::Url;

use crate::secret::Secret;

/// Address, credentials and bucket of an S3 object store (AWS, MinIO).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct S3Config {
    /// Address of the store, without a path: `http://localhost:9000`.
    pub endpoint: Url,
    /// Id of the access key that signs requests.
    pub access_key: String,
    /// Secret of the access key.
    pub secret_key: Secret,
    /// Name of the bucket.
    pub bucket: String,
    /// Region in the signatures. Default: `us-east-1`, which MinIO uses too.
    pub region: String,
}

impl S3Config {
    /// Creates the configuration of a store in the default region.
    pub fn new(
        endpoint: Url,
        access_key: impl Into<String>,
        secret_key: Secret,
        bucket: impl Into<String>,
    ) -> Self {
        Self {
            endpoint,
            access_key: access_key.into(),
            secret_key,
            bucket: bucket.into(),
            region: "us-east-1".to_owned(),
        }
    }
}
