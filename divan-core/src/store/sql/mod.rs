//! The SQL that the databases share: one text for both, one decoding of rows, one implementation of
//! each method.

use std::future::Future;
use std::time::Duration;

mod methods;
mod people;
mod rows;
mod schema;
mod sessions;

pub(super) use methods::sql_store;
pub(super) use people::sql_people;
#[cfg(feature = "postgres")]
pub(super) use rows::from_micros;
pub(super) use rows::{account, audit_record, session, to_micros};
pub(super) use schema::{applied, compare};
pub(super) use sessions::sql_sessions;

/// Runs a statement again when the database asks for it, a bounded number of times.
pub(super) async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    const ATTEMPTS: u32 = 5;
    for n in 0..ATTEMPTS - 1 {
        match attempt().await {
            Err(error) if rows::wants_retry(&error) => {
                tokio::time::sleep(Duration::from_millis(10 << n)).await;
            }
            outcome => return outcome,
        }
    }
    attempt().await
}

macro_rules! user_columns {
    ($table:literal) => {
        concat!(
            $table,
            "id, ",
            $table,
            "role, ",
            $table,
            "full_name, ",
            $table,
            "email, ",
            $table,
            "phone, ",
            $table,
            "telegram_id, ",
            $table,
            "telegram_username, ",
            $table,
            "is_active, ",
            $table,
            "password_change_required, ",
            $table,
            "created_at, ",
            $table,
            "updated_at, ",
            $table,
            "last_login_at, ",
            $table,
            "password_hash, ",
            $table,
            "password_verified_at, ",
            $table,
            "password_expires_at"
        )
    };
}

macro_rules! session_columns {
    () => {
        "s.id AS session_id, s.user_id, s.audience, s.salt, s.generation, s.parent, s.rotated_at, s.is_confirmed, \
         s.created_at AS session_created_at, s.expires_at, s.ends_at, s.device, s.address, s.ended_at, s.end_reason"
    };
}

pub(super) const PING: &str = "SELECT 1";

pub(super) const ACCOUNT_BY_ID: &str =
    concat!("SELECT ", user_columns!(""), " FROM users WHERE id = $1");
pub(super) const ACCOUNT_BY_PHONE: &str =
    concat!("SELECT ", user_columns!(""), " FROM users WHERE phone = $1");
pub(super) const ACCOUNT_BY_EMAIL: &str =
    concat!("SELECT ", user_columns!(""), " FROM users WHERE email = $1");
pub(super) const ACCOUNT_BY_TELEGRAM: &str = concat!(
    "SELECT ",
    user_columns!(""),
    " FROM users WHERE telegram_id = $1"
);
/// [`ACCOUNT_BY_ID`] for a transaction that is going to write it. SQLite has one writer anyway.
#[cfg(feature = "postgres")]
pub(super) const ACCOUNT_BY_ID_FOR_UPDATE: &str = concat!(
    "SELECT ",
    user_columns!(""),
    " FROM users WHERE id = $1 FOR UPDATE"
);

/// The beginning of a query for those who have one of these.
pub(super) const USERS_BY_PHONES: &str =
    concat!("SELECT ", user_columns!(""), " FROM users WHERE phone IN (");
pub(super) const USERS_BY_EMAILS: &str =
    concat!("SELECT ", user_columns!(""), " FROM users WHERE email IN (");
/// How many rows one statement inserts at most: each database takes at least 32766 parameters.
pub(super) const ROWS_AT_ONCE: usize = 500;
pub(super) const INSERT_USERS: &str = concat!("INSERT INTO users (", user_columns!(""), ") ");
pub(super) const UPDATE_USER: &str = "UPDATE users SET role = $2, full_name = $3, email = $4, phone = $5, telegram_id = $6, \
     telegram_username = $7, is_active = $8, password_change_required = $9, created_at = $10, updated_at = $11, \
     last_login_at = $12, password_hash = $13, password_verified_at = $14, \
     password_expires_at = $15 WHERE id = $1";

/// The beginning of a query for a page of users; each condition begins with `AND`.
pub(super) const USERS: &str = concat!("SELECT ", user_columns!(""), " FROM users WHERE true");
pub(super) const USER_IDS: &str = "SELECT id FROM users WHERE true";
pub(super) const USERS_WITHOUT_WORDS: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    " FROM users u WHERE NOT EXISTS (SELECT 1 FROM user_words w WHERE w.user_id = u.id) LIMIT 1000"
);
pub(super) const INSERT_WORDS: &str = "INSERT INTO user_words (user_id, word) ";
pub(super) const DELETE_WORDS: &str = "DELETE FROM user_words WHERE user_id = $1";
/// Who has a word in a range, up to [`MANY_USERS`].
pub(super) const USERS_WITH_WORD: &str =
    "SELECT user_id FROM user_words WHERE word >= $1 AND word < $2 LIMIT 1000";
/// From so many on a word is not looked for by itself.
pub(super) const MANY_USERS: usize = 1000;

/// The beginning of a query for a page of the audit; each condition begins with `AND`.
pub(super) const AUDIT: &str = "SELECT id, at, action, actor_id, subject_id, changes, address, request_id FROM audit WHERE true";
pub(super) const INSERT_AUDIT: &str =
    "INSERT INTO audit (id, at, action, actor_id, subject_id, changes, address, request_id) ";
/// In pieces, so that nobody waits for long.
pub(super) const PURGE_AUDIT: &str =
    "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 LIMIT 1000)";

/// The words that begin with a term are those from the first on, below the second.
pub(super) fn word_range(term: &str) -> (String, String) {
    let after = super::search::after_prefix(term);
    (
        term.to_owned(),
        after.unwrap_or_else(|| char::MAX.to_string().repeat(200)),
    )
}

/// Those who take an administrator away wait at this row for each other. Where there are
/// administrators without it, it is high time for it.
pub(super) const LOCK_ADMINS: &str = "INSERT INTO bootstrap (id, claimed_at) VALUES (1, $1) \
     ON CONFLICT (id) DO UPDATE SET claimed_at = bootstrap.claimed_at";
pub(super) const OTHER_ACTIVE_ADMINS: &str =
    "SELECT count(*) FROM users WHERE role = 'admin' AND is_active AND id <> $1";

pub(super) const SESSION_WITH_USER: &str = concat!(
    "SELECT ",
    user_columns!("u."),
    ", ",
    session_columns!(),
    " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"
);
pub(super) const LIVE_SESSIONS_OF: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions s WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 \
     ORDER BY s.created_at DESC, s.id DESC"
);
pub(super) const INSERT_SESSION: &str = "INSERT INTO sessions (id, user_id, audience, salt, generation, parent, rotated_at, \
     is_confirmed, created_at, expires_at, ends_at, device, address) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
pub(super) const ADVANCE_SESSION: &str = "UPDATE sessions SET generation = $6, parent = $7, rotated_at = $8, is_confirmed = $9, \
     expires_at = $10 WHERE id = $1 AND generation = $2 AND parent = $3 AND rotated_at = $4 AND is_confirmed = $5 \
     AND ended_at IS NULL";
pub(super) const OPEN_SESSIONS: &str =
    "SELECT count(*) FROM sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
/// Ends the session `$4`, or all where that is NULL.
pub(super) const END_SESSIONS: &str = "UPDATE sessions SET ended_at = $2, end_reason = $3 \
     WHERE user_id = $1 AND ended_at IS NULL AND ($4 IS NULL OR id = $4) RETURNING id";
/// Ends live sessions until `$4` are left, the newest.
pub(super) const END_OLDEST_SESSIONS: &str = "UPDATE sessions SET ended_at = $2, end_reason = $3 \
     WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id NOT IN (\
     SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 \
     ORDER BY created_at DESC, id DESC LIMIT $4) RETURNING id";
/// In pieces, so that nobody waits for long. Whatever has ended by itself did so at `ends_at` at
/// the latest.
pub(super) const PURGE_SESSIONS: &str = "DELETE FROM sessions WHERE id IN (\
     SELECT id FROM sessions WHERE ended_at < $1 OR ends_at < $1 LIMIT 1000)";

pub(super) const IS_BOOTSTRAPPED: &str = "SELECT count(*) FROM bootstrap";
pub(super) const CLAIM_BOOTSTRAP: &str = "INSERT INTO bootstrap (id, claimed_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING RETURNING id";

pub(super) const APPLIED_MIGRATIONS: &str =
    "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
