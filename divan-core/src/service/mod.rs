//! The sign-in service: sign-in, sessions, users, import and audit.
//!
//! [`AuthService`] authenticates access tokens. Its operations are methods of three types:
//! [`ClientService`] requires no token, [`CallerService`] requires a signed-in user, and
//! [`AdminService`] requires an administrator. Commands, queries and results are types of this
//! module. The application maps them to its wire format.
//!
//! ```
//! use divan_core::service::{AuthService, ClientInfo, LoginPhone, TelegramLoginCommand};
//! use divan_core::store::MemoryStore;
//! use divan_core::token::{SecretKey, Audiences};
//! use std::sync::Arc;
//!
//! # async fn example(init_data: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let service = AuthService::builder(
//!     Arc::new(MemoryStore::new()),
//!     &SecretKey::new("at least thirty-two bytes of randomness")?,
//!     "https://sec.example.com",
//!     Audiences::new("divan.example.com", "sec.example.com")?,
//! )
//! .telegram("1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?)
//! .build();
//!
//! let client = ClientInfo::unknown();
//! let phone = LoginPhone::Typed("+77011234567".to_owned());
//! let command = TelegramLoginCommand::new(phone, "umbrella 77", init_data);
//! let tokens = service.for_client(&client).telegram_login(&command).await?;
//!
//! let caller = service.authenticate(tokens.access_token.expose()).await?;
//! assert_eq!(caller.user().id, tokens.user.id);
//! # Ok(())
//! # }
//! ```
//!
//! # Failed sign-ins
//!
//! [`ServiceError::InvalidCredentials`] does not reveal its cause: each attempt that ends with it
//! computes one password hash. [`ServiceError::TelegramAccountMismatch`],
//! [`ServiceError::TelegramAccountTaken`] and [`ServiceError::PasswordExpired`] are returned only
//! after a correct password.
//!
//! Attempts to guess a password are limited, and refused with [`ServiceError::TooManyAttempts`]
//! before a password is compared. With the linked Telegram account or a [known
//! device](CallerService::devices), the owner of an attacked account can still sign in. The rules are
//! in [`throttle`](crate::throttle).
//!
//! # Messages
//!
//! With [`AuthServiceBuilder::messages`], people are informed in Telegram of changes of their account. The
//! service writes each message with its change. Your program sends it: see
//! [`claim_messages`](AuthService::claim_messages).
//!
//! # Events
//!
//! With [`AuthServiceBuilder::events`], the service writes an event with each change of a user and each end
//! of a session. Your program reads them: see [`events_after`](AuthService::events_after).
//!
//! # Sessions
//!
//! A sign-in starts a session: a row in the database and a pair of tokens. Each request with the
//! access token reads the session, from the database or from a cache of one second. The refresh token
//! is exchanged once for the next pair. [`RotationState`](crate::session::RotationState) contains the
//! rules for lost responses, concurrent refreshes and stolen tokens.

mod attempt;
mod audit;
mod authenticate;
mod auto_login;
mod bootstrap;
mod builder;
mod client_info;
mod credentials;
mod delete_user;
mod devices;
mod error;
mod events;
mod generated_password;
mod handles;
mod import;
mod invalid_field;
mod login;
mod messages;
mod own_account;
mod page;
#[cfg(feature = "passkeys")]
mod passkeys;
mod password;
mod phone;
mod phone_trunk;
mod promotion;
mod second_factor;
mod session;
mod session_cache;
mod step_up;
mod telegram_account;
mod tokens;
mod unlock;
mod update_user;
mod users;
mod validation;
mod verified_password;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use time::OffsetDateTime;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::init_data;
use crate::password::{Blocklist, HashQueue, HashQueueLoad};
use crate::second_factor::SecondFactorKeys;
use crate::store::{Store, StoreError};
use crate::token::{DeviceKeys, RefreshKeys, TokenIssuer, TokenVerifier};
use crate::types::JwkSet;
use attempt::Attempts;
use credentials::ServiceCache;
use events::Events;
use messages::Messages;
use session_cache::SessionCache;

pub use attempt::AttemptOutcome;
pub use audit::ListAuditEventsQuery;
pub use authenticate::{Admin, Caller};
pub use bootstrap::{BootstrapCommand, BootstrapPolicy, BootstrapState};
pub use builder::AuthServiceBuilder;
pub use client_info::ClientInfo;
pub use credentials::{
    ActiveToken, BearerCaller, CreateServiceCommand, NewServiceSecret, ServiceCaller,
    ServiceSecretView, ServiceToken, ServiceView, TokenKind, UpdateServiceCommand,
};
pub use devices::DeviceView;
pub use error::ServiceError;
pub use events::{
    ConsumerStatus, Event, EventConsumer, EventPage, EventPosition, EventSignal, EventsError,
    InvalidEventPosition, ListEventsQuery,
};
pub use handles::{AdminService, CallerService, ClientService};
pub use import::{
    CheckedImport, ExistingUsers, ImportError, ImportedCount, ImportedUser, NewImportedUser,
    PreparedImport, PreparedPassword, UserChange,
};
pub use invalid_field::{Field, InvalidField, InvalidFieldReason};
pub use login::{AdminLoginCommand, LoginPhone, TelegramLoginCommand};
pub use messages::{Delivery, MessageKind, MessageResult, OutgoingMessage, UnknownMessageKind};
pub use page::{Cursor, Page};
#[cfg(feature = "passkeys")]
pub use passkeys::{AddPasskeyCommand, AddedPasskey, PasskeyLoginCommand, PasskeyView};
pub use password::ChangePasswordCommand;
pub use phone::{Region, UnknownRegion, parse_phone};
pub use promotion::{PendingPromotion, Promotion};
pub use second_factor::{
    CompleteAdminLoginCommand, EnabledSecondFactor, SecondFactorMethod, SecondFactorPolicy,
    SecondFactorProof, SecondFactorStatus, TotpEnrolment,
};
pub use session::{SessionLife, SessionView};
pub use step_up::StepUpProof;
pub use tokens::{FreshToken, IssuedTokens};
pub use unlock::FailedSignIns;
pub use update_user::UpdateUserCommand;
pub use users::{CreateUserCommand, CreatedUser, ListUsersQuery, UserPage};
pub use webhooks::{
    CreateWebhookCommand, CreatedWebhook, UnknownWebhookErrorReason, UpdateWebhookCommand,
    WebhookAttempts, WebhookError, WebhookErrorReason, WebhookTest, WebhookView,
};

/// The maximum number of tries to write the next state of a session that changes concurrently.
const MAX_ATTEMPTS: usize = 10;

/// The sign-in service. Create one and share it: clones are cheap.
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
    device_keys: DeviceKeys,
    second_factor_keys: SecondFactorKeys,
    second_factor: SecondFactorPolicy,
    admin_approval: bool,
    #[cfg(feature = "passkeys")]
    passkeys: Option<passkeys::Passkeys>,
    /// Passkeys whose counter did not increase.
    copied_passkeys: AtomicU64,
    /// The host of the admin panel, which names the service in authenticator apps.
    admin_host: Arc<str>,
    attempts: Attempts,
    messages: Messages,
    events: Events,
    webhooks: Option<webhooks::Webhooks>,
    /// Sessions ended after reuse of a token.
    reused_tokens: AtomicU64,
    cache: SessionCache,
    services: ServiceCache,
    miniapp_life: SessionLife,
    admin_life: SessionLife,
    telegram: Option<TelegramVerifiers>,
    bootstrap: BootstrapPolicy,
    region: Region,
    blocklist: Blocklist,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The verifiers of init data.
#[derive(Clone, Debug)]
struct TelegramVerifiers {
    login: init_data::Verifier,
    auto_login: init_data::Verifier,
}

/// # Health and configuration
impl AuthService {
    /// Checks that the database responds and has its tables.
    ///
    /// # Errors
    /// When the database does not respond, or its tables are missing.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.parts.store.ping().await
    }

    /// Returns `true` if the first administrator exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        self.parts.store.is_bootstrapped().await
    }

    /// Returns the load of the queue of password hashes.
    pub fn hash_load(&self) -> HashQueueLoad {
        self.parts.hashes.load()
    }

    /// Returns the country of phone numbers without a country code.
    pub fn region(&self) -> Region {
        self.parts.region
    }

    /// Returns the issuer of access tokens (`iss`), which is also the source of events.
    pub fn issuer(&self) -> &str {
        self.parts.issuer.issuer()
    }

    /// Returns the public keys that verify access tokens; none without a signing key.
    pub fn jwks(&self) -> &JwkSet {
        &self.parts.jwks
    }

    /// Returns the time in the precision of the databases: microseconds.
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::from(self.parts.clock.now());
        now.replace_nanosecond(now.nanosecond() / 1000 * 1000)
            .unwrap_or(now)
    }
}
