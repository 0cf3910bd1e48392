//! Connections to PostgreSQL: TLS, PgBouncer, parameters of the URL, and schemas that cannot be used.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use divan_core::database_url::DatabaseUrl;
use divan_core::store::{
    BootstrapStore, MigrateError, PostgresPool, PostgresStore, SchemaStatus, SqliteStore, Store,
    StoreError, StoreErrorKind,
};
use divan_testing::{PgBouncer, PostgresServer, TestCertificate, TlsFront};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Connects. An error that another attempt does not mend must not be hidden by the time limit.
async fn connect(url: &str) -> Result<PostgresStore, StoreError> {
    let DatabaseUrl::Postgres(mut url) = url.parse().unwrap() else {
        panic!("{url}")
    };
    url.read_certificates().unwrap();
    let mut pool = PostgresPool::default();
    pool.acquire_timeout = Duration::from_hours(1);
    tokio::time::timeout(Duration::from_mins(1), PostgresStore::connect(&url, pool))
        .await
        .unwrap()
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Requires a connection if `expected` is empty, otherwise an error with this text.
async fn require(url: &str, expected: &str) {
    match connect(url).await {
        Ok(store) => {
            assert_eq!(expected, "", "{url} is accepted");
            store.time().await.unwrap();
            store.close().await;
        }
        Err(error) => {
            let text = chain(&error);
            assert!(!expected.is_empty(), "{url}: {text}");
            assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{text}");
            assert!(text.contains(expected), "{url}: {text}");
        }
    }
}

const OTHER_NAME: &str = "for another host name";
const UNKNOWN_ISSUER: &str = "name the issuer's certificate with `sslrootcert`";

/// Tells the child process of a test the port of the server.
const PORT: &str = "DIVAN_TEST_POSTGRES_PORT";

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_verified_as_libpq_does_and_faults_have_their_cause() {
    let (trusted, other) = (TestCertificate::make(), TestCertificate::make());
    let mut server = PostgresServer::start();
    server.enable_tls(&trusted);
    let port = server.port();
    let (trusted, other) = (trusted.file(), other.file());
    let check = async |host: &str, mode: &str, root: Option<&Path>, expected: &str| {
        let root = root.map_or_else(String::new, |file| {
            format!("&sslrootcert={}", file.display())
        });
        let url = format!("postgres://divan@{host}:{port}/postgres?sslmode={mode}{root}");
        require(&url, expected).await;
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        check("localhost", mode, Some(&trusted), "").await;
        check("localhost", mode, Some(&other), UNKNOWN_ISSUER).await;
    }
    check("127.0.0.1", "verify-full", Some(&trusted), OTHER_NAME).await;
    check("127.0.0.1", "verify-ca", Some(&trusted), "").await;
    check("127.0.0.1", "require", Some(&trusted), "").await;
    check("127.0.0.1", "require", None, "").await;
    for mode in ["verify-ca", "verify-full"] {
        check("localhost", mode, None, UNKNOWN_ISSUER).await;
    }
    let system = format!("postgres://divan@localhost:{port}/postgres?sslrootcert=system");
    require(&system, UNKNOWN_ISSUER).await;

    for (certificate, expected) in [
        (TestCertificate::expired(), "has expired"),
        (
            TestCertificate::of_an_authority(),
            "the one of an authority",
        ),
    ] {
        server.enable_tls(&certificate);
        check(
            "localhost",
            "verify-full",
            Some(&certificate.file()),
            expected,
        )
        .await;
    }
}

/// Runs itself again in a child process, because the environment of this process must not change.
#[tokio::test(flavor = "multi_thread")]
async fn ssl_cert_file_names_the_trusted_certificates() {
    if let Ok(port) = std::env::var(PORT) {
        let url = format!("postgres://divan@localhost:{port}/postgres?sslmode=verify-full");
        return require(&url, "").await;
    }
    let certificate = TestCertificate::make();
    let mut server = PostgresServer::start();
    server.enable_tls(&certificate);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ssl_cert_file_names_the_trusted_certificates"])
        .env(PORT, server.port().to_string())
        .env("SSL_CERT_FILE", certificate.file())
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

/// A service that answers everything with the start of an HTTP response.
async fn web_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut received = [0; 64];
            let _ = client.read(&mut received).await;
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_on_a_plain_port_and_another_service_are_reported_as_that() {
    let server = PostgresServer::start();
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("{}?sslmode={mode}", server.url("postgres"));
        require(
            &url,
            "the server does not offer TLS, which `sslmode` requires",
        )
        .await;
    }
    let certificate = TestCertificate::make();
    let front = TlsFront::of(server.port(), "-", &certificate);
    let web = web_server().await;
    for port in [front.port(), web] {
        for mode in ["prefer", "require", "verify-full"] {
            let url = format!("postgres://divan@127.0.0.1:{port}/postgres?sslmode={mode}");
            require(&url, "does not speak PostgreSQL's protocol").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_and_the_name_of_the_application_reach_the_server() {
    let server = PostgresServer::start();
    server.query("CREATE SCHEMA own");
    let url = server.url("postgres")
        + "?options=-c%20search_path%3Down%20-c%20lock_timeout%3D7s&application_name=divan%20test";
    let store = connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(server.query("SELECT count(*) FROM own.divan_users"), "0");
    let names = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'divan test'";
    assert_eq!(server.query(names), "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_configuration_of_pgbouncer_accepts_connections() {
    let server = PostgresServer::start();
    let pgbouncer = PgBouncer::start(server.port(), "session");
    let url = format!("postgres://divan@127.0.0.1:{}/postgres", pgbouncer.port());
    let store = connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.schema_status().await.unwrap(), SchemaStatus::Current);
    for _ in 0..3 {
        store.ping().await.unwrap();
        assert!(!store.is_bootstrapped().await.unwrap());
    }
}

/// Runs statements of different shape at the same time, so that a proxy mixes their connections.
async fn mixed_statements(store: &PostgresStore) -> Result<(), StoreError> {
    let tasks: Vec<_> = (0..16)
        .map(|nth| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..40 {
                    if nth % 2 == 0 {
                        assert!(!store.is_bootstrapped().await?);
                    } else {
                        assert!(store.time().await?.year() > 2000);
                    }
                    assert_eq!(store.schema_status().await?, SchemaStatus::Current);
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    let mut outcome = Ok(());
    for task in tasks {
        outcome = outcome.and(task.await.unwrap());
    }
    outcome
}

/// Runs different prepared statements at the same time and returns the errors.
async fn lost_statements(store: &PostgresStore) -> Vec<String> {
    let tasks: Vec<_> = (0..16)
        .map(|nth| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut errors = Vec::new();
                for _ in 0..20 {
                    let outcome = match nth % 2 {
                        0 => store.is_bootstrapped().await.map(drop),
                        _ => store.ping().await,
                    };
                    errors.extend(outcome.err().map(|error| chain(&error)));
                }
                errors
            })
        })
        .collect();
    let mut errors = Vec::new();
    for task in tasks {
        errors.extend(task.await.unwrap());
    }
    errors
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_pool_needs_statements_to_be_off_and_the_error_says_so() {
    let server = PostgresServer::start();
    let pgbouncer = PgBouncer::with_pool_size(server.port(), "transaction", 2);
    let url = format!("postgres://divan@127.0.0.1:{}/postgres", pgbouncer.port());
    for off in ["prepared_statement_cache_size=0", "pgbouncer=true"] {
        let store = connect(&format!("{url}?{off}")).await.unwrap();
        store.migrate().await.unwrap();
        mixed_statements(&store).await.unwrap();
        store.close().await;
    }
    let store = connect(&url).await.unwrap();
    let errors: Vec<String> = lost_statements(&store).await;
    let names_it = |text: &String| text.contains("set DIVAN_DATABASE_STATEMENTS=off");
    assert!(errors.iter().any(names_it), "{errors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pgbouncer_does_not_support_is_reported_at_once_with_the_remedy() {
    let server = PostgresServer::start();
    let pgbouncer = PgBouncer::start(server.port(), "statement");
    let url = format!("postgres://divan@127.0.0.1:{}/postgres", pgbouncer.port());
    let options = format!("{url}?options=-c%20search_path%3Dpublic");
    require(&options, "`ignore_startup_parameters`").await;
    let store = connect(&url).await.unwrap();
    let text = chain(&store.migrate().await.unwrap_err());
    assert!(text.contains("`pool_mode = statement`"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_database_and_refused_plain_connections_have_a_remedy() {
    let mut server = PostgresServer::start();
    require(&server.url("missing"), "`createdb`").await;
    server.enable_tls(&TestCertificate::make());
    let rules = server.data().join("pg_hba.conf");
    std::fs::write(&rules, "hostssl all all 127.0.0.1/32 trust\n").unwrap();
    let reload = format!("{}?sslmode=require", server.url("postgres"));
    server.stop();
    server.resume();
    require(&reload, "").await;
    let plain = format!("{}?sslmode=disable", server.url("postgres"));
    require(&plain, "add `sslmode=verify-full`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_fault_of_one_host_is_not_hidden_by_an_unreachable_host() {
    let (own, other) = (TestCertificate::make(), TestCertificate::make());
    let mut server = PostgresServer::start();
    server.enable_tls(&own);
    let port = server.port();
    for hosts in [
        format!("localhost:1,localhost:{port}"),
        format!("localhost:{port},localhost:1"),
    ] {
        let root = other.file();
        let root = root.display();
        let url =
            format!("postgres://divan@{hosts}/postgres?sslmode=verify-full&sslrootcert={root}");
        require(&url, UNKNOWN_ISSUER).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_there_are_serve_while_the_server_refuses_more() {
    let server = PostgresServer::start();
    server.query("CREATE ROLE app LOGIN");
    server.query("GRANT CREATE ON SCHEMA public TO app");
    let url = server.url("postgres").replace("divan@", "app@");
    let store = connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    server.query("ALTER ROLE app CONNECTION LIMIT 1");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    store.ping().await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn migrate_as(server: &PostgresServer, role: &str) -> Result<(), MigrateError> {
    let url = server
        .url("postgres")
        .replace("divan@", &format!("{role}@"));
    connect(&url).await.unwrap().migrate().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_schema_is_reported_with_the_remedy_that_opens_it() {
    let server = PostgresServer::start();
    server.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    for (role, privilege) in [
        ("no_usage", ""),
        ("no_create", "GRANT USAGE ON SCHEMA public TO no_create"),
    ] {
        server.query(&format!("CREATE ROLE {role} LOGIN"));
        if !privilege.is_empty() {
            server.query(privilege);
        }
        let text = chain(&migrate_as(&server, role).await.unwrap_err());
        for remedy in [
            "GRANT USAGE, CREATE ON SCHEMA",
            "CREATE SCHEMA divan AUTHORIZATION",
        ] {
            assert!(text.contains(remedy), "{role}: {text}");
        }
    }
    server.query("GRANT USAGE, CREATE ON SCHEMA public TO no_usage");
    migrate_as(&server, "no_usage").await.unwrap();
    server.query("CREATE SCHEMA divan AUTHORIZATION no_create");
    server.query("ALTER ROLE no_create SET search_path = divan");
    migrate_as(&server, "no_create").await.unwrap();

    // The tables are in `public`, and another role must not read them.
    server.query("CREATE ROLE reader LOGIN");
    server.query("GRANT USAGE ON SCHEMA public TO reader");
    let url = server.url("postgres").replace("divan@", "reader@");
    let store = connect(&url).await.unwrap();
    let text = chain(&store.schema_status().await.unwrap_err());
    assert!(
        text.contains("the role of DATABASE_URL lacks a privilege"),
        "{text}"
    );
}

/// Statements of another program, and the text of the error.
const FOREIGN: [(&str, &str); 2] = [
    (
        "CREATE TABLE divan_users (id bigint)",
        "no migration of this program created it",
    ),
    (
        "CREATE TABLE divan_migrations (name text)",
        "the table `divan_migrations` is not one of this program",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_program_are_reported_on_postgres() {
    let server = PostgresServer::start();
    for (nth, (create, expected)) in FOREIGN.into_iter().enumerate() {
        server.query(&format!(
            "CREATE SCHEMA s{nth}; SET search_path = s{nth}; {create}"
        ));
        let url = format!(
            "{}?options=-c%20search_path%3Ds{nth}",
            server.url("postgres")
        );
        let error = connect(&url).await.unwrap().migrate().await.unwrap_err();
        assert!(chain(&error).contains(expected), "{}", chain(&error));
    }
    // The names of other programs' tables do not matter.
    server.query("CREATE TABLE users (id bigint); CREATE TABLE _sqlx_migrations (version bigint)");
    migrate_as(&server, "divan").await.unwrap();
}

/// A table of a later migration: the first ones succeed.
const LATER_TABLE: &str = "CREATE TABLE divan_devices (id bigint)";

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_leaves_nothing_on_postgres() {
    let server = PostgresServer::start();
    server.query(LATER_TABLE);
    migrate_as(&server, "divan").await.unwrap_err();
    let tables = server.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'divan%'");
    assert_eq!(tables, "divan_devices");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_leaves_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("divan.db");
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    connection.execute(LATER_TABLE).await.unwrap();
    SqliteStore::open(&file).await.unwrap_err();
    let query = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE name LIKE 'divan%'");
    let tables: Vec<String> = query.fetch_all(&mut connection).await.unwrap();
    assert_eq!(tables, ["divan_devices"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_program_are_reported_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let others = "CREATE TABLE users (id bigint); CREATE TABLE _sqlx_migrations (version bigint)";
    for (nth, (create, expected)) in FOREIGN.into_iter().chain([(others, "")]).enumerate() {
        let file = folder.path().join(format!("{nth}.db"));
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        connection.execute(create).await.unwrap();
        match SqliteStore::open(&file).await {
            Ok(_) => assert_eq!(expected, ""),
            Err(error) => assert!(chain(&error).contains(expected), "{}", chain(&error)),
        }
    }
    let file = folder.path().join("text.db");
    std::fs::write(&file, "This is a text and not a database. ".repeat(100)).unwrap();
    let text = chain(&SqliteStore::open(&file).await.unwrap_err());
    assert!(text.contains("is not a SQLite database"), "{text}");
}
