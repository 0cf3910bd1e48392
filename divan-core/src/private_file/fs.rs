//! File system operations that differ by platform.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, remove_file};
use std::io;
use std::path::{Path, PathBuf};

use super::PrivateFileError;

/// Options for writing, with mode 0600 for a file that is created.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// Creates the temporary file; one that an interrupted process left may have any mode, so it is
/// removed.
pub(super) fn create_part(part: &Path) -> io::Result<File> {
    match create_new(part) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove_if_exists(part)?;
            create_new(part)
        }
        created => created,
    }
}

pub(super) fn remove_if_exists(path: &Path) -> io::Result<()> {
    match remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// `.NAME.part`, the temporary name of a file that is being written.
pub(super) fn part_of(path: &Path) -> io::Result<PathBuf> {
    sibling(path, ".", ".part")
}

pub(super) fn sibling(path: &Path, prefix: &str, suffix: &str) -> io::Result<PathBuf> {
    let mut name = OsString::from(prefix);
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
    name.push(suffix);
    Ok(path.with_file_name(name))
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a new name survive a power cut, on file systems that can sync folders.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(folder_of(path)).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

#[cfg(unix)]
pub(super) fn refuse_access_by_others(
    path: &Path,
    metadata: &Metadata,
) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::MetadataExt;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        Err(PrivateFileError::WrongOwner(path.to_owned()))
    } else if metadata.mode() & 0o077 != 0 {
        Err(PrivateFileError::AccessibleToOthers(path.to_owned()))
    } else {
        Ok(())
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "fails on Unix")]
pub(super) fn refuse_access_by_others(_: &Path, _: &Metadata) -> Result<(), PrivateFileError> {
    Ok(())
}

/// Checks that the path names this open file.
#[cfg(unix)]
pub(super) fn require_same_file(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (open, named) = (file.metadata()?, path.symlink_metadata()?);
    let is_same = (open.dev(), open.ino()) == (named.dev(), named.ino());
    is_same
        .then_some(())
        .ok_or_else(|| io::ErrorKind::ResourceBusy.into())
}

/// An open file cannot be removed on these platforms.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "fails on Unix")]
pub(super) fn require_same_file(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
