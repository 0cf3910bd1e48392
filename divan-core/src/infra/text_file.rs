use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// No file of configuration is larger, in bytes; what is, or has no end, was named by mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a file gives no text, as the rest of a sentence. Its path is not told: it may be a secret,
/// given under the wrong name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableFile {
    /// It is not there, or may not be read.
    #[error("cannot be read: {}", .0.kind())]
    Io(#[from] io::Error),
    /// It is larger than any file of configuration.
    #[error("is larger than {} KiB", MAX_BYTES / 1024)]
    Size,
    /// It is no text in UTF-8.
    #[error("is not UTF-8")]
    Unicode,
}

impl UnreadableFile {
    /// Whether there is none.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The text of a file of configuration that may be secret, of 1 MiB at most. A pipe is a file, too.
///
/// ```
/// use divan_core::infra::read_text;
///
/// let error = read_text("/nowhere/key.pem".as_ref()).unwrap_err();
/// assert_eq!(error.to_string(), "cannot be read: entity not found");
/// ```
///
/// # Errors
/// When it cannot be read, is larger, or is no text in UTF-8.
pub fn read_text(path: &Path) -> Result<Secret, UnreadableFile> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(MAX_BYTES);
    // As large as it is going to be: what a buffer leaves behind when it grows is not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 64));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UnreadableFile::Size);
    }
    str::from_utf8(&bytes)
        .map(Secret::new)
        .map_err(|_| UnreadableFile::Unicode)
}
