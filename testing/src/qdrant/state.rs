use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use qdrant_client::qdrant::PointStruct;

/// The points of each collection.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<BTreeMap<String, Vec<PointStruct>>>);

impl State {
    pub(crate) fn collections(&self) -> MutexGuard<'_, BTreeMap<String, Vec<PointStruct>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
