use std::io;
use std::path::{Path, PathBuf};

/// Error of a private file. Names the file, never its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// The file exists.
    #[error("{} already exists and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// Other users can read or write the file.
    #[error("{} is accessible to other users: run `chmod 600` on it, or remove it", .0.display())]
    AccessibleToOthers(PathBuf),
    /// Another user owns the file.
    #[error("{} belongs to another user", .0.display())]
    WrongOwner(PathBuf),
    /// A folder, a link, a pipe or a device.
    #[error("{} is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// The file has more bytes than the limit.
    #[error("{} must have at most {_1} bytes: replace or remove it", .0.display())]
    TooLarge(PathBuf, u64),
    /// Another process holds the lock.
    #[error("{} is locked by another process", .0.display())]
    Locked(PathBuf),
    /// The operating system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// A verb: `read`, `write`, `lock`, `remove`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl PrivateFileError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io {
            action,
            path,
            source,
        }
    }

    /// The error of creating a file that must not exist yet.
    pub(super) fn creation(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists(path.to_owned()),
            _ => Self::io("write", path, error),
        }
    }
}
