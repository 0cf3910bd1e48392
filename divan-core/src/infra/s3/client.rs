use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation,
    ResponseChecksumValidation,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::S3Config;
use crate::infra::network::{CONNECT_TIMEOUT, REQUEST_TIMEOUT};

/// How often a request is sent at most.
const ATTEMPTS: u32 = 3;

impl S3Config {
    /// A client for this store. Nothing is sent before the first request, so the store need not be
    /// there yet.
    ///
    /// It names the bucket in the path, as MinIO wants it, and sends checksums only where S3
    /// demands them, since not every store knows them. A connection may take 5 seconds to be made,
    /// and an attempt 30 to be answered; there are 3 attempts. Clones share their connections.
    ///
    /// ```no_run
    /// use divan_core::infra::S3Config;
    /// use divan_core::secret::Secret;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let endpoint = "http://localhost:9000".parse()?;
    /// let config = S3Config::new(endpoint, "minioadmin", Secret::new("minioadmin"), "documents");
    /// let client = config.client();
    /// config.ensure_bucket(&client).await?;
    /// let objects = client.list_objects_v2().bucket(&config.bucket).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(&self) -> Client {
        let key = Credentials::new(
            &self.access_key,
            self.secret_key.expose(),
            None,
            None,
            "divan",
        );
        let mut trust = TrustStore::default();
        if self.endpoint.scheme() == "http" {
            // It must work in a container without certificates.
            trust = TrustStore::empty();
        }
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(
                TlsContext::builder()
                    .with_trust_store(trust)
                    .build()
                    .unwrap_or_default(),
            )
            .build_https();
        let time = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(REQUEST_TIMEOUT)
            .build();
        let settings = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(key)
            .region(Region::new(self.region.clone()))
            .endpoint_url(self.endpoint.as_str())
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .http_client(http)
            .timeout_config(time)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Client::from_conf(settings)
    }
}
