//! Introspection (RFC 7662) and revocation (RFC 7009) of tokens, for other services.

use uuid::Uuid;

use super::authenticate::{ServiceCaller, end_of, is_live};
use crate::secret::Secret;
use crate::service::session::unix_seconds;
use crate::service::{Caller, ClientService, ServiceError};
use crate::session::{EndReason, RefreshOutcome};
use crate::store::StoredSession;
use crate::token::{RefreshToken, ServiceTokenClaims, TokenError, VerifiedToken};
use crate::types::{AuditAction, AuthMethods, ServiceScope, SessionId, User};

/// A token that is valid now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActiveToken {
    /// The kind of the token.
    pub kind: TokenKind,
    /// The user or the service.
    pub subject: Uuid,
    /// The application that the token was issued to.
    pub client_id: String,
    /// The issuer.
    pub issuer: String,
    /// The audience; `None` for a refresh token.
    pub audience: Option<String>,
    /// The permissions of a service.
    pub scopes: Vec<ServiceScope>,
    /// The time of issue, in seconds since the Unix epoch; `None` for a refresh token.
    pub issued_at: Option<u64>,
    /// The expiry, in seconds since the Unix epoch.
    pub expires_at: Option<u64>,
    /// The token's id; `None` for a refresh token.
    pub token_id: Option<String>,
    /// The session of a user.
    pub session: Option<SessionId>,
    /// The user as stored, at most one second old; `None` for a service and for a refresh token.
    pub user: Option<User>,
    /// The time of the user's last proof of identity, in seconds since the Unix epoch.
    pub auth_time: Option<u64>,
    /// The ways of that proof.
    pub auth_methods: AuthMethods,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// An access token, which is sent as `Authorization: Bearer …`.
    Access,
    /// A refresh token.
    Refresh,
}

/// # Introspection and revocation
impl ClientService<'_> {
    /// Describes a token that another service has received. `None` for a token that is not valid, or that is
    /// limited to a [`Scope`](crate::token::Scope): such a token must be refused.
    ///
    /// A sign-out is seen within a second. An access token is checked like that of a [`Caller`], so its use is
    /// stored, and reuse of a replaced token ends the session. A refresh token is not exchanged, and its use is
    /// not stored.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientScope`] without [`ServiceScope::Introspect`], and [`ServiceError::Store`] when the
    /// database fails.
    pub async fn introspect(
        self,
        caller: &ServiceCaller,
        token: &Secret,
    ) -> Result<Option<ActiveToken>, ServiceError> {
        caller.require_scope(ServiceScope::Introspect)?;
        let described = match token.expose().parse::<RefreshToken>() {
            Ok(token) => return self.describe_refresh_token(&token).await,
            Err(_) => self.describe_access_token(token.expose()).await,
        };
        match described {
            Ok(active) => Ok(Some(active)),
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the session of an access or refresh token that another service has received. Does nothing for a token
    /// that is not valid, and for a session that has ended.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientScope`] without [`ServiceScope::Introspect`];
    /// [`ServiceError::UnsupportedToken`] for an access token of a service, which has no session.
    pub async fn revoke(self, caller: &ServiceCaller, token: &Secret) -> Result<(), ServiceError> {
        caller.require_scope(ServiceScope::Introspect)?;
        let found = match token.expose().parse::<RefreshToken>() {
            Ok(token) => self.genuine_session(&token).await?,
            Err(_) => match self.service.parts.tokens.verify_any(token.expose()) {
                Ok(VerifiedToken::User(claims)) => {
                    self.service.parts.store.session(claims.session).await?
                }
                Ok(VerifiedToken::Service(_)) => return Err(ServiceError::UnsupportedToken),
                Err(_) => None,
            },
        };
        let Some((session, user)) = found.filter(|(session, _)| session.end.is_none()) else {
            return Ok(());
        };
        let action = AuditAction::SignedOut;
        let mut event = self
            .service
            .audit_event(action, None, user.id, self.client)?;
        event.service_id = Some(caller.id());
        event.service_name = Some(caller.name().to_owned());
        let reason = EndReason::SignedOut;
        let ended = self
            .service
            .sign_out(user.id, Some(session.id), reason, event);
        ended.await.map(drop)
    }

    async fn describe_access_token(self, token: &str) -> Result<ActiveToken, ServiceError> {
        match self.service.parts.tokens.verify_any(token)? {
            VerifiedToken::User(claims) => {
                let caller = self.service.caller(claims, self.client).await?;
                caller.require_limit(None)?;
                Ok(self.active_user(&caller))
            }
            VerifiedToken::Service(claims) => self.active_service(claims).await,
        }
    }

    fn active_user(self, caller: &Caller) -> ActiveToken {
        let claims = caller.claims();
        let issuer = &self.service.parts.issuer;
        let host = issuer.host(claims.audience).to_owned();
        ActiveToken {
            kind: TokenKind::Access,
            subject: claims.user.0,
            client_id: host.clone(),
            issuer: issuer.name().to_owned(),
            audience: Some(host),
            scopes: Vec::new(),
            issued_at: Some(claims.issued_at),
            expires_at: Some(claims.expires_at),
            token_id: Some(claims.token_id.clone()),
            session: Some(claims.session),
            user: Some(caller.user().clone()),
            auth_time: claims.auth_time,
            auth_methods: claims.auth_methods,
        }
    }

    async fn active_service(self, claims: ServiceTokenClaims) -> Result<ActiveToken, ServiceError> {
        let (service, now) = (self.service, self.service.now());
        let found = service.find_service(claims.service).await?;
        // The address of the other service is not known here.
        let found = found.filter(|found| is_live(found, claims.secret, now));
        let found = found.ok_or(TokenError::NotAccepted)?;
        let end = end_of(&found, claims.secret).unwrap_or(u64::MAX);
        let scopes = claims.scopes.into_iter();
        let issuer = &service.parts.issuer;
        Ok(ActiveToken {
            kind: TokenKind::Access,
            subject: claims.service.0,
            client_id: claims.service.to_string(),
            issuer: issuer.name().to_owned(),
            audience: Some(issuer.service_audience()),
            scopes: scopes
                .filter(|scope| found.scopes.contains(scope))
                .collect(),
            issued_at: Some(claims.issued_at),
            expires_at: Some(claims.expires_at.min(end)),
            token_id: Some(claims.token_id),
            session: None,
            user: None,
            auth_time: None,
            auth_methods: AuthMethods::NONE,
        })
    }

    /// Describes a refresh token that a refresh would accept now.
    async fn describe_refresh_token(
        self,
        token: &RefreshToken,
    ) -> Result<Option<ActiveToken>, ServiceError> {
        let (service, now) = (self.service, self.service.now());
        let Some((session, user)) = self.genuine_session(token).await? else {
            return Ok(None);
        };
        let outcome = session.rotation.refresh(token.generation(), now);
        let is_accepted = matches!(
            outcome,
            RefreshOutcome::Rotated(_) | RefreshOutcome::Replayed(_)
        );
        let is_limited = service.scope_of(&session, &user).is_some();
        if !is_accepted || is_limited || !session.is_live(now) || !user.is_active {
            return Ok(None);
        }
        let issuer = &service.parts.issuer;
        Ok(Some(ActiveToken {
            kind: TokenKind::Refresh,
            subject: user.id.0,
            client_id: issuer.host(session.audience).to_owned(),
            issuer: issuer.name().to_owned(),
            audience: None,
            scopes: Vec::new(),
            issued_at: None,
            expires_at: unix_seconds(session.expires_at),
            token_id: None,
            session: Some(session.id),
            user: None,
            auth_time: None,
            auth_methods: AuthMethods::NONE,
        }))
    }

    /// Returns the session of a genuine refresh token, also of one that was replaced.
    async fn genuine_session(
        self,
        token: &RefreshToken,
    ) -> Result<Option<(StoredSession, User)>, ServiceError> {
        let parts = &self.service.parts;
        let found = parts.store.session(token.session()).await?;
        Ok(found.filter(|(session, _)| parts.refresh_keys.is_genuine(token, &session.salt)))
    }
}

fn is_refusal(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::Token(_)
            | ServiceError::PasswordChangeRequired
            | ServiceError::SecondFactorEnrolmentRequired
    )
}
