use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::known_device::KnownDevice;
use super::store::{CasResult, TokenStore, is_same};
use super::token_pair::Tokens;
use crate::error::StoreError;

/// [`TokenStore`] in memory. The tokens are lost when the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tokens: Mutex<Option<Tokens>>,
    device: Mutex<Option<KnownDevice>>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        Ok(lock(&self.tokens).clone())
    }

    async fn compare_and_swap(
        &self,
        expected: Option<&Tokens>,
        new: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        let mut stored = lock(&self.tokens);
        if !is_same(stored.as_ref(), expected) {
            return Ok(CasResult::Conflict(stored.clone()));
        }
        *stored = new.cloned();
        Ok(CasResult::Swapped)
    }

    async fn load_device(&self) -> Result<Option<KnownDevice>, StoreError> {
        Ok(lock(&self.device).clone())
    }

    async fn save_device(&self, device: &KnownDevice) -> Result<(), StoreError> {
        *lock(&self.device) = Some(device.clone());
        Ok(())
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
