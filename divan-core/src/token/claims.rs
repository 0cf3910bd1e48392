use serde::{Deserialize, Serialize};

use super::surface::Surface;
use crate::types::{Role, UserId};

/// What a checked access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessClaims {
    /// Who it was issued to (`sub`).
    pub user: UserId,
    /// The user's role when it was issued. What counts is the role as stored now.
    pub role: Role,
    /// The surface it is for (`aud`).
    pub surface: Surface,
    /// When it was issued (`iat`), in seconds since the Unix epoch.
    pub issued_at: u64,
    /// When it ends (`exp`), in seconds since the Unix epoch.
    pub expires_at: u64,
    /// The token's own id (`jti`).
    pub token_id: String,
}

/// The claims as they stand in the token.
#[derive(Serialize, Deserialize)]
pub(super) struct WireClaims {
    pub(super) iss: String,
    pub(super) sub: UserId,
    pub(super) aud: String,
    pub(super) role: Role,
    /// Present on a token for a narrower purpose, which opens nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    pub(super) jti: String,
}
