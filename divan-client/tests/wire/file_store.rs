//! A file of tokens among crashes, other processes and curious neighbours.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use divan_client::{FileStore, StoreError, Swapped, TokenStore};

use crate::token_store::pair;

/// A folder, the path of a file in it, and the store in that file.
fn store() -> (tempfile::TempDir, PathBuf, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let store = FileStore::new(&path);
    (folder, path, store)
}

async fn put(store: &FileStore) {
    assert!(matches!(
        store.swap(None, Some(&pair("a"))).await.unwrap(),
        Swapped::Done
    ));
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What is said of a file that cannot be trusted, whichever way it is touched; it stays as it is.
async fn assert_refused(store: &FileStore, path: &Path, reason: &str) {
    let before = fs::symlink_metadata(path).unwrap();
    let errors: [StoreError; 4] = [
        store.load().await.unwrap_err(),
        store.swap(None, Some(&pair("b"))).await.unwrap_err(),
        store
            .swap(Some(&pair("a")), Some(&pair("b")))
            .await
            .unwrap_err(),
        store.swap(Some(&pair("a")), None).await.unwrap_err(),
    ];
    for error in errors {
        let cause = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(
            format!("{error} {cause}").contains(reason),
            "{error}: {cause}"
        );
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
    let after = fs::symlink_metadata(path).unwrap();
    assert_eq!((after.permissions(), after.len(), after.modified().ok()), {
        (before.permissions(), before.len(), before.modified().ok())
    });
}

#[tokio::test]
async fn only_the_owner_may_read_the_file_and_the_folder_made_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("of/the/program/tokens");
    let store = FileStore::new(&path);
    assert!(store.load().await.unwrap().is_none());
    assert!(
        !folder.path().join("of").exists(),
        "nothing is made before there is something to keep"
    );

    put(&store).await;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("tokens.lock")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);

    assert!(matches!(
        store.swap(Some(&pair("a")), None).await.unwrap(),
        Swapped::Done
    ));
    assert_eq!(names(path.parent().unwrap()), ["tokens.lock"]);
}

#[tokio::test]
async fn what_a_crash_leaves_beside_the_file_is_of_no_account() {
    let (folder, path, store) = store();
    put(&store).await;
    let aside = folder.path().join("tokens.new");
    fs::write(&aside, &pair("b").to_text().expose()[..40]).unwrap();
    fs::set_permissions(&aside, Permissions::from_mode(0o666)).unwrap();

    assert!(
        store
            .load()
            .await
            .unwrap()
            .unwrap()
            .is_same_pair(&pair("a"))
    );
    assert!(matches!(
        store
            .swap(Some(&pair("a")), Some(&pair("c")))
            .await
            .unwrap(),
        Swapped::Done
    ));
    assert!(
        store
            .load()
            .await
            .unwrap()
            .unwrap()
            .is_same_pair(&pair("c"))
    );
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(folder.path()), ["tokens", "tokens.lock"]);
}

#[tokio::test]
async fn a_write_that_fails_leaves_the_pair_that_was_there() {
    let (folder, _, store) = store();
    put(&store).await;
    // Nothing can be created in the place of the new file.
    fs::create_dir(folder.path().join("tokens.new")).unwrap();
    let error = store
        .swap(Some(&pair("a")), Some(&pair("b")))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
    assert!(
        store
            .load()
            .await
            .unwrap()
            .unwrap()
            .is_same_pair(&pair("a"))
    );
}

#[tokio::test]
async fn another_process_sees_the_same_pair() {
    let (_folder, path, store) = store();
    let other = FileStore::new(path);
    put(&store).await;
    assert!(matches!(
        other
            .swap(Some(&pair("a")), Some(&pair("b")))
            .await
            .unwrap(),
        Swapped::Done
    ));
    assert!(
        store
            .load()
            .await
            .unwrap()
            .unwrap()
            .is_same_pair(&pair("b"))
    );
    let swapped = store
        .swap(Some(&pair("a")), Some(&pair("c")))
        .await
        .unwrap();
    assert!(matches!(swapped, Swapped::Changed(Some(now)) if now.is_same_pair(&pair("b"))));
}

#[tokio::test]
async fn a_file_that_others_may_read_or_write_is_refused_and_not_mended() {
    for open in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o666] {
        let (_folder, path, store) = store();
        put(&store).await;
        fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
        assert_refused(&store, &path, "is open to others").await;
        assert_eq!(mode(&path), open);
    }
}

#[tokio::test]
async fn a_file_of_another_user_is_refused() {
    let (_folder, path, store) = store();
    put(&store).await;
    // Only root can give a file away, and only root could read it then.
    if chown(&path, Some(12_345), None).is_ok() {
        assert_refused(&store, &path, "belongs to another user").await;
    }
}

#[tokio::test]
async fn what_holds_no_tokens_is_refused_and_not_overwritten() {
    let (_folder, path, store) = store();
    for (content, reason) in [
        (Vec::new(), "not a pair of tokens"),
        (b"{\"version\":1}".to_vec(), "not a pair of tokens"),
        (b"somebody's diary".to_vec(), "not a pair of tokens"),
        (vec![0xff; 100], "cannot be read"),
        (vec![b' '; 100_000], "too large"),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_refused(&store, &path, reason).await;
    }
}

#[tokio::test]
async fn what_is_no_plain_file_is_refused() {
    let (folder, path, store) = store();
    let elsewhere = folder.path().join("elsewhere");
    put(&FileStore::new(&elsewhere)).await;
    symlink(&elsewhere, &path).unwrap();
    assert_refused(&store, &path, "not a plain file").await;

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_refused(&store, &path, "not a plain file").await;
}

#[tokio::test]
async fn a_process_that_never_lets_go_of_the_lock_is_not_waited_for() {
    let (folder, _, store) = store();
    put(&store).await;
    let lock = File::open(folder.path().join("tokens.lock")).unwrap();
    lock.lock().unwrap();
    let error = store.swap(Some(&pair("a")), None).await.unwrap_err();
    assert!(
        error.to_string().contains("is locked by another process"),
        "{error}"
    );
    assert!(
        store.load().await.unwrap().is_some(),
        "reading needs no lock"
    );
    drop(lock);
    assert!(matches!(
        store.swap(Some(&pair("a")), None).await.unwrap(),
        Swapped::Done
    ));
}
