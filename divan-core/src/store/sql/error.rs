//! Classification of `sqlx` errors.

use std::error::Error as _;

use sqlx::error::{DatabaseError, ErrorKind};

use crate::store::{StoreError, StoreErrorKind, UniqueKey};

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match fatal_code(&error) {
            Some(code) => Self::caused_by(
                kind(&error),
                format!("it refuses or ends the connection ({code})"),
            ),
            None => Self::with_message(error),
        }
    }
}

impl StoreError {
    /// Wraps an error with the database's own message, which may contain the password when a
    /// connection fails.
    pub(in crate::store) fn with_message(error: sqlx::Error) -> Self {
        Self::caused_by(kind(&error), error)
    }
}

/// SQLSTATE of an error with which PostgreSQL ends or rejects a connection. Only the code is kept,
/// because some proxies repeat the password in the message.
fn fatal_code(error: &sqlx::Error) -> Option<String> {
    #[cfg(feature = "postgres")]
    if let Some(error) = error
        .as_database_error()?
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
    {
        use sqlx::postgres::PgSeverity::{Fatal, Panic};
        return matches!(error.severity(), Fatal | Panic).then(|| error.code().to_owned());
    }
    let _ = error;
    None
}

fn kind(error: &sqlx::Error) -> StoreErrorKind {
    match error {
        sqlx::Error::Database(database) => database_error_kind(database.as_ref()),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Internal,
    }
}

/// Returns `true` for a serialization failure or a deadlock, after which PostgreSQL requires a retry
/// of the transaction.
pub(super) fn is_retryable(error: &StoreError) -> bool {
    let code = error
        .source()
        .filter(|_| error.kind() == StoreErrorKind::Unavailable)
        .and_then(|source| source.downcast_ref::<sqlx::Error>())
        .and_then(sqlx::Error::as_database_error)
        .and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

fn database_error_kind(error: &dyn DatabaseError) -> StoreErrorKind {
    match error.kind() {
        ErrorKind::UniqueViolation => unique_key(error),
        ErrorKind::Other if is_transient(&error.code().unwrap_or_default()) => {
            StoreErrorKind::Unavailable
        }
        _ if is_missing(&error.code().unwrap_or_default(), error.message()) => {
            StoreErrorKind::Schema
        }
        _ => StoreErrorKind::Internal,
    }
}

/// Returns `true` if the error is about a table or column that does not exist.
fn is_missing(code: &str, message: &str) -> bool {
    // SQLite has one code for all errors in statements.
    const SQLITE: [&str; 3] = ["no such table", "no such column", "has no column named"];
    match code {
        "42P01" | "42703" => true,
        "1" => SQLITE.iter().any(|text| message.contains(text)),
        _ => false,
    }
}

fn unique_key(error: &dyn DatabaseError) -> StoreErrorKind {
    // SQLite names the column in its message, PostgreSQL names the constraint after it.
    let place = error.constraint().unwrap_or_else(|| error.message());
    let keys = [
        ("email", UniqueKey::Email),
        ("phone", UniqueKey::Phone),
        ("telegram_id", UniqueKey::TelegramId),
        ("external_id", UniqueKey::ExternalId),
    ];
    keys.into_iter()
        .find(|(column, _)| place.contains(column))
        .map_or(StoreErrorKind::Internal, |(_, key)| {
            StoreErrorKind::Conflict(key)
        })
}

/// Returns `true` if the error comes from the state of the database, not from the statement.
fn is_transient(code: &str) -> bool {
    // SQLSTATE classes: connection, transaction rollback, resources, operator intervention, system.
    const POSTGRES: [&str; 5] = ["08", "40", "53", "57", "58"];
    // https://www.sqlite.org/rescode.html: busy, locked, read-only, I/O, corrupt, full, cannot
    // open.
    const SQLITE: [u32; 7] = [5, 6, 8, 10, 11, 13, 14];
    if code.len() == 5 {
        return code.get(..2).is_some_and(|class| POSTGRES.contains(&class));
    }
    code.parse::<u32>()
        .is_ok_and(|code| SQLITE.contains(&(code & 0xFF)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_errors_are_distinguished_from_permanent_ones() {
        for code in [
            "57P01", "53300", "08006", "40001", "58030", "5", "261", "778", "13", "14",
        ] {
            assert!(is_transient(code), "{code}");
        }
        for code in ["42P01", "22001", "23502", "1", "19", "", "x", "é23P"] {
            assert!(!is_transient(code), "{code}");
        }
    }
}
