use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{AuditAction, AuditEvent, AuditId, UserId};

/// The audit. Events are inserted in the transaction of the change that they describe: see
/// [`UserStore`](super::UserStore) and [`AccountUpdate`](super::AccountUpdate).
#[async_trait]
pub trait AuditStore: std::fmt::Debug + Send + Sync {
    /// Finds the events that match all conditions, newest first, with the present names of their
    /// users. Names of inserted events are not stored.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError>;

    /// Deletes events that are older than this time. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Conditions of a page of audit events.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only events about this user.
    pub subject: Option<UserId>,
    /// Only events caused by this user.
    pub actor: Option<UserId>,
    /// Only this action.
    pub action: Option<AuditAction>,
    /// Only events at this time or later.
    pub from: Option<OffsetDateTime>,
    /// Only events before this time.
    pub to: Option<OffsetDateTime>,
    /// Only events older than this one, the last of the previous page.
    pub before: Option<AuditId>,
    /// Maximum number of events.
    pub limit: u32,
}

impl AuditQuery {
    /// Finds the newest events, at most `limit`.
    pub fn newest(limit: u32) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Returns `true` if the event matches all conditions.
    pub fn matches(&self, event: &AuditEvent) -> bool {
        self.subject
            .is_none_or(|subject| event.subject_id == Some(subject))
            && self.actor.is_none_or(|actor| event.actor_id == Some(actor))
            && self.action.is_none_or(|action| event.action == action)
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at < to)
            && self.before.is_none_or(|before| event.id < before)
    }
}
