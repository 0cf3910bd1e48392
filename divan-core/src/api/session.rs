use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};
use crate::types::User;

/// What a sign-in answers: an access token and whom it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Session {
    /// The token to send as `Authorization: Bearer …`.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub access_token: Secret,
    /// How the token is sent.
    pub token_type: TokenType,
    /// How long the token lives, in seconds.
    #[cfg_attr(feature = "openapi", schema(example = 900))]
    pub expires_in: u64,
    /// Who signed in.
    pub user: User,
}

/// How an access token is sent (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenType {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer,
}

impl Session {
    /// The session of a user.
    pub fn new(access_token: Secret, expires_in: u64, user: User) -> Self {
        Self { access_token, token_type: TokenType::Bearer, expires_in, user }
    }
}
