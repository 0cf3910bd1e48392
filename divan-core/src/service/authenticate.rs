use std::sync::Arc;

use super::session_cache::CachedSession;
use super::{ATTEMPTS, AuthService, ClientInfo, ServiceError};
use crate::session::AccessCheck;
use crate::store::{StoreError, StoreErrorKind, StoredSession};
use crate::token::{AccessTokenClaims, TokenError};
use crate::types::{Audience, Role, SessionId, User, UserId};

/// Somebody who showed a good access token. Only [`AuthService::authenticate`] and
/// [`AuthService::authenticate_any_scope`] make it.
#[derive(Clone, Debug)]
pub struct Caller {
    claims: AccessTokenClaims,
    found: Arc<CachedSession>,
}

impl Caller {
    /// Who it is, as stored within the last second.
    pub fn user(&self) -> &User {
        &self.found.user
    }

    /// The audience that the token is for.
    pub fn audience(&self) -> Audience {
        self.found.session.audience
    }

    /// The session that the token belongs to.
    pub fn session(&self) -> SessionId {
        self.found.session.id
    }

    /// The caller as an administrator.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`] unless the user is an administrator now and the token is one
    /// of the admin panel.
    pub fn into_admin(self) -> Result<Admin, ServiceError> {
        if self.user().password_change_required {
            Err(ServiceError::PasswordChangeRequired)
        } else if self.user().role == Role::Admin && self.audience() == Audience::Admin {
            Ok(Admin(Actor::Caller(self)))
        } else {
            Err(ServiceError::AdminRequired)
        }
    }
}

/// A [`Caller`] who is an administrator, signed in to the admin panel; or whoever runs commands on
/// the server's own machine. What only administrators may do asks for one.
#[derive(Clone, Debug)]
pub struct Admin(Actor);

#[derive(Clone, Debug)]
enum Actor {
    Caller(Caller),
    Operator,
}

impl Admin {
    /// Whoever has the database and the secrets in their hands anyway: for commands on the server's
    /// own machine. What comes over the network is never one. The audit names nobody for it.
    pub fn operator() -> Self {
        Self(Actor::Operator)
    }

    /// Who it is; `None` for the operator.
    pub fn user(&self) -> Option<&User> {
        match &self.0 {
            Actor::Caller(caller) => Some(caller.user()),
            Actor::Operator => None,
        }
    }

    /// The id of [`user`](Self::user).
    pub fn id(&self) -> Option<UserId> {
        self.user().map(|user| user.id)
    }
}

impl AuthService {
    /// Tells who is asking.
    ///
    /// The token proves who signed in; whether that session still is good is looked up, at most a
    /// second ago. The first token of a new generation is written down before this answers.
    ///
    /// # Errors
    /// [`ServiceError::Token`] when the token is refused or its session is over,
    /// [`ServiceError::PasswordChangeRequired`] when the user has to change the password first.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, ServiceError> {
        let claims = self.parts.tokens.verify_any_scope(token)?;
        let caller = self.caller(claims).await?;
        if caller.claims.scope.is_some() || caller.user().password_change_required {
            return Err(ServiceError::PasswordChangeRequired);
        }
        Ok(caller)
    }

    /// Tells who is asking, also somebody who has to change the password first. For the little that
    /// they may do.
    ///
    /// # Errors
    /// [`ServiceError::Token`], as for [`authenticate`](Self::authenticate).
    pub async fn authenticate_any_scope(&self, token: &str) -> Result<Caller, ServiceError> {
        let claims = self.parts.tokens.verify_any_scope(token)?;
        self.caller(claims).await
    }

    /// Looks once more whether a caller still is signed in. Between the token and what it is shown
    /// for lie the body of the request, which may take its time, and maybe a hash: who was signed
    /// out meanwhile must not go on.
    pub(super) async fn still_signed_in(&self, caller: &Caller) -> Result<(), ServiceError> {
        let found = self
            .look_up(&caller.claims)
            .await?
            .ok_or(TokenError::NotForUs)?;
        if found.user.role == caller.user().role {
            Ok(())
        } else {
            Err(TokenError::NotForUs.into())
        }
    }

    /// The same for an administrator.
    pub(super) async fn still_admin(&self, admin: &Admin) -> Result<(), ServiceError> {
        match &admin.0 {
            Actor::Caller(caller) => self.still_signed_in(caller).await,
            Actor::Operator => Ok(()),
        }
    }

    async fn caller(&self, claims: AccessTokenClaims) -> Result<Caller, ServiceError> {
        for _ in 0..ATTEMPTS {
            let found = self.look_up(&claims).await?.ok_or(TokenError::NotForUs)?;
            match found.session.rotation.check_access(claims.generation) {
                AccessCheck::Valid => return Ok(Caller { claims, found }),
                AccessCheck::Confirmed(next) if self.advance(&found.session, next).await? => {
                    let session = StoredSession {
                        rotation: next,
                        ..found.session.clone()
                    };
                    let found = self
                        .parts
                        .cache
                        .keep(found.read(), session, found.user.clone());
                    return Ok(Caller { claims, found });
                }
                // Somebody else has moved it on meanwhile.
                AccessCheck::Confirmed(_) => self.parts.cache.forget(claims.session),
                AccessCheck::ReuseDetected => {
                    self.end_reused(&found.session, &ClientInfo::unknown())
                        .await?;
                    return Err(TokenError::NotForUs.into());
                }
                AccessCheck::Unknown => return Err(TokenError::NotForUs.into()),
            }
        }
        Err(StoreError::new(StoreErrorKind::Unavailable).into())
    }

    /// The live session of the claims and its active user.
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
            self.parts.cache.keep(read, session, user)
        };
        let is_good = found.session.is_live(self.now())
            && found.user.is_active
            && found.user.id == claims.user
            && found.session.audience == claims.audience;
        Ok(is_good.then_some(found))
    }
}
