//! The SQL text and the row decoding that the databases share.

use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::{ColumnIndex, Decode, Row, Type};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Account, StoreError, StoreErrorKind, UniqueKey};
use crate::password::PasswordHash;
use crate::types::{TelegramId, User, UserId};

macro_rules! user_columns {
    () => {
        "id, role, full_name, email, phone, telegram_id, telegram_username, is_active, password_change_required, \
         created_at, updated_at, last_login_at, password_hash"
    };
}

pub(super) const USER_BY_ID: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");
pub(super) const ACCOUNT_BY_PHONE: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE phone = $1");
pub(super) const ACCOUNT_BY_EMAIL: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE email = $1");

pub(super) const INSERT_USER: &str = concat!(
    "INSERT INTO users (",
    user_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
);

/// The guarded end of a sign-in. `$4` is the Telegram id, or NULL where Telegram plays no part.
pub(super) const COMPLETE_SIGN_IN: &str = concat!(
    "UPDATE users SET password_hash = $3, last_login_at = $6, \
     updated_at = CASE WHEN telegram_id IS NULL AND $4 IS NOT NULL THEN $6 ELSE updated_at END, \
     telegram_username = CASE WHEN $4 IS NOT NULL THEN $5 ELSE telegram_username END, \
     telegram_id = COALESCE($4, telegram_id) \
     WHERE id = $1 AND password_hash = $2 AND is_active AND role = $7 \
     AND ($4 IS NULL OR telegram_id IS NULL OR telegram_id = $4) \
     RETURNING ",
    user_columns!()
);

pub(super) const IS_BOOTSTRAPPED: &str = "SELECT count(*) FROM bootstrap";
pub(super) const CLAIM_BOOTSTRAP: &str =
    "INSERT INTO bootstrap (id, claimed_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING RETURNING id";

/// Decodes one row of `user_columns!`, whichever database it comes from.
pub(super) fn account<'r, R>(row: &'r R) -> Result<Account, sqlx::Error>
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
        telegram_id: row.try_get::<Option<i64>, _>("telegram_id")?.map(TelegramId),
        telegram_username: row.try_get("telegram_username")?,
        is_active: row.try_get("is_active")?,
        password_change_required: row.try_get("password_change_required")?,
        created_at: from_micros(row.try_get("created_at")?),
        updated_at: from_micros(row.try_get("updated_at")?),
        last_login_at: row.try_get::<Option<i64>, _>("last_login_at")?.map(from_micros),
    };
    Ok(Account { user, password_hash: PasswordHash::from_stored(row.try_get::<String, _>("password_hash")?) })
}

/// A time as it is stored: microseconds since the Unix epoch.
pub(super) fn to_micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn parsed<'r, R, T>(row: &'r R, column: &'static str) -> Result<T, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.try_get(column)?;
    text.parse()
        .map_err(|source| sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(source) })
}

fn parsed_option<'r, R, T>(row: &'r R, column: &'static str) -> Result<Option<T>, sqlx::Error>
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let present = row.try_get::<Option<String>, _>(column)?.is_some();
    present.then(|| parsed(row, column)).transpose()
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Database(database) => database_error_kind(database.as_ref()),
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Internal,
        };
        Self::caused_by(kind, error)
    }
}

fn database_error_kind(error: &dyn DatabaseError) -> StoreErrorKind {
    match error.kind() {
        ErrorKind::UniqueViolation => {}
        ErrorKind::Other => return StoreErrorKind::Unavailable,
        _ => return StoreErrorKind::Internal,
    }
    // SQLite names the column in its message, others name the constraint after it.
    let place = error.constraint().unwrap_or_else(|| error.message());
    let keys =
        [("email", UniqueKey::Email), ("phone", UniqueKey::Phone), ("telegram_id", UniqueKey::TelegramId)];
    keys.into_iter()
        .find(|(column, _)| place.contains(column))
        .map_or(StoreErrorKind::Internal, |(_, key)| StoreErrorKind::Conflict(key))
}
