//! The sign-in service: who may come in, and in which order that is found out.
//!
//! ```
//! use divan_core::service::AuthService;
//! use divan_core::store::MemoryStore;
//! use divan_core::token::{SecretKey, Audiences};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = AuthService::builder(
//!     Arc::new(MemoryStore::new()),
//!     &SecretKey::new("at least thirty-two bytes of randomness")?,
//!     "https://sec.example.com",
//!     Audiences::new("divan.example.com", "sec.example.com")?,
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
//! An unknown phone number or address, a wrong password, an inactive account and a wrong role are
//! one answer,
//! [`ServiceError::InvalidCredentials`], after exactly one hash computation each. What says more
//! (that the account belongs to another Telegram account) comes only after a right password.
//!
//! # What a sign-in begins
//!
//! A session: a row in the database, and a pair of tokens that say which. The access token is
//! short-lived and checked with each request, the row being looked up at most a second ago; the
//! refresh token gets the next pair, once. What happens when answers get lost, tabs refresh at the
//! same time, or a token is stolen, is decided in
//! [`RotationState`](crate::session::RotationState).

mod audit;
mod authenticate;
mod auto_login;
mod bootstrap;
mod builder;
mod error;
mod import;
mod invalid_field;
mod login;
mod page;
mod password;
mod phone;
mod session;
mod session_cache;
mod update_user;
mod users;
mod validation;

use std::sync::Arc;

use time::OffsetDateTime;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::init_data;
use crate::password::{HashQueue, HashQueueLoad};
use crate::store::{Store, StoreError};
use crate::token::{RefreshKeys, TokenIssuer, TokenVerifier};
use crate::types::JwkSet;
use session_cache::SessionCache;

pub use authenticate::{Admin, Caller};
pub use bootstrap::BootstrapPolicy;
pub use builder::AuthServiceBuilder;
pub use error::ServiceError;
pub use import::{CheckedImport, ImportError, ImportedUser, PreparedImport};
pub use invalid_field::{Field, InvalidField, InvalidFieldReason};
pub use login::SignInPhone;
pub use phone::{Region, UnknownRegion, parse_phone};
pub use session::{ClientInfo, SessionLife};

/// How often a session that others change at the same time is looked at again.
const ATTEMPTS: usize = 10;

/// Signs people in and tells who is asking. Cheap to clone; shared by all requests.
#[derive(Clone, Debug)]
pub struct AuthService {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    store: Arc<dyn Store>,
    hashes: HashQueue,
    issuer: TokenIssuer,
    tokens: TokenVerifier,
    jwks: JwkSet,
    refresh_keys: RefreshKeys,
    cache: SessionCache,
    miniapp_life: SessionLife,
    admin_life: SessionLife,
    telegram: Option<TelegramVerifiers>,
    bootstrap: BootstrapPolicy,
    region: Region,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The check of init data, for either sign-in of the Mini App.
#[derive(Clone, Debug)]
struct TelegramVerifiers {
    login: init_data::Verifier,
    auto_login: init_data::Verifier,
}

impl AuthService {
    /// Answers when the service can do its work.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.parts.store.ping().await
    }

    /// Whether the first administrator exists.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        self.parts.store.is_bootstrapped().await
    }

    /// How busy the hashing of passwords is.
    pub fn hash_load(&self) -> HashQueueLoad {
        self.parts.hashes.load()
    }

    /// The public keys by which other services check access tokens. Without EdDSA there are none.
    pub fn jwks(&self) -> &JwkSet {
        &self.parts.jwks
    }

    /// The time to store, no finer than a database keeps it.
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::from(self.parts.clock.now());
        now.replace_nanosecond(now.nanosecond() / 1000 * 1000)
            .unwrap_or(now)
    }
}
