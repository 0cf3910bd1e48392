use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::audiences::Audiences;
use super::claims::{TokenSubject, WireClaims};
use super::compact::encode_part;
use super::key_ring::{KeyRing, Signer};
use crate::clock::{Clock, SystemClock};
use crate::entropy::{Entropy, NoEntropy, OsEntropy};
use crate::secret::Secret;
use crate::types::Audience;

/// Issues access tokens.
#[derive(Clone, Debug)]
pub struct TokenIssuer {
    signer: Signer,
    pub(super) issuer: Arc<str>,
    pub(super) audiences: Audiences,
    miniapp_life: Duration,
    admin_life: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

/// An issued access token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessToken {
    /// The token in its compact form.
    pub token: Secret,
    /// The lifetime.
    pub expires_in: Duration,
}

impl TokenIssuer {
    /// Creates an issuer from a [`SecretKey`](super::SecretKey), a
    /// [`SigningKey`](super::SigningKey) or a [`KeyRing`], and the `iss` claim, a URL.
    pub fn new(keys: impl Into<KeyRing>, issuer: &str, audiences: Audiences) -> Self {
        Self {
            signer: keys.into().signer,
            issuer: issuer.into(),
            audiences,
            miniapp_life: Duration::from_mins(15),
            admin_life: Duration::from_mins(10),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }

    /// Returns the `iss` claim.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Sets the lifetime of tokens of an audience. Default: 15 minutes (Mini App), 10 minutes
    /// (admin panel).
    #[must_use]
    pub fn life(mut self, audience: Audience, life: Duration) -> Self {
        match audience {
            Audience::MiniApp => self.miniapp_life = life,
            Audience::Admin => self.admin_life = life,
        }
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the randomness of token ids. Default: [`OsEntropy`].
    #[must_use]
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Issues a token.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available for the token's id.
    pub fn issue(&self, subject: &TokenSubject) -> Result<AccessToken, NoEntropy> {
        self.issue_at_most(subject, Duration::MAX)
    }

    /// Issues a token whose lifetime is at most `at_most`.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available for the token's id.
    pub fn issue_at_most(
        &self,
        subject: &TokenSubject,
        at_most: Duration,
    ) -> Result<AccessToken, NoEntropy> {
        let mut id = [0; 16];
        self.entropy.fill(&mut id)?;
        let life = match subject.audience {
            Audience::MiniApp => self.miniapp_life,
            Audience::Admin => self.admin_life,
        };
        let expires_in = life.min(at_most);
        let now = self.clock.unix_seconds();
        let claims = WireClaims {
            iss: (&*self.issuer).into(),
            sub: subject.user,
            aud: self.audiences.claim(subject.audience, subject.scope),
            client_id: Some(self.audiences.host(subject.audience).into()),
            role: subject.role,
            sid: subject.session,
            generation: subject.generation,
            scope: subject.scope.map(|scope| scope.as_str().into()),
            auth_time: subject.auth_time,
            amr: subject.auth_methods,
            iat: now,
            nbf: now,
            exp: now.saturating_add(expires_in.as_secs()),
            jti: URL_SAFE_NO_PAD.encode(id).into(),
        };
        Ok(AccessToken {
            token: self.sign(&claims),
            expires_in,
        })
    }

    /// Returns the `iss` claim.
    pub fn name(&self) -> &str {
        &self.issuer
    }

    /// Returns the `aud` claim of tokens of an audience without a scope.
    pub fn host(&self, audience: Audience) -> &str {
        self.audiences.host(audience)
    }

    /// Returns the `aud` claim of tokens of other services.
    pub fn service_audience(&self) -> String {
        self.audiences.service_claim()
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Secret {
        let mut token = format!("{}.{}", self.signer.header, encode_part(claims));
        let signature = self.signer.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Secret::new(token)
    }
}
