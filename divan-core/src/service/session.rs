//! How sessions begin, go on and end.

use std::net::IpAddr;
use std::time::Duration;

use super::{ATTEMPTS, AuthService, Caller, ServiceError};
use crate::api::{SessionInfo, TokenResponse};
use crate::secret::Secret;
use crate::session::{EndReason, RefreshOutcome, RotationState};
use crate::store::{
    Account, AccountUpdate, EndSessions, SessionAdvance, StoreError, StoreErrorKind, StoredSession,
};
use crate::token::{RefreshToken, Scope, TokenSubject};
use crate::types::{Audience, AuditAction, AuditEvent, SessionId, User, UserId};

/// The longest description of a device that is kept, in characters.
const MAX_DEVICE_CHARS: usize = 200;

/// How long the sessions of an audience last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLife {
    /// Without being refreshed.
    pub idle: Duration,
    /// At all, from the sign-in on.
    pub absolute: Duration,
}

impl SessionLife {
    /// Of the Mini App, by default: 30 days idle, 90 at all.
    pub const MINI_APP: Self = Self {
        idle: Duration::from_hours(30 * 24),
        absolute: Duration::from_hours(90 * 24),
    };

    /// Of the admin panel, by default: 30 minutes idle, 12 hours at all.
    pub const ADMIN: Self = Self {
        idle: Duration::from_mins(30),
        absolute: Duration::from_hours(12),
    };
}

/// Where a request comes from: for a person to recognise a session by, and for the audit. It
/// decides nothing.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    device: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: Option<String>,
}

impl ClientInfo {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// What the browser or program calls itself (`User-Agent`). Control characters are dropped and
    /// long texts cut.
    #[must_use]
    pub fn device(mut self, user_agent: &str) -> Self {
        let text = user_agent
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_DEVICE_CHARS)
            .collect::<String>();
        self.device = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        self
    }

    /// Where it comes from.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address.to_canonical());
        self
    }

    /// The id that the request has in the log.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.request_id = Some(id.to_owned());
        self
    }
}

impl AuthService {
    /// Gets the next pair of tokens of a session.
    ///
    /// The state of the session is written before the answer. What a token of which age is worth is
    /// decided by
    /// [`RotationState::refresh`].
    ///
    /// # Errors
    /// [`ServiceError::RefreshToken`], whatever is wrong with the token or its session.
    pub async fn refresh(
        &self,
        token: &Secret,
        client: &ClientInfo,
    ) -> Result<TokenResponse, ServiceError> {
        let token: RefreshToken = token
            .expose()
            .parse()
            .map_err(|_| ServiceError::RefreshToken)?;
        for _ in 0..ATTEMPTS {
            let found = self.parts.store.session(token.session()).await?;
            let (session, user) = found
                .filter(|(session, _)| self.parts.refresh_keys.is_genuine(&token, &session.salt))
                .filter(|(session, user)| session.is_live(self.now()) && user.is_active)
                .ok_or(ServiceError::RefreshToken)?;
            let next = match session.rotation.refresh(token.generation(), self.now()) {
                RefreshOutcome::Rotated(next) | RefreshOutcome::Replayed(next) => next,
                RefreshOutcome::ReuseDetected => {
                    self.end_reused(&session, client).await?;
                    return Err(ServiceError::RefreshToken);
                }
                RefreshOutcome::Unknown => return Err(ServiceError::RefreshToken),
            };
            if next == session.rotation || self.advance(&session, next).await? {
                return self.answer(
                    &StoredSession {
                        rotation: next,
                        ..session
                    },
                    user,
                );
            }
            // Somebody else has moved it on meanwhile: what the token is worth now is another
            // question.
        }
        Err(StoreError::new(StoreErrorKind::Unavailable).into())
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logout(&self, caller: &Caller, client: &ClientInfo) -> Result<(), ServiceError> {
        self.sign_out_self(caller, caller.session(), client).await
    }

    /// Where the caller is signed in, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionInfo>, ServiceError> {
        let live = self
            .parts
            .store
            .sessions_of(caller.user().id, self.now())
            .await?;
        Ok(live
            .into_iter()
            .map(|session| session_info(session, Some(caller.session())))
            .collect())
    }

    /// Ends one of the caller's own sessions. One that has ended already stays as it is.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a session that does not exist or is somebody else's.
    pub async fn end_session(
        &self,
        caller: &Caller,
        id: SessionId,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let found = self.parts.store.session(id).await?;
        let own = found.filter(|(session, _)| session.user == caller.user().id);
        let (session, _) = own.ok_or(ServiceError::NotFound)?;
        if session.end.is_some() {
            return Ok(());
        }
        self.sign_out_self(caller, id, client).await
    }

    async fn sign_out_self(
        &self,
        caller: &Caller,
        session: SessionId,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let user = caller.user().id;
        let record = self.record(AuditAction::SignedOut, Some(user), user, client)?;
        self.sign_out(user, Some(session), EndReason::SignedOut, record)
            .await
            .map(drop)
    }

    /// Forgets sessions that were over this long ago. To be called now and then; tells how many
    /// there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_sessions(&self, over_since: Duration) -> Result<u64, StoreError> {
        self.parts
            .store
            .purge_sessions(self.now().saturating_sub(to_time_duration(over_since)))
            .await
    }

    /// A session that begins now; it is to be stored with the change of the account that it comes
    /// from.
    pub(super) fn new_session(
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
        Ok(StoredSession {
            id: SessionId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?,
            user,
            audience,
            salt,
            rotation: RotationState::first(now),
            created_at: now,
            expires_at: now.saturating_add(to_time_duration(life.idle)).min(ends_at),
            ends_at,
            device: client.device.clone(),
            address: client.address,
            end: None,
        })
    }

    /// The tokens of the session's current generation.
    pub(super) fn answer(
        &self,
        session: &StoredSession,
        user: User,
    ) -> Result<TokenResponse, ServiceError> {
        let access = self.parts.issuer.issue(&TokenSubject {
            user: user.id,
            role: user.role,
            audience: session.audience,
            session: session.id,
            generation: session.rotation.current(),
            scope: user
                .password_change_required
                .then_some(Scope::PasswordChange),
        })?;
        let refresh =
            self.parts
                .refresh_keys
                .issue(session.id, session.rotation.current(), &session.salt);
        Ok(TokenResponse::new(
            access.token,
            access.expires_in.as_secs(),
            refresh,
            user,
        ))
    }

    /// Writes the next state of a session down, if it still is in the one that was seen.
    pub(super) async fn advance(
        &self,
        session: &StoredSession,
        next: RotationState,
    ) -> Result<bool, StoreError> {
        // Only what is handed out anew prolongs a session. A clock that was set back does not
        // shorten it.
        let idle_end = next
            .rotated_at()
            .saturating_add(to_time_duration(self.life(session.audience).idle));
        let advance = SessionAdvance {
            session: session.id,
            seen: session.rotation,
            next,
            expires_at: session.expires_at.max(idle_end.min(session.ends_at)),
        };
        self.parts.store.advance_session(&advance).await
    }

    /// Ends a session that two parties hold.
    pub(super) async fn end_reused(
        &self,
        session: &StoredSession,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let record = self.record(AuditAction::TokenReuseDetected, None, session.user, client)?;
        self.sign_out(
            session.user,
            Some(session.id),
            EndReason::TokenReuse,
            record,
        )
        .await
        .map(drop)
    }

    /// Ends one session of a user, if it has not ended, or all of them; signing in again takes the
    /// password.
    pub(super) async fn sign_out(
        &self,
        user: UserId,
        only: Option<SessionId>,
        reason: EndReason,
        record: AuditEvent,
    ) -> Result<Option<User>, ServiceError> {
        self.change_and_sign_out(user, only, reason, record, &|_| {})
            .await
    }

    /// Changes an account, ends sessions of it and writes that down, all of it or nothing. `None`
    /// when there is no such account, or the session has ended already.
    pub(super) async fn change_and_sign_out(
        &self,
        user: UserId,
        only: Option<SessionId>,
        reason: EndReason,
        record: AuditEvent,
        change: &(dyn Fn(&mut Account) + Send + Sync),
    ) -> Result<Option<User>, ServiceError> {
        let _forget = self.parts.cache.forget_on_drop(user, only);
        let at = self.now();
        let end = EndSessions { only, at, reason };
        let change = |account: &mut Account| {
            account.password_verified_at = None;
            change(account);
            let effects = AccountUpdate::none().end(end).record(record.clone());
            Ok(Some(match only {
                Some(session) => effects.require_live_session(session),
                None => effects,
            }))
        };
        let updated = self.parts.store.update_account(user, &change).await?;
        Ok(updated.map(|updated| updated.account.user))
    }

    fn life(&self, audience: Audience) -> SessionLife {
        match audience {
            Audience::MiniApp => self.parts.miniapp_life,
            Audience::Admin => self.parts.admin_life,
        }
    }
}

/// What is told of a session, to somebody who asks from the session `current`.
pub(super) fn session_info(session: StoredSession, current: Option<SessionId>) -> SessionInfo {
    SessionInfo {
        is_current: current == Some(session.id),
        id: session.id,
        audience: session.audience,
        device: session.device,
        address: session.address,
        created_at: session.created_at,
        refreshed_at: session.rotation.rotated_at(),
        expires_at: session.expires_at,
    }
}

/// The same in the other type; more than can be is as much as can be.
pub(super) fn to_time_duration(duration: Duration) -> time::Duration {
    duration.try_into().unwrap_or(time::Duration::MAX)
}
