//! A store whose commit fails must say so: an answer that is not written down is a lie.

mod created;

use created::created;
use divan_core::password::PasswordHash;
use divan_core::store::{Account, Effects, SqliteStore, UserStore};
use divan_core::types::{Role, TelegramId, User, UserId};
use sqlx::{Connection, Executor, SqliteConnection};
use time::OffsetDateTime;

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
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let sabotage = "CREATE TABLE child (parent BLOB REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER sabotage AFTER UPDATE ON users BEGIN INSERT INTO child VALUES (x'00'); END;";
    connection.execute(sabotage).await.unwrap();
    connection.close().await.unwrap();

    let bind = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(42));
        Some(Effects::none())
    };
    assert!(store.update_account(id, &bind).await.is_err());
    assert_eq!(store.account(id).await.unwrap().unwrap().user.telegram_id, None);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let _store = SqliteStore::open(&folder.path().join("divan.db")).await.unwrap();
    for entry in folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
    }
}
