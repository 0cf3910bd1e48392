use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use divan_core::secret::Secret;

use super::StoreError;

/// The most that is read, in bytes: tokens are some hundred.
const MAX_SIZE: u64 = 64 * 1024;

/// How long another process may hold the lock, which it needs for the time of one write.
/// [`super::refresh`] counts on it.
pub(super) const LONGEST_LOCK: Duration = Duration::from_secs(2);

/// A file with a secret text in it that nobody but its owner may read.
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

    /// Its text, or `None` where there is no file.
    pub(super) fn read(&self) -> Result<Option<Secret>, StoreError> {
        let file = match self.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| self.failed("cannot be read", error))?,
        };
        let metadata = file
            .metadata()
            .map_err(|error| self.failed("cannot be read", error))?;
        self.refuse_open_to_others(&metadata)?;
        let mut text = String::new();
        match file.take(MAX_SIZE + 1).read_to_string(&mut text) {
            Ok(_) if text.len() as u64 <= MAX_SIZE => Ok(Some(Secret::new(text))),
            Ok(_) => Err(self.wrong("is too large for tokens: remove it")),
            Err(error) => Err(self.failed("cannot be read", error)),
        }
    }

    fn open(&self) -> io::Result<File> {
        // Opening a pipe would wait for somebody to write into it.
        if fs::symlink_metadata(&self.path)?.is_file() {
            File::open(&self.path)
        } else {
            Err(io::Error::other("not a plain file"))
        }
    }

    /// Keeps others from writing until the file that is returned is closed.
    pub(super) fn lock(&self) -> Result<File, StoreError> {
        let cannot = |error| self.failed("cannot be locked", error);
        create_folder(self.folder()).map_err(cannot)?;
        let file = private()
            .create(true)
            .truncate(false)
            .open(self.beside("lock"))
            .map_err(cannot)?;
        let deadline = Instant::now() + LONGEST_LOCK;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self.wrong("is locked by another process"));
                }
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
            }
        }
    }

    /// Replaces the text; to be called under the [`lock`](Self::lock).
    pub(super) fn write(&self, text: &Secret) -> Result<(), StoreError> {
        let replace = || -> io::Result<()> {
            let aside = self.beside("new");
            // A process that crashed may have left one, of whatever mode.
            remove_if_there(&aside)?;
            let mut file = private().create_new(true).open(&aside)?;
            file.write_all(text.expose().as_bytes())?;
            file.sync_all()?;
            fs::rename(&aside, &self.path)?;
            sync_folder(self.folder())
        };
        replace().map_err(|error| self.failed("cannot be written", error))
    }

    /// Removes the file; to be called under the [`lock`](Self::lock).
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove_if_there(&self.beside("new"))
            .and_then(|()| remove_if_there(&self.path))
            .and_then(|()| sync_folder(self.folder()))
            .map_err(|error| self.failed("cannot be removed", error))
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    fn beside(&self, ending: &str) -> PathBuf {
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
    fn refuse_open_to_others(&self, metadata: &Metadata) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            Err(self.wrong("belongs to another user"))
        } else if metadata.mode() & 0o077 != 0 {
            Err(self.wrong("is open to others: chmod 600 it, or remove it"))
        } else {
            Ok(())
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "as on Unix")]
    fn refuse_open_to_others(&self, _: &Metadata) -> Result<(), StoreError> {
        Ok(())
    }

    fn wrong(&self, what: &str) -> StoreError {
        StoreError::new(format!("{} {what}", self.path.display()))
    }

    fn failed(&self, what: &str, cause: io::Error) -> StoreError {
        self.wrong(what).caused_by(cause)
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Makes a new name in a folder survive a power cut.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
