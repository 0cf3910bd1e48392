use crate::password::HashError;

/// Error of a hash that was not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashQueueError {
    /// Too many passwords are waiting to be hashed. Try again later.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded,
    /// The hash computation failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}
