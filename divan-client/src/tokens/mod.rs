//! Token pairs, their storage and their refresh.

mod file_store;
mod known_device;
mod memory_store;
mod refresh;
mod schedule;
mod single_flight;
mod source;
mod store;
mod stored_tokens;
mod token_pair;

pub use file_store::FileStore;
pub use known_device::KnownDevice;
pub use memory_store::MemoryStore;
pub(crate) use source::TokenSource;
pub use store::{CasResult, TokenStore};
pub use token_pair::Tokens;
