use std::fs;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_interrupted_write_does_not_block_the_next_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passwords.csv");
    let mut interrupted = PrivateFile::create(&path).unwrap();
    interrupted.write_all(b"half").unwrap();
    assert_eq!(names(folder.path()), [".passwords.csv.part"]);
    // As in a process that is killed, nothing is dropped.
    std::mem::forget(interrupted);

    let mut again = PrivateFile::create(&path).unwrap();
    again.write_all(b"whole").unwrap();
    let published = again.publish().unwrap();
    assert_eq!(published.path(), path);
    assert_eq!(
        (names(folder.path()), fs::read(&path).unwrap()),
        (vec!["passwords.csv".into()], b"whole".into())
    );

    drop(PrivateFile::create(&folder.path().join("other.csv")).unwrap());
    assert_eq!(names(folder.path()), ["passwords.csv"]);
    published.remove().unwrap();
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn publishing_does_not_overwrite_a_file_created_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passwords.csv");
    let new = PrivateFile::create(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    assert!(matches!(new.publish(), Err(PrivateFileError::Exists(_))));
    assert!(matches!(
        PrivateFile::create(&path),
        Err(PrivateFileError::Exists(_))
    ));
    assert_eq!(
        (names(folder.path()), fs::read(&path).unwrap()),
        (vec!["passwords.csv".into()], b"mine".into())
    );
}

#[cfg(unix)]
#[test]
fn two_writers_of_the_same_file_publish_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passwords.csv");
    let first = PrivateFile::create(&path).unwrap();
    let second = PrivateFile::create(&path).unwrap();
    assert!(matches!(first.publish(), Err(PrivateFileError::Io { .. })));
    assert!(matches!(second.publish(), Err(PrivateFileError::Io { .. })));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn files_are_created_for_the_owner_alone_and_refused_otherwise() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;

    let folder = tempfile::tempdir().unwrap();
    let file = PrivateFile::new(folder.path().join("data/token"));
    let lock = file.lock(Duration::ZERO).unwrap();
    file.replace(&Secret::new("text")).unwrap();
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(&folder.path().join("data")), 0o700);

    let refused = |file: &PrivateFile, max| file.read(max).unwrap_err();
    assert!(matches!(
        file.lock(Duration::ZERO),
        Err(PrivateFileError::Locked(_))
    ));
    drop(lock);
    let _lock = file.lock(Duration::ZERO).unwrap();
    assert_eq!(file.read(4).unwrap().unwrap().expose(), "text");
    assert!(matches!(
        refused(&file, 3),
        PrivateFileError::TooLarge(_, 3)
    ));
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        refused(&file, 4),
        PrivateFileError::AccessibleToOthers(_)
    ));
    file.remove().unwrap();
    assert!(file.read(4).unwrap().is_none());
    fs::create_dir(file.path()).unwrap();
    assert!(matches!(refused(&file, 4), PrivateFileError::NotRegular(_)));
}
