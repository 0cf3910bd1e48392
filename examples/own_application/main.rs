//! `cargo run --example own_application`: an axum application with its own routes, tables and
//! migrations, which embeds the sign-in service and shares one SQLite database with it.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted and keeps its data in the system's folder
//! for temporary files. The first start prints the password of the administrator.

mod error;
mod routes;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::Verifier;
use divan_core::service::{Admin, AuthService, ClientInfo, CreateUserCommand};
use divan_core::store::{SqliteStore, Store};
use divan_core::token::{Audiences, SecretKey};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

const STAFF_BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const WAREHOUSE_BOT: &str = "9876543210:AAFakeTokenForDivanTestVectorsOnly_1111";

/// The state of the application.
#[derive(Clone, FromRef)]
struct App {
    service: AuthService,
    pool: SqlitePool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (pool, store) = open(&std::env::temp_dir().join("own_application.db")).await?;
    let service = service(Arc::new(store), Arc::new(SystemClock))?;
    let admin = CreateUserCommand::admin("Administrator", "admin@example.com");
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    if let Ok(created) = service
        .as_admin(&operator, &client)
        .create_user(&admin)
        .await
        && let Some(password) = created.generated_password
    {
        println!("admin@example.com signs in with: {}", password.expose());
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes::router(App { service, pool })).await?;
    Ok(())
}

// ANCHOR: service
/// Opens the database and applies the migrations of the application and of Divan. Both keep their
/// own list of migrations, and all tables of Divan begin with `divan_`.
async fn open(path: &Path) -> Result<(SqlitePool, SqliteStore), Box<dyn Error>> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5));
    // The maintenance task of a pool of sqlx 0.9 can loop without end.
    let pool = || {
        SqlitePoolOptions::new()
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool().max_connections(1);
    let writer = writer.connect_with(options.clone()).await?;
    let readers = pool().connect_lazy_with(options.pragma("query_only", "on"));
    migrations().run(&writer).await?;
    let store = SqliteStore::from_pools(writer.clone(), readers);
    store.migrate().await?;
    Ok((writer, store))
}

/// The migrations of the application; usually `sqlx::migrate!()`.
fn migrations() -> Migrator {
    let orders = "CREATE TABLE orders (user_id BLOB NOT NULL, item TEXT NOT NULL)";
    Migrator::with_migrations(vec![Migration::new(
        1,
        "orders".into(),
        MigrationType::Simple,
        orders.into_sql_str(),
        false,
    )])
}

/// Builds the service. Employees open the Mini App from either of two bots.
fn service(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<AuthService, Box<dyn Error>> {
    let bots =
        Verifier::new(STAFF_BOT.parse()?, Duration::from_hours(1)).or(WAREHOUSE_BOT.parse()?);
    let key = SecretKey::new("thirty-two bytes of a secret key!")?;
    let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    let builder = AuthService::builder(store, &key, "https://sec.example.com", audiences);
    Ok(builder.telegram_verifier(bots).clock(clock).build())
}
// ANCHOR_END: service
