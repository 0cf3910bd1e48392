//! Faults of the database: a full disk and missing tables leave no partial write, on both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use divan_core::service::BootstrapPolicy;
use divan_core::store::{Account, AccountUpdate, PostgresPool, PostgresStore, SqliteStore, Store};
use divan_core::types::TelegramId;
use divan_testing::TestDatabase;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Executor};

use crate::harness::*;
use crate::postgres::store;
use crate::second_factor::enrol;

/// Tables that requests write to.
const TABLES: [&str; 11] = [
    "divan_users",
    "divan_user_words",
    "divan_sessions",
    "divan_audit_events",
    "divan_devices",
    "divan_throttle",
    "divan_outbox",
    "divan_services",
    "divan_service_secrets",
    "divan_webhooks",
    "divan_event_consumers",
];

/// Function for triggers of PostgreSQL that fail as on a disk that is full.
const DISK_FULL: &str = "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
     RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$";

fn fill(table: &str) -> String {
    format!(
        "CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON {table} \
         FOR EACH ROW EXECUTE FUNCTION disk_full()"
    )
}

fn free(table: &str) -> String {
    format!("DROP TRIGGER disk_full ON {table}")
}

/// A SQLite database with a maximum size, as on a disk that is full.
struct Disk {
    writer: SqlitePool,
    max_pages: Arc<AtomicI64>,
}

const UNLIMITED: i64 = 1_000_000;

fn limit(pages: i64) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))
}

impl Disk {
    async fn set_max_pages(&self, pages: i64) {
        self.max_pages.store(pages, Ordering::SeqCst);
        self.writer.execute(limit(pages)).await.unwrap();
    }

    /// Limits the file to its size. Rows may still fit into its pages.
    async fn fill(&self) {
        let pages = sqlx::query_scalar("PRAGMA page_count");
        self.set_max_pages(pages.fetch_one(&self.writer).await.unwrap())
            .await;
    }
}

/// A server with users on SQLite.
async fn on_sqlite() -> (App<SqliteStore>, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("divan.db"))
        .create_if_missing(true)
        // Few rows fit into a page, so almost every one needs space.
        .page_size(512)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let max_pages = Arc::new(AtomicI64::new(UNLIMITED));
    let current = max_pages.clone();
    let writer = pool.clone().after_connect(move |connection, _| {
        let limit = limit(current.load(Ordering::SeqCst));
        Box::pin(async move { connection.execute(limit).await.map(drop) })
    });
    let writer = writer.connect_with(options.clone()).await.unwrap();
    let readers = pool.connect_lazy_with(options.pragma("query_only", "on"));
    let store = SqliteStore::from_pools(writer.clone(), readers);
    store.migrate().await.unwrap();
    let app = App::on(store, BootstrapPolicy::OpenToAnyone, folder);
    app.add_users().await;
    (app, Disk { writer, max_pages })
}

async fn on_postgres(database: &TestDatabase) -> App<PostgresStore> {
    let store = store(database.url(), PostgresPool::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(store, BootstrapPolicy::OpenToAnyone, folder);
    app.add_users().await;
    app
}

/// Data that the API returned, and tokens that were issued, before the fault.
struct Before {
    admin: String,
    /// An employee to change, who does not sign in.
    other: String,
    refresh: Value,
    session: String,
    shown: Vec<Value>,
}

impl Before {
    async fn prepare<S: Store + Clone + 'static>(app: &App<S>) -> Self {
        let admin = app.admin_token().await;
        let create = json!({"full_name": "Other", "phone": "+77010000009"});
        let users = "/auth/admin/users";
        let created = app.post_as(&admin, users, &create).await;
        let found = app.get_as(&admin, "/auth/admin/users?q=other").await;
        assert!(matches!(created.status.as_u16(), 201 | 409), "{created:?}");
        let other = found.json()["items"][0]["id"].as_str().unwrap().to_owned();
        link(app, &other).await;
        let login = app.login_request(42);
        let refresh = app.post("/auth/telegram/login", &login).await.json();
        let session = app.post("/auth/telegram/login", &login).await.json();
        let session = session["access_token"].as_str().unwrap().to_owned();
        // The first use of a token confirms it.
        assert_eq!(app.get_as(&session, "/auth/me").await.status, 200);
        let mut before = Self {
            admin,
            other,
            refresh: json!({"refresh_token": refresh["refresh_token"]}),
            session,
            shown: Vec::new(),
        };
        before.shown = before.show(app).await;
        before
    }

    async fn show<S: Store + Clone + 'static>(&self, app: &App<S>) -> Vec<Value> {
        let mut shown = Vec::new();
        for path in [
            "/auth/admin/users",
            "/auth/admin/audit?limit=200",
            "/auth/sessions",
            "/auth/devices",
            "/auth/admin/services",
            "/auth/admin/webhooks",
        ] {
            let response = app.get_as(&self.admin, path).await;
            assert_eq!(response.status, 200, "{response:?}");
            shown.push(response.json());
        }
        let sessions = app.get_as(&self.session, "/auth/sessions").await;
        shown.push(sessions.json());
        shown
    }

    /// Sends one of the requests that write.
    async fn send<S: Store + Clone + 'static>(&self, app: &App<S>, request: Write) -> TestResponse {
        let user = format!("/auth/admin/users/{}", self.other);
        let json = "application/json";
        match request {
            Write::AdminLogin => app.post("/auth/admin/login", &bootstrap_request()).await,
            Write::Login => {
                let login = app.login_request(42);
                app.post("/auth/telegram/login", &login).await
            }
            Write::Create(n) => {
                let phone = format!("+770200{n:05}");
                let create = json!({"full_name": "A".repeat(200), "phone": phone});
                app.post_as(&self.admin, "/auth/admin/users", &create).await
            }
            Write::Update(n) => {
                let name = json!({"full_name": format!("Other {n}")}).to_string();
                let method = axum::http::Method::PATCH;
                app.send_raw(method, &user, Some(&self.admin), json, name)
                    .await
            }
            Write::Reset => {
                let path = format!("{user}/reset-password");
                app.post_as(&self.admin, &path, &json!({})).await
            }
            Write::Refresh => app.post("/auth/refresh", &self.refresh).await,
            Write::Service => {
                let create = json!({"name": "Gateway", "scopes": ["introspect"]});
                app.post_as(&self.admin, "/auth/admin/services", &create)
                    .await
            }
            Write::Webhook => {
                let create = json!({"url": "https://hooks.example.com/"});
                app.post_as(&self.admin, "/auth/admin/webhooks", &create)
                    .await
            }
            Write::Logout => app.post_as(&self.session, "/auth/logout", &json!({})).await,
        }
    }
}

/// Links a Telegram account to a user, whom messages report changes to.
async fn link<S: Store + Clone + 'static>(app: &App<S>, user: &str) {
    let change = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(43));
        Ok(Some(AccountUpdate::none()))
    };
    let user = user.parse().unwrap();
    let updated = app.store.update_account(user, &change).await;
    updated.unwrap().unwrap();
}

/// Requests that write. A number makes each one different.
#[derive(Clone, Copy, Debug)]
enum Write {
    AdminLogin,
    Login,
    Create(u32),
    Update(u32),
    Reset,
    Refresh,
    Service,
    Webhook,
    Logout,
}

impl Write {
    fn all(n: u32) -> [Self; 9] {
        [
            Self::Create(n),
            Self::Update(n),
            Self::AdminLogin,
            Self::Login,
            Self::Reset,
            Self::Refresh,
            Self::Service,
            Self::Webhook,
            Self::Logout,
        ]
    }
}

/// Sends a request that may fail, and returns `true` if it did: with 503, and with nothing written.
async fn fails<S: Store + Clone + 'static>(app: &App<S>, before: &Before, write: Write) -> bool {
    let shown = before.show(app).await;
    let response = before.send(app, write).await;
    if response.status.is_success() {
        return false;
    }
    response.assert_problem(503, "unavailable");
    assert_eq!(response.header("retry-after"), "5");
    assert_eq!(before.show(app).await, shown, "{write:?}");
    true
}

#[tokio::test]
async fn a_full_disk_leaves_no_partial_write_on_sqlite() {
    let (app, disk) = on_sqlite().await;
    let before = Before::prepare(&app).await;
    disk.fill().await;
    let mut n = 0;
    while !fails(&app, &before, Write::Create(n)).await {
        n += 1;
        assert!(n < 100, "the disk is never full");
    }
    for write in [Write::AdminLogin, Write::Login] {
        let mut attempts = 0;
        while !fails(&app, &before, write).await {
            attempts += 1;
            assert!(attempts < 10, "the disk is never full");
        }
    }
    // These may need no space.
    for write in [Write::Update(1), Write::Reset] {
        fails(&app, &before, write).await;
    }
    assert_eq!(app.get("/health/live").await.status, 200);

    disk.set_max_pages(UNLIMITED).await;
    for write in Write::all(n) {
        let response = before.send(&app, write).await;
        assert!(response.status.is_success(), "{write:?} {response:?}");
    }
}

#[tokio::test]
async fn a_full_disk_returns_no_challenge_on_postgres() {
    let database = TestDatabase::create().await;
    let app = on_postgres(&database).await;
    enrol(&app, &app.admin_token().await).await;
    database.execute(DISK_FULL).await;
    database.execute(&fill("divan_challenges")).await;
    let login = async || app.post("/auth/admin/login", &bootstrap_request()).await;

    login().await.assert_problem(503, "unavailable");
    database.execute(&free("divan_challenges")).await;
    login().await.assert_problem(401, "second_factor_required");
}

#[tokio::test]
async fn a_full_disk_leaves_no_partial_write_on_postgres() {
    let database = TestDatabase::create().await;
    let app = on_postgres(&database).await;
    database.execute(DISK_FULL).await;
    for (n, table) in (0..).zip(TABLES) {
        let before = Before::prepare(&app).await;
        database.execute(&fill(table)).await;
        let mut failed = Vec::new();
        for write in Write::all(n) {
            if fails(&app, &before, write).await {
                failed.push(write);
            }
        }
        assert!(!failed.is_empty(), "nothing writes to {table}");

        database.execute(&free(table)).await;
        for write in failed {
            let response = before.send(&app, write).await;
            assert!(response.status.is_success(), "{write:?} {response:?}");
        }
        app.clock.advance(std::time::Duration::from_secs(1));
    }
}

/// Returns the number of hashes since the start.
async fn hashes(app: &App<impl Store + Clone + 'static>) -> Vec<String> {
    let metrics = app.state.metrics().await;
    let lines = metrics.lines().filter(|line| line.contains("hashes_begun"));
    lines.map(str::to_owned).collect()
}

/// Sends requests that check a secret to a server whose table of limits is renamed.
async fn no_password_is_compared<S: Store + Clone + 'static>(
    app: &App<S>,
    rename: impl AsyncFn(&str, &str),
) {
    let token = app.admin_token().await;
    let good = bootstrap_request();
    let change = json!({"current_password": ADMIN_PASSWORD, "new_password": "plum over the tram"});
    let auto = json!({"init_data": app.init_data(42)});

    let before = hashes(app).await;
    rename("divan_throttle", "elsewhere").await;
    for response in [
        app.post("/auth/admin/login", &good).await,
        app.post("/auth/telegram/login", &app.login_request(42))
            .await,
        app.post("/auth/telegram/auto-login", &auto).await,
        app.post_as(&token, "/auth/me/password", &change).await,
    ] {
        response.assert_problem(503, "unavailable");
        assert_eq!(response.header("retry-after"), "5");
    }
    assert_eq!(hashes(app).await, before);
    rename("elsewhere", "divan_throttle").await;
    assert_eq!(app.post("/auth/admin/login", &good).await.status, 200);
}

fn rename_table(from: &str, to: &str) -> String {
    format!("ALTER TABLE {from} RENAME TO {to}")
}

#[tokio::test]
async fn without_the_table_of_limits_no_password_is_compared_on_sqlite() {
    let (app, disk) = on_sqlite().await;
    let rename = async |from: &str, to: &str| {
        let rename = AssertSqlSafe(rename_table(from, to));
        disk.writer.execute(rename).await.unwrap();
    };
    no_password_is_compared(&app, rename).await;
}

#[tokio::test]
async fn without_the_table_of_limits_no_password_is_compared_on_postgres() {
    let database = TestDatabase::create().await;
    let app = on_postgres(&database).await;
    let rename = async |from: &str, to: &str| database.execute(&rename_table(from, to)).await;
    no_password_is_compared(&app, rename).await;
}
