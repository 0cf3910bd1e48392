//! The server on PostgreSQL: several servers on one database, and a database that stops and starts.

use std::time::{Duration, Instant};

use divan_core::infra::DatabaseUrl;
use divan_core::service::BootstrapPolicy;
use divan_core::store::{BootstrapStore, PostgresPool, PostgresStore, Store, StoreErrorKind};
use divan_testing::{PostgresServer, TestDatabase};
use serde_json::json;
use time::OffsetDateTime;

use crate::harness::{App, bootstrap_request};
use crate::process::{KEY, Running, no_tls, program, run, start, wait_for};

fn short_timeouts() -> PostgresPool {
    let mut pool = PostgresPool::default();
    pool.acquire_timeout = Duration::from_secs(1);
    pool
}

pub(crate) async fn store(url: &str, pool: PostgresPool) -> PostgresStore {
    let DatabaseUrl::Postgres(url) = url.parse().unwrap() else {
        panic!("{url}")
    };
    PostgresStore::open(&url, pool).await.unwrap()
}

fn on(database: &str, folder: &std::path::Path) -> std::process::Command {
    let mut command = program(folder);
    command
        .env("DATABASE_URL", database)
        .env("SECRET_KEY", KEY)
        .env("DIVAN_DATABASE_ACQUIRE_SECONDS", "1");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_servers_share_one_schema_and_one_bootstrap() {
    let database = TestDatabase::create().await;
    let sqlalchemy = database
        .url()
        .replacen("postgres://", "postgresql+psycopg2://", 1);
    let folder = tempfile::tempdir().unwrap();
    let servers: Vec<Running> = std::thread::scope(|scope| {
        let start_one = || {
            let mut command = on(&sqlalchemy, folder.path());
            start(command.env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token"))
        };
        let starting: Vec<_> = (0..8).map(|_| scope.spawn(start_one)).collect();
        starting
            .into_iter()
            .map(|server| server.join().unwrap())
            .collect()
    });
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let mut calls = Vec::new();
    for server in &servers {
        assert_eq!(
            client
                .get(server.url("/health/ready"))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
        for _ in 0..5 {
            let call = client
                .post(server.url("/auth/admin/bootstrap"))
                .json(&bootstrap_request());
            calls.push(tokio::spawn(
                call.header("x-bootstrap-token", "the bootstrap token")
                    .send(),
            ));
        }
    }
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    // All calls come from one address, and five tokens of an address are compared.
    assert_eq!((statuses[0], statuses.len()), (201, 40));
    assert_eq!(statuses[1..5], [409; 4], "{statuses:?}");
    assert_eq!(statuses[5..], [429; 35], "{statuses:?}");
}

#[tokio::test]
async fn the_server_recovers_when_the_database_returns() {
    let mut server = PostgresServer::start();
    let store = store(&server.url("postgres"), short_timeouts()).await;
    let app = App::on(
        store,
        BootstrapPolicy::OpenToAnyone,
        tempfile::tempdir().unwrap(),
    );
    app.add_users().await;
    for _ in 0..2 {
        let token = app.admin_token().await;
        server.stop();
        let me = app.get_as(&token, "/auth/me").await;
        me.assert_problem(503, "unavailable");
        assert_eq!(me.header("retry-after"), "5");
        let login = app
            .post("/auth/telegram/login", &app.login_request(42))
            .await;
        login.assert_problem(503, "unavailable");
        app.ready_when(503).await.assert_problem(503, "not_ready");
        assert_eq!(app.get("/health/live").await.status, 200);

        server.resume();
        app.ready_when(200).await;
        assert_eq!(app.get_as(&token, "/auth/me").await.status, 200);
        assert_eq!(
            app.post("/auth/telegram/login", &app.login_request(42))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_bootstrap_claim_whose_database_stops_writes_nothing() {
    let mut server = PostgresServer::start();
    let store = store(&server.url("postgres"), short_timeouts()).await;
    let claim = store
        .claim_bootstrap(OffsetDateTime::UNIX_EPOCH)
        .await
        .unwrap()
        .unwrap();
    server.stop();
    let account = divan_core::store::Account::new(
        divan_core::types::User::new(
            divan_core::types::UserId(uuid::Uuid::from_u128(1)),
            divan_core::types::Role::Admin,
            "Admin",
            OffsetDateTime::UNIX_EPOCH,
        ),
        divan_core::password::PasswordHash::from_stored("x"),
    );
    let event = divan_core::types::AuditEvent::new(
        divan_core::types::AuditId(uuid::Uuid::from_u128(2)),
        OffsetDateTime::UNIX_EPOCH,
        divan_core::types::AuditAction::Bootstrapped,
        None,
    );
    assert_eq!(
        claim
            .complete(&[divan_core::store::NewUser::new(account, event)])
            .await
            .unwrap_err()
            .kind(),
        StoreErrorKind::Unavailable
    );
    server.resume();
    assert!(!store.is_bootstrapped().await.unwrap());
}

#[tokio::test]
async fn an_exhausted_pool_is_unavailable_after_the_acquire_timeout() {
    let database = TestDatabase::create().await;
    let mut pool = short_timeouts();
    pool.max_connections = std::num::NonZeroU32::MIN;
    let store = store(database.url(), pool).await;
    let claim = store
        .claim_bootstrap(OffsetDateTime::UNIX_EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        store.ping().await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    drop(claim);
    store.ping().await.unwrap();
}

#[test]
fn the_server_waits_for_its_database_until_the_acquire_timeout() {
    let mut server = PostgresServer::start();
    let url = server.url("postgres");
    server.stop();
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let (code, _, stderr) = run(on(&url, folder.path()).args(["--port", "0"]));
    assert_eq!(code, 1);
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert!(
        stderr.contains("cannot open the database divan@127.0.0.1:"),
        "{stderr}"
    );
    assert!(stderr.contains("refused"), "{stderr}");

    let waiting = std::thread::spawn(move || {
        let mut command = on(&url, folder.path());
        let server = start(command.env("DIVAN_DATABASE_ACQUIRE_SECONDS", "20"));
        drop((server, folder));
    });
    server.resume();
    waiting.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_migrated_or_rejected_and_a_newer_schema_is_rejected() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let check = || run(on(database.url(), folder.path()).args(["migrate", "--check"]));
    let (code, stdout, _) = check();
    assert_eq!(
        (code, stdout.as_str()),
        (
            1,
            "the database has no tables yet: run `divan-server migrate`, or call `migrate` of the store in your program\n"
        )
    );
    let (code, _, stderr) =
        run(on(database.url(), folder.path()).args(["--port", "0", "--no-migrate"]));
    assert_eq!(code, 1);
    assert!(
        stderr
            .contains("cannot be used: the database has no tables yet: run `divan-server migrate`"),
        "{stderr}"
    );
    let (_, stdout, _) = run(on(database.url(), folder.path()).arg("doctor"));
    assert!(
        stdout.contains("the database has no tables yet: run `divan-server migrate`"),
        "{stdout}"
    );

    let up_to_date = (0, "the schema of the database is up to date\n".to_owned());
    let (code, stdout, _) = run(on(database.url(), folder.path()).arg("migrate"));
    assert_eq!((code, stdout), up_to_date);
    let (code, stdout, _) = check();
    assert_eq!((code, stdout), up_to_date);
    drop(start(on(database.url(), folder.path()).arg("--no-migrate")));

    database.execute("INSERT INTO divan_migrations SELECT 9999, description, installed_on, success, checksum, execution_time FROM divan_migrations LIMIT 1").await;
    assert_eq!(check().0, 1);
    for arguments in [
        vec!["--port", "0"],
        vec!["--port", "0", "--no-migrate"],
        vec!["migrate"],
    ] {
        let (code, _, stderr) = run(on(database.url(), folder.path()).args(arguments));
        assert_eq!(code, 1);
        assert!(
            stderr.contains("made by a newer version (migration 9999")
                && stderr.contains("upgrade this program"),
            "{stderr}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_logged_by_the_readiness_check_with_the_remedy() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&mut on(database.url(), folder.path()));
    database.execute("DROP TABLE divan_throttle").await;
    let is_alive = || server.child.try_wait().unwrap().is_none();
    let line = wait_for(&server.log, "dependency is down", is_alive);
    assert!(
        line.contains("does not fit this server") && line.contains("`divan-server migrate`"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_unavailable_until_it_accepts_writes() {
    let database = TestDatabase::create().await;
    let set_read_only = async |value: &str| {
        database
            .execute(&format!(
                "BEGIN READ WRITE; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = \
                 {value}', current_database()); END $$; SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid(); COMMIT"
            ))
            .await;
    };
    let store = store(database.url(), short_timeouts()).await;
    let app = App::on(
        store,
        BootstrapPolicy::OpenToAnyone,
        tempfile::tempdir().unwrap(),
    );
    app.add_users().await;
    let token = app.employee_token().await;

    set_read_only("on").await;
    app.clock.advance(Duration::from_secs(2));
    let me = app.get_as(&token, "/auth/me").await;
    me.assert_problem(503, "unavailable");
    assert_eq!(me.header("retry-after"), "5");
    app.ready_when(503).await.assert_problem(503, "not_ready");
    let folder = tempfile::tempdir().unwrap();
    let reason = "the server is a standby or its transactions are read-only";
    let (code, stdout, _) = run(on(database.url(), folder.path()).arg("doctor"));
    assert!(code != 0 && stdout.contains(reason), "{stdout}");
    let (code, _, stderr) = run(on(database.url(), folder.path()).args(["--port", "0"]));
    assert!(code == 1 && stderr.contains(reason), "{stderr}");

    set_read_only("off").await;
    app.ready_when(200).await;
    assert_eq!(app.get_as(&token, "/auth/me").await.status, 200);
}

#[tokio::test]
async fn serialization_failures_are_retried_a_limited_number_of_times() {
    let database = TestDatabase::create().await;
    let store = store(database.url(), short_timeouts()).await;
    let app = App::on(
        store,
        BootstrapPolicy::OpenToAnyone,
        tempfile::tempdir().unwrap(),
    );
    app.add_users().await;
    database.execute("CREATE SEQUENCE attempts").await;
    let fail_first = async |failures: u32| {
        database
            .execute(&format!(
                "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('attempts') <= {failures} THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF; \
                 RETURN NEW; END $$"
            ))
            .await;
    };
    fail_first(3).await;
    database
        .execute(
            "CREATE TRIGGER fail BEFORE UPDATE ON divan_users FOR EACH ROW EXECUTE FUNCTION fail()",
        )
        .await;
    let login = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await;
    assert_eq!(login.status, 200, "{login:?}");

    fail_first(1_000_000).await;
    app.clock.advance(Duration::from_secs(1));
    let login = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await;
    login.assert_problem(503, "unavailable");
}

#[tokio::test]
async fn the_store_connects_through_a_socket_and_enforces_required_tls() {
    let server = PostgresServer::start();
    let (folder, port) = server.socket();
    let url = format!(
        "postgresql+psycopg2://divan@/postgres?host={}&port={port}",
        folder.display()
    );
    store(&url, short_timeouts()).await.ping().await.unwrap();

    let url = format!("{}?sslmode=require", server.url("postgres"));
    let DatabaseUrl::Postgres(url) = url.parse().unwrap() else {
        panic!("{url}")
    };
    assert_eq!(
        PostgresStore::connect(&url, short_timeouts())
            .await
            .unwrap_err()
            .kind(),
        StoreErrorKind::Misconfigured
    );
}

#[tokio::test]
async fn users_sign_in_on_postgres() {
    let database = TestDatabase::create().await;
    let store = store(database.url(), PostgresPool::default()).await;
    let app = App::on(
        store,
        BootstrapPolicy::OpenToAnyone,
        tempfile::tempdir().unwrap(),
    );
    app.add_users().await;
    let token = app.employee_token().await;
    assert_eq!(
        app.get_as(&token, "/auth/me").await.json()["telegram_id"],
        json!(42)
    );
    let mismatch = app
        .post("/auth/telegram/login", &app.login_request(43))
        .await;
    mismatch.assert_problem(403, "telegram_account_mismatch");
}

#[tokio::test]
async fn the_sql_of_the_guide_runs_and_its_privileges_suffice() {
    let page = include_str!("../../../docs/guide/src/operations/databases.md");
    let blocks = page.split("```sql\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let [grants, times] = blocks.as_slice() else {
        panic!("{blocks:?}")
    };

    let database = TestDatabase::create().await;
    let owner = store(database.url(), PostgresPool::default()).await;
    owner.migrate().await.unwrap();
    let role = format!("divan_test_role_{}", std::process::id());
    let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'tram-under-the-plum'");
    database.execute(&create).await;
    database
        .execute(&grants.replace("divan_server", &role))
        .await;
    database.execute(times).await;

    let (scheme, rest) = database.url().split_once("://").unwrap();
    let (_, address) = rest.rsplit_once('@').unwrap();
    let url = format!("{scheme}://{role}:tram-under-the-plum@{address}");
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(
        store(&url, PostgresPool::default()).await,
        BootstrapPolicy::OpenToAnyone,
        tempfile::tempdir().unwrap(),
    );
    app.add_users().await;
    let token = app.employee_token().await;
    let user = app.get_as(&token, "/auth/me").await;
    assert_eq!(user.status, 200);
    let user = format!("/auth/admin/users/{}", user.json()["id"].as_str().unwrap());
    let admin = app.admin_token().await;
    let change = json!({"full_name": "Last First"});
    assert_eq!(app.patch_as(&admin, &user, &change).await.status, 200);
    assert_eq!(app.delete_as(&admin, &user).await.status, 204);
    for command in [
        ["migrate", "--check"].as_slice(),
        &[
            "user",
            "create",
            "--name",
            "Second Last",
            "--phone",
            "+77017654321",
            "--generate",
        ],
        &["user", "reset-password", "+77017654321"],
        &["user", "sessions", "+77017654321", "--end"],
        &["user", "delete", "+77017654321"],
        &["audit", "purge", "--older-than", "1s"],
    ] {
        let (code, _, stderr) = run(on(&url, folder.path()).args(command));
        assert_eq!(code, 0, "{command:?}: {stderr}");
    }
    let refused = format!(
        "DO $$ BEGIN
            ASSERT NOT has_table_privilege('{role}', 'divan_audit_events', 'UPDATE, TRUNCATE');
            ASSERT NOT has_table_privilege('{role}', 'divan_users', 'TRUNCATE');
            ASSERT NOT has_table_privilege('{role}', 'divan_migrations', 'INSERT, UPDATE, DELETE');
        END $$"
    );
    database.execute(&refused).await;
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    database.execute(&drop).await;
}
