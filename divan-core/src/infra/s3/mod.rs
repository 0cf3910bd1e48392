#[cfg(feature = "s3")]
mod bucket;
#[cfg(feature = "s3")]
mod client;
#[cfg(feature = "s3")]
mod fault;
#[cfg(feature = "s3")]
mod probe;
mod section;

#[cfg(feature = "s3")]
pub use bucket::Bucket;
#[cfg(feature = "s3")]
pub use probe::S3Probe;

use url::Url;

use crate::secret::Secret;

/// Where an object store is that speaks S3 (AWS, MinIO), and as whom to ask it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct S3Config {
    /// Its address, without a path: `http://localhost:9000`.
    pub endpoint: Url,
    /// The name of the key that signs requests.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret,
    /// The bucket to work in.
    pub bucket: String,
    /// The region that signatures name. Default: `us-east-1`, as MinIO has it.
    pub region: String,
}

impl S3Config {
    /// A store in the default region.
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
