//! A pair of tokens, where it is kept, and how it is renewed.

mod file_store;
mod memory_store;
mod pair;
mod private_file;
mod refresh;
mod schedule;
mod source;
mod store;
mod text;

pub use file_store::FileStore;
pub use memory_store::MemoryStore;
pub use pair::Tokens;
pub(crate) use source::TokenSource;
pub use store::{StoreError, Swapped, TokenStore};
