use std::path::Path;

/// Secrets of containers: the runtime makes them readable to the processes of one container.
const CONTAINER_SECRETS: &str = "/run/secrets";

/// Returns `true` if users other than the owner can read a file: by its mode, in folders that they can
/// enter. Always `false` for a missing file, for secrets of containers below `/run/secrets`, and on
/// systems other than Unix.
#[cfg(unix)]
pub(super) fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| Some(path.metadata().ok()?.permissions().mode());
    let Some(path) = path
        .canonicalize()
        .ok()
        .filter(|path| path.is_file() && !path.starts_with(CONTAINER_SECRETS))
    else {
        return false;
    };
    let may = |read: u32, enter: u32| {
        let mut folders = path.ancestors().skip(1);
        mode(&path).is_some_and(|mode| mode & read != 0)
            && folders.all(|folder| mode(folder).is_some_and(|mode| mode & enter != 0))
    };
    // The group of a folder may be another one, so both bits count for members of a group.
    may(0o040, 0o011) || may(0o004, 0o001)
}

#[cfg(not(unix))]
pub(super) fn is_readable_by_others(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_exposed_by_its_mode_and_the_modes_of_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "secret").unwrap();
        for (of_folder, of_file, is_exposed) in [
            (0o755, 0o644, true),
            (0o755, 0o640, true),
            (0o711, 0o604, true),
            (0o710, 0o640, true),
            (0o710, 0o604, false),
            (0o755, 0o600, false),
            (0o755, 0o622, false),
            (0o700, 0o644, false),
        ] {
            fs::set_permissions(&file, Permissions::from_mode(of_file)).unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(of_folder)).unwrap();
            let found = is_readable_by_others(&file);
            assert_eq!(found, is_exposed, "{of_folder:o} {of_file:o}");
        }
        assert!(!is_readable_by_others(&folder.path().join("missing")));
    }
}
