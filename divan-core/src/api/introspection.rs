use serde::{Deserialize, Serialize};

use crate::types::{Role, SessionId, TelegramId};

/// The path of the token endpoint of OAuth2. RFC 6749 defines its requests and errors, so it is no
/// [`Endpoint`](super::Endpoint), like the next two.
pub const TOKEN_PATH: &str = "/auth/token";

/// The path of token introspection (RFC 7662).
pub const INTROSPECTION_PATH: &str = "/auth/introspect";

/// The path of token revocation (RFC 7009).
pub const REVOCATION_PATH: &str = "/auth/revoke";

/// The state of a token (RFC 7662 §2.2). All members but `active` are absent for a token that is not valid now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Introspection {
    /// True if the token is valid now.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub active: bool,
    /// The scopes of a service, separated by spaces. Absent for a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "users:read users:write")
    )]
    pub scope: Option<String>,
    /// The application that the token was issued to: the host of the front end, or the id of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "divan.example.com")
    )]
    pub client_id: Option<String>,
    /// `Bearer` for an access token. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "Bearer"))]
    pub token_type: Option<String>,
    /// The expiry, in seconds since the Unix epoch. For a refresh token, that of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 1_768_470_372))]
    pub exp: Option<u64>,
    /// The time of issue, in seconds since the Unix epoch. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 1_768_469_472))]
    pub iat: Option<u64>,
    /// The time before which the token is not valid, in seconds since the Unix epoch. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 1_768_469_472))]
    pub nbf: Option<u64>,
    /// The id of the user or the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10")
    )]
    pub sub: Option<String>,
    /// The audience. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "divan.example.com")
    )]
    pub aud: Option<String>,
    /// The issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "https://sec.example.com")
    )]
    pub iss: Option<String>,
    /// The id of the token. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "mX0b9kq3YwPzR8tVcN2s5A")
    )]
    pub jti: Option<String>,
    /// The session of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub sid: Option<SessionId>,
    /// The present role of a user. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub role: Option<Role>,
    /// The present name of a user. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "First Last"))]
    pub name: Option<String>,
    /// The linked Telegram account of a user. Absent for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub telegram_id: Option<TelegramId>,
    /// The time of the user's last proof of identity, in seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 1_768_469_472))]
    pub auth_time: Option<u64>,
    /// The ways of that proof (RFC 8176). Absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = json!(["pwd", "telegram"])))]
    pub amr: Vec<String>,
}

/// An access token of a service, in the form of RFC 6749 §5.1.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServiceToken {
    /// The access token.
    #[serde(serialize_with = "crate::secret::expose")]
    pub access_token: crate::secret::Secret,
    /// The lifetime of the access token, in seconds.
    pub expires_in: u64,
    /// The scopes of the token, separated by spaces.
    #[serde(default)]
    pub scope: String,
}
