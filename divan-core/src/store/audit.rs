use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{AuditAction, AuditEvent, AuditId, UserId};

/// The audit. Lines come with what they tell of, in the same transaction: see
/// [`UserStore`](super::UserStore) and [`AccountUpdate`](super::AccountUpdate).
#[async_trait]
pub trait AuditStore: std::fmt::Debug + Send + Sync {
    /// Lines that fulfil all conditions, the newest first.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError>;

    /// Forgets lines that are older than this time. Tells how many.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Which lines of the audit a page shows.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Only what was done to this user.
    pub subject: Option<UserId>,
    /// Only what this user did.
    pub actor: Option<UserId>,
    /// Only this action.
    pub action: Option<AuditAction>,
    /// Only lines older than this one: where the last page ended.
    pub before: Option<AuditId>,
    /// How many at most.
    pub limit: u32,
}

impl AuditQuery {
    /// The newest lines, so many at most.
    pub fn newest(limit: u32) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Whether the line fulfils the conditions.
    pub fn matches(&self, record: &AuditEvent) -> bool {
        self.subject
            .is_none_or(|subject| record.subject_id == Some(subject))
            && self
                .actor
                .is_none_or(|actor| record.actor_id == Some(actor))
            && self.action.is_none_or(|action| record.action == action)
            && self.before.is_none_or(|before| record.id < before)
    }
}
