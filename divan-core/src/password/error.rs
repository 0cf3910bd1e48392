/// Reason why a stored hash matches no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableHash {
    /// The format is unknown or invalid.
    #[error("must be an Argon2id, bcrypt or pbkdf2-sha256 hash")]
    Unknown,
    /// Computing it would take too long or too much memory.
    #[error(
        "exceeds the limits: bcrypt cost 13, PBKDF2 1,000,000 rounds, Argon2id 65536 KiB and eight times the default work"
    )]
    TooCostly,
}
