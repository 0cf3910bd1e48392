use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{PrivateFile, PrivateFileError, fs};

/// A private file that is being written, under the name `.NAME.part` until it is
/// [published](Self::publish). Dropping it removes it; an interrupted process leaves nothing that
/// blocks the next attempt.
#[derive(Debug)]
pub struct NewPrivateFile {
    file: File,
    part: PathBuf,
    path: PathBuf,
    is_published: bool,
}

impl NewPrivateFile {
    pub(super) fn create(path: &Path) -> Result<Self, PrivateFileError> {
        if path.symlink_metadata().is_ok() {
            return Err(PrivateFileError::Exists(path.to_owned()));
        }
        let create = || {
            let part = fs::part_of(path)?;
            Ok((fs::create_part(&part)?, part))
        };
        let (file, part) = create().map_err(|error| PrivateFileError::creation(path, error))?;
        Ok(Self {
            file,
            part,
            path: path.to_owned(),
            is_published: false,
        })
    }

    /// Gives the file its name, after everything written is on the disk. Never overwrites a file.
    ///
    /// # Errors
    /// [`PrivateFileError::Exists`], [`PrivateFileError::Io`].
    pub fn publish(mut self) -> Result<PrivateFile, PrivateFileError> {
        let failed = |error| PrivateFileError::creation(&self.path, error);
        self.file.sync_all().map_err(failed)?;
        // Reserves the name; a hard link would do so in one step, but not every file system has
        // them.
        fs::create_new(&self.path).map_err(failed)?;
        let renamed = std::fs::rename(&self.part, &self.path);
        self.is_published = renamed.is_ok();
        // Another process that started the same file may have replaced the temporary one.
        let published = renamed
            .and_then(|()| fs::require_same_file(&self.file, &self.path))
            .and_then(|()| fs::sync_folder(&self.path));
        if let Err(error) = published {
            let _ = std::fs::remove_file(&self.path);
            return Err(PrivateFileError::creation(&self.path, error));
        }
        Ok(PrivateFile::new(&self.path))
    }
}

impl Write for NewPrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewPrivateFile {
    fn drop(&mut self) {
        if !self.is_published {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}
