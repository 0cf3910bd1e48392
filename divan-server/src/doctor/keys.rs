use std::time::Instant;

use divan_core::api::{Endpoint, OpenidConfiguration, ServerMetadata};
use url::Url;

use super::audiences::join;
use super::{DEADLINE, Finding};
use crate::config::{Config, is_local};
use crate::http_client::{bounded_body, http_client};

const SUBJECT: &str = "access tokens";

/// Checks that other services can verify access tokens, and find the keys at the issuer.
pub(super) async fn keys(config: &Config) -> Finding {
    let issuer = &config.addresses.issuer;
    let jwks = config.token_keys.jwks();
    let expected = ServerMetadata::new(issuer, issuer, &jwks);
    let algorithms = expected.id_token_signing_alg_values_supported.join(", ");
    if algorithms.is_empty() {
        let text =
            "SECRET_KEY signs them (HS256): other services cannot verify them with public keys";
        return Finding::ok(SUBJECT, text);
    }
    let text = format!("public keys for {algorithms}");
    // The configuration refuses other issuers.
    let Some(url) = Url::parse(issuer).ok().filter(|url| !is_local(url)) else {
        return Finding::ok(SUBJECT, text);
    };
    let started = Instant::now();
    match published_issuer(&url).await {
        Some(found) if found == *issuer => {
            Finding::ok(SUBJECT, format!("{text}; {issuer} names this server"))
                .took(started.elapsed())
        }
        _ => Finding::warning(
            SUBJECT,
            format!(
                "{text}, but {} does not return the issuer {issuer}: programs that need only the issuer's URL do not find the \
                 keys; check DIVAN_ISSUER and the proxy",
                join(&url, OpenidConfiguration::PATH)
            ),
        ),
    }
}

/// Returns the issuer that the metadata at this URL names.
async fn published_issuer(issuer: &Url) -> Option<String> {
    let http = http_client(issuer, DEADLINE).ok()?;
    let response = http.get(join(issuer, OpenidConfiguration::PATH));
    let body = bounded_body(response.send().await.ok()?).await.ok()??;
    let metadata: ServerMetadata = serde_json::from_slice(&body).ok()?;
    Some(metadata.issuer)
}

#[cfg(test)]
mod tests {
    use divan_core::api::JwkSet;
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[tokio::test]
    async fn the_issuer_of_the_metadata_is_read() {
        let server = MockServer::start().await;
        let issuer: Url = format!("{}/a/", server.uri()).parse().unwrap();
        assert_eq!(published_issuer(&issuer).await, None);
        let metadata = ServerMetadata::new("https://b.kz", "https://b.kz", &JwkSet::default());
        Mock::given(path("/a/.well-known/openid-configuration"))
            .respond_with(ResponseTemplate::new(200).set_body_json(&metadata))
            .mount(&server)
            .await;
        assert_eq!(
            published_issuer(&issuer).await.as_deref(),
            Some("https://b.kz")
        );
    }
}
