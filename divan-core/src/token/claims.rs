use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::error::TokenError;
use crate::types::{Audience, Role, SessionId, UserId};

/// The user, session and purpose that an access token is issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenSubject {
    /// The user.
    pub user: UserId,
    /// The user's role.
    pub role: Role,
    /// The audience.
    pub audience: Audience,
    /// The session.
    pub session: SessionId,
    /// The session's generation.
    pub generation: u64,
    /// The purpose that the token is limited to; `None` for no limit.
    pub scope: Option<Scope>,
}

impl TokenSubject {
    /// Creates a subject without a scope.
    pub fn new(
        user: UserId,
        role: Role,
        audience: Audience,
        session: SessionId,
        generation: u64,
    ) -> Self {
        Self {
            user,
            role,
            audience,
            session,
            generation,
            scope: None,
        }
    }

    /// Limits the token to a purpose. Default: no limit.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<Option<Scope>>) -> Self {
        self.scope = scope.into();
        self
    }
}

/// A purpose that a token is limited to.
///
/// A limited token has the audience `HOST/limited` instead of `HOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Changing the password, which must happen first.
    PasswordChange,
}

impl Scope {
    /// The value of the `scope` claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChange => "password-change",
        }
    }

    pub(super) fn parse(scope: &str) -> Result<Self, TokenError> {
        (scope == Self::PasswordChange.as_str())
            .then_some(Self::PasswordChange)
            .ok_or(TokenError::NotAccepted)
    }
}

/// The claims of a verified access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessTokenClaims {
    /// The user (`sub`).
    pub user: UserId,
    /// The user's role when the token was issued (`role`). The stored role decides.
    pub role: Role,
    /// The audience (from `aud`).
    pub audience: Audience,
    /// The session (`sid`).
    pub session: SessionId,
    /// The session's generation when the token was issued (`gen`).
    pub generation: u64,
    /// The purpose that the token is limited to (`scope`); `None` for no limit.
    pub scope: Option<Scope>,
    /// The time of issue (`iat`), in seconds since the Unix epoch.
    pub issued_at: u64,
    /// The expiry (`exp`), in seconds since the Unix epoch.
    pub expires_at: u64,
    /// The token's id (`jti`).
    pub token_id: String,
}

/// The claims as encoded in the token.
#[derive(Serialize, Deserialize)]
pub(super) struct WireClaims<'a> {
    #[serde(borrow)]
    pub(super) iss: Cow<'a, str>,
    pub(super) sub: UserId,
    #[serde(borrow)]
    pub(super) aud: Cow<'a, str>,
    pub(super) role: Role,
    pub(super) sid: SessionId,
    #[serde(rename = "gen")]
    pub(super) generation: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Cow<'a, str>>,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    #[serde(borrow)]
    pub(super) jti: Cow<'a, str>,
}
