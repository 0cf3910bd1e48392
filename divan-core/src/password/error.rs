/// Reason why a stored hash matches no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableHash {
    /// The format is unknown or invalid.
    #[error("is neither an Argon2id nor a bcrypt nor a pbkdf2-sha256 hash")]
    Unknown,
    /// Computing it would take too long or too much memory.
    #[error("has parameters above the limits")]
    TooCostly,
}
