use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::error::TokenError;
use crate::types::{Audience, AuthMethods, Role, SessionId, UserId};

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
    /// The time of the user's last proof of identity, in seconds since the Unix epoch.
    pub auth_time: Option<u64>,
    /// The ways of that proof.
    pub auth_methods: AuthMethods,
}

impl TokenSubject {
    /// Creates a subject without a scope and a proof of identity.
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
            auth_time: None,
            auth_methods: AuthMethods::NONE,
        }
    }

    /// Sets time and ways of the user's last proof of identity. Default: none.
    #[must_use]
    pub fn with_proof(mut self, auth_time: u64, methods: AuthMethods) -> Self {
        (self.auth_time, self.auth_methods) = (Some(auth_time), methods);
        self
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
    /// Setting up a second factor, which must happen first.
    SecondFactorEnrolment,
}

impl Scope {
    /// The value of the `scope` claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChange => "password-change",
            Self::SecondFactorEnrolment => "second-factor-enrolment",
        }
    }

    pub(super) fn parse(scope: &str) -> Result<Self, TokenError> {
        let mut all = [Self::PasswordChange, Self::SecondFactorEnrolment].into_iter();
        all.find(|known| known.as_str() == scope)
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
    /// The time of the user's last proof of identity (`auth_time`), in seconds since the Unix epoch: the
    /// sign-in, or a later step-up. A refresh does not change it. `None` in tokens of older versions.
    pub auth_time: Option<u64>,
    /// The ways of that proof (`amr`).
    pub auth_methods: AuthMethods,
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
    /// The application that requested the token (RFC 9068 §2.2): one per audience, named by its host.
    /// Not in tokens of older versions.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<Cow<'a, str>>,
    pub(super) role: Role,
    pub(super) sid: SessionId,
    #[serde(rename = "gen")]
    pub(super) generation: u64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) auth_time: Option<u64>,
    #[serde(default, skip_serializing_if = "AuthMethods::is_empty")]
    pub(super) amr: AuthMethods,
    pub(super) iat: u64,
    pub(super) nbf: u64,
    pub(super) exp: u64,
    #[serde(borrow)]
    pub(super) jti: Cow<'a, str>,
}
