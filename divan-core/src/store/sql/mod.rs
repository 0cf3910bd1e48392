//! The SQL that the databases share: one text for both, one decoding of rows, one implementation of each method.

use std::future::Future;
use std::time::Duration;

mod methods;
mod rows;
mod schema;

pub(super) use methods::sql_store;
pub(super) use rows::{account, to_micros};
pub(super) use schema::{applied, compare};

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
    () => {
        "id, role, full_name, email, phone, telegram_id, telegram_username, is_active, password_change_required, \
         created_at, updated_at, last_login_at, password_hash"
    };
}

pub(super) const PING: &str = "SELECT 1";

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

pub(super) const APPLIED_MIGRATIONS: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
