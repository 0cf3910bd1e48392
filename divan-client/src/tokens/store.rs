use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::known_device::KnownDevice;
use super::token_pair::Tokens;
use crate::error::StoreError;

/// Storage of one user's tokens on one audience.
///
/// Several processes or browser tabs may share a store. Tokens are therefore only replaced by
/// compare-and-swap: when the store contains other tokens than expected, it keeps them, and the
/// caller uses those.
///
/// The [`Handle`](crate::Handle) does the rest. It reads the store before each call.
///
/// # Examples
/// A store in a database table:
/// ```
/// use divan_client::{CasResult, Secret, StoreError, TokenStore, Tokens, async_trait};
/// # #[derive(Debug)] struct Database;
/// # #[derive(Debug, thiserror::Error)] #[error("down")] struct Down;
/// # impl Database {
/// #     async fn select(&self, _: u64) -> Result<Option<Secret>, Down> { Ok(None) }
/// #     async fn replace(&self, _: u64, _: Option<Secret>, _: Option<Secret>) -> Result<u64, Down> { Ok(1) }
/// # }
///
/// #[derive(Debug)]
/// struct Row { database: Database, user: u64 }
///
/// #[async_trait]
/// impl TokenStore for Row {
///     async fn load(&self) -> Result<Option<Tokens>, StoreError> {
///         let text = self.database.select(self.user).await;
///         let text = text.map_err(|error| StoreError::new("cannot be read").with_source(error))?;
///         text.as_ref().map(Tokens::from_text).transpose()
///     }
///
///     async fn compare_and_swap(&self, expected: Option<&Tokens>, new: Option<&Tokens>) -> Result<CasResult, StoreError> {
///         // UPDATE … SET tokens = $new WHERE id = $user AND tokens IS NOT DISTINCT FROM $expected
///         let (expected, new) = (expected.map(Tokens::to_text), new.map(Tokens::to_text));
///         match self.database.replace(self.user, expected, new).await {
///             Ok(0) => Ok(CasResult::Conflict(self.load().await?)),
///             Ok(_) => Ok(CasResult::Swapped),
///             Err(error) => Err(StoreError::new("cannot be written").with_source(error)),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait TokenStore: Debug + Send + Sync {
    /// Returns the stored tokens; `None` when no user is signed in.
    ///
    /// # Errors
    /// When the store cannot be read, or contains data that is not tokens.
    async fn load(&self) -> Result<Option<Tokens>, StoreError>;

    /// Replaces the stored tokens with `new` in one atomic step if they are `expected`
    /// ([`Tokens::is_same_pair`]). `None` means no tokens: before a sign-in or after a sign-out.
    ///
    /// After [`CasResult::Swapped`], `new` survives a crash of the process. A crash before leaves
    /// either the old or the new tokens.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    async fn compare_and_swap(
        &self,
        expected: Option<&Tokens>,
        new: Option<&Tokens>,
    ) -> Result<CasResult, StoreError>;

    /// Returns the stored device; `None` before the first sign-in of an administrator. Default: none.
    ///
    /// # Errors
    /// When the store cannot be read, or contains data that is not a device.
    async fn load_device(&self) -> Result<Option<KnownDevice>, StoreError> {
        Ok(None)
    }

    /// Replaces the stored device, which a sign-out keeps. Default: discards it, so that failed
    /// sign-ins from elsewhere can delay the next sign-in.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn save_device(&self, _device: &KnownDevice) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Result of [`TokenStore::compare_and_swap`].
#[derive(Clone, Debug)]
#[must_use]
pub enum CasResult {
    /// The new tokens are stored.
    Swapped,
    /// The store contains other tokens than expected, and is unchanged.
    Conflict(Option<Tokens>),
}

#[async_trait]
impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        (**self).load().await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<&Tokens>,
        new: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        (**self).compare_and_swap(expected, new).await
    }

    async fn load_device(&self) -> Result<Option<KnownDevice>, StoreError> {
        (**self).load_device().await
    }

    async fn save_device(&self, device: &KnownDevice) -> Result<(), StoreError> {
        (**self).save_device(device).await
    }
}

/// Returns `true` if both are the same pair, or both are `None`.
pub(super) fn is_same(left: Option<&Tokens>, right: Option<&Tokens>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.is_same_pair(right),
        (None, None) => true,
        _ => false,
    }
}
