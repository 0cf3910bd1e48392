use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use divan_core::secret::Secret;

use crate::error::StoreError;

/// Maximum file size in bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// Maximum wait for another process that holds the lock, which takes one write. The refresh limits
/// depend on it.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// File with a secret, accessible to its owner only.
#[derive(Clone, Debug)]
pub(super) struct PrivateFile {
    path: PathBuf,
}

impl PrivateFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the content; `None` when there is no file.
    pub(super) fn read(&self) -> Result<Option<Secret>, StoreError> {
        let file = match self.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| self.io_error("cannot be read", error))?,
        };
        let metadata = file
            .metadata()
            .map_err(|error| self.io_error("cannot be read", error))?;
        self.check_permissions(&metadata)?;
        let mut text = String::new();
        match file.take(MAX_SIZE + 1).read_to_string(&mut text) {
            Ok(_) if text.len() as u64 <= MAX_SIZE => Ok(Some(Secret::new(text))),
            Ok(_) => Err(self.error("is too large for a token file: remove it")),
            Err(error) => Err(self.io_error("cannot be read", error)),
        }
    }

    fn open(&self) -> io::Result<File> {
        // Opening a named pipe would block until a writer opens it.
        if fs::symlink_metadata(&self.path)?.is_file() {
            File::open(&self.path)
        } else {
            Err(io::Error::other("not a regular file"))
        }
    }

    /// Locks the file until the returned handle is dropped.
    pub(super) fn lock(&self) -> Result<File, StoreError> {
        let failed = |error| self.io_error("cannot be locked", error);
        create_directory(self.directory()).map_err(failed)?;
        let file = private_options()
            .create(true)
            .truncate(false)
            .open(self.sibling("lock"))
            .map_err(failed)?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.error("is locked by another process"));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// Replaces the content. Requires the [`lock`](Self::lock).
    pub(super) fn write(&self, text: &Secret) -> Result<(), StoreError> {
        let replace = || -> io::Result<()> {
            let temporary = self.sibling("new");
            // A crashed process may have left one with another mode.
            remove_if_exists(&temporary)?;
            let mut file = private_options().create_new(true).open(&temporary)?;
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &self.path)?;
            sync_directory(self.directory())
        };
        replace().map_err(|error| self.io_error("cannot be written", error))
    }

    /// Removes the file. Requires the [`lock`](Self::lock).
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove_if_exists(&self.sibling("new"))
            .and_then(|()| remove_if_exists(&self.path))
            .and_then(|()| sync_directory(self.directory()))
            .map_err(|error| self.io_error("cannot be removed", error))
    }

    fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(directory) if directory != Path::new("") => directory,
            _ => Path::new("."),
        }
    }

    fn sibling(&self, ending: &str) -> PathBuf {
        let mut name = self
            .path
            .file_name()
            .unwrap_or(OsStr::new("tokens"))
            .to_owned();
        name.push(".");
        name.push(ending);
        self.path.with_file_name(name)
    }

    #[cfg(unix)]
    fn check_permissions(&self, metadata: &Metadata) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            Err(self.error("belongs to another user"))
        } else if metadata.mode() & 0o077 != 0 {
            Err(self.error("is accessible to other users: run chmod 600 on it, or remove it"))
        } else {
            Ok(())
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "same signature as on Unix")]
    fn check_permissions(&self, _: &Metadata) -> Result<(), StoreError> {
        Ok(())
    }

    fn error(&self, what: &str) -> StoreError {
        StoreError::new(format!("{} {what}", self.path.display()))
    }

    fn io_error(&self, what: &str, cause: io::Error) -> StoreError {
        self.error(what).with_source(cause)
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Flushes a directory, so that a rename in it survives a power failure.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
