//! Files for secrets that only their owner can read and write.
//!
//! On Unix, files are created with mode 0600 and folders with mode 0700, and a file that another
//! user owns or can access is refused. Elsewhere, the access rights of the folder apply.

mod error;
mod fs;
mod new_file;
#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use error::PrivateFileError;
pub use new_file::NewPrivateFile;

use crate::secret::Secret;

/// A file with a secret text, which several processes of one user may share.
///
/// ```
/// use divan_core::private_file::PrivateFile;
/// use divan_core::secret::Secret;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), divan_core::private_file::PrivateFileError> {
/// # let folder = std::env::temp_dir().join(format!("divan-doc-{}", std::process::id()));
/// let file = PrivateFile::new(folder.join("token"));
/// let _lock = file.lock(Duration::from_secs(2))?;
/// file.replace(&Secret::new("a secret"))?;
/// assert_eq!(file.read(1024)?.unwrap().expose(), "a secret");
/// # file.remove()?;
/// # let _ = std::fs::remove_dir_all(folder);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PrivateFile {
    path: PathBuf,
}

/// Exclusive access to a [`PrivateFile`], until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct PrivateFileLock(#[expect(dead_code, reason = "closing the file unlocks it")] File);

impl PrivateFile {
    /// The file at this path. Nothing is read or written yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Starts a file that must not exist yet.
    ///
    /// # Errors
    /// [`PrivateFileError::Exists`], [`PrivateFileError::Io`].
    pub fn create(path: &Path) -> Result<NewPrivateFile, PrivateFileError> {
        NewPrivateFile::create(path)
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the text; `None` if the file does not exist.
    ///
    /// # Errors
    /// When the file is not a regular file of this user with mode 0600, is larger than `max_bytes`,
    /// or cannot be read.
    pub fn read(&self, max_bytes: u64) -> Result<Option<Secret>, PrivateFileError> {
        let cannot_read = |error| PrivateFileError::io("read", &self.path, error);
        // Opening a pipe would wait for a writer, so the type is checked before opening.
        match self.path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot_read(error)),
            Ok(metadata) if !metadata.is_file() => {
                return Err(PrivateFileError::NotRegular(self.path.clone()));
            }
            Ok(_) => {}
        }
        let file = File::open(&self.path).map_err(cannot_read)?;
        fs::refuse_access_by_others(&self.path, &file.metadata().map_err(cannot_read)?)?;
        let mut text = String::new();
        let read = file
            .take(max_bytes.saturating_add(1))
            .read_to_string(&mut text);
        let text = Secret::new(text);
        read.map_err(cannot_read)?;
        if text.expose().len() as u64 > max_bytes {
            return Err(PrivateFileError::TooLarge(self.path.clone(), max_bytes));
        }
        Ok(Some(text))
    }

    /// Locks out other processes that lock the same file, by way of an empty file `NAME.lock` that
    /// stays. Waits at most `timeout`; creates missing folders.
    ///
    /// # Errors
    /// [`PrivateFileError::Locked`] after the timeout, [`PrivateFileError::Io`].
    pub fn lock(&self, timeout: Duration) -> Result<PrivateFileLock, PrivateFileError> {
        let cannot_lock = |error| PrivateFileError::io("lock", &self.path, error);
        fs::create_folder(fs::folder_of(&self.path)).map_err(cannot_lock)?;
        let file = fs::sibling(&self.path, "", ".lock")
            .and_then(|path| fs::options().create(true).truncate(false).open(path))
            .map_err(cannot_lock)?;
        let deadline = Instant::now() + timeout;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(PrivateFileLock(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(PrivateFileError::Locked(self.path.clone()));
                }
                Err(TryLockError::Error(error)) => return Err(cannot_lock(error)),
            }
        }
    }

    /// Writes the text to `.NAME.part` and renames that to the file, so that a crash leaves either
    /// the old or the new text. Call it under the [`lock`](Self::lock).
    ///
    /// # Errors
    /// [`PrivateFileError::Io`].
    pub fn replace(&self, text: &Secret) -> Result<(), PrivateFileError> {
        let replace = || -> io::Result<()> {
            let part = fs::part_of(&self.path)?;
            let mut file = fs::create_part(&part)?;
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&part, &self.path)?;
            fs::sync_folder(&self.path)
        };
        replace().map_err(|error| PrivateFileError::io("write", &self.path, error))
    }

    /// Removes the file, and what an interrupted write left. Call it under the
    /// [`lock`](Self::lock) where other processes write.
    ///
    /// # Errors
    /// [`PrivateFileError::Io`].
    pub fn remove(&self) -> Result<(), PrivateFileError> {
        fs::part_of(&self.path)
            .and_then(|part| fs::remove_if_exists(&part))
            .and_then(|()| fs::remove_if_exists(&self.path))
            .and_then(|()| fs::sync_folder(&self.path))
            .map_err(|error| PrivateFileError::io("remove", &self.path, error))
    }
}
