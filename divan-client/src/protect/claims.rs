use divan_core::token::AccessTokenClaims;
use divan_core::types::{Audience, Role, SessionId, UserId};

/// The user of a request, from a verified access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The user (`sub`).
    pub user: UserId,
    /// The user's role. With public keys, the role of the time when the token was issued.
    pub role: Role,
    /// The audience of the token.
    pub audience: Audience,
    /// The session (`sid`).
    pub session: SessionId,
    /// The expiry of the token (`exp`), in seconds since the Unix epoch.
    pub expires_at: u64,
    /// The user's name. Only by introspection.
    pub name: Option<String>,
}

impl From<AccessTokenClaims> for Claims {
    fn from(claims: AccessTokenClaims) -> Self {
        Self {
            user: claims.user,
            role: claims.role,
            audience: claims.audience,
            session: claims.session,
            expires_at: claims.expires_at,
            name: None,
        }
    }
}
