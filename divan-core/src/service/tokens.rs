use std::time::Duration;

use crate::secret::Secret;
use crate::types::User;

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
    /// The user.
    pub user: User,
}
