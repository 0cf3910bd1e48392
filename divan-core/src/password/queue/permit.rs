use std::sync::Arc;

use super::error::HashQueueError;
use super::turn::Turn;
use crate::entropy::Entropy;
use crate::password::{
    HashError, HashMemory, Password, PasswordHash, PasswordHasher, Verification,
};

/// Turn of a caller in a [`HashQueue`](super::HashQueue). Drop it to pass the turn on.
///
/// It serves the hashes of one sign-in, one after the other.
#[derive(Debug)]
#[must_use = "the next caller waits until it is dropped"]
pub struct HashPermit {
    /// `None` while a hash runs, and after one failed or its caller was cancelled.
    turn: Option<Turn>,
    entropy: Arc<dyn Entropy>,
}

impl HashPermit {
    pub(super) fn new(turn: Turn, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            turn: Some(turn),
            entropy,
        }
    }

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// [`HashQueueError::Hash`] when the computation fails.
    pub async fn hash(&mut self, password: Password) -> Result<PasswordHash, HashQueueError> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt).map_err(|_| HashError)?;
        let hashed = self
            .run(move |hasher, memory| hasher.hash(&password, &salt, memory))
            .await?;
        Ok(hashed?)
    }

    /// Verifies a password against a stored hash, or against none, with exactly one hash computation.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub async fn verify(
        &mut self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, HashQueueError> {
        let verified = self
            .run(move |hasher, memory| hasher.verify(&password, stored.as_ref(), memory))
            .await?;
        Ok(verified)
    }

    async fn run<T: Send + 'static>(
        &mut self,
        compute: impl FnOnce(&dyn PasswordHasher, &mut HashMemory) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = self.turn.take().ok_or(HashError)?;
        let (result, turn) = turn.run(compute).await?;
        self.turn = Some(turn);
        Ok(result)
    }
}
