//! Configuration of the server. All errors are returned in one report.

mod addresses;
mod events;
mod hashing;
mod keys;
mod server;
mod sessions;
mod sign_in;
mod text;
mod webhooks;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use divan_core::infra::{
    ADMIN_URL, ConfigErrors, DatabaseConfig, DatabaseUrl, DependencyKind, Env, HttpConfig, Infra,
    MINIAPP_URL, QdrantConfig, RabbitMqConfig, RedisConfig, S3Config, Section, TELEGRAM_BOT_TOKEN,
    TelegramConfig,
};
use divan_core::init_data::BotToken;
use divan_core::password::{Argon2idParams, Blocklist};
use divan_core::service::{BootstrapPolicy, Region, SecondFactorPolicy};
use divan_core::token::{KeyRing, SecretKey};
use divan_core::webhook::target::WebhookTargets;

use crate::development::Development;
use crate::state::Pages;
use keys::{Keys, SECRET_KEY, SIGNING_KEY};

pub use addresses::Addresses;
pub(crate) use addresses::{are_local, is_local};
pub use events::EventsConfig;
pub(crate) use server::LogConfig;
pub use sessions::SessionsConfig;
pub use sign_in::InitDataAges;
pub use text::{configuration_markdown, env_example};

/// All sections of the configuration, in the order of the documentation.
pub static SECTIONS: [&Section; 14] = [
    DatabaseConfig::SECTION,
    &keys::SECTION,
    TelegramConfig::SECTION,
    HttpConfig::SECTION,
    &sign_in::SECTION,
    &sessions::SECTION,
    &events::SECTION,
    &webhooks::SECTION,
    &hashing::SECTION,
    &server::SECTION,
    S3Config::SECTION,
    QdrantConfig::SECTION,
    RedisConfig::SECTION,
    RabbitMqConfig::SECTION,
];

/// Prefix of the names that belong to Divan alone.
const PREFIX: &str = "DIVAN_";

/// The configuration of a server. `docs/guide/src/reference/configuration.md` lists its variables.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// Development mode, if it is active.
    pub development: Option<Development>,
    /// Database.
    pub database: DatabaseUrl,
    /// Secret from which the keys of refresh tokens, device tokens and limits are derived. Signs
    /// access tokens unless a signing key is set.
    pub secret_key: SecretKey,
    /// Secret that was replaced, whose refresh tokens and device tokens stay valid; if set.
    pub previous_secret_key: Option<SecretKey>,
    /// Keys of access tokens.
    pub token_keys: KeyRing,
    /// Token of the bot that opens the Mini App, if set or generated.
    pub bot_token: Option<BotToken>,
    /// Maximum ages of init data.
    pub init_data_ages: InitDataAges,
    /// Public URLs of the two audiences.
    pub addresses: Addresses,
    /// Rule for the creation of the first administrator.
    pub bootstrap: BootstrapPolicy,
    /// Rule for the second factor of administrators.
    pub admin_second_factor: SecondFactorPolicy,
    /// A second administrator must approve each new one.
    pub admin_approval: bool,
    /// The bot sends people messages about changes of their account.
    pub notifications: bool,
    /// Country of phone numbers without a country code.
    pub region: Region,
    /// Passwords and words that a new password must not consist of.
    pub blocklist: Blocklist,
    /// Parameters of password hashes.
    pub argon2id: Argon2idParams,
    /// Lifetimes of sessions.
    pub sessions: SessionsConfig,
    /// Events for other services.
    pub events: EventsConfig,
    /// Addresses to which webhooks are sent.
    pub webhook_targets: WebhookTargets,
    /// Time from the stop signal until connections are no longer accepted.
    pub drain: Duration,
    /// Serves the documentation.
    pub docs: bool,
    /// Name of the cookie that may contain the access token for `/auth/verify`.
    pub verify_cookie: Option<String>,
    /// Served pages.
    pub pages: Pages,
    /// Required dependencies, in addition to the database.
    pub required: Vec<DependencyKind>,
    /// Configuration of external systems, without the values of development mode.
    pub infra: Infra,
}

impl Config {
    /// Reads the configuration of a server that listens on `listen` from the environment of the
    /// process and `.env`, and logs warnings.
    ///
    /// # Errors
    /// All configuration errors.
    pub fn from_process(listen: SocketAddr) -> Result<Self, ConfigErrors> {
        let mut env = Env::of_process();
        let config = Self::from_env(&mut env, listen);
        for warning in env.warnings() {
            tracing::warn!("{warning}");
        }
        config
    }

    /// Reads the configuration from any source of variables.
    ///
    /// # Errors
    /// All configuration errors.
    pub fn read(
        source: &dyn Fn(&str) -> Option<String>,
        listen: SocketAddr,
    ) -> Result<Self, ConfigErrors> {
        Self::from_env(&mut Env::new(source), listen)
    }

    /// Reads the configuration of a server that listens on `listen`.
    ///
    /// Without `DATABASE_URL`, this is development mode: if there are no errors, it creates the
    /// folder `divan-data` with a secret key and a bot token, unless they are set.
    ///
    /// # Errors
    /// All configuration errors.
    pub fn from_env(env: &mut Env<'_>, listen: SocketAddr) -> Result<Self, ConfigErrors> {
        Self::with_development(env, listen, Development::prepare)
    }

    /// [`from_env`](Self::from_env) without writing anything: secrets that development mode has not
    /// generated yet have substitute values.
    ///
    /// # Errors
    /// All configuration errors.
    pub fn check(env: &mut Env<'_>, listen: SocketAddr) -> Result<Self, ConfigErrors> {
        Self::with_development(env, listen, Development::inspect)
    }

    fn with_development(
        env: &mut Env<'_>,
        listen: SocketAddr,
        development: impl FnOnce(&mut Env<'_>) -> Option<Development>,
    ) -> Result<Self, ConfigErrors> {
        env.check_names(&SECTIONS, PREFIX);
        let infra = Infra::read(env);
        let keys = Keys::read(env);
        let addresses = addresses::read(env, &infra.http, listen.port());
        // Secrets or public URLs indicate a future deployment, perhaps behind a proxy on this
        // machine.
        let given = [
            &SECRET_KEY,
            &SIGNING_KEY,
            &TELEGRAM_BOT_TOKEN,
            &MINIAPP_URL,
            &ADMIN_URL,
        ];
        let is_prepared = given.into_iter().any(|variable| env.is_set(variable));
        let origins = &infra.http.dev_origins;
        // Another origin indicates a tunnel, whose requests may look like direct ones.
        let is_private = !env.is_deployment()
            && listen.ip().is_loopback()
            && are_local(origins)
            && (!is_prepared || !origins.is_empty());
        let bootstrap = sign_in::bootstrap(env, is_private);
        let admin_second_factor = sign_in::second_factor(env);
        let admin_approval = sign_in::admin_approval(env);
        let notifications = sign_in::notifications(env);
        let init_data_ages = sign_in::ages(env);
        let region = sign_in::region(env);
        let blocklist = sign_in::blocklist(env);
        let argon2id = hashing::read(env);
        let sessions = sessions::read(env);
        let events = events::read(env);
        let webhook_targets = webhooks::targets(env);
        let drain = server::drain(env);
        let docs = server::docs(env);
        let pages = server::pages(env);
        let required = server::required(env, &infra);
        LogConfig::read(env);
        // A server that will not start writes nothing.
        env.finish()?;

        let development = if env.is_deployment() {
            None
        } else {
            development(env)
        };
        let generated = development.as_ref();
        let secret_key = keys
            .secret
            .clone()
            .or_else(|| keys::generated(env, generated?));
        let bot_token = infra
            .telegram
            .bot_token
            .clone()
            .or_else(|| generated_bot_token(env, generated?));
        let database = infra
            .database
            .url
            .clone()
            .or_else(|| Some(DatabaseUrl::Sqlite(generated?.database())));
        env.finish()?;
        if let Some(DatabaseUrl::Sqlite(path)) = &database {
            check_private(env, path);
        }
        match (database, secret_key, addresses, argon2id) {
            (Some(database), Some(secret_key), Some(addresses), Some(argon2id)) => Ok(Self {
                database,
                token_keys: keys.ring(&secret_key),
                secret_key,
                previous_secret_key: keys.previous_secret,
                bot_token,
                init_data_ages,
                addresses,
                bootstrap,
                admin_second_factor,
                admin_approval,
                notifications,
                region,
                blocklist,
                argon2id,
                sessions,
                events,
                webhook_targets,
                drain,
                docs,
                pages,
                verify_cookie: keys.verify_cookie,
                required,
                infra,
                development,
            }),
            // Each missing value has recorded its error.
            _ => Err(ConfigErrors::default()),
        }
    }

    /// Tokens whose init data is accepted: of the bot that opens the Mini App, its replaced token, and
    /// the tokens of further bots.
    pub fn bot_tokens(&self) -> impl Iterator<Item = &BotToken> {
        self.bot_token
            .iter()
            .chain(self.infra.telegram.other_tokens())
    }

    /// Reads the bot tokens only, for commands that need nothing else. The first is that of
    /// [`bot_token`](Self::bot_token).
    ///
    /// # Errors
    /// The errors of the tokens, or that the first is missing.
    #[cfg(feature = "cli")]
    pub(crate) fn bot_tokens_of_process() -> Result<Vec<BotToken>, ConfigErrors> {
        let mut env = Env::of_process();
        let telegram = TelegramConfig::read(&mut env);
        env.finish()?;
        let mut tokens = vec![Self::bot_token()?];
        tokens.extend(telegram.other_tokens().cloned());
        Ok(tokens)
    }

    /// Reads the bot token only, for commands that need nothing else.
    ///
    /// # Errors
    /// The errors of the token, or that it is missing.
    pub fn bot_token() -> Result<BotToken, ConfigErrors> {
        let mut env = Env::of_process();
        let mut token = TelegramConfig::read_bot_token(&mut env);
        env.finish()?;
        if token.is_none() && env.is_deployment() {
            env.require(&TELEGRAM_BOT_TOKEN, "this command requires it");
        } else if token.is_none() {
            token = Development::existing(&mut env)
                .and_then(|development| generated_bot_token(&mut env, &development));
        }
        env.finish()?;
        token.ok_or_else(ConfigErrors::default)
    }
}

/// Records a warning for each file of a SQLite database that other users can read.
fn check_private(env: &mut Env<'_>, database: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        env.check_private(Path::new(&name));
    }
}

/// The bot token that development mode generated.
fn generated_bot_token(env: &mut Env<'_>, development: &Development) -> Option<BotToken> {
    let report = |_| {
        let file = development.bot_token_file();
        env.error(
            &TELEGRAM_BOT_TOKEN,
            format!(
                "is not set, and {} contains no bot token; remove the file, so that it is generated again",
                file.display()
            ),
        );
    };
    development
        .bot_token()
        .expose()
        .parse()
        .map_err(report)
        .ok()
}

#[cfg(test)]
mod tests;
