use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::signature::Verifier;

use super::claims::{AccessClaims, Scope, WireClaims};
use super::error::TokenError;
use super::keys::SecretKey;
use super::surface::Surfaces;
use crate::clock::{Clock, SystemClock};

/// No token that is issued here comes near this size.
const MAX_BYTES: usize = 4096;

/// How far the clocks of two servers may differ, in seconds.
const LEEWAY: u64 = 30;

/// Checks access tokens.
///
/// The algorithm is pinned to the key and the header is compared as a whole, so a token cannot choose how it is
/// checked: `alg: none`, another algorithm, or a key that comes along (`jwk`, `jku`, `x5u`) is refused unread.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    key: SecretKey,
    header: Arc<str>,
    issuer: Arc<str>,
    surfaces: Surfaces,
    clock: Arc<dyn Clock>,
}

impl TokenVerifier {
    /// A verifier for the tokens of the [`TokenIssuer`](super::TokenIssuer) with the same key, issuer and surfaces.
    pub fn new(key: &SecretKey, issuer: &str, surfaces: Surfaces) -> Self {
        Self {
            header: key.encoded_header().into(),
            key: key.clone(),
            issuer: issuer.into(),
            surfaces,
            clock: Arc::new(SystemClock),
        }
    }

    /// The clock that times are compared with. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks form, signature, issuer, audience and times (30 seconds of leeway), and gives the claims.
    ///
    /// # Errors
    /// [`TokenError`]; nothing about an unsigned token is ever reported but that it is unsigned. A token with a
    /// [`Scope`] is [`TokenError::NotForUs`].
    pub fn verify(&self, token: &str) -> Result<AccessClaims, TokenError> {
        let claims = self.verify_any_scope(token)?;
        if claims.scope.is_some() { Err(TokenError::NotForUs) } else { Ok(claims) }
    }

    /// The same for what a token with a [`Scope`] may open: whoever calls this looks at [`AccessClaims::scope`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify), but for the scope; one that is not known here is [`TokenError::NotForUs`] all the same.
    pub fn verify_any_scope(&self, token: &str) -> Result<AccessClaims, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if header != &*self.header {
            return Err(TokenError::Malformed);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        self.key.verify(message.as_bytes(), &signature).map_err(|_| TokenError::SignatureMismatch)?;

        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError::Malformed)?;
        let claims: WireClaims<'_> = serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)?;
        self.check(claims)
    }

    fn check(&self, claims: WireClaims<'_>) -> Result<AccessClaims, TokenError> {
        let surface = self.surfaces.surface(&claims.aud).ok_or(TokenError::NotForUs)?;
        if claims.iss != *self.issuer {
            return Err(TokenError::NotForUs);
        }
        let known = |word: &str| Scope::from_word(word).ok_or(TokenError::NotForUs);
        let scope = claims.scope.as_deref().map(known).transpose()?;
        let now = self.clock.unix_seconds();
        if claims.exp.saturating_add(LEEWAY) <= now {
            return Err(TokenError::Expired);
        }
        if claims.nbf.max(claims.iat) > now.saturating_add(LEEWAY) {
            return Err(TokenError::NotYetValid);
        }
        Ok(AccessClaims {
            user: claims.sub,
            role: claims.role,
            surface,
            session: claims.sid,
            generation: claims.generation,
            scope,
            issued_at: claims.iat,
            expires_at: claims.exp,
            token_id: claims.jti.into_owned(),
        })
    }
}
