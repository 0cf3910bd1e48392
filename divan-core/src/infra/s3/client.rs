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

/// Maximum attempts of a request.
const ATTEMPTS: u32 = 3;

impl S3Config {
    /// Creates a client for this store, without connecting.
    ///
    /// It puts the bucket into the path, which MinIO needs, and sends checksums only where S3
    /// requires them, because not every store supports them. It waits 5 seconds for a connection and
    /// 30 for a response, and sends a request up to 3 times. Clones share their connections.
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
        let credentials = Credentials::new(
            &self.access_key,
            self.secret_key.expose(),
            None,
            None,
            "divan",
        );
        let mut trust = TrustStore::default();
        if self.endpoint.scheme() == "http" {
            // This must work in a container without certificates.
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
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(REQUEST_TIMEOUT)
            .build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::new(self.region.clone()))
            .endpoint_url(self.endpoint.as_str())
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Client::from_conf(config)
    }
}
