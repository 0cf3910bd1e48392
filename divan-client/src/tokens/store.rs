use std::fmt::{Debug, Display};
use std::sync::Arc;

use async_trait::async_trait;

use super::Tokens;

/// Where the tokens of one person on one audience are kept.
///
/// Several programs, or several tabs, may keep their tokens in one place. So a pair is only ever
/// put in the place of the pair that it follows: a store that held another by then keeps it, and
/// whoever came too late takes that one.
///
/// Everything else is taken care of by the [`Handle`](crate::Handle), which asks the store before
/// each call.
///
/// # Examples
/// A store in a table of one's own:
/// ```
/// use divan_client::{Secret, StoreError, Swapped, TokenStore, Tokens, async_trait};
/// # #[derive(Debug)] struct Database;
/// # #[derive(Debug, thiserror::Error)] #[error("down")] struct Down;
/// # impl Database {
/// #     async fn select(&self, _: u64) -> Result<Option<Secret>, Down> { Ok(None) }
/// #     async fn replace(&self, _: u64, _: Option<Secret>, _: Option<Secret>) -> Result<u64, Down> { Ok(1) }
/// # }
///
/// #[derive(Debug)]
/// struct Row { database: Database, person: u64 }
///
/// #[async_trait]
/// impl TokenStore for Row {
///     async fn load(&self) -> Result<Option<Tokens>, StoreError> {
///         let text = self.database.select(self.person).await;
///         let text = text.map_err(|error| StoreError::new("cannot be read").caused_by(error))?;
///         text.as_ref().map(Tokens::from_text).transpose()
///     }
///
///     async fn swap(&self, expected: Option<&Tokens>, next: Option<&Tokens>) -> Result<Swapped, StoreError> {
///         // UPDATE … SET tokens = $next WHERE person = $person AND tokens IS NOT DISTINCT FROM $expected
///         let (expected, next) = (expected.map(Tokens::to_text), next.map(Tokens::to_text));
///         match self.database.replace(self.person, expected, next).await {
///             Ok(0) => Ok(Swapped::Changed(self.load().await?)),
///             Ok(_) => Ok(Swapped::Done),
///             Err(error) => Err(StoreError::new("cannot be written").caused_by(error)),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait TokenStore: Debug + Send + Sync {
    /// The pair that is kept; `None` while nobody is signed in.
    ///
    /// # Errors
    /// When that cannot be told. A pair that cannot be trusted is an error too, not a `None`.
    async fn load(&self) -> Result<Option<Tokens>, StoreError>;

    /// Puts `next` in the place of `expected`, in one step, and only if `expected` is what is kept
    /// ([`Tokens::is_same_pair`]). `None` is no pair: before a sign-in, after a sign-out.
    ///
    /// Once it says [`Done`](Swapped::Done), `next` is kept whatever happens to the process; until
    /// then a crash leaves one or the other.
    ///
    /// # Errors
    /// When the store could not be read or written.
    async fn swap(
        &self,
        expected: Option<&Tokens>,
        next: Option<&Tokens>,
    ) -> Result<Swapped, StoreError>;
}

/// What became of a [`TokenStore::swap`].
#[derive(Clone, Debug)]
#[must_use]
pub enum Swapped {
    /// What was to be kept is kept.
    Done,
    /// Another pair than the expected one was there. It still is, and this is it.
    Changed(Option<Tokens>),
}

/// A store of tokens failed.
#[derive(Debug, thiserror::Error)]
#[error("token store: {reason}")]
pub struct StoreError {
    reason: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure for this reason, which shows in logs: no secret may be in it.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            source: None,
        }
    }

    /// The same with what it came from.
    #[must_use]
    pub fn caused_by(self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(cause.into()),
            ..self
        }
    }

    /// The same with what it is about.
    pub(super) fn about(self, what: impl Display) -> Self {
        Self {
            reason: format!("{what}: {}", self.reason),
            ..self
        }
    }
}

#[async_trait]
impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        (**self).load().await
    }

    async fn swap(
        &self,
        expected: Option<&Tokens>,
        next: Option<&Tokens>,
    ) -> Result<Swapped, StoreError> {
        (**self).swap(expected, next).await
    }
}

/// Whether both are the same pair, or both none.
pub(super) fn is_same(one: Option<&Tokens>, other: Option<&Tokens>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same_pair(other),
        (None, None) => true,
        _ => false,
    }
}
