use std::net::IpAddr;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::session::{EndReason, RotationState, SessionEnd};
use crate::types::{Audience, AuthMethods, SessionId, TelegramClient, User, UserId};

/// Sessions. They begin and end together with changes of their account: see
/// [`UserStore::update_account`](super::UserStore::update_account).
#[async_trait]
pub trait SessionStore: std::fmt::Debug + Send + Sync {
    /// Finds a session and its user, read consistently.
    ///
    /// # Errors
    /// Only when the database fails; no such session is `Ok(None)`.
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError>;

    /// Finds the sessions of a user that are live at this time, newest first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError>;

    /// Replaces the rotation state of a session if the session has not ended and its state equals
    /// [`SessionAdvance::seen`]. Returns `true` if it did.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError>;

    /// Deletes sessions that were ended or reached their maximum lifetime before this time. Returns
    /// their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A stored session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSession {
    /// The session's id.
    pub id: SessionId,
    /// The user who signed in.
    pub user: UserId,
    /// The audience of its access tokens.
    pub audience: Audience,
    /// Random bytes that its refresh tokens are derived from.
    pub salt: [u8; 16],
    /// State of its token rotation.
    pub rotation: RotationState,
    /// Time of the sign-in.
    pub created_at: OffsetDateTime,
    /// Time at which the user last proved the own identity: at the sign-in or by a step-up.
    pub authenticated_at: OffsetDateTime,
    /// The ways of that proof.
    pub auth_methods: AuthMethods,
    /// Expiry, which a refresh moves.
    pub expires_at: OffsetDateTime,
    /// Maximum lifetime, which a refresh does not move.
    pub ends_at: OffsetDateTime,
    /// `User-Agent` of the sign-in.
    pub device: Option<String>,
    /// IP address of the sign-in.
    pub address: Option<IpAddr>,
    /// Digest of the init data that an auto-login began it with. The next session with the same
    /// digest replaces it.
    pub init_data: Option<[u8; 16]>,
    /// Bot and Telegram client of a sign-in with init data.
    pub telegram: Option<TelegramClient>,
    /// Time and reason of its end, if it was ended.
    pub end: Option<SessionEnd>,
}

impl StoredSession {
    /// Creates a session that begins now with the password, in its first generation, without device
    /// and address.
    pub fn new(
        id: SessionId,
        user: UserId,
        audience: Audience,
        salt: [u8; 16],
        created_at: OffsetDateTime,
        expires_at: OffsetDateTime,
        ends_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            user,
            audience,
            salt,
            rotation: RotationState::first(created_at),
            created_at,
            authenticated_at: created_at,
            auth_methods: AuthMethods::PASSWORD,
            expires_at,
            ends_at,
            device: None,
            address: None,
            init_data: None,
            telegram: None,
            end: None,
        }
    }

    /// Returns `true` if the session has neither ended nor expired.
    pub fn is_live(&self, at: OffsetDateTime) -> bool {
        self.end.is_none() && at < self.expires_at
    }
}

/// A change of a session's rotation state.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionAdvance {
    /// The session.
    pub session: SessionId,
    /// The state that must be stored for the change to happen.
    pub seen: RotationState,
    /// The state that replaces it.
    pub next: RotationState,
    /// The new expiry.
    pub expires_at: OffsetDateTime,
}

impl SessionAdvance {
    /// Replaces the state `seen` of a session by `next`.
    pub fn new(
        session: SessionId,
        seen: RotationState,
        next: RotationState,
        expires_at: OffsetDateTime,
    ) -> Self {
        Self {
            session,
            seen,
            next,
            expires_at,
        }
    }
}

/// A proof of the user's identity, to store with a live session.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionProof {
    /// The session.
    pub session: SessionId,
    /// [`StoredSession::authenticated_at`].
    pub at: OffsetDateTime,
    /// [`StoredSession::auth_methods`].
    pub methods: AuthMethods,
}

impl SessionProof {
    /// Stores time and methods of a proof with a session.
    pub fn new(session: SessionId, at: OffsetDateTime, methods: AuthMethods) -> Self {
        Self {
            session,
            at,
            methods,
        }
    }
}

/// Sessions of an account to end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EndSessions {
    /// One session of the account; `None` for all of them.
    pub only: Option<SessionId>,
    /// A session that does not end.
    pub except: Option<SessionId>,
    /// Time of the end.
    pub at: OffsetDateTime,
    /// Reason of the end.
    pub reason: EndReason,
}

impl EndSessions {
    /// Ends all sessions of the account.
    pub fn all(at: OffsetDateTime, reason: EndReason) -> Self {
        Self {
            only: None,
            except: None,
            at,
            reason,
        }
    }

    /// Ends one session of the account.
    pub fn one(session: SessionId, at: OffsetDateTime, reason: EndReason) -> Self {
        Self {
            only: Some(session),
            except: None,
            at,
            reason,
        }
    }

    /// Ends all sessions of the account but one.
    pub fn others(session: SessionId, at: OffsetDateTime, reason: EndReason) -> Self {
        Self {
            only: None,
            except: Some(session),
            at,
            reason,
        }
    }
}
