//! A store whose commit fails must say so: an answer that is not written down is a lie.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod created;

use std::error::Error;

use created::created;
use divan_core::database_url::{DatabaseUrl, PostgresUrl};
use divan_core::password::PasswordHash;
use divan_core::store::{
    Account, AccountUpdate, PostgresPool, PostgresStore, SqliteStore, UserStore,
};
use divan_core::types::{Role, TelegramId, User, UserId};
use sqlx::{Connection, Executor, SqliteConnection};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_sign_in_whose_commit_fails_is_an_error() {
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
    let sabotage =
        "CREATE TABLE child (parent BLOB REFERENCES divan_users (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER sabotage AFTER UPDATE ON divan_users BEGIN INSERT INTO child VALUES (x'00'); END;";
    connection.execute(sabotage).await.unwrap();
    connection.close().await.unwrap();

    let bind = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(42));
        Ok(Some(AccountUpdate::none()))
    };
    assert!(store.update_account(id, &bind).await.is_err());
    assert_eq!(
        store.account(id).await.unwrap().unwrap().user.telegram_id,
        None
    );
}

/// What PostgreSQL and the proxies in front of it say: a kind, a length of at most 255, and the
/// words.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() + 4).unwrap_or(u8::MAX);
    [&[kind, 0, 0, 0, length], body].concat()
}

/// A proxy that lets in so many connections, and repeats the password when it refuses the next.
async fn talkative_proxy(lets_in: usize) -> PostgresUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for nth in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut heard = [0; 1024];
            let _startup = client.read(&mut heard).await.unwrap();
            client
                .write_all(&message(b'R', &3_u32.to_be_bytes()))
                .await
                .unwrap();
            let length = client.read(&mut heard).await.unwrap();
            let password = String::from_utf8_lossy(&heard[5..length - 1]).into_owned();
            let refusal = format!("SFATAL\0VFATAL\0C08P01\0Mno tenant for {password}\0\0");
            let answer = if nth < lets_in {
                [message(b'R', &0_u32.to_be_bytes()), message(b'Z', b"I")].concat()
            } else {
                message(b'E', refusal.as_bytes())
            };
            client.write_all(&answer).await.unwrap();
        }
    });
    let url = format!("postgres://divan:hidden-word@127.0.0.1:{port}/divan?sslmode=disable");
    let DatabaseUrl::Postgres(url) = url.parse().unwrap() else {
        unreachable!()
    };
    url
}

#[tokio::test]
async fn a_password_that_a_proxy_repeats_goes_no_further() {
    let url = talkative_proxy(0).await;
    let at_the_start = PostgresStore::connect(&url, PostgresPool::default())
        .await
        .unwrap_err();
    assert!(
        at_the_start
            .source()
            .unwrap()
            .to_string()
            .contains("is omitted"),
        "{at_the_start:?}"
    );

    let url = talkative_proxy(1).await;
    let store = PostgresStore::connect(&url, PostgresPool::default())
        .await
        .unwrap();
    let later = store.time().await.unwrap_err();
    let cause = later.source().unwrap().to_string();
    assert_eq!(cause, "it refuses or ends the connection (08P01)");
    for error in [at_the_start, later] {
        assert!(!format!("{error:?}").contains("hidden-word"), "{error:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
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
