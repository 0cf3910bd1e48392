use time::OffsetDateTime;

use super::{EndSessions, StoreError, StoredSession};
use crate::password::PasswordHash;
use crate::types::{AuditEvent, Role, SessionId, User};

/// A user with what signs the user in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The user.
    pub user: User,
    /// The hash that a sign-in compares with.
    pub password_hash: PasswordHash,
    /// When the password was last shown in the Mini App; `None` once the person has signed out or
    /// was signed out.
    pub password_verified_at: Option<OffsetDateTime>,
    /// When the password is no longer good: one that was generated has to be changed before. `None`
    /// for one that somebody chose.
    pub password_expires_at: Option<OffsetDateTime>,
}

impl Account {
    /// The account of somebody who has not signed in yet.
    pub fn new(user: User, password_hash: PasswordHash) -> Self {
        Self {
            user,
            password_hash,
            password_verified_at: None,
            password_expires_at: None,
        }
    }

    /// Whether it may administer.
    pub(super) fn is_active_admin(&self) -> bool {
        self.user.role == Role::Admin && self.user.is_active
    }
}

/// A user to add, with the line of the audit that tells of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewUser {
    /// The account.
    pub account: Account,
    /// The line.
    pub record: AuditEvent,
}

impl NewUser {
    /// This account, with this line.
    pub fn new(account: Account, record: AuditEvent) -> Self {
        Self { account, record }
    }
}

/// Changes an account. `Ok(None)` leaves everything unchanged, and so does an error, which
/// [`UserStore::update_account`](super::UserStore::update_account) returns.
///
/// The error is a [`StoreError`] and not a type parameter, so that `dyn Store` stays possible:
/// [`StoreError::rejected`] carries an error of the caller, and [`StoreError::into_rejection`] gives
/// it back.
pub type UpdateFn<'a> =
    dyn Fn(&mut Account) -> Result<Option<AccountUpdate>, StoreError> + Send + Sync + 'a;

/// What the change of an account brings with it: first some sessions end, then one begins, and all
/// of it is written down.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccountUpdate {
    /// Nothing happens, to the account neither, when this session of it has ended.
    pub require_live_session: Option<SessionId>,
    /// The sessions to end.
    pub end: Option<EndSessions>,
    /// The session to begin. Where there are [as many as may
    /// be](crate::session::MAX_LIVE_SESSIONS), the oldest ends.
    pub begin: Option<StoredSession>,
    /// The lines of the audit.
    pub records: Vec<AuditEvent>,
}

impl AccountUpdate {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Has all of it depend on a session of the account: nothing happens when that has ended.
    #[must_use]
    pub fn require_live_session(mut self, session: SessionId) -> Self {
        self.require_live_session = Some(session);
        self
    }

    /// Ends these sessions.
    #[must_use]
    pub fn end(mut self, sessions: EndSessions) -> Self {
        self.end = Some(sessions);
        self
    }

    /// Adds this line to the audit.
    #[must_use]
    pub fn record(mut self, record: AuditEvent) -> Self {
        self.records.push(record);
        self
    }

    /// Begins this session.
    #[must_use]
    pub fn begin(mut self, session: StoredSession) -> Self {
        self.begin = Some(session);
        self
    }
}

/// An account that was changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdatedAccount {
    /// The account as stored now.
    pub account: Account,
    /// The sessions that have ended with the change.
    pub ended: Vec<SessionId>,
}
