use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use divan_core::private_file::{PrivateFile, PrivateFileError};

use super::known_device::KnownDevice;
use super::store::{CasResult, TokenStore, is_same};
use super::token_pair::Tokens;
use crate::error::StoreError;

/// Maximum wait for another process that holds the lock, which takes one write. The refresh limits
/// depend on it.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum file size in bytes.
const MAX_SIZE: u64 = 64 * 1024;

/// [`TokenStore`] in a private file, so that the user stays signed in across restarts.
///
/// Several processes of one user may share the file. It is replaced by an atomic rename, so a crash
/// leaves either the old or the new tokens. An empty lock file (`….lock`) and the device token of an
/// administrator (`….device`) remain in the same directory after a sign-out. Missing directories are created, accessible to the user only.
///
/// On Unix the file must be a regular file of the same user with mode 0600, and its directory
/// should belong to the user; on other systems it has the permissions of its directory. A file that
/// other users can access, or that contains anything else, is an error and stays unchanged: remove
/// it and sign in again.
///
/// ```
/// use divan_client::{Client, FileStore};
///
/// # fn main() -> Result<(), divan_client::Error> {
/// # let folder = std::env::temp_dir();
/// let store = FileStore::new(folder.join("my-program/tokens"));
/// let client = Client::builder("https://sec.example.com/").admin_store(store).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileStore(PrivateFile);

impl FileStore {
    /// Creates a store in the file at `path`, which need not exist. Nothing is read or written yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(PrivateFile::new(path))
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        let file = self.0.clone();
        run_blocking(move || load(&file)).await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<&Tokens>,
        new: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        let (file, expected, new) = (self.0.clone(), expected.cloned(), new.cloned());
        run_blocking(move || compare_and_swap(&file, expected.as_ref(), new.as_ref())).await
    }

    async fn load_device(&self) -> Result<Option<KnownDevice>, StoreError> {
        let file = device_file(&self.0);
        run_blocking(move || load_device(&file)).await
    }

    async fn save_device(&self, device: &KnownDevice) -> Result<(), StoreError> {
        let (file, text) = (self.0.clone(), device.to_text());
        run_blocking(move || {
            let _lock = file.lock(LOCK_TIMEOUT).map_err(store_error)?;
            device_file(&file).replace(&text).map_err(store_error)
        })
        .await
    }
}

fn device_file(tokens: &PrivateFile) -> PrivateFile {
    let mut path = tokens.path().as_os_str().to_owned();
    path.push(".device");
    PrivateFile::new(path)
}

fn load_device(file: &PrivateFile) -> Result<Option<KnownDevice>, StoreError> {
    let text = file.read(MAX_SIZE).map_err(store_error)?;
    text.as_ref()
        .map(KnownDevice::from_text)
        .transpose()
        .map_err(|error| error.with_context(file.path().display()))
}

fn load(file: &PrivateFile) -> Result<Option<Tokens>, StoreError> {
    let Some(text) = file.read(MAX_SIZE).map_err(store_error)? else {
        return Ok(None);
    };
    Tokens::from_text(&text)
        .map(Some)
        .map_err(|error| error.with_context(file.path().display()))
}

fn compare_and_swap(
    file: &PrivateFile,
    expected: Option<&Tokens>,
    new: Option<&Tokens>,
) -> Result<CasResult, StoreError> {
    let _lock = file.lock(LOCK_TIMEOUT).map_err(store_error)?;
    let stored = load(file)?;
    if !is_same(stored.as_ref(), expected) {
        return Ok(CasResult::Conflict(stored));
    }
    let written = match new {
        Some(new) => file.replace(&new.to_text()),
        None => file.remove(),
    };
    written.map_err(store_error)?;
    Ok(CasResult::Swapped)
}

fn store_error(error: PrivateFileError) -> StoreError {
    let reason = StoreError::new(error.to_string());
    match error {
        PrivateFileError::Io { source, .. } => reason.with_source(source),
        _ => reason,
    }
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|error| {
        Err(StoreError::new("the file operation was cancelled").with_source(error))
    })
}
