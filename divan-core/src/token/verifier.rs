use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::audiences::Audiences;
use super::claims::{AccessTokenClaims, Scope, WireClaims};
use super::error::TokenError;
use super::key_ring::{AcceptedKeys, KeyRing};
use crate::clock::{Clock, SystemClock};
use crate::types::JwkSet;

/// No token that is issued here comes near this size.
const MAX_BYTES: usize = 4096;

/// How far the clocks of two servers may differ, in seconds.
const LEEWAY: u64 = 30;

/// Checks access tokens.
///
/// The algorithm is pinned to each key and the header is compared as a whole, so a token cannot
/// choose how it is checked: `alg: none`, another algorithm, or a key that comes along (`jwk`,
/// `jku`, `x5u`) is refused unread. All that a token can name is one of the keys that are accepted,
/// by its id.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    keys: AcceptedKeys,
    issuer: Arc<str>,
    audiences: Audiences,
    clock: Arc<dyn Clock>,
}

impl TokenVerifier {
    /// A verifier for the tokens of the [`TokenIssuer`](super::TokenIssuer) with the same key,
    /// issuer and audiences, and for those of further keys that the [`KeyRing`] accepts.
    pub fn new(keys: impl Into<KeyRing>, issuer: &str, audiences: Audiences) -> Self {
        Self::of(keys.into().accepted, issuer, audiences)
    }

    /// A verifier by public keys alone, as a server of Divan answers them at
    /// `/.well-known/jwks.json`: for a service that has no secret in common with it.
    ///
    /// Keys of kinds that are not known here are passed over, and so are all but the first 32 that
    /// are. It has no look at sessions: who was deactivated or demoted is let in for as long as the
    /// access token lives.
    ///
    /// ```
    /// use divan_core::entropy::OsEntropy;
    /// use divan_core::token::{TokenSubject, KeyRing, SigningKey, Audiences, TokenIssuer, TokenVerifier};
    /// use divan_core::types::{JwkSet, Role, Audience};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let grant = TokenSubject {
    /// #     user: "0199d0f0-0000-7000-8000-000000000001".parse()?,
    /// #     role: Role::Employee,
    /// #     audience: Audience::MiniApp,
    /// #     session: "0199d0f0-0000-7000-8000-000000000002".parse()?,
    /// #     generation: 1,
    /// #     scope: None,
    /// # };
    /// let keys = KeyRing::from(&SigningKey::generate(&OsEntropy)?);
    /// let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    /// let token = TokenIssuer::new(&keys, "https://sec.example.com", audiences.clone()).issue(&grant)?;
    ///
    /// // Over there:
    /// let jwks: JwkSet = serde_json::from_str(&serde_json::to_string(&keys.jwks())?)?;
    /// let verifier = TokenVerifier::from_jwks(&jwks, "https://sec.example.com", audiences);
    /// assert_eq!(verifier.verify(token.token.expose())?.role, Role::Employee);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_jwks(jwks: &JwkSet, issuer: &str, audiences: Audiences) -> Self {
        Self::of(AcceptedKeys::from_jwks(jwks), issuer, audiences)
    }

    fn of(keys: AcceptedKeys, issuer: &str, audiences: Audiences) -> Self {
        Self {
            keys,
            issuer: issuer.into(),
            audiences,
            clock: Arc::new(SystemClock),
        }
    }

    /// The clock that times are compared with. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Checks form, signature, issuer, audience and times (30 seconds of leeway), and gives the
    /// claims.
    ///
    /// # Errors
    /// [`TokenError`]; nothing about an unsigned token is ever reported but that it is unsigned. A
    /// token with a
    /// [`Scope`] is [`TokenError::NotForUs`].
    pub fn verify(&self, token: &str) -> Result<AccessTokenClaims, TokenError> {
        let claims = self.verify_any_scope(token)?;
        if claims.scope.is_some() {
            Err(TokenError::NotForUs)
        } else {
            Ok(claims)
        }
    }

    /// The same for what a token with a [`Scope`] may open: whoever calls this looks at
    /// [`AccessTokenClaims::scope`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify), but for the scope; one that is not known here is
    /// [`TokenError::NotForUs`] all the same.
    pub fn verify_any_scope(&self, token: &str) -> Result<AccessTokenClaims, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let key = self.keys.find(header, &*self.clock)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenError::Malformed)?;
        if !key.is_signed(message.as_bytes(), &signature) {
            return Err(TokenError::SignatureMismatch);
        }

        let claims = URL_SAFE_NO_PAD
            .decode(claims)
            .map_err(|_| TokenError::Malformed)?;
        let claims: WireClaims<'_> =
            serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)?;
        self.check(claims)
    }

    fn check(&self, claims: WireClaims<'_>) -> Result<AccessTokenClaims, TokenError> {
        let audience = self
            .audiences
            .by_host(&claims.aud)
            .ok_or(TokenError::NotForUs)?;
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
        Ok(AccessTokenClaims {
            user: claims.sub,
            role: claims.role,
            audience,
            session: claims.sid,
            generation: claims.generation,
            scope,
            issued_at: claims.iat,
            expires_at: claims.exp,
            token_id: claims.jti.into_owned(),
        })
    }
}
