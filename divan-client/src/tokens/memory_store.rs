use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::store::is_same;
use super::{StoreError, Swapped, TokenStore, Tokens};

/// Keeps the tokens in memory: they are gone with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Option<Tokens>>);

impl MemoryStore {
    /// A store without tokens.
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

    async fn swap(
        &self,
        expected: Option<&Tokens>,
        next: Option<&Tokens>,
    ) -> Result<Swapped, StoreError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_same(held.as_ref(), expected) {
            return Ok(Swapped::Changed(held.clone()));
        }
        *held = next.cloned();
        Ok(Swapped::Done)
    }
}
