use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::claims::AccessTokenClaims;
use super::error::TokenError;
use super::issuer::{AccessToken, TokenIssuer};
use super::verifier::TokenVerifier;
use crate::entropy::NoEntropy;
use crate::types::{ServiceId, ServiceScope, ServiceSecretId};

/// Lifetime of a token of a service.
const LIFE: Duration = Duration::from_mins(10);

/// The claims of a verified access token of a service.
///
/// Its `aud` claim is the host of the admin panel followed by `/service`, so that programs that verify tokens of users
/// refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceTokenClaims {
    /// The service credential (`sub` and `client_id`).
    pub service: ServiceId,
    /// The secret that the token was issued for (`secret_id`). When the secret is removed or expires, the
    /// token is invalid.
    pub secret: ServiceSecretId,
    /// The permissions of the token (`scope`), without those that this version does not know. A permission
    /// counts only if the credential still has it.
    pub scopes: Vec<ServiceScope>,
    /// The time of issue (`iat`), in seconds since the Unix epoch.
    pub issued_at: u64,
    /// The expiry (`exp`), in seconds since the Unix epoch.
    pub expires_at: u64,
    /// The token's id (`jti`).
    pub token_id: String,
}

/// The claims of a verified access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifiedToken {
    /// A token of a user, which may be limited to a [`Scope`](super::Scope).
    User(AccessTokenClaims),
    /// A token of a service.
    Service(ServiceTokenClaims),
}

/// The claims as encoded in the token.
#[derive(Serialize, Deserialize)]
pub(super) struct WireServiceClaims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    sub: ServiceId,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    client_id: ServiceId,
    secret_id: ServiceSecretId,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    iat: u64,
    nbf: u64,
    exp: u64,
    #[serde(borrow)]
    jti: Cow<'a, str>,
}

impl TokenIssuer {
    /// Issues a token for a service, which is valid for ten minutes, and not after `end` (in seconds since the
    /// Unix epoch).
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available for the token's id.
    pub fn issue_service(
        &self,
        service: ServiceId,
        secret: ServiceSecretId,
        scopes: &[ServiceScope],
        end: Option<u64>,
    ) -> Result<AccessToken, NoEntropy> {
        let mut id = [0; 16];
        self.entropy.fill(&mut id)?;
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let now = self.clock.unix_seconds();
        let expiry = now.saturating_add(LIFE.as_secs());
        let expiry = end.map_or(expiry, |end| end.clamp(now, expiry));
        let claims = WireServiceClaims {
            iss: (&*self.issuer).into(),
            sub: service,
            aud: self.audiences.service_claim().into(),
            client_id: service,
            secret_id: secret,
            scope: scopes.join(" ").into(),
            iat: now,
            nbf: now,
            exp: expiry,
            jti: URL_SAFE_NO_PAD.encode(id).into(),
        };
        Ok(AccessToken {
            token: self.sign(&claims),
            expires_in: Duration::from_secs(expiry - now),
        })
    }
}

impl TokenVerifier {
    /// Verifies a token of a user, as [`verify_any_scope`](Self::verify_any_scope), or of a service.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_any(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let claims = self.verified_claims(token)?;
        if let Ok(claims) = serde_json::from_slice(&claims) {
            return self.check(claims).map(VerifiedToken::User);
        }
        let claims = serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)?;
        self.check_service(claims).map(VerifiedToken::Service)
    }

    fn check_service(
        &self,
        claims: WireServiceClaims<'_>,
    ) -> Result<ServiceTokenClaims, TokenError> {
        let is_own = claims.iss == *self.issuer
            && claims.aud == self.audiences.service_claim()
            && claims.sub == claims.client_id;
        if !is_own {
            return Err(TokenError::NotAccepted);
        }
        self.check_times(claims.iat, claims.nbf, claims.exp)?;
        let scopes = claims.scope.split(' ').map(ServiceScope::from_code);
        Ok(ServiceTokenClaims {
            service: claims.sub,
            secret: claims.secret_id,
            scopes: scopes
                .filter(|scope| *scope != ServiceScope::Unknown)
                .collect(),
            issued_at: claims.iat,
            expires_at: claims.exp,
            token_id: claims.jti.into_owned(),
        })
    }
}
