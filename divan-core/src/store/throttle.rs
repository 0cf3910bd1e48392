use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::throttle::{Counter, ThrottleKey, ThrottleOutcome, ThrottleUpdate};
use crate::types::AuditEvent;

/// Counters of attempts to guess a secret. A successful attempt is removed from them in the
/// transaction that changes its account: see [`AccountUpdate::settle`](super::AccountUpdate::settle).
#[async_trait]
pub trait ThrottleStore: std::fmt::Debug + Send + Sync {
    /// Reads counters, in the order of the keys. `None` for one that does not exist.
    ///
    /// # Errors
    /// Only when the database fails. The caller must then refuse the attempt.
    async fn counters(&self, keys: &[ThrottleKey]) -> Result<Vec<Option<Counter>>, StoreError>;

    /// Applies a change of counters in one transaction, see [`ThrottleUpdate`], and inserts the
    /// audit events. Writes nothing unless the decision is
    /// [`Allowed`](crate::throttle::Decision::Allowed).
    ///
    /// # Errors
    /// Only when the database fails. Nothing is written then, and the caller must refuse the attempt.
    async fn update_counters(
        &self,
        update: &ThrottleUpdate,
        events: &[AuditEvent],
    ) -> Result<ThrottleOutcome, StoreError>;

    /// Deletes counters that no longer affect any decision at this time, and failures in a row whose
    /// last one is a year old. Returns the number of counters that are left.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_counters(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
