use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file for secrets that was not there before, and that its owner alone may read from the first moment on. Unless it is
/// [kept](Self::keep) it is removed: half of it would stand in the way of the next attempt.
#[derive(Debug)]
pub(super) struct PrivateFile {
    file: File,
    path: PathBuf,
    is_kept: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PrivateFileError {
    #[error("{0} is there already, and is not overwritten")]
    Exists(String),
    #[error("cannot write {0}")]
    Write(String, #[source] io::Error),
}

impl PrivateFile {
    pub(super) fn create(path: &Path) -> Result<Self, PrivateFileError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let name = || path.display().to_string();
        let file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => PrivateFileError::Exists(name()),
            _ => PrivateFileError::Write(name(), error),
        })?;
        Ok(Self { file, path: path.to_owned(), is_kept: false })
    }

    /// Waits until all that was written is on the disk.
    pub(super) fn sync(&self) -> Result<(), PrivateFileError> {
        self.file.sync_all().map_err(|error| PrivateFileError::Write(self.path.display().to_string(), error))
    }

    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}
