use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::{ColumnIndex, Decode, Row, Type};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{Account, StoreError, StoreErrorKind, StoredSession, UniqueKey};
use crate::password::PasswordHash;
use crate::session::{RotationState, SessionEnd};
use crate::types::{AuditAction, AuditEvent, AuditId, SessionId, TelegramId, User, UserId};

/// Decodes one row of `user_columns!`, whichever database it comes from.
pub(in crate::store) fn account<'r, R>(row: &'r R) -> Result<Account, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    let user = User {
        id: UserId(row.try_get("id")?),
        role: parsed(row, "role")?,
        full_name: row.try_get("full_name")?,
        email: parsed_option(row, "email")?,
        phone: parsed_option(row, "phone")?,
        telegram_id: row
            .try_get::<Option<i64>, _>("telegram_id")?
            .map(TelegramId),
        telegram_username: row.try_get("telegram_username")?,
        is_active: row.try_get("is_active")?,
        password_change_required: row.try_get("password_change_required")?,
        created_at: from_micros(row.try_get("created_at")?),
        updated_at: from_micros(row.try_get("updated_at")?),
        last_login_at: row
            .try_get::<Option<i64>, _>("last_login_at")?
            .map(from_micros),
    };
    Ok(Account {
        user,
        password_hash: PasswordHash::from_stored(row.try_get::<String, _>("password_hash")?),
        password_verified_at: row
            .try_get::<Option<i64>, _>("password_verified_at")?
            .map(from_micros),
        password_expires_at: row
            .try_get::<Option<i64>, _>("password_expires_at")?
            .map(from_micros),
    })
}

/// Decodes one row of `session_columns!`.
pub(in crate::store) fn session<'r, R>(row: &'r R) -> Result<StoredSession, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    let rotation = RotationState::from_parts(
        converted(row.try_get::<i64, _>("generation")?, "generation")?,
        converted(row.try_get::<i64, _>("parent")?, "parent")?,
        from_micros(row.try_get("rotated_at")?),
        row.try_get("is_confirmed")?,
    );
    let ended_at = row.try_get::<Option<i64>, _>("ended_at")?.map(from_micros);
    let end_reason = parsed_option(row, "end_reason")?;
    Ok(StoredSession {
        id: SessionId(row.try_get("session_id")?),
        user: UserId(row.try_get("user_id")?),
        audience: parsed(row, "audience")?,
        salt: converted(row.try_get::<Vec<u8>, _>("salt")?.as_slice(), "salt")?,
        rotation,
        created_at: from_micros(row.try_get("session_created_at")?),
        expires_at: from_micros(row.try_get("expires_at")?),
        ends_at: from_micros(row.try_get("ends_at")?),
        device: row.try_get("device")?,
        address: parsed_option(row, "address")?,
        end: ended_at
            .zip(end_reason)
            .map(|(at, reason)| SessionEnd { at, reason }),
    })
}

/// Decodes one row of the audit.
pub(in crate::store) fn audit_record<'r, R>(row: &'r R) -> Result<AuditEvent, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    let subject = row.try_get::<Option<Uuid>, _>("subject_id")?.map(UserId);
    // A newer version may have written words that are not known here.
    let action = row
        .try_get::<String, _>("action")?
        .parse()
        .unwrap_or(AuditAction::Unknown);
    let (id, at) = (AuditId(row.try_get("id")?), from_micros(row.try_get("at")?));
    let changes: String = row.try_get("changes")?;
    let mut record = AuditEvent::new(id, at, action, subject);
    record.actor_id = row.try_get::<Option<Uuid>, _>("actor_id")?.map(UserId);
    record.changes = changes
        .split(',')
        .filter(|member| !member.is_empty())
        .map(str::to_owned)
        .collect();
    record.address = parsed_option(row, "address")?;
    record.request_id = row.try_get("request_id")?;
    Ok(record)
}

/// A time as it is stored: microseconds since the Unix epoch.
pub(in crate::store) fn to_micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

pub(in crate::store) fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn parsed<'r, R, T>(row: &'r R, column: &'static str) -> Result<T, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.try_get(column)?;
    parse(column, &text)
}

fn parsed_option<'r, R, T>(row: &'r R, column: &'static str) -> Result<Option<T>, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| parse(column, &text)).transpose()
}

fn parse<T>(column: &str, text: &str) -> Result<T, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|source| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(source),
    })
}

fn converted<T, U>(value: T, column: &str) -> Result<U, sqlx::Error>
where
    U: TryFrom<T, Error: std::error::Error + Send + Sync + 'static>,
{
    value
        .try_into()
        .map_err(|source| sqlx::Error::ColumnDecode {
            index: column.to_owned(),
            source: Box::new(source),
        })
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match fatal_code(&error) {
            Some(code) => Self::caused_by(
                kind(&error),
                format!("it refuses or ends the connection ({code})"),
            ),
            None => Self::in_its_words(error),
        }
    }
}

impl StoreError {
    /// With whatever the database says.
    pub(in crate::store) fn in_its_words(error: sqlx::Error) -> Self {
        Self::caused_by(kind(&error), error)
    }
}

/// The code of an error with which PostgreSQL ends a connection, or does not let one in. Proxies
/// have words of their own then, and some repeat the password that they refuse; so the words go no
/// further.
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

/// Whether the database asks for the same statement again: it could not put concurrent transactions
/// in an order, or broke a deadlock.
pub(in crate::store) fn wants_retry(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

fn database_error_kind(error: &dyn DatabaseError) -> StoreErrorKind {
    match error.kind() {
        ErrorKind::UniqueViolation => unique_key(error),
        ErrorKind::Other if is_passing(&error.code().unwrap_or_default()) => {
            StoreErrorKind::Unavailable
        }
        _ => StoreErrorKind::Internal,
    }
}

fn unique_key(error: &dyn DatabaseError) -> StoreErrorKind {
    // SQLite names the column in its message, others name the constraint after it.
    let place = error.constraint().unwrap_or_else(|| error.message());
    let keys = [
        ("email", UniqueKey::Email),
        ("phone", UniqueKey::Phone),
        ("telegram_id", UniqueKey::TelegramId),
    ];
    keys.into_iter()
        .find(|(column, _)| place.contains(column))
        .map_or(StoreErrorKind::Internal, |(_, key)| {
            StoreErrorKind::Conflict(key)
        })
}

/// Whether an error lies in the state of the database and not in what it was asked.
fn is_passing(code: &str) -> bool {
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
    fn errors_of_the_moment_are_told_from_errors_of_the_program() {
        for code in [
            "57P01", "53300", "08006", "40001", "58030", "5", "261", "778", "13", "14",
        ] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["42P01", "22001", "23502", "1", "19", "", "x", "é23P"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
