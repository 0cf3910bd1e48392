use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::store::{CasResult, TokenStore, is_same};
use super::token_pair::Tokens;
use crate::error::StoreError;

/// [`TokenStore`] in memory. The tokens are lost when the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<Tokens>>);

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        Ok(self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    async fn compare_and_swap(
        &self,
        expected: Option<&Tokens>,
        new: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_same(stored.as_ref(), expected) {
            return Ok(CasResult::Conflict(stored.clone()));
        }
        *stored = new.cloned();
        Ok(CasResult::Swapped)
    }
}
