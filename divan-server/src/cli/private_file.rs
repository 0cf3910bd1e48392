use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file for secrets that its owner alone may read from the first moment on. Until it is
/// [published](Self::publish) it has a name beside its own, `.NAME.part`: what breaks off leaves
/// nothing that stands in the way of the next attempt.
#[derive(Debug)]
pub(super) struct PrivateFile {
    file: File,
    part: PathBuf,
    path: PathBuf,
    is_published: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PrivateFileError {
    #[error("{0} is there already, and is not overwritten")]
    Exists(String),
    #[error("cannot write {0}")]
    Write(String, #[source] io::Error),
}

impl PrivateFile {
    /// Begins a file that must not be there yet.
    pub(super) fn create(path: &Path) -> Result<Self, PrivateFileError> {
        let wrong = |error| PrivateFileError::of(path, error);
        if path.symlink_metadata().is_ok() {
            return Err(wrong(io::ErrorKind::AlreadyExists.into()));
        }
        let part = part_of(path).ok_or_else(|| wrong(io::ErrorKind::InvalidFilename.into()))?;
        let file = match create_new(&part) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Of an attempt that was ended.
                fs::remove_file(&part)
                    .and_then(|()| create_new(&part))
                    .map_err(wrong)?
            }
            created => created.map_err(wrong)?,
        };
        Ok(Self {
            file,
            part,
            path: path.to_owned(),
            is_published: false,
        })
    }

    /// Gives it its name, once all that was written is on the disk. Nothing is overwritten.
    pub(super) fn publish(mut self) -> Result<PublishedFile, PrivateFileError> {
        self.file
            .sync_all()
            .map_err(|error| PrivateFileError::of(&self.path, error))?;
        // Takes the name; not every file system has links, by which it could be taken in one step.
        create_new(&self.path).map_err(|error| PrivateFileError::of(&self.path, error))?;
        let published = PublishedFile(self.path.clone());
        let moved = fs::rename(&self.part, &self.path);
        self.is_published = moved.is_ok();
        if let Err(error) = moved
            .and_then(|()| self.check_name())
            .and_then(|()| sync_folder(&self.path))
        {
            published.remove();
            return Err(PrivateFileError::of(&self.path, error));
        }
        Ok(published)
    }

    /// That the name is that of this file: somebody who began the same one meanwhile has removed
    /// it.
    #[cfg(unix)]
    fn check_name(&self) -> io::Result<()> {
        use std::os::unix::fs::MetadataExt;

        let (written, named) = (self.file.metadata()?, self.path.symlink_metadata()?);
        let is_same = (written.dev(), written.ino()) == (named.dev(), named.ino());
        is_same
            .then_some(())
            .ok_or_else(|| io::ErrorKind::ResourceBusy.into())
    }

    /// A file that is open cannot be removed here.
    #[cfg(not(unix))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "there is something to check elsewhere"
    )]
    fn check_name(&self) -> io::Result<()> {
        Ok(())
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
        if !self.is_published {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// A file that is whole, and stays unless it is removed.
#[derive(Debug)]
pub(super) struct PublishedFile(PathBuf);

impl PublishedFile {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it: what it tells has not come to be.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(self.0);
    }
}

impl PrivateFileError {
    fn of(path: &Path, error: io::Error) -> Self {
        let name = path.display().to_string();
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists(name),
            _ => Self::Write(name, error),
        }
    }
}

fn part_of(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(".part");
    Some(path.with_file_name(name))
}

fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Waits until the name is on the disk, too, where folders can be waited for.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        folder
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn what_breaks_off_leaves_nothing_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwords.csv");
        let mut begun = PrivateFile::create(&path).unwrap();
        begun.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()), [".passwords.csv.part"]);
        // As a process that is killed: nothing is dropped.
        std::mem::forget(begun);

        let mut again = PrivateFile::create(&path).unwrap();
        again.write_all(b"whole").unwrap();
        again.publish().unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["passwords.csv".into()], b"whole".into())
        );

        drop(PrivateFile::create(&folder.path().join("other.csv")).unwrap());
        assert_eq!(names(folder.path()), ["passwords.csv"]);
    }

    #[test]
    fn a_file_that_came_in_between_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwords.csv");
        let begun = PrivateFile::create(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert!(matches!(begun.publish(), Err(PrivateFileError::Exists(_))));
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["passwords.csv".into()], b"mine".into())
        );
    }

    #[cfg(unix)]
    #[test]
    fn of_two_that_write_the_same_file_at_once_the_first_publishes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwords.csv");
        let first = PrivateFile::create(&path).unwrap();
        let second = PrivateFile::create(&path).unwrap();
        assert!(matches!(first.publish(), Err(PrivateFileError::Write(..))));
        assert!(matches!(second.publish(), Err(PrivateFileError::Write(..))));
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
