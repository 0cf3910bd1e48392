//! Classification of `sqlx` errors.

use std::borrow::Cow;
use std::error::Error as _;

use sqlx::error::{DatabaseError, ErrorKind};

use crate::store::{MigrateError, StoreError, StoreErrorKind, UniqueKey};

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(advice) = advice(&error) {
            return Self::caused_by(StoreErrorKind::Misconfigured, Advice(advice, error));
        }
        match fatal_code(&error) {
            Some(code) => Self::caused_by(kind(&error), Ended(code)),
            None => Self::with_message(error),
        }
    }
}

/// SQLSTATE with which the server ended or rejected a connection.
#[derive(Debug, thiserror::Error)]
#[error("it refuses or ends the connection ({0})")]
struct Ended(String);

/// The problem and its remedy, and the error that shows it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Advice(&'static str, #[source] sqlx::Error);

/// Converts the error of a connection that could not be established, with the server's own message.
#[cfg(feature = "postgres")]
pub(in crate::store) fn connection_error(error: sqlx::Error) -> StoreError {
    const NOT_POSTGRES: &str = "the service at this address does not speak PostgreSQL's protocol: check host and port (PostgreSQL has \
         port 5432)";
    let advice = match &error {
        sqlx::Error::Protocol(_) => Some(NOT_POSTGRES),
        error => advice(error),
    };
    match advice {
        Some(advice) => StoreError::caused_by(StoreErrorKind::Misconfigured, Advice(advice, error)),
        None => StoreError::with_message(error),
    }
}

/// Returns the problem and the remedy of an error that comes from the configuration.
fn advice(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::Database(error) => match &*error.code()? {
            // Unknown and duplicate prepared statements, and parameters of another one.
            "26000" | "42P05" | "22P03" => Some(STATEMENTS),
            "08P01" => protocol_advice(error.message()),
            "3D000" => Some(NO_DATABASE),
            "28000" if error.message().contains("no encryption") => Some(TLS_REQUIRED),
            "42501" => Some(PRIVILEGES),
            "3F000" => Some(NO_SCHEMA),
            "26" => Some(NOT_SQLITE),
            _ => None,
        },
        #[cfg(feature = "postgres")]
        sqlx::Error::Tls(text) if text.to_string().contains("does not support TLS") => Some(NO_TLS),
        #[cfg(feature = "postgres")]
        error => crate::error_sources::find(error).map(crate::tls_error::postgres_advice),
        #[cfg(not(feature = "postgres"))]
        _ => None,
    }
}

/// PgBouncer reports what it does not support as violations of the protocol.
fn protocol_advice(message: &str) -> Option<&'static str> {
    let reported = |text| message.contains(text);
    if reported("bind message") || reported("prepared statement") {
        Some(STATEMENTS)
    } else if reported("startup parameter") {
        Some(STARTUP_PARAMETER)
    } else if reported("statement pooling") {
        Some(STATEMENT_POOLING)
    } else {
        None
    }
}

const STARTUP_PARAMETER: &str = "PgBouncer refuses a parameter of DATABASE_URL or PGOPTIONS, such as `options`: set it for the role \
     (`ALTER ROLE role SET search_path = divan`), or add it to `ignore_startup_parameters` of PgBouncer";
const STATEMENT_POOLING: &str = "PgBouncer shares connections between statements (`pool_mode = statement`), but transactions are needed: use \
     `pool_mode = session`, or `transaction` with DIVAN_DATABASE_STATEMENTS=off";
const TLS_REQUIRED: &str = "`pg_hba.conf` of the server refuses this connection without TLS: add `sslmode=verify-full` to DATABASE_URL, or \
     `require`, or permit connections without TLS (`host`)";
const NO_DATABASE: &str = "the server has no database of this name: create it (`createdb`), or name another one in DATABASE_URL";
#[cfg(feature = "postgres")]
const NO_TLS: &str = "the server does not offer TLS, which `sslmode` requires: turn it on in PostgreSQL (`ssl = on`), or connect to \
     the port that offers it";
const STATEMENTS: &str = "a proxy between this program and PostgreSQL shares connections between transactions (`pool_mode = transaction` \
     of PgBouncer), so that prepared statements are lost: set DIVAN_DATABASE_STATEMENTS=off";
const PRIVILEGES: &str = "the role of DATABASE_URL lacks a privilege. To migrate, it must create tables: run `GRANT USAGE, CREATE ON SCHEMA \
     public TO role` as the owner of the database, or give it a schema of its own with `CREATE SCHEMA divan AUTHORIZATION \
     role; ALTER ROLE role SET search_path = divan`. To serve, it needs the privileges that the guide lists under \
     PostgreSQL and SQLite";
const NO_SCHEMA: &str = "the role of DATABASE_URL has no schema: none in its `search_path` exists and may be used. Run `GRANT USAGE, CREATE ON \
     SCHEMA public TO role` as the owner of the database, or give it a schema of its own with `CREATE SCHEMA divan \
     AUTHORIZATION role; ALTER ROLE role SET search_path = divan`";
const NOT_SQLITE: &str = "the file is not a SQLite database: name another one in DATABASE_URL";

/// Converts the error of a migration.
pub(super) fn migration_error(error: sqlx::migrate::MigrateError) -> MigrateError {
    use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
    match error {
        Execute(error) | ExecuteMigration(error, _) if is_duplicate(&error) => {
            MigrateError::ForeignTable(StoreError::with_message(error))
        }
        Execute(error) | ExecuteMigration(error, _) => StoreError::from(error).into(),
        error => StoreError::caused_by(StoreErrorKind::Internal, error).into(),
    }
}

/// Reports a table, index or constraint that exists already.
fn is_duplicate(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    match &*error.code().unwrap_or_default() {
        "42P07" | "42710" => true,
        // SQLite has one code for all errors in statements.
        "1" => error.message().contains("already exists"),
        _ => false,
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
    matches!(code(error).as_deref(), Some("40001" | "40P01"))
}

/// Returns `true` for PostgreSQL's `disk_full` and SQLite's `SQLITE_FULL`.
pub(super) fn is_disk_full(error: &StoreError) -> bool {
    matches!(code(error).as_deref(), Some("53100" | "13"))
}

/// The database's code of an error.
fn code(error: &StoreError) -> Option<Cow<'_, str>> {
    let source = error.source()?;
    if let Some(Ended(code)) = source.downcast_ref() {
        return Some(Cow::Borrowed(code));
    }
    let error = source.downcast_ref::<sqlx::Error>()?;
    error.as_database_error()?.code()
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
        ("credential_id", UniqueKey::Passkey),
    ];
    keys.into_iter()
        .find(|(column, _)| place.contains(column))
        .map_or(StoreErrorKind::Internal, |(_, key)| {
            StoreErrorKind::Conflict(key)
        })
}

/// Returns `true` if the error comes from the state of the database, not from the statement.
fn is_transient(code: &str) -> bool {
    // SQLSTATE classes: connection, authorization, transaction rollback, resources, operator
    // intervention, system. Credentials are refused while they are rotated.
    const POSTGRES: [&str; 6] = ["08", "28", "40", "53", "57", "58"];
    // A standby, or a server whose transactions are read-only: another one may have taken over. Then time
    // limits of the server: of an idle transaction, of a transaction, and of a lock.
    const STATES: [&str; 4] = ["25006", "25P03", "25P04", "55P03"];
    // https://www.sqlite.org/rescode.html: busy, locked, read-only, I/O, corrupt, full, cannot
    // open.
    const SQLITE: [u32; 7] = [5, 6, 8, 10, 11, 13, 14];
    if code.len() == 5 {
        let class = code.get(..2);
        return STATES.contains(&code) || class.is_some_and(|class| POSTGRES.contains(&class));
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
            "57P01", "53300", "08006", "40001", "58030", "25006", "25P03", "25P04", "55P03",
            "28P01", "28000", "5", "261", "778", "13", "14",
        ] {
            assert!(is_transient(code), "{code}");
        }
        for code in [
            "25001", "42P01", "22001", "23502", "1", "19", "", "x", "é23P",
        ] {
            assert!(!is_transient(code), "{code}");
        }
    }
}
