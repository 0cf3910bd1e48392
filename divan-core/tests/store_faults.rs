//! Failures of databases: a failed commit is an error, and no error contains the password.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod created;

use std::error::Error;
use std::time::Duration;

use created::created;
use divan_core::database_url::{DatabaseUrl, PostgresUrl};
use divan_core::password::PasswordHash;
use divan_core::store::{
    Account, AccountUpdate, Backend, PostgresPool, PostgresStore, SqlStore, SqliteStore, Store,
    StoreError, StoreErrorKind, UserStore,
};
use divan_core::types::{Role, TelegramId, User, UserId};
use divan_testing::{Forwarder, SilentServer, TestDatabase};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Connection, Executor, SqliteConnection};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn update_account_with_a_failing_commit_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("divan.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let id = UserId(uuid::Uuid::from_u128(1));
    let mut user = User::new(id, Role::Employee, "Employee", OffsetDateTime::UNIX_EPOCH);
    user.phone = Some("+77011234567".parse().unwrap());
    let hash = PasswordHash::from_stored("hash");
    let account = Account::new(user, hash);
    store.insert_users(&[created(&account)]).await.unwrap();

    // A deferred constraint lets the statement pass and the commit fail, as a full disk does.
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    let schema =
        "CREATE TABLE child (parent BLOB REFERENCES divan_users (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER fail_commit AFTER UPDATE ON divan_users BEGIN INSERT INTO child VALUES (x'00'); END;";
    connection.execute(schema).await.unwrap();
    connection.close().await.unwrap();

    let link = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(42));
        Ok(Some(AccountUpdate::none()))
    };
    assert!(store.update_account(id, &link).await.is_err());
    assert_eq!(
        store.account(id).await.unwrap().unwrap().user.telegram_id,
        None
    );
}

#[tokio::test]
async fn a_full_disk_is_reported_until_writes_succeed_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("divan.db"));
    let one = SqlitePoolOptions::new().max_connections(1);
    let pool = one
        .connect_with(options.create_if_missing(true))
        .await
        .unwrap();
    let store = SqliteStore::from_pools(pool.clone(), pool.clone());
    store.migrate().await.unwrap();
    store.ping().await.unwrap();

    // The smallest limit is the current size.
    pool.execute("PRAGMA max_page_count = 1").await.unwrap();
    let mut inserted = Ok(());
    for number in 0..10_000 {
        let id = UserId(uuid::Uuid::from_u128(number));
        let name = "Employee ".repeat(20);
        let mut user = User::new(id, Role::Employee, name, OffsetDateTime::UNIX_EPOCH);
        user.phone = Some(format!("+7701{number:07}").parse().unwrap());
        let account = Account::new(user, PasswordHash::from_stored("hash"));
        inserted = store.insert_users(&[created(&account)]).await;
        if inserted.is_err() {
            break;
        }
    }
    assert_eq!(inserted.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.source().unwrap().to_string().contains("is full"));

    pool.execute("PRAGMA max_page_count = 1000000")
        .await
        .unwrap();
    let recovered = async {
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), recovered)
        .await
        .unwrap();
}

/// Errors of a store on a database that was not migrated, or whose column has another name.
async fn schema_errors<DB: Backend>(store: &SqlStore<DB>, rename: impl AsyncFn()) {
    let require_schema = |error: StoreError| {
        assert_eq!(error.kind(), StoreErrorKind::Schema, "{error:?}");
        assert!(error.to_string().contains("`divan-server migrate`"));
    };
    let id = UserId(uuid::Uuid::from_u128(1));
    require_schema(store.ping().await.unwrap_err());
    require_schema(store.account(id).await.unwrap_err());
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.account(id).await.unwrap(), None);
    rename().await;
    require_schema(store.account(id).await.unwrap_err());
}

#[tokio::test]
async fn a_missing_table_or_column_is_reported_with_the_remedy() {
    const RENAME: &str = "ALTER TABLE divan_users RENAME COLUMN full_name TO name";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("divan.db");
    let store = SqliteStore::connect(&path).await.unwrap();
    let url = format!("sqlite:{}", path.display());
    schema_errors(&store, async || {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        connection.execute(RENAME).await.unwrap();
    })
    .await;

    let database = TestDatabase::create().await;
    let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else {
        panic!("another database")
    };
    let store = PostgresStore::connect(&url, PostgresPool::default())
        .await
        .unwrap();
    schema_errors(&store, async || database.execute(RENAME).await).await;
}

/// Encodes a message of the PostgreSQL protocol: type, length (at most 255) and body.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() + 4).unwrap_or(u8::MAX);
    [&[kind, 0, 0, 0, length], body].concat()
}

/// The response of a server that accepts writes to `SHOW transaction_read_only`.
fn writable() -> Vec<u8> {
    let type_of_text = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0,
    ];
    [
        message(
            b'T',
            &[b"\0\x01setting\0".as_slice(), &type_of_text].concat(),
        ),
        message(b'D', b"\0\x01\0\0\0\x03off"),
        message(b'C', b"SHOW\0"),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// Starts a mock proxy that accepts some connections, and repeats the password when it rejects the
/// next one.
async fn mock_proxy(accepted: usize) -> PostgresUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for nth in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut received = [0; 1024];
            let _startup = client.read(&mut received).await.unwrap();
            client
                .write_all(&message(b'R', &3_u32.to_be_bytes()))
                .await
                .unwrap();
            let length = client.read(&mut received).await.unwrap();
            let password = String::from_utf8_lossy(&received[5..length - 1]).into_owned();
            let rejection = format!("SFATAL\0VFATAL\0C08P01\0Mno tenant for {password}\0\0");
            let response = if nth < accepted {
                [message(b'R', &0_u32.to_be_bytes()), message(b'Z', b"I")].concat()
            } else {
                message(b'E', rejection.as_bytes())
            };
            client.write_all(&response).await.unwrap();
            if nth < accepted {
                let _query = client.read(&mut received).await.unwrap();
                client.write_all(&writable()).await.unwrap();
            }
        }
    });
    let url = format!("postgres://divan:hidden-word@127.0.0.1:{port}/divan?sslmode=disable");
    let DatabaseUrl::Postgres(url) = url.parse().unwrap() else {
        unreachable!()
    };
    url
}

#[tokio::test]
async fn errors_omit_a_password_that_a_proxy_repeats() {
    let mut pool = PostgresPool::default();
    pool.acquire_timeout = Duration::from_secs(1);
    let url = mock_proxy(0).await;
    let on_connect = PostgresStore::connect(&url, pool).await.unwrap_err();
    assert!(
        on_connect
            .source()
            .unwrap()
            .to_string()
            .contains("is omitted"),
        "{on_connect:?}"
    );

    let url = mock_proxy(1).await;
    let store = PostgresStore::connect(&url, pool).await.unwrap();
    let later = store.time().await.unwrap_err();
    let cause = later.source().unwrap().to_string();
    assert_eq!(cause, "it refuses or ends the connection (08P01)");
    for error in [on_connect, later] {
        assert!(!format!("{error:?}").contains("hidden-word"), "{error:?}");
    }
}

/// The URL of a database with other hosts.
fn with_hosts(database: &TestDatabase, hosts: &str) -> PostgresUrl {
    let (scheme, rest) = database.url().split_once("://").unwrap();
    let (user, rest) = rest.split_once('@').unwrap();
    let (_, name) = rest.split_once('/').unwrap();
    match format!("{scheme}://{user}@{hosts}/{name}").parse() {
        Ok(DatabaseUrl::Postgres(url)) => url,
        other => panic!("{other:?}"),
    }
}

fn port_of(database: &TestDatabase) -> u16 {
    match database.url().parse() {
        Ok(DatabaseUrl::Postgres(url)) => url.port,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn hosts_that_do_not_respond_are_skipped() {
    let database = TestDatabase::create().await;
    let (silent, port) = (SilentServer::start(), port_of(&database));
    let hosts = format!(
        "127.0.0.1:{},127.0.0.1:{},127.0.0.1:{port}",
        divan_testing::absent_port(),
        silent.port()
    );
    let url = with_hosts(&database, &hosts);
    let store = PostgresStore::open(&url, PostgresPool::default())
        .await
        .unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.connections().open, 1);
}

#[tokio::test]
async fn a_connection_that_falls_silent_gives_its_place_back() {
    let database = TestDatabase::create().await;
    let forwarder = Forwarder::start(port_of(&database));
    let url = with_hosts(&database, &format!("127.0.0.1:{}", forwarder.port()));
    let mut pool = PostgresPool::default();
    pool.max_connections = std::num::NonZeroU32::MIN;
    let store = PostgresStore::open(&url, pool).await.unwrap();
    forwarder.cut();
    assert_eq!(
        store.ping().await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    forwarder.restore();
    store.ping().await.unwrap();
    assert_eq!(store.connections().open, 1);
}

#[tokio::test]
async fn a_statement_that_is_abandoned_gives_its_connection_back() {
    let database = TestDatabase::create().await;
    let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else {
        panic!("another database")
    };
    let mut pool = PostgresPool::default();
    pool.max_connections = std::num::NonZeroU32::MIN;
    let store = PostgresStore::open(&url, pool).await.unwrap();
    for _ in 0..20 {
        let micros = Duration::from_micros(200);
        let _ = tokio::time::timeout(micros, store.account(UserId(uuid::Uuid::nil()))).await;
    }
    store.ping().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_file_is_accessible_to_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _store = SqliteStore::open(&folder.path().join("divan.db"))
        .await
        .unwrap();
    for entry in folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{entry:?}"
        );
    }
}
