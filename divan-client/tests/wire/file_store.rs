//! Token file: crashes, other processes and file permissions.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use divan_client::{CasResult, FileStore, StoreError, TokenStore};

use crate::token_store::pair;

/// Creates a directory, the path of a file in it, and a store in that file.
fn store() -> (tempfile::TempDir, PathBuf, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    let store = FileStore::new(&path);
    (folder, path, store)
}

async fn put(store: &FileStore) {
    assert!(matches!(
        store
            .compare_and_swap(None, Some(&pair("a")))
            .await
            .unwrap(),
        CasResult::Swapped
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

/// Asserts that every operation fails with this reason and leaves the file unchanged.
async fn assert_rejected(store: &FileStore, path: &Path, reason: &str) {
    let before = fs::symlink_metadata(path).unwrap();
    let errors: [StoreError; 4] = [
        store.load().await.unwrap_err(),
        store
            .compare_and_swap(None, Some(&pair("b")))
            .await
            .unwrap_err(),
        store
            .compare_and_swap(Some(&pair("a")), Some(&pair("b")))
            .await
            .unwrap_err(),
        store
            .compare_and_swap(Some(&pair("a")), None)
            .await
            .unwrap_err(),
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
async fn file_and_directory_are_accessible_to_the_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parent/child/tokens");
    let store = FileStore::new(&path);
    assert!(store.load().await.unwrap().is_none());
    assert!(
        !folder.path().join("parent").exists(),
        "loading creates nothing"
    );

    put(&store).await;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("tokens.lock")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);

    assert!(matches!(
        store
            .compare_and_swap(Some(&pair("a")), None)
            .await
            .unwrap(),
        CasResult::Swapped
    ));
    assert_eq!(names(path.parent().unwrap()), ["tokens.lock"]);
}

#[tokio::test]
async fn temporary_file_left_by_a_crash_is_replaced() {
    let (folder, path, store) = store();
    put(&store).await;
    let temporary = folder.path().join(".tokens.part");
    fs::write(&temporary, &pair("b").to_text().expose()[..40]).unwrap();
    fs::set_permissions(&temporary, Permissions::from_mode(0o666)).unwrap();

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
            .compare_and_swap(Some(&pair("a")), Some(&pair("c")))
            .await
            .unwrap(),
        CasResult::Swapped
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
async fn a_failed_write_keeps_the_old_tokens() {
    let (folder, _, store) = store();
    put(&store).await;
    // A directory blocks the temporary file.
    fs::create_dir(folder.path().join(".tokens.part")).unwrap();
    let error = store
        .compare_and_swap(Some(&pair("a")), Some(&pair("b")))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
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
async fn tokens_are_shared_with_another_process() {
    let (_folder, path, store) = store();
    let other = FileStore::new(path);
    put(&store).await;
    assert!(matches!(
        other
            .compare_and_swap(Some(&pair("a")), Some(&pair("b")))
            .await
            .unwrap(),
        CasResult::Swapped
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
        .compare_and_swap(Some(&pair("a")), Some(&pair("c")))
        .await
        .unwrap();
    assert!(matches!(swapped, CasResult::Conflict(Some(now)) if now.is_same_pair(&pair("b"))));
}

#[tokio::test]
async fn a_file_accessible_to_other_users_is_rejected_and_kept() {
    for accessible in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o666] {
        let (_folder, path, store) = store();
        put(&store).await;
        fs::set_permissions(&path, Permissions::from_mode(accessible)).unwrap();
        assert_rejected(&store, &path, "is accessible to other users").await;
        assert_eq!(mode(&path), accessible);
    }
}

#[tokio::test]
async fn a_file_of_another_user_is_rejected() {
    let (_folder, path, store) = store();
    put(&store).await;
    // Only root can change the owner of a file.
    if chown(&path, Some(12_345), None).is_ok() {
        assert_rejected(&store, &path, "belongs to another user").await;
    }
}

#[tokio::test]
async fn a_file_without_tokens_is_rejected_and_kept() {
    let (_folder, path, store) = store();
    for (content, reason) in [
        (Vec::new(), "not a pair of tokens"),
        (b"{\"version\":1}".to_vec(), "not a pair of tokens"),
        (b"other content".to_vec(), "not a pair of tokens"),
        (vec![0xff; 100], "cannot read"),
        (vec![b' '; 100_000], "must have at most 65536 bytes"),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_rejected(&store, &path, reason).await;
    }
}

#[tokio::test]
async fn symlinks_and_directories_are_rejected() {
    let (folder, path, store) = store();
    let elsewhere = folder.path().join("elsewhere");
    put(&FileStore::new(&elsewhere)).await;
    symlink(&elsewhere, &path).unwrap();
    assert_rejected(&store, &path, "not a regular file").await;

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_rejected(&store, &path, "not a regular file").await;
}

#[tokio::test]
async fn a_lock_that_is_never_released_times_out() {
    let (folder, _, store) = store();
    put(&store).await;
    let lock = File::open(folder.path().join("tokens.lock")).unwrap();
    lock.lock().unwrap();
    let error = store
        .compare_and_swap(Some(&pair("a")), None)
        .await
        .unwrap_err();
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
        store
            .compare_and_swap(Some(&pair("a")), None)
            .await
            .unwrap(),
        CasResult::Swapped
    ));
}
