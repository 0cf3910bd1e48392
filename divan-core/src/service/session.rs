//! Sessions: begin, refresh and end.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use time::OffsetDateTime;

use super::{
    AuthService, CallerService, ClientInfo, ClientService, IssuedTokens, MAX_ATTEMPTS, MessageKind,
    ServiceError,
};
use crate::secret::Secret;
use crate::session::{EndReason, RefreshOutcome, RotationState};
use crate::store::{
    Account, AccountUpdate, EndSessions, SessionAdvance, StoreError, StoreErrorKind, StoredSession,
};
use crate::throttle::ThrottleKind;
use crate::token::{AccessToken, RefreshToken, Scope, TokenSubject};
use crate::types::{Audience, AuditAction, AuditEvent, SessionId, TelegramClient, User, UserId};

/// The lifetimes of the sessions of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLife {
    /// Maximum lifetime without a refresh.
    pub idle: Duration,
    /// Maximum lifetime, counted from sign-in.
    pub absolute: Duration,
}

impl SessionLife {
    /// The default for the Mini App: 30 days idle, 90 days in total.
    pub const MINI_APP: Self =
        Self::new(Duration::from_hours(30 * 24), Duration::from_hours(90 * 24));

    /// The default for the admin panel: 30 minutes idle, 12 hours in total.
    pub const ADMIN: Self = Self::new(Duration::from_mins(30), Duration::from_hours(12));

    /// Combines the lifetime without a refresh and the lifetime counted from sign-in.
    pub const fn new(idle: Duration, absolute: Duration) -> Self {
        Self { idle, absolute }
    }
}

/// A live session, as shown to users.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionView {
    /// The id.
    pub id: SessionId,
    /// The audience.
    pub audience: Audience,
    /// The browser or program.
    pub device: Option<String>,
    /// The address of the sign-in.
    pub address: Option<IpAddr>,
    /// The bot and the Telegram client of the sign-in.
    pub telegram: Option<TelegramClient>,
    /// The time of the sign-in.
    pub created_at: OffsetDateTime,
    /// The time of the last refresh.
    pub refreshed_at: OffsetDateTime,
    /// The end of the session, unless it is refreshed before.
    pub expires_at: OffsetDateTime,
    /// The session belongs to the access token of the caller.
    pub is_current: bool,
}

impl SessionView {
    fn new(session: StoredSession, current: Option<SessionId>) -> Self {
        Self {
            is_current: current == Some(session.id),
            id: session.id,
            audience: session.audience,
            device: session.device,
            address: session.address,
            telegram: session.telegram,
            created_at: session.created_at,
            refreshed_at: session.rotation.rotated_at(),
            expires_at: session.expires_at,
        }
    }
}

/// # Refresh
impl ClientService<'_> {
    /// Rotates the tokens of a session. [`RotationState::refresh`] decides which refresh tokens are
    /// valid. The new state is stored before this returns.
    ///
    /// # Errors
    /// [`ServiceError::RefreshToken`] for every invalid token or ended session, and
    /// [`ServiceError::TooManyAttempts`] after too many of them from one address.
    ///
    /// ```
    /// use divan_core::service::{ClientService, IssuedTokens, ServiceError};
    ///
    /// async fn refresh(client: ClientService<'_>, old: IssuedTokens) -> Result<IssuedTokens, ServiceError> {
    ///     let new = client.refresh(&old.refresh_token).await?;
    ///     assert_ne!(new.refresh_token.expose(), old.refresh_token.expose());
    ///     Ok(new)
    /// }
    /// ```
    pub async fn refresh(self, token: &Secret) -> Result<IssuedTokens, ServiceError> {
        let refreshed = self.rotate(token).await;
        if matches!(refreshed, Err(ServiceError::RefreshToken)) {
            // Tokens cannot be guessed. The limit bounds the work, and never refuses a valid token.
            self.service
                .charge_address(ThrottleKind::Refresh, self.client)
                .await?;
        }
        refreshed
    }

    async fn rotate(self, token: &Secret) -> Result<IssuedTokens, ServiceError> {
        let service = self.service;
        let token: RefreshToken = token
            .expose()
            .parse()
            .map_err(|_| ServiceError::RefreshToken)?;
        for _ in 0..MAX_ATTEMPTS {
            let found = service.parts.store.session(token.session()).await?;
            let (session, user) = found
                .filter(|(session, _)| service.parts.refresh_keys.is_genuine(&token, &session.salt))
                .filter(|(session, user)| session.is_live(service.now()) && user.is_active)
                .ok_or(ServiceError::RefreshToken)?;
            let next = match session.rotation.refresh(token.generation(), service.now()) {
                RefreshOutcome::Rotated(next) | RefreshOutcome::Replayed(next) => next,
                RefreshOutcome::ReuseDetected => {
                    service.end_reused(&session, self.client).await?;
                    return Err(ServiceError::RefreshToken);
                }
                RefreshOutcome::Unknown => return Err(ServiceError::RefreshToken),
            };
            if next == session.rotation || service.advance(&session, next).await? {
                let session = StoredSession {
                    rotation: next,
                    ..session
                };
                return service.issue_tokens(&session, user);
            }
            // A concurrent request has advanced the session, so decide again.
        }
        Err(StoreError::new(StoreErrorKind::Unavailable).into())
    }
}

/// # Sign-out
impl ClientService<'_> {
    /// Ends the session of a refresh token, also of one that was replaced: the access token may have
    /// expired, and a session that its user wants to end must not go on. Does nothing if the session
    /// has ended already.
    ///
    /// # Errors
    /// [`ServiceError::RefreshToken`] for a token that this service did not issue, and for a session
    /// that no longer exists; [`ServiceError::TooManyAttempts`] after too many of them from one
    /// address.
    pub async fn logout(self, token: &Secret) -> Result<(), ServiceError> {
        let ended = self.end_session_of(token).await;
        if matches!(ended, Err(ServiceError::RefreshToken)) {
            self.service
                .charge_address(ThrottleKind::Refresh, self.client)
                .await?;
        }
        ended
    }

    async fn end_session_of(self, token: &Secret) -> Result<(), ServiceError> {
        let service = self.service;
        let token: RefreshToken = token
            .expose()
            .parse()
            .map_err(|_| ServiceError::RefreshToken)?;
        let found = service.parts.store.session(token.session()).await?;
        let (session, user) = found
            .filter(|(session, _)| service.parts.refresh_keys.is_genuine(&token, &session.salt))
            .ok_or(ServiceError::RefreshToken)?;
        if session.end.is_some() {
            return Ok(());
        }
        let event =
            service.audit_event(AuditAction::SignedOut, Some(user.id), user.id, self.client)?;
        service
            .sign_out(user.id, Some(session.id), EndReason::SignedOut, event)
            .await
            .map(drop)
    }
}

/// # Sessions
impl CallerService<'_> {
    /// Ends the caller's session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logout(self) -> Result<(), ServiceError> {
        self.sign_out(self.caller.session()).await
    }

    /// Lists the live sessions of the caller, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(self) -> Result<Vec<SessionView>, ServiceError> {
        self.service
            .session_views(self.caller.user().id, Some(self.caller.session()))
            .await
    }

    /// Ends a session of the caller. Does nothing if it has ended already.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown session or one of another user.
    pub async fn end_session(self, id: SessionId) -> Result<(), ServiceError> {
        let found = self.service.parts.store.session(id).await?;
        let own = found.filter(|(session, _)| session.user == self.caller.user().id);
        let (session, _) = own.ok_or(ServiceError::NotFound)?;
        if session.end.is_some() {
            return Ok(());
        }
        self.sign_out(id).await
    }

    async fn sign_out(self, session: SessionId) -> Result<(), ServiceError> {
        let user = self.caller.user().id;
        let event =
            self.service
                .audit_event(AuditAction::SignedOut, Some(user), user, self.client)?;
        self.service
            .sign_out(user, Some(session), EndReason::SignedOut, event)
            .await
            .map(drop)
    }
}

impl AuthService {
    /// Deletes sessions that ended longer than `over_since` ago, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_sessions(&self, over_since: Duration) -> Result<u64, StoreError> {
        let before = self.now().saturating_sub(to_time_duration(over_since));
        self.parts.store.purge_sessions(before).await
    }

    pub(super) async fn session_views(
        &self,
        user: UserId,
        current: Option<SessionId>,
    ) -> Result<Vec<SessionView>, ServiceError> {
        let live = self.parts.store.sessions_of(user, self.now()).await?;
        Ok(live
            .into_iter()
            .map(|session| SessionView::new(session, current))
            .collect())
    }

    /// Creates a session, to be stored in the transaction of the sign-in.
    pub(in crate::service) fn new_session(
        &self,
        user: UserId,
        audience: Audience,
        client: &ClientInfo,
    ) -> Result<StoredSession, ServiceError> {
        let now = self.now();
        let life = self.life(audience);
        let mut salt = [0; 16];
        self.parts.entropy.fill(&mut salt)?;
        let ends_at = now.saturating_add(to_time_duration(life.absolute));
        let expires_at = now.saturating_add(to_time_duration(life.idle)).min(ends_at);
        let id = SessionId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let mut session = StoredSession::new(id, user, audience, salt, now, expires_at, ends_at);
        session.device.clone_from(&client.device);
        session.address = client.address;
        Ok(session)
    }

    /// Issues the tokens of the session's current generation.
    pub(super) fn issue_tokens(
        &self,
        session: &StoredSession,
        user: User,
    ) -> Result<IssuedTokens, ServiceError> {
        let scope = self.scope_of(session, &user);
        let access = self.issue_access(session, &user, session.rotation.current())?;
        let refresh =
            self.parts
                .refresh_keys
                .issue(session.id, session.rotation.current(), &session.salt);
        Ok(IssuedTokens {
            access_token: access.token,
            expires_in: access.expires_in,
            refresh_token: refresh,
            device_token: None,
            scope,
            user,
        })
    }

    /// Issues an access token of a generation of the session.
    pub(super) fn issue_access(
        &self,
        session: &StoredSession,
        user: &User,
        generation: u64,
    ) -> Result<AccessToken, ServiceError> {
        let scope = self.scope_of(session, user);
        let subject = TokenSubject {
            user: user.id,
            role: user.role,
            audience: session.audience,
            session: session.id,
            generation,
            scope,
            auth_time: unix_seconds(session.authenticated_at),
            auth_methods: session.auth_methods,
        };
        // A limited token is not valid longer than the generated password.
        Ok(if scope.is_some() {
            let left = session.ends_at - self.now();
            let left = Duration::try_from(left).unwrap_or_default();
            self.parts.issuer.issue_at_most(&subject, left)?
        } else {
            self.parts.issuer.issue(&subject)?
        })
    }

    /// Returns what the user must do before anything else.
    pub(super) fn scope_of(&self, session: &StoredSession, user: &User) -> Option<Scope> {
        if user.password_change_required {
            Some(Scope::PasswordChange)
        } else if self.lacks_second_factor(session) {
            Some(Scope::SecondFactorEnrolment)
        } else {
            None
        }
    }

    /// Stores the next state of a session, unless the session was advanced concurrently.
    pub(super) async fn advance(
        &self,
        session: &StoredSession,
        next: RotationState,
    ) -> Result<bool, StoreError> {
        // Only a rotation prolongs a session. A clock that was set back does not shorten it.
        let idle_end = next
            .rotated_at()
            .saturating_add(to_time_duration(self.life(session.audience).idle));
        let expires_at = session.expires_at.max(idle_end.min(session.ends_at));
        let advance = SessionAdvance::new(session.id, session.rotation, next, expires_at);
        self.parts.store.advance_session(&advance).await
    }

    /// Ends a session after reuse of a token.
    pub(super) async fn end_reused(
        &self,
        session: &StoredSession,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let event =
            self.audit_event(AuditAction::TokenReuseDetected, None, session.user, client)?;
        let ended = self
            .sign_out(session.user, Some(session.id), EndReason::TokenReuse, event)
            .await?;
        // `None`: a concurrent request has ended the session.
        if ended.is_some() {
            self.parts.reused_tokens.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                target: "divan_core::security",
                outcome = AuditAction::TokenReuseDetected.as_str(),
                session = %session.id,
                address = client.address.map(tracing::field::display),
                "session ended: one of its tokens was used by two clients"
            );
        }
        Ok(())
    }

    /// Returns the number of passkeys that may have been copied, since the start: their counter did not
    /// increase.
    pub fn copied_passkeys(&self) -> u64 {
        self.parts.copied_passkeys.load(Ordering::Relaxed)
    }

    /// Returns the number of sessions that ended because two clients used their tokens, since the
    /// start.
    pub fn reused_tokens(&self) -> u64 {
        self.parts.reused_tokens.load(Ordering::Relaxed)
    }

    /// Ends one live session of a user, or all of them. The next sign-in needs the password. Returns
    /// `None` if there is no such account, or the session has ended already.
    pub(super) async fn sign_out(
        &self,
        user: UserId,
        only: Option<SessionId>,
        reason: EndReason,
        event: AuditEvent,
    ) -> Result<Option<User>, ServiceError> {
        let _invalidate = self.parts.cache.invalidate_on_drop(user, only);
        let at = self.now();
        let end = match only {
            Some(session) => EndSessions::one(session, at, reason),
            None => EndSessions::all(at, reason),
        };
        let change = |account: &mut Account| {
            account.password_verified_at = None;
            let mut update = AccountUpdate::none().end(end).event(event.clone());
            if reason == EndReason::TokenReuse {
                update = update.message(self.message(account, MessageKind::SessionStolen, at));
            }
            Ok(Some(match only {
                Some(session) => update.require_live_session(session),
                None => update,
            }))
        };
        let updated = self.update_account(user, &change).await?;
        Ok(updated.map(|updated| updated.account.user))
    }

    fn life(&self, audience: Audience) -> SessionLife {
        match audience {
            Audience::MiniApp => self.parts.miniapp_life,
            Audience::Admin => self.parts.admin_life,
        }
    }
}

/// Returns `None` for times before 1970.
pub(super) fn unix_seconds(time: OffsetDateTime) -> Option<u64> {
    time.unix_timestamp().try_into().ok()
}

/// Saturating conversion.
pub(super) fn to_time_duration(duration: Duration) -> time::Duration {
    duration.try_into().unwrap_or(time::Duration::MAX)
}
