use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// Maximum size in bytes. Larger files are refused, because the variable probably names the wrong
/// file.
const MAX_BYTES: u64 = 1024 * 1024;

/// A file that cannot be used. The message completes the phrase "names a file that …". It does not
/// contain the path, which may be a secret set under the wrong name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableFile {
    /// The file does not exist or is not readable.
    #[error("{}", io_reason(.0))]
    Io(#[from] io::Error),
    /// The file is larger than 1 MiB.
    #[error("is larger than {} KiB", MAX_BYTES / 1024)]
    Size,
    /// The file is not UTF-8.
    #[error("is not UTF-8")]
    Unicode,
}

impl UnreadableFile {
    /// Returns `true` if the file does not exist.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The text without the operating system's own message, which may contain the path.
fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        kind => format!("cannot be read: {kind}"),
    }
}

/// Reads a configuration file of at most 1 MiB, or a pipe. The text may be secret.
///
/// ```
/// use divan_core::infra::read_text;
///
/// let error = read_text("/nowhere/key.pem".as_ref()).unwrap_err();
/// assert_eq!(error.to_string(), "does not exist");
/// ```
///
/// # Errors
/// [`UnreadableFile`] if the file cannot be read, is larger, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<Secret, UnreadableFile> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(MAX_BYTES);
    // Allocated once: a growing buffer would leave copies that are not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 64));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UnreadableFile::Size);
    }
    str::from_utf8(&bytes)
        .map(Secret::new)
        .map_err(|_| UnreadableFile::Unicode)
}
