use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::audiences::Audiences;
use super::claims::{AccessTokenClaims, Scope, WireClaims};
use super::error::TokenError;
use super::key_ring::{AcceptedKeys, KeyRing};
use crate::clock::{Clock, SystemClock};
use crate::types::JwkSet;

/// The maximum size of a token: issued tokens are far smaller.
const MAX_BYTES: usize = 4096;

/// The accepted difference between the clocks of two servers, in seconds.
const LEEWAY: u64 = 30;

/// Verifies access tokens.
///
/// The algorithm is pinned to each key and the header is compared as a whole, so a token cannot
/// choose how it is verified: `alg: none`, another algorithm, and keys in the header (`jwk`, `jku`,
/// `x5u`) are rejected without parsing. A token can only name one of the accepted keys by its id.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    keys: AcceptedKeys,
    pub(super) issuer: Arc<str>,
    pub(super) audiences: Audiences,
    clock: Arc<dyn Clock>,
}

impl TokenVerifier {
    /// Creates a verifier for the tokens of the [`TokenIssuer`](super::TokenIssuer) with the same key,
    /// issuer and audiences, and for those of further keys that the [`KeyRing`] accepts.
    pub fn new(keys: impl Into<KeyRing>, issuer: &str, audiences: Audiences) -> Self {
        Self::from_keys(keys.into().accepted, issuer, audiences)
    }

    /// Creates a verifier from public keys, as a Divan server publishes them at
    /// `/.well-known/jwks.json`: for a service that shares no secret with it.
    ///
    /// Keys of unknown kinds are ignored, and so are all but the first 32 usable ones. JWKS-only
    /// verification does not see deactivation, demotion or sign-out until the access token expires.
    ///
    /// ```
    /// use divan_core::entropy::OsEntropy;
    /// use divan_core::token::{TokenSubject, KeyRing, SigningAlgorithm, SigningKey, Audiences, TokenIssuer, TokenVerifier};
    /// use divan_core::types::{JwkSet, Role, Audience};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let user = "0199d0f0-0000-7000-8000-000000000001".parse()?;
    /// # let session = "0199d0f0-0000-7000-8000-000000000002".parse()?;
    /// # let subject = TokenSubject::new(user, Role::Employee, Audience::MiniApp, session, 1);
    /// let keys = KeyRing::from(&SigningKey::generate(SigningAlgorithm::EdDsa, &OsEntropy)?);
    /// let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    /// let token = TokenIssuer::new(&keys, "https://sec.example.com", audiences.clone()).issue(&subject)?;
    ///
    /// // In the other service:
    /// let jwks: JwkSet = serde_json::from_str(&serde_json::to_string(&keys.jwks())?)?;
    /// let verifier = TokenVerifier::from_jwks(&jwks, "https://sec.example.com", audiences);
    /// assert_eq!(verifier.verify(token.token.expose())?.role, Role::Employee);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_jwks(jwks: &JwkSet, issuer: &str, audiences: Audiences) -> Self {
        Self::from_keys(AcceptedKeys::from_jwks(jwks), issuer, audiences)
    }

    fn from_keys(keys: AcceptedKeys, issuer: &str, audiences: Audiences) -> Self {
        Self {
            keys,
            issuer: issuer.into(),
            audiences,
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Verifies form, signature, issuer, audience and times (30 seconds of leeway), and returns the
    /// claims.
    ///
    /// # Errors
    /// [`TokenError`]. The claims are not parsed before the signature is verified. A token with a
    /// [`Scope`] is [`TokenError::NotAccepted`].
    pub fn verify(&self, token: &str) -> Result<AccessTokenClaims, TokenError> {
        let claims = self.verify_any_scope(token)?;
        if claims.scope.is_some() {
            Err(TokenError::NotAccepted)
        } else {
            Ok(claims)
        }
    }

    /// Verifies a token like [`verify`](Self::verify), and also accepts limited tokens: those with a
    /// [`Scope`] and the audience `HOST/limited`. The caller must check
    /// [`AccessTokenClaims::scope`].
    ///
    /// # Errors
    /// As [`verify`](Self::verify). An unknown scope, a scope with a normal audience, and a limited
    /// audience without a scope are [`TokenError::NotAccepted`].
    pub fn verify_any_scope(&self, token: &str) -> Result<AccessTokenClaims, TokenError> {
        let claims = self.verified_claims(token)?;
        self.check(serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)?)
    }

    /// Verifies form and signature, and returns the claims as JSON.
    pub(super) fn verified_claims(&self, token: &str) -> Result<Vec<u8>, TokenError> {
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

        URL_SAFE_NO_PAD
            .decode(claims)
            .map_err(|_| TokenError::Malformed)
    }

    pub(super) fn check(&self, claims: WireClaims<'_>) -> Result<AccessTokenClaims, TokenError> {
        if claims.iss != *self.issuer {
            return Err(TokenError::NotAccepted);
        }
        let scope = claims.scope.as_deref().map(Scope::parse).transpose()?;
        let audience = self
            .audiences
            .audience_of_claim(&claims.aud, scope)
            .ok_or(TokenError::NotAccepted)?;
        self.check_times(claims.iat, claims.nbf, claims.exp)?;
        Ok(AccessTokenClaims {
            user: claims.sub,
            role: claims.role,
            audience,
            session: claims.sid,
            generation: claims.generation,
            scope,
            auth_time: claims.auth_time,
            auth_methods: claims.amr,
            issued_at: claims.iat,
            expires_at: claims.exp,
            token_id: claims.jti.into_owned(),
        })
    }

    pub(super) fn check_times(&self, iat: u64, nbf: u64, exp: u64) -> Result<(), TokenError> {
        let now = self.clock.unix_seconds();
        if exp.saturating_add(LEEWAY) <= now {
            return Err(TokenError::Expired);
        }
        if nbf.max(iat) > now.saturating_add(LEEWAY) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}
