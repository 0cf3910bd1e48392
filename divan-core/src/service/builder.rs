use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::attempt::Attempts;
use super::credentials::ServiceCache;
use super::events::Events;
use super::messages::Messages;
use super::session_cache::SessionCache;
use super::{
    AuthService, BootstrapPolicy, Parts, Region, SecondFactorPolicy, SessionLife, TelegramVerifiers,
};
use crate::clock::{Clock, SystemClock};
use crate::entropy::{Entropy, OsEntropy};
use crate::init_data::{Admission, BotToken, ReplayGuard, Verifier};
use crate::password::{Argon2idHasher, Blocklist, HashQueue, PasswordHasher};
use crate::second_factor::SecondFactorKeys;
use crate::store::Store;
use crate::token::{
    Audiences, DeviceKeys, KeyRing, RefreshKeys, SecretKey, TokenIssuer, TokenVerifier,
};
use crate::types::Audience;
use crate::webhook::WebhookTransport;
use crate::webhook::target::WebhookTargets;

/// The default maximum age of init data at sign-in. Telegram clients send the same data for a day.
const INIT_DATA_MAX_AGE: Duration = Duration::from_hours(24);

/// The default maximum age of init data at auto-login.
const AUTO_LOGIN_MAX_AGE: Duration = Duration::from_hours(1);

/// Builds an [`AuthService`].
#[derive(Debug)]
#[must_use]
pub struct AuthServiceBuilder {
    store: Arc<dyn Store>,
    key: SecretKey,
    previous_key: Option<SecretKey>,
    token_keys: Option<KeyRing>,
    issuer: String,
    audiences: Audiences,
    telegram: Option<Verifier>,
    auto_login: Option<Verifier>,
    auto_login_max_age: Duration,
    bootstrap: BootstrapPolicy,
    second_factor: SecondFactorPolicy,
    admin_approval: bool,
    #[cfg(feature = "passkeys")]
    passkeys: Option<crate::passkey::RelyingParty>,
    messages: bool,
    events: bool,
    webhooks: Option<(WebhookTargets, Arc<dyn WebhookTransport>)>,
    region: Region,
    miniapp_life: SessionLife,
    admin_life: SessionLife,
    hasher: Arc<dyn PasswordHasher>,
    blocklist: Blocklist,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// # Construction
impl AuthService {
    /// Returns the builder of a service that uses this store. `key` signs the tokens, `issuer` is
    /// their `iss` claim (a URL), and `audiences` are the hosts of the Mini App and the admin panel.
    pub fn builder(
        store: Arc<dyn Store>,
        key: &SecretKey,
        issuer: &str,
        audiences: Audiences,
    ) -> AuthServiceBuilder {
        AuthServiceBuilder {
            store,
            key: key.clone(),
            previous_key: None,
            token_keys: None,
            issuer: issuer.to_owned(),
            audiences,
            telegram: None,
            auto_login: None,
            auto_login_max_age: AUTO_LOGIN_MAX_AGE,
            bootstrap: BootstrapPolicy::Closed,
            second_factor: SecondFactorPolicy::Optional,
            admin_approval: false,
            #[cfg(feature = "passkeys")]
            passkeys: None,
            messages: false,
            events: false,
            webhooks: None,
            region: Region::default(),
            miniapp_life: SessionLife::MINI_APP,
            admin_life: SessionLife::ADMIN,
            hasher: Arc::new(Argon2idHasher::default()),
            blocklist: Blocklist::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }
}

impl AuthServiceBuilder {
    /// Sets the bot whose init data signs employees in. The init data must be at most 24 hours old.
    /// Default: none, and Telegram sign-in is not configured.
    pub fn telegram(self, token: BotToken) -> Self {
        self.telegram_verifier(Verifier::new(token, INIT_DATA_MAX_AGE))
    }

    /// Sets the verifier of init data at sign-in: several bots, a replaced token, a maximum age, a
    /// replay guard. The verifier uses the clock of the service.
    ///
    /// The verifier of auto-login is derived from it, with the maximum age of
    /// [`auto_login_max_age`](Self::auto_login_max_age) or less. A replay
    /// guard accepts the same init data once for auto-login and once for sign-in: the service keeps the two
    /// apart, so their maximum ages may differ.
    ///
    /// ```
    /// # use divan_core::service::AuthService;
    /// # use divan_core::store::MemoryStore;
    /// # use divan_core::token::{Audiences, SecretKey};
    /// # use std::sync::Arc;
    /// use divan_core::init_data::{BotToken, InMemoryReplayGuard, Verifier};
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = AuthService::builder(
    /// #     Arc::new(MemoryStore::new()),
    /// #     &SecretKey::new([7; 32])?,
    /// #     "https://sec.example.com",
    /// #     Audiences::new("divan.example.com", "sec.example.com")?,
    /// # );
    /// let bot: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
    /// let second: BotToken = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0001".parse()?;
    /// let verifier = Verifier::new(bot, Duration::from_hours(24))
    ///     .or(second)
    ///     .replay_guard(Arc::new(InMemoryReplayGuard::new(100_000)));
    /// let service = builder.telegram_verifier(verifier).build();
    /// # let _ = service;
    /// # Ok(())
    /// # }
    /// ```
    pub fn telegram_verifier(mut self, verifier: Verifier) -> Self {
        self.telegram = Some(verifier);
        self
    }

    /// Sets the maximum age of init data at auto-login. It is never longer than the maximum age of the
    /// verifier for sign-in. Default: one hour.
    ///
    /// Within this time, stolen init data alone signs the attacker in.
    pub fn auto_login_max_age(mut self, max_age: Duration) -> Self {
        self.auto_login_max_age = max_age;
        self
    }

    /// Sets the verifier of init data at auto-login, instead of the derived one. Without a verifier
    /// for sign-in it has no effect.
    pub fn auto_login_verifier(mut self, verifier: Verifier) -> Self {
        self.auto_login = Some(verifier);
        self
    }

    /// Accepts refresh tokens, device tokens and second factors of the previous key too, so that users
    /// stay signed in.
    /// Its access tokens are refused, and clients refresh them. Default: none.
    pub fn previous_key(mut self, previous: &SecretKey) -> Self {
        self.previous_key = Some(previous.clone());
        self
    }

    /// Sets the keys of access tokens. Default: HS256 with the key of the service. Refresh tokens
    /// always use the key of the service.
    pub fn token_keys(mut self, keys: KeyRing) -> Self {
        self.token_keys = Some(keys);
        self
    }

    /// Sets the rule for creating the first administrator. Default: [`BootstrapPolicy::Closed`].
    pub fn bootstrap(mut self, policy: BootstrapPolicy) -> Self {
        self.bootstrap = policy;
        self
    }

    /// Sets whether administrators need a second factor. Default: [`SecondFactorPolicy::Optional`].
    pub fn admin_second_factor(mut self, policy: SecondFactorPolicy) -> Self {
        self.second_factor = policy;
        self
    }

    /// Sets whether a second administrator must approve each new administrator. Default: `false`.
    pub fn admin_approval(mut self, is_required: bool) -> Self {
        self.admin_approval = is_required;
        self
    }

    /// Sets the address of the admin panel, for which administrators have passkeys. Default: none, and
    /// passkeys are not configured.
    #[cfg(feature = "passkeys")]
    pub fn passkeys(mut self, party: crate::passkey::RelyingParty) -> Self {
        self.passkeys = Some(party);
        self
    }

    /// Sets whether people with a linked Telegram account get messages about changes of their account. The
    /// program must then deliver them: see [`AuthService::claim_messages`]. Default: no.
    pub fn messages(mut self, are_on: bool) -> Self {
        self.messages = are_on;
        self
    }

    /// Sets whether changes of users and ends of sessions are written as events, for other parts of the
    /// program and other services. The program must then delete old ones: see
    /// [`AuthService::events_after`] and [`AuthService::purge_events`]. Default: no.
    pub fn events(mut self, are_on: bool) -> Self {
        self.events = are_on;
        self
    }

    /// Sets the addresses to which events are delivered as webhooks, and the HTTP client. The program must
    /// then deliver them: see [`AuthService::due_webhooks`]. Events must be on. Default: none, and webhooks are
    /// not configured.
    pub fn webhooks(
        mut self,
        targets: WebhookTargets,
        transport: Arc<dyn WebhookTransport>,
    ) -> Self {
        self.webhooks = Some((targets, transport));
        self
    }

    /// Sets the country of phone numbers without a country code. Default: Kazakhstan.
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// Sets the lifetimes of the sessions of an audience. Default: [`SessionLife::MINI_APP`],
    /// [`SessionLife::ADMIN`].
    pub fn session_life(mut self, audience: Audience, life: SessionLife) -> Self {
        match audience {
            Audience::MiniApp => self.miniapp_life = life,
            Audience::Admin => self.admin_life = life,
        }
        self
    }

    /// Sets the password hasher. Default: [`Argon2idHasher`] with its default parameters.
    pub fn hasher(mut self, hasher: Arc<dyn PasswordHasher>) -> Self {
        self.hasher = hasher;
        self
    }

    /// Sets the passwords and words that a new password must not consist of. Default: the embedded
    /// lists.
    pub fn blocklist(mut self, blocklist: Blocklist) -> Self {
        self.blocklist = blocklist;
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the source of randomness. Default: [`OsEntropy`].
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// Builds the service.
    pub fn build(self) -> AuthService {
        let (auto_login, max_age, clock) = (self.auto_login, self.auto_login_max_age, &self.clock);
        let telegram = self.telegram.map(|login| TelegramVerifiers {
            auto_login: auto_login
                .unwrap_or_else(|| auto_login_verifier(&login, max_age))
                .clock(clock.clone()),
            login: login.clock(clock.clone()),
        });
        let mut second_factor_keys = SecondFactorKeys::new(&self.key);
        let (mut refresh_keys, mut device_keys) =
            (RefreshKeys::new(&self.key), DeviceKeys::new(&self.key));
        if let Some(previous) = &self.previous_key {
            second_factor_keys = second_factor_keys.or(previous);
            refresh_keys = refresh_keys.or(previous);
            device_keys = device_keys.or(previous);
        }
        #[cfg(feature = "passkeys")]
        let passkeys = self.passkeys.map(|party| {
            super::passkeys::Passkeys::new(party, &self.key, self.previous_key.as_ref())
        });
        let webhooks = self.webhooks.filter(|_| self.events).map(|sender| {
            super::webhooks::Webhooks::new(
                sender,
                &self.key,
                self.previous_key.as_ref(),
                &self.issuer,
            )
        });
        let admin_host = self.audiences.host(Audience::Admin).into();
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
            refresh_keys,
            device_keys,
            second_factor_keys,
            second_factor: self.second_factor,
            admin_approval: self.admin_approval,
            #[cfg(feature = "passkeys")]
            passkeys,
            copied_passkeys: AtomicU64::new(0),
            admin_host,
            attempts: Attempts::new(&self.key),
            messages: Messages::new(self.messages),
            events: Events::new(self.events),
            webhooks,
            reused_tokens: AtomicU64::new(0),
            cache: SessionCache::default(),
            services: ServiceCache::default(),
            miniapp_life: self.miniapp_life,
            admin_life: self.admin_life,
            telegram,
            bootstrap: self.bootstrap,
            region: self.region,
            blocklist: self.blocklist,
            clock: self.clock,
            entropy: self.entropy,
        };
        AuthService {
            parts: Arc::new(parts),
        }
    }
}

/// Derives the verifier of auto-login from the one of sign-in.
fn auto_login_verifier(login: &Verifier, max_age: Duration) -> Verifier {
    let verifier = login.clone().max_age_at_most(max_age);
    match login.guard() {
        Some(guard) => verifier.replay_guard(Arc::new(AutoLoginGuard(guard.clone()))),
        None => verifier,
    }
}

/// A replay guard that distinguishes auto-login from sign-in.
#[derive(Debug)]
struct AutoLoginGuard(Arc<dyn ReplayGuard>);

impl ReplayGuard for AutoLoginGuard {
    fn admit(&self, proof: &[u8], now: u64, until: u64) -> Admission {
        self.0.admit(&[b"auto-login:", proof].concat(), now, until)
    }
}
