use std::sync::Arc;

use super::session_cache::CachedSession;
use super::{
    AdminService, AuthService, ClientInfo, ClientService, MAX_ATTEMPTS, ServiceCaller, ServiceError,
};
use crate::session::AccessCheck;
use crate::store::{StoreError, StoreErrorKind, StoredSession};
use crate::token::{AccessTokenClaims, Scope, TokenError};
use crate::types::{Audience, Role, SessionId, User, UserId};

/// The holder of a valid access token. Returned by [`AuthService::authenticate`] and
/// [`AuthService::authenticate_any_scope`] only.
#[derive(Clone, Debug)]
pub struct Caller {
    claims: AccessTokenClaims,
    found: Arc<CachedSession>,
    /// The step that the caller must complete first.
    limit: Option<Scope>,
}

impl Caller {
    /// Returns the user, at most one second old.
    pub fn user(&self) -> &User {
        &self.found.user
    }

    /// Returns the audience of the token.
    pub fn audience(&self) -> Audience {
        self.found.session.audience
    }

    /// Returns the session of the token.
    pub fn session(&self) -> SessionId {
        self.found.session.id
    }

    /// Returns `true` for an administrator who is signed in to the admin panel.
    pub fn is_admin(&self) -> bool {
        self.user().role == Role::Admin && self.audience() == Audience::Admin
    }

    /// Returns the claims of the token.
    pub(super) fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// Returns the session as stored, at most one second old.
    pub(super) fn stored_session(&self) -> &StoredSession {
        &self.found.session
    }

    /// Checks that the user is an administrator and the token is for the admin panel, also a limited
    /// one of an administrator who must set up a second factor first.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`], [`ServiceError::PasswordChangeRequired`].
    pub fn require_admin_any_scope(&self) -> Result<(), ServiceError> {
        self.require_limit(Some(Scope::SecondFactorEnrolment))?;
        if self.is_admin() {
            Ok(())
        } else {
            Err(ServiceError::AdminRequired)
        }
    }

    /// Checks that the caller may do everything, or this.
    pub(super) fn require_limit(&self, allowed: Option<Scope>) -> Result<(), ServiceError> {
        match self.limit {
            limit if limit.is_none() || limit == allowed => Ok(()),
            Some(Scope::SecondFactorEnrolment) => Err(ServiceError::SecondFactorEnrolmentRequired),
            _ => Err(ServiceError::PasswordChangeRequired),
        }
    }

    /// Returns the caller as an administrator.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`] unless the user is an administrator and the token is for the
    /// admin panel; otherwise as [`AuthService::authenticate`].
    pub fn into_admin(self) -> Result<Admin, ServiceError> {
        self.require_limit(None)?;
        self.require_admin_any_scope()?;
        Ok(Admin(Actor::Caller(self)))
    }
}

/// The permission for the operations of administrators: a [`Caller`] who is an administrator signed
/// in to the admin panel, the operator of the server, or another service with a scope.
///
/// A service acts on employees only: other operations return [`ServiceError::ServiceNotAllowed`].
#[derive(Clone, Debug)]
pub struct Admin(Actor);

#[derive(Clone, Debug)]
enum Actor {
    Caller(Caller),
    Service(ServiceCaller),
    Operator,
}

impl Admin {
    /// Creates the permission of the operator, who has access to the database and the secrets. Use it
    /// for commands on the server's own machine, never for requests from the network. Audit events
    /// of the operator have no actor.
    pub fn operator() -> Self {
        Self(Actor::Operator)
    }

    /// Creates the permission of a service whose scope was checked.
    pub(super) fn service(service: ServiceCaller) -> Self {
        Self(Actor::Service(service))
    }

    /// Returns the user; `None` for the operator and services.
    pub fn user(&self) -> Option<&User> {
        self.caller().map(Caller::user)
    }

    /// Returns the caller; `None` for the operator and services.
    pub(super) fn caller(&self) -> Option<&Caller> {
        match &self.0 {
            Actor::Caller(caller) => Some(caller),
            Actor::Service(_) | Actor::Operator => None,
        }
    }

    /// Returns the service; `None` for people.
    pub(super) fn as_service(&self) -> Option<&ServiceCaller> {
        match &self.0 {
            Actor::Service(service) => Some(service),
            Actor::Caller(_) | Actor::Operator => None,
        }
    }

    /// Returns `true` for the operator.
    pub(super) fn is_operator(&self) -> bool {
        matches!(self.0, Actor::Operator)
    }

    /// Returns the id of [`user`](Self::user).
    pub fn id(&self) -> Option<UserId> {
        self.user().map(|user| user.id)
    }
}

impl AdminService<'_> {
    /// Checks that the session of the caller has not ended, and that the caller is still an active
    /// administrator. For calls that take long; others are checked by [`AuthService::authenticate`].
    ///
    /// # Errors
    /// [`ServiceError::Token`] when the session has ended, [`ServiceError::AdminRequired`] when the caller
    /// is no administrator any more.
    pub async fn check_caller(self) -> Result<(), ServiceError> {
        if let Some(service) = self.admin.as_service() {
            return self
                .service
                .require_current_service(service, self.client)
                .await;
        }
        let Some(caller) = self.admin.caller() else {
            return Ok(());
        };
        match self.service.look_up(&caller.claims).await? {
            Some(found) if found.user.role == Role::Admin => Ok(()),
            Some(_) => Err(ServiceError::AdminRequired),
            None => Err(TokenError::NotAccepted.into()),
        }
    }
}

impl ClientService<'_> {
    /// Authenticates the caller by an access token. If the token reveals reuse of the session's tokens,
    /// the audit event contains the address and the request id of this client.
    ///
    /// # Errors
    /// As for [`AuthService::authenticate`].
    pub async fn authenticate(self, token: &str) -> Result<Caller, ServiceError> {
        let caller = self.authenticate_any_scope(token).await?;
        caller.require_limit(None)?;
        Ok(caller)
    }

    /// Authenticates the caller, including users who must change the password or set up a second
    /// factor first.
    ///
    /// # Errors
    /// As for [`AuthService::authenticate_any_scope`].
    pub async fn authenticate_any_scope(self, token: &str) -> Result<Caller, ServiceError> {
        let claims = self.service.parts.tokens.verify_any_scope(token)?;
        self.service.caller(claims, self.client).await
    }
}

/// # Access tokens
impl AuthService {
    /// Authenticates the caller by an access token. Like [`ClientService::authenticate`], but without
    /// information about the client.
    ///
    /// Sessions are cached for at most one second, so that a sign-out takes effect within a second
    /// on all servers. The first use of a new generation (see
    /// [`RotationState`](crate::session::RotationState)) is stored before this returns.
    ///
    /// # Errors
    /// [`ServiceError::Token`] when the token is not valid or its session has ended,
    /// [`ServiceError::PasswordChangeRequired`] when the user must change the password first,
    /// [`ServiceError::SecondFactorEnrolmentRequired`] when an administrator must set up a second
    /// factor first.
    ///
    /// ```
    /// use divan_core::service::{AuthService, ServiceError};
    ///
    /// async fn hello(service: &AuthService, token: &str) -> Result<String, ServiceError> {
    ///     let caller = service.authenticate(token).await?;
    ///     Ok(format!("Hello, {}!", caller.user().full_name))
    /// }
    /// ```
    pub async fn authenticate(&self, token: &str) -> Result<Caller, ServiceError> {
        let client = ClientInfo::unknown();
        self.for_client(&client).authenticate(token).await
    }

    /// Authenticates the caller, including users who must change the password or set up a second
    /// factor first. Use it only for the operations that such users need.
    ///
    /// # Errors
    /// [`ServiceError::Token`], as for [`authenticate`](Self::authenticate).
    pub async fn authenticate_any_scope(&self, token: &str) -> Result<Caller, ServiceError> {
        let client = ClientInfo::unknown();
        self.for_client(&client).authenticate_any_scope(token).await
    }

    /// Checks again that a caller is signed in. The body of the request, and maybe a hash, take time
    /// after the token was checked: a concurrent sign-out must win.
    pub(super) async fn require_current_caller(&self, caller: &Caller) -> Result<(), ServiceError> {
        let found = self
            .look_up(&caller.claims)
            .await?
            .ok_or(TokenError::NotAccepted)?;
        if found.user.role == caller.user().role {
            Ok(())
        } else {
            Err(TokenError::NotAccepted.into())
        }
    }

    /// Checks again that an administrator is signed in, or that a service is accepted.
    pub(super) async fn require_current_admin(
        &self,
        admin: &Admin,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        match &admin.0 {
            Actor::Caller(caller) => self.require_current_caller(caller).await,
            Actor::Service(service) => self.require_current_service(service, client).await,
            Actor::Operator => Ok(()),
        }
    }

    pub(super) async fn caller(
        &self,
        claims: AccessTokenClaims,
        client: &ClientInfo,
    ) -> Result<Caller, ServiceError> {
        for _ in 0..MAX_ATTEMPTS {
            let found = self
                .look_up(&claims)
                .await?
                .ok_or(TokenError::NotAccepted)?;
            match found.session.rotation.check_access(claims.generation) {
                AccessCheck::Valid => return Ok(self.caller_of(claims, found)),
                AccessCheck::Confirmed(next) if self.advance(&found.session, next).await? => {
                    let session = StoredSession {
                        rotation: next,
                        ..found.session.clone()
                    };
                    let found = self
                        .parts
                        .cache
                        .insert(found.read(), session, found.user.clone());
                    return Ok(self.caller_of(claims, found));
                }
                // A concurrent request has advanced the session.
                AccessCheck::Confirmed(_) => self.parts.cache.invalidate(claims.session),
                AccessCheck::ReuseDetected => {
                    self.end_reused(&found.session, client).await?;
                    return Err(TokenError::NotAccepted.into());
                }
                AccessCheck::Unknown => return Err(TokenError::NotAccepted.into()),
            }
        }
        Err(StoreError::new(StoreErrorKind::Unavailable).into())
    }

    fn caller_of(&self, claims: AccessTokenClaims, found: Arc<CachedSession>) -> Caller {
        let limit = self.scope_of(&found.session, &found.user).or(claims.scope);
        Caller {
            claims,
            found,
            limit,
        }
    }

    /// Returns the live session of the claims and its active user.
    async fn look_up(
        &self,
        claims: &AccessTokenClaims,
    ) -> Result<Option<Arc<CachedSession>>, StoreError> {
        let found = if let Some(cached) = self.parts.cache.get(claims.session, claims.generation) {
            cached
        } else {
            let read = self.parts.cache.begin_read();
            let Some((session, user)) = self.parts.store.session(claims.session).await? else {
                return Ok(None);
            };
            self.parts.cache.insert(read, session, user)
        };
        let is_good = found.session.is_live(self.now())
            && found.user.is_active
            && found.user.id == claims.user
            && found.session.audience == claims.audience;
        Ok(is_good.then_some(found))
    }
}
