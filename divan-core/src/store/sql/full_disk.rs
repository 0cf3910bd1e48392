use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::is_disk_full;
use crate::store::{StoreError, StoreErrorKind};

/// Time after a failed write for which the disk counts as full.
const MEMORY: Duration = Duration::from_secs(3);

const REASON: &str = "a write failed because the disk of the database is full";

/// The last write that failed because the disk was full. A database on a full disk still reads and
/// accepts transactions, so that only the error of a write shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct FullDisk(Arc<Mutex<Option<Instant>>>);

impl FullDisk {
    pub(super) fn observe<T>(&self, result: &Result<T, StoreError>) {
        if result.as_ref().is_err_and(is_disk_full) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }

    /// Fails after a write that failed in the last seconds.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let failed_at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failed_at.is_none_or(|at| at.elapsed() > MEMORY) {
            return Ok(());
        }
        Err(StoreError::caused_by(StoreErrorKind::Unavailable, REASON))
    }
}
