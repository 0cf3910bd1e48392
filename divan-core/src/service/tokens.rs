use std::time::Duration;

use crate::secret::Secret;
use crate::token::Scope;
use crate::types::User;

/// An access token that replaces another one of the same session. The refresh token stays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FreshToken {
    /// The access token.
    pub access_token: Secret,
    /// The lifetime of the access token.
    pub expires_in: Duration,
}

/// The tokens of a session, and its user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedTokens {
    /// The access token.
    pub access_token: Secret,
    /// The lifetime of the access token.
    pub expires_in: Duration,
    /// The refresh token.
    pub refresh_token: Secret,
    /// The token of the known device; `None` for employees and after a refresh.
    pub device_token: Option<Secret>,
    /// The purpose that the access token is limited to; `None` for no limit.
    pub scope: Option<Scope>,
    /// The user.
    pub user: User,
}
