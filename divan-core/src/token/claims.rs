use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::types::{Audience, Role, SessionId, UserId};

/// What an access token is issued for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSubject {
    /// Who it is issued to.
    pub user: UserId,
    /// The user's role.
    pub role: Role,
    /// The audience it is for.
    pub audience: Audience,
    /// The session it belongs to.
    pub session: SessionId,
    /// The session's generation.
    pub generation: u64,
    /// What it is limited to, if it is.
    pub scope: Option<Scope>,
}

/// A narrower purpose, beyond which a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// To change the password, which has to be done before anything else.
    PasswordChange,
}

impl Scope {
    /// The scope's name in a token.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChange => "password-change",
        }
    }

    /// The scope of this name.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        (word == Self::PasswordChange.as_str()).then_some(Self::PasswordChange)
    }
}

/// What a checked access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessTokenClaims {
    /// Who it was issued to (`sub`).
    pub user: UserId,
    /// The user's role when it was issued. What counts is the role as stored now.
    pub role: Role,
    /// The audience it is for (`aud`).
    pub audience: Audience,
    /// The session it belongs to (`sid`).
    pub session: SessionId,
    /// The session's generation when it was issued (`gen`).
    pub generation: u64,
    /// What it is limited to (`scope`), if it is.
    pub scope: Option<Scope>,
    /// When it was issued (`iat`), in seconds since the Unix epoch.
    pub issued_at: u64,
    /// When it ends (`exp`), in seconds since the Unix epoch.
    pub expires_at: u64,
    /// The token's own id (`jti`).
    pub token_id: String,
}

/// The claims as they stand in the token.
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
