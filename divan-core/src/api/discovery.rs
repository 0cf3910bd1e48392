use serde::{Deserialize, Serialize};

use super::{Endpoint, INTROSPECTION_PATH, Jwks, REVOCATION_PATH, TOKEN_PATH};
use crate::types::{JwkSet, ServiceScope};

/// The claims of access tokens.
const CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "role",
    "sid",
    "gen",
    "scope",
    "auth_time",
    "amr",
    "iat",
    "nbf",
    "exp",
    "jti",
];

/// The methods with which services send their credentials (RFC 6749 §2.3.1).
const SERVICE_METHODS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// The issuer, endpoints and algorithms of a server, for programs that verify or request tokens
/// ([RFC 8414](https://www.rfc-editor.org/rfc/rfc8414) and [OpenID Connect Discovery
/// 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)).
///
/// Divan is no OpenID provider: there is no authorization endpoint, and there are no ID tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "The metadata of the server (RFC 8414, section 2).")
)]
#[non_exhaustive]
pub struct ServerMetadata {
    /// The issuer, exactly as in `iss` of access tokens.
    #[cfg_attr(feature = "openapi", schema(example = "https://sec.example.com"))]
    pub issuer: String,
    /// The URL of the public keys. The set is empty if the server has no signing key and no
    /// verifying keys.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "https://sec.example.com/.well-known/jwks.json")
    )]
    pub jwks_uri: String,
    /// The URL of the token endpoint.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "https://sec.example.com/auth/token")
    )]
    pub token_endpoint: String,
    /// The authentication methods of clients at the token endpoint.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["none", "client_secret_basic", "client_secret_post"])))]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// The grants of the token endpoint.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["password", "refresh_token", "client_credentials"])))]
    pub grant_types_supported: Vec<String>,
    /// The scopes of service credentials.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["introspect", "users:read"])))]
    pub scopes_supported: Vec<String>,
    /// The URL of token introspection (RFC 7662).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "https://sec.example.com/auth/introspect")
    )]
    pub introspection_endpoint: Option<String>,
    /// The authentication methods of services at the introspection endpoint.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["client_secret_basic", "client_secret_post"])))]
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// The URL of token revocation (RFC 7009).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "https://sec.example.com/auth/revoke")
    )]
    pub revocation_endpoint: Option<String>,
    /// The authentication methods of services at the revocation endpoint.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["client_secret_basic", "client_secret_post"])))]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    /// The response types of the authorization endpoint. None, because there is no such endpoint; RFC
    /// 8414 requires the member.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!([])))]
    pub response_types_supported: Vec<String>,
    /// The types of user ids: `public`, the same id for every client.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["public"])))]
    pub subject_types_supported: Vec<String>,
    /// The algorithms of the public keys. Divan issues no ID tokens: these are the algorithms of access tokens,
    /// for programs that look here.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["ES256", "EdDSA"])))]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// The claims of access tokens.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = json!(["iss", "sub", "aud", "role"])))]
    pub claims_supported: Vec<String>,
    /// The URL of the documentation, if the server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "https://sec.example.com/docs/")
    )]
    pub service_documentation: Option<String>,
}

impl ServerMetadata {
    /// Creates the metadata of a server with this issuer, whose endpoints are below the URL `base`.
    pub fn new(issuer: &str, base: &str, jwks: &JwkSet) -> Self {
        let base = base.trim_end_matches('/');
        let [basic, post] = SERVICE_METHODS;
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{base}{}", Jwks::PATH),
            token_endpoint: format!("{base}{TOKEN_PATH}"),
            token_endpoint_auth_methods_supported: texts(["none", basic, post]),
            grant_types_supported: texts(["password", "refresh_token", "client_credentials"]),
            scopes_supported: ServiceScope::ALL
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .collect(),
            introspection_endpoint: Some(format!("{base}{INTROSPECTION_PATH}")),
            introspection_endpoint_auth_methods_supported: texts(SERVICE_METHODS),
            revocation_endpoint: Some(format!("{base}{REVOCATION_PATH}")),
            revocation_endpoint_auth_methods_supported: texts(SERVICE_METHODS),
            response_types_supported: Vec::new(),
            subject_types_supported: texts(["public"]),
            id_token_signing_alg_values_supported: algorithms(jwks),
            claims_supported: texts(CLAIMS),
            service_documentation: None,
        }
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

/// Returns the algorithms of the keys, each once, in the order of the keys.
fn algorithms(jwks: &JwkSet) -> Vec<String> {
    let mut algorithms: Vec<String> = Vec::new();
    for algorithm in jwks.keys.iter().filter_map(|key| key.alg.as_ref()) {
        if !algorithms.contains(algorithm) {
            algorithms.push(algorithm.clone());
        }
    }
    algorithms
}
