use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::secret::Secret;

/// No file of configuration is larger, in bytes; what is, or has no end, was named by mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a file gives no text, as the rest of a sentence. Its path is not told: it may be a secret, given under the wrong name.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnreadableFile {
    #[error("cannot be read: {}", .0.kind())]
    Io(#[from] io::Error),
    #[error("is larger than {} KiB", MAX_BYTES / 1024)]
    Size,
    #[error("is not UTF-8")]
    Unicode,
}

impl UnreadableFile {
    /// Whether there is none.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The text of a file that somebody wrote. A pipe is a file, too.
pub(super) fn read_text(path: &Path) -> Result<Secret, UnreadableFile> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UnreadableFile::Size);
    }
    String::from_utf8(bytes).map(Secret::new).map_err(|_| UnreadableFile::Unicode)
}
