use std::net::IpAddr;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::session::{EndReason, RotationState, SessionEnd};
use crate::types::{Audience, SessionId, User, UserId};

/// Sessions. They begin and end with changes of their account: see
/// [`UserStore::update_account`](super::UserStore::update_account).
#[async_trait]
pub trait SessionStore: std::fmt::Debug + Send + Sync {
    /// The session with its user, as they are at one moment.
    ///
    /// # Errors
    /// Only when the database fails; no such session is `Ok(None)`.
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError>;

    /// The sessions of a user that are live at this time, the newest first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError>;

    /// Moves a session on, if it has not ended and its generations still are the ones that were
    /// seen. Tells whether it did.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError>;

    /// Forgets sessions that were ended, or could not have lasted longer, before this time. Tells
    /// how many.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The session's id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The audience that it was opened on.
    pub audience: Audience,
    /// What sets its refresh tokens apart from those of all other sessions.
    pub salt: [u8; 16],
    /// Which of its tokens are good.
    pub rotation: RotationState,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it is over unless it is refreshed before.
    pub expires_at: OffsetDateTime,
    /// When it is over whatever happens.
    pub ends_at: OffsetDateTime,
    /// What the browser or program called itself at the sign-in.
    pub device: Option<String>,
    /// Where the sign-in came from.
    pub address: Option<IpAddr>,
    /// When and why it was ended, if it was.
    pub end: Option<SessionEnd>,
}

impl StoredSession {
    /// Whether it has neither ended nor expired.
    pub fn is_live(&self, at: OffsetDateTime) -> bool {
        self.end.is_none() && at < self.expires_at
    }
}

/// A step of a session from one state to the next.
#[derive(Clone, Copy, Debug)]
pub struct SessionAdvance {
    /// The session.
    pub session: SessionId,
    /// The state that was seen, and has to be there still.
    pub seen: RotationState,
    /// The state that takes its place.
    pub next: RotationState,
    /// When it now is over unless it is refreshed before.
    pub expires_at: OffsetDateTime,
}

/// Which sessions of an account end, when and why.
#[derive(Clone, Copy, Debug)]
pub struct EndSessions {
    /// One of the account's, or all of them.
    pub only: Option<SessionId>,
    /// When.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: EndReason,
}
