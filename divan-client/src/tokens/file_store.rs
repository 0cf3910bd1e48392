use std::path::PathBuf;

use async_trait::async_trait;

use super::private_file::PrivateFile;
use super::store::is_same;
use super::{StoreError, Swapped, TokenStore, Tokens};

/// Keeps the tokens in a file that nobody else may read, so that one stays signed in across
/// restarts.
///
/// Several processes of one user may share the file. It is written anew beside the old one and put
/// in its place, so that a crash leaves one or the other; a lock file beside it (`….lock`) stays,
/// and is empty. Missing folders are made, for the user alone.
///
/// On Unix the file has to be a plain one of the same user with mode 0600, and its folder should be
/// the user's own; elsewhere it has the rights that its folder gives. A file that others may read
/// or that holds something else is an error, and neither mended nor overwritten: remove it, and
/// sign in again.
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
    /// The store in this file, which need not be there yet. Nothing is read or written now.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(PrivateFile::new(path.into()))
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        let file = self.0.clone();
        blocking(move || load(&file)).await
    }

    async fn swap(
        &self,
        expected: Option<&Tokens>,
        next: Option<&Tokens>,
    ) -> Result<Swapped, StoreError> {
        let (file, expected, next) = (self.0.clone(), expected.cloned(), next.cloned());
        blocking(move || swap(&file, expected.as_ref(), next.as_ref())).await
    }
}

fn load(file: &PrivateFile) -> Result<Option<Tokens>, StoreError> {
    let Some(text) = file.read()? else {
        return Ok(None);
    };
    Tokens::from_text(&text)
        .map(Some)
        .map_err(|error| error.about(file.path().display()))
}

fn swap(
    file: &PrivateFile,
    expected: Option<&Tokens>,
    next: Option<&Tokens>,
) -> Result<Swapped, StoreError> {
    let _lock = file.lock()?;
    let held = load(file)?;
    if !is_same(held.as_ref(), expected) {
        return Ok(Swapped::Changed(held));
    }
    match next {
        Some(next) => file.write(&next.to_text())?,
        None => file.remove()?,
    }
    Ok(Swapped::Done)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(StoreError::new("the work on the file was broken off").caused_by(error))
    })
}
