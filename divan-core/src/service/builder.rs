use std::sync::Arc;
use std::time::Duration;

use super::session_cache::SessionCache;
use super::{AuthService, BootstrapPolicy, Parts, Region, SessionLife, TelegramVerifiers};
use crate::clock::{Clock, SystemClock};
use crate::entropy::{Entropy, OsEntropy};
use crate::init_data::{BotToken, Verifier};
use crate::password::{Argon2idHasher, HashQueue, PasswordHasher};
use crate::store::Store;
use crate::token::{Audiences, KeyRing, RefreshKeys, SecretKey, TokenIssuer, TokenVerifier};
use crate::types::Audience;

/// How old init data may be at a sign-in. Some clients hand out the same data for a day.
const INIT_DATA_MAX_AGE: Duration = Duration::from_hours(24);

/// The same where init data alone signs in.
const AUTO_LOGIN_MAX_AGE: Duration = Duration::from_hours(1);

/// Puts an [`AuthService`] together.
#[derive(Debug)]
#[must_use]
pub struct AuthServiceBuilder {
    store: Arc<dyn Store>,
    key: SecretKey,
    token_keys: Option<KeyRing>,
    issuer: String,
    audiences: Audiences,
    bot_token: Option<BotToken>,
    bootstrap: BootstrapPolicy,
    region: Region,
    miniapp_life: SessionLife,
    admin_life: SessionLife,
    hasher: Arc<dyn PasswordHasher>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl AuthService {
    /// A service on this store, whose tokens are made with `key`, call themselves `issuer` (a URL)
    /// and are for these audiences.
    pub fn builder(
        store: Arc<dyn Store>,
        key: &SecretKey,
        issuer: &str,
        audiences: Audiences,
    ) -> AuthServiceBuilder {
        AuthServiceBuilder {
            store,
            key: key.clone(),
            token_keys: None,
            issuer: issuer.to_owned(),
            audiences,
            bot_token: None,
            bootstrap: BootstrapPolicy::Closed,
            region: Region::default(),
            miniapp_life: SessionLife::MINI_APP,
            admin_life: SessionLife::ADMIN,
            hasher: Arc::new(Argon2idHasher::default()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }
}

impl AuthServiceBuilder {
    /// The bot whose init data signs employees in. Default: none, and Telegram sign-ins are refused
    /// as not configured.
    pub fn telegram(mut self, token: BotToken) -> Self {
        self.bot_token = Some(token);
        self
    }

    /// The keys of access tokens. Default: HS256 with the key of the service, which refresh tokens
    /// are made with in any case.
    pub fn token_keys(mut self, keys: KeyRing) -> Self {
        self.token_keys = Some(keys);
        self
    }

    /// Who may create the first administrator. Default: [`BootstrapPolicy::Closed`].
    pub fn bootstrap(mut self, policy: BootstrapPolicy) -> Self {
        self.bootstrap = policy;
        self
    }

    /// The country that phone numbers without a country code belong to. Default: Kazakhstan.
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// How long the sessions of an audience last. Default: [`SessionLife::MINI_APP`],
    /// [`SessionLife::ADMIN`].
    pub fn session_life(mut self, audience: Audience, life: SessionLife) -> Self {
        match audience {
            Audience::MiniApp => self.miniapp_life = life,
            Audience::Admin => self.admin_life = life,
        }
        self
    }

    /// How passwords are hashed. Default: [`Argon2idHasher`] with its default parameters.
    pub fn hasher(mut self, hasher: Arc<dyn PasswordHasher>) -> Self {
        self.hasher = hasher;
        self
    }

    /// Where the time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where randomness comes from. Default: [`OsEntropy`].
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// The service.
    pub fn build(self) -> AuthService {
        let verifier = |token, max_age| Verifier::new(token, max_age).clock(self.clock.clone());
        let telegram = self.bot_token.map(|token| TelegramVerifiers {
            auto_login: verifier(token.clone(), AUTO_LOGIN_MAX_AGE),
            login: verifier(token, INIT_DATA_MAX_AGE),
        });
        let token_keys = self.token_keys.unwrap_or_else(|| KeyRing::from(&self.key));
        let parts = Parts {
            store: self.store,
            hashes: HashQueue::new(self.hasher).entropy(self.entropy.clone()),
            issuer: TokenIssuer::new(&token_keys, &self.issuer, self.audiences.clone())
                .clock(self.clock.clone())
                .entropy(self.entropy.clone()),
            tokens: TokenVerifier::new(&token_keys, &self.issuer, self.audiences)
                .clock(self.clock.clone()),
            jwks: token_keys.jwks(),
            refresh_keys: RefreshKeys::new(&self.key),
            cache: SessionCache::default(),
            miniapp_life: self.miniapp_life,
            admin_life: self.admin_life,
            telegram,
            bootstrap: self.bootstrap,
            region: self.region,
            clock: self.clock,
            entropy: self.entropy,
        };
        AuthService {
            parts: Arc::new(parts),
        }
    }
}
