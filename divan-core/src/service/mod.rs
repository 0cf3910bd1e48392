//! The sign-in service: who may come in, and in which order that is found out.
//!
//! ```
//! use divan_core::service::AuthService;
//! use divan_core::store::MemoryStore;
//! use divan_core::token::{SecretKey, Surfaces};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = AuthService::builder(
//!     Arc::new(MemoryStore::new()),
//!     &SecretKey::new("at least thirty-two bytes of randomness")?,
//!     "https://sec.example.com",
//!     Surfaces::new("divan.example.com", "sec.example.com")?,
//! )
//! .telegram("1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?)
//! .build();
//! # let _ = service;
//! # Ok(())
//! # }
//! ```
//!
//! # What a sign-in gives away
//!
//! An unknown phone number or address, a wrong password, an inactive account and a wrong role are one answer,
//! [`ServiceError::InvalidCredentials`], after exactly one hash computation each. What says more (that the account
//! belongs to another Telegram account) comes only after a right password.

mod authenticate;
mod bootstrap;
mod builder;
mod error;
mod input;
mod login;
mod phone;
mod users;

use std::sync::Arc;

use time::OffsetDateTime;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::init_data;
use crate::password::HashQueue;
use crate::store::{Store, StoreError};
use crate::token::{TokenIssuer, TokenVerifier};

pub use authenticate::{Admin, Caller};
pub use bootstrap::BootstrapPolicy;
pub use builder::AuthServiceBuilder;
pub use error::ServiceError;
pub use login::SignInPhone;
pub use phone::{Region, UnknownRegion, parse_phone};

/// Signs people in and tells who is asking. Cheap to clone; shared by all requests.
#[derive(Clone, Debug)]
pub struct AuthService {
    store: Arc<dyn Store>,
    hashes: HashQueue,
    issuer: TokenIssuer,
    tokens: TokenVerifier,
    telegram: Option<init_data::Verifier>,
    bootstrap: BootstrapPolicy,
    region: Region,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl AuthService {
    /// Answers when the service can do its work.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    /// Whether the first administrator exists.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        self.store.is_bootstrapped().await
    }

    /// The time to store, no finer than a database keeps it.
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::from(self.clock.now());
        now.replace_nanosecond(now.nanosecond() / 1000 * 1000).unwrap_or(now)
    }
}
