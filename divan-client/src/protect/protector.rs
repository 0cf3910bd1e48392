use divan_core::token::TokenError;
use divan_core::types::{Audience, Role};

use super::claims::Claims;
use super::introspection::Introspection;
use super::keys::RemoteKeys;
use super::refusal::Refusal;

/// Checks the access tokens of requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Protector {
    check: TokenCheck,
    role: Option<Role>,
    audience: Option<Audience>,
}

/// The way in which tokens are verified.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenCheck {
    /// With the server's public keys.
    Keys(RemoteKeys),
    /// By asking the server.
    Introspection(Introspection),
}

impl Protector {
    /// Creates a protector that accepts all valid tokens of both audiences. Limited tokens, of users who
    /// must change their password first, are refused.
    pub fn new(check: impl Into<TokenCheck>) -> Self {
        Self {
            check: check.into(),
            role: None,
            audience: None,
        }
    }

    /// Requires a role. Default: any.
    #[must_use]
    pub fn require_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// Requires an audience. Default: any.
    #[must_use]
    pub fn require_audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Checks a request by the values of its `Authorization` headers, as `headers.get_all("authorization")`
    /// returns them.
    ///
    /// # Errors
    /// [`Refusal`]. Several values are refused, because programs in between may have read another one.
    pub async fn check<V: AsRef<[u8]>>(
        &self,
        authorization: impl IntoIterator<Item = V>,
    ) -> Result<Claims, Refusal> {
        let token = bearer(authorization)?;
        self.check_token(&token).await
    }

    /// Checks an access token.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn check_token(&self, token: &str) -> Result<Claims, Refusal> {
        let claims = match &self.check {
            TokenCheck::Keys(keys) => keys.verify(token).await?.into(),
            TokenCheck::Introspection(introspection) => introspection.verify(token).await?,
        };
        self.permit(claims)
    }

    /// Returns claims that have the required role and audience.
    pub(super) fn permit(&self, claims: Claims) -> Result<Claims, Refusal> {
        let is_role = self.role.is_none_or(|role| role == claims.role);
        let is_audience = self
            .audience
            .is_none_or(|audience| audience == claims.audience);
        if is_role && is_audience {
            Ok(claims)
        } else {
            Err(Refusal::Insufficient)
        }
    }
}

/// Reads the token of the scheme `Bearer`, whose name is case-insensitive.
fn bearer<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Result<String, Refusal> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(Refusal::TokenMissing)?;
    let malformed = Refusal::TokenInvalid(TokenError::Malformed);
    if values.next().is_some() {
        return Err(malformed);
    }
    let value = str::from_utf8(value.as_ref()).map_err(|_| malformed)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(token.trim_matches(' ').to_owned())
        }
        _ => Err(Refusal::TokenMissing),
    }
}

impl From<RemoteKeys> for TokenCheck {
    fn from(keys: RemoteKeys) -> Self {
        Self::Keys(keys)
    }
}

impl From<Introspection> for TokenCheck {
    fn from(introspection: Introspection) -> Self {
        Self::Introspection(introspection)
    }
}
