//! What the server is told by its environment. All that is wrong is told at once.

mod addresses;
mod hashing;
mod keys;
mod server;
mod sessions;
mod sign_in;
mod text;

use std::net::SocketAddr;

use divan_core::infra::{
    ADMIN_URL, ConfigErrors, DatabaseConfig, DatabaseUrl, DependencyKind, Env, HttpConfig, Infra,
    MINIAPP_URL, QdrantConfig, RabbitMqConfig, RedisConfig, S3Config, Section, TELEGRAM_BOT_TOKEN,
    TelegramConfig,
};
use divan_core::init_data::BotToken;
use divan_core::password::Argon2idParams;
use divan_core::service::{BootstrapPolicy, Region};
#[cfg(feature = "postgres")]
use divan_core::store::PostgresPool;
use divan_core::token::{KeyRing, SecretKey};

use crate::development::Development;
use keys::{Keys, SECRET_KEY, SIGNING_KEY};

pub use addresses::Addresses;
#[cfg(feature = "cli")]
pub(crate) use addresses::is_local;
pub(crate) use server::LogConfig;
pub use sessions::SessionsConfig;
pub use text::{configuration_markdown, env_example};

/// Everything that a server is read from, in the order of its documentation.
pub static SECTIONS: [&Section; 12] = [
    DatabaseConfig::SECTION,
    &keys::SECTION,
    TelegramConfig::SECTION,
    HttpConfig::SECTION,
    &sign_in::SECTION,
    &sessions::SECTION,
    &hashing::SECTION,
    &server::SECTION,
    S3Config::SECTION,
    QdrantConfig::SECTION,
    RedisConfig::SECTION,
    RabbitMqConfig::SECTION,
];

/// The beginning of the names that are ours alone.
const PREFIX: &str = "DIVAN_";

/// The configuration of a server. `docs/configuration.md` has the variables that it is read from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// The development default, where it applies.
    pub development: Option<Development>,
    /// The database.
    pub database: DatabaseUrl,
    /// How connections are held, where it is PostgreSQL.
    #[cfg(feature = "postgres")]
    pub postgres_pool: PostgresPool,
    /// What signs refresh tokens, and access tokens where nothing else does.
    pub secret_key: SecretKey,
    /// The keys of access tokens.
    pub token_keys: KeyRing,
    /// The bot, where there is one.
    pub bot_token: Option<BotToken>,
    /// Where the two audiences are.
    pub addresses: Addresses,
    /// Who may create the first administrator.
    pub bootstrap: BootstrapPolicy,
    /// The country of phone numbers without a country code.
    pub region: Region,
    /// The cost of a password hash.
    pub argon2id: Argon2idParams,
    /// How long sessions last.
    pub sessions: SessionsConfig,
    /// Whether to serve the documentation.
    pub docs: bool,
    /// The names of what has to be there besides the database.
    pub required: Vec<DependencyKind>,
    /// What the variables say of the outside world, before the development default filled anything
    /// in.
    pub infra: Infra,
}

impl Config {
    /// Reads the configuration of a server that listens on `listen` from the variables of the
    /// process and `.env` in the current folder, and logs what is odd.
    ///
    /// # Errors
    /// All that is wrong with it.
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
    /// All that is wrong with it.
    pub fn read(
        source: &dyn Fn(&str) -> Option<String>,
        listen: SocketAddr,
    ) -> Result<Self, ConfigErrors> {
        Self::from_env(&mut Env::new(source), listen)
    }

    /// Reads the configuration of a server that listens on `listen`.
    ///
    /// Without `DATABASE_URL` it is the development default: the folder `divan-data` is made, with
    /// a secret key and a bot token in it, where these are not given and nothing else is wrong.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_env(env: &mut Env<'_>, listen: SocketAddr) -> Result<Self, ConfigErrors> {
        Self::with_development(env, listen, Development::prepare)
    }

    /// [`from_env`](Self::from_env), but nothing is made: secrets of the development default that
    /// are not there yet are stand-ins.
    ///
    /// # Errors
    /// All that is wrong with it.
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
        // Whoever gives secrets or public addresses is on the way to a deployment, perhaps behind a
        // proxy on this machine.
        let given = [
            &SECRET_KEY,
            &SIGNING_KEY,
            &TELEGRAM_BOT_TOKEN,
            &MINIAPP_URL,
            &ADMIN_URL,
        ];
        let is_private = !env.is_deployment()
            && listen.ip().is_loopback()
            && !given.into_iter().any(|variable| env.is_set(variable));
        let bootstrap = sign_in::bootstrap(env, is_private);
        let region = sign_in::region(env);
        let argon2id = hashing::read(env);
        let sessions = sessions::read(env);
        let docs = server::docs(env);
        let required = server::required(env, &infra);
        LogConfig::read(env);
        // Nothing is made for a server that is not going to start.
        env.finish()?;

        let development = if env.is_deployment() {
            None
        } else {
            development(env)
        };
        let made_up = development.as_ref();
        let secret_key = keys.secret.clone().or_else(|| keys::made_up(env, made_up?));
        let bot_token = infra
            .telegram
            .bot_token
            .clone()
            .or_else(|| bot_made_up(env, made_up?));
        let database = infra
            .database
            .url
            .clone()
            .or_else(|| Some(DatabaseUrl::Sqlite(made_up?.database())));
        env.finish()?;
        match (database, secret_key, addresses, argon2id) {
            (Some(database), Some(secret_key), Some(addresses), Some(argon2id)) => Ok(Self {
                database,
                #[cfg(feature = "postgres")]
                postgres_pool: pool(&infra.database),
                token_keys: keys.ring(&secret_key),
                secret_key,
                bot_token,
                addresses,
                bootstrap,
                region,
                argon2id,
                sessions,
                docs,
                required,
                infra,
                development,
            }),
            // Each of them tells why it is none.
            _ => Err(ConfigErrors::default()),
        }
    }

    /// The bot token of this process's variables alone, for commands that need nothing else.
    ///
    /// # Errors
    /// What is wrong with it, or that there is none.
    pub fn bot_token() -> Result<BotToken, ConfigErrors> {
        let mut env = Env::of_process();
        let mut token = TelegramConfig::read_bot_token(&mut env);
        env.finish()?;
        if token.is_none() && env.is_deployment() {
            env.missing(&TELEGRAM_BOT_TOKEN, "this needs one");
        } else if token.is_none() {
            token = Development::prepare(&mut env)
                .and_then(|development| bot_made_up(&mut env, &development));
        }
        env.finish()?;
        token.ok_or_else(ConfigErrors::default)
    }
}

/// The bot token that the development default made up.
fn bot_made_up(env: &mut Env<'_>, development: &Development) -> Option<BotToken> {
    let wrong = |error| {
        env.wrong(
            &TELEGRAM_BOT_TOKEN,
            format!("in the development default's folder is {error}"),
        )
    };
    development.bot_token().expose().parse().map_err(wrong).ok()
}

#[cfg(feature = "postgres")]
fn pool(config: &DatabaseConfig) -> PostgresPool {
    let mut pool = PostgresPool::default();
    pool.max_connections = config.max_connections;
    pool.acquire_timeout = config.acquire_timeout;
    pool.statement_cache = config.statement_cache;
    pool
}

#[cfg(test)]
mod tests;
