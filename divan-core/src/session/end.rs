use time::OffsetDateTime;

pub use crate::types::{EndReason, UnknownEndReason};

/// Time and reason of a session's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEnd {
    /// Time of the end.
    pub at: OffsetDateTime,
    /// Reason of the end.
    pub reason: EndReason,
}

impl SessionEnd {
    /// Combines a time and a reason.
    pub fn new(at: OffsetDateTime, reason: EndReason) -> Self {
        Self { at, reason }
    }
}
