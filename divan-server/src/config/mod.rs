//! What the server is told by its environment. All that is wrong is told at once.

mod addresses;
mod database;
pub(crate) mod env;
mod error;
mod hashing;
mod secrets;
mod sessions;
mod token_keys;

use std::net::SocketAddr;

use divan_core::infra::DatabaseUrl;
use divan_core::init_data::BotToken;
use divan_core::password::Argon2idParams;
use divan_core::service::{BootstrapPolicy, Region};
use divan_core::store::PostgresPool;
use divan_core::token::{KeyRing, SecretKey};

use crate::development::Development;
use env::Env;

pub use addresses::Addresses;
pub use error::{ConfigError, ConfigErrors};
pub use sessions::SessionsConfig;

/// The configuration of a server.
///
/// | variable | what |
/// |---|---|
/// | `DATABASE_URL` | the database, as `postgresql://user:password@host:5432/name` or `sqlite:///var/lib/divan/divan.db`; unset means the development default |
/// | `DIVAN_DATABASE_MAX_CONNECTIONS`, `_ACQUIRE_SECONDS` | of PostgreSQL: the most connections (10), the longest wait for one (5) |
/// | `DIVAN_DATABASE_STATEMENTS` | `off` behind a proxy that shares connections between transactions |
/// | `SECRET_KEY` | signs refresh tokens, and access tokens unless another key does; at least 32 bytes |
/// | `DIVAN_SIGNING_KEY_FILE` | the key that signs access tokens with EdDSA, in PEM |
/// | `DIVAN_VERIFYING_KEY_FILES` | further keys whose access tokens are accepted, private or public, separated by commas or colons |
/// | `DIVAN_ACCEPT_HS256_UNTIL` | until when access tokens are accepted that `SECRET_KEY` signed before |
/// | `TELEGRAM_BOT_TOKEN` | the bot whose Mini App employees sign in from |
/// | `DIVAN_MINIAPP_URL`, `DIVAN_ADMIN_URL` | the public addresses of the two surfaces |
/// | `DIVAN_ISSUER` | what tokens name as their issuer; default: the origin of `DIVAN_ADMIN_URL` |
/// | `DIVAN_BOOTSTRAP_TOKEN` | what creating the first administrator asks for |
/// | `DIVAN_PHONE_REGION` | the country of phone numbers without country code; default `KZ` |
/// | `DIVAN_ARGON2_MEMORY_KIB`, `_ITERATIONS`, `_LANES` | the cost of a password hash; default 19456, 2, 1 |
/// | `DIVAN_MINIAPP_SESSION_IDLE`, `_LIFE` | when a session of the Mini App ends: unless it is refreshed (`30d`), and at the latest (`90d`) |
/// | `DIVAN_ADMIN_SESSION_IDLE`, `_LIFE` | the same for the admin panel: `30m`, `12h` |
/// | `DIVAN_SESSION_RETENTION` | how long sessions that are over are remembered: `30d` |
/// | `DIVAN_DOCS` | `off` removes `/docs` and `/openapi.json` |
///
/// Each secret `X` may come as `X_FILE`, the path of a file, instead. An empty variable is an unset one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// The development default, where it applies.
    pub development: Option<Development>,
    /// The database.
    pub database: DatabaseUrl,
    /// How connections are held, where it is PostgreSQL.
    pub postgres_pool: PostgresPool,
    /// What signs refresh tokens, and access tokens where nothing else does.
    pub secret_key: SecretKey,
    /// The keys of access tokens.
    pub token_keys: KeyRing,
    /// The bot, where there is one.
    pub bot_token: Option<BotToken>,
    /// Where the two surfaces are.
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
}

impl Config {
    /// Reads the configuration of a server that listens on `listen` from the variables of the process.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn from_process(listen: SocketAddr) -> Result<Self, ConfigErrors> {
        Self::read(&env::of_process, listen)
    }

    /// Reads the configuration from any source of variables.
    ///
    /// Without `DATABASE_URL` it is the development default: the folder `divan-data` is made, with a secret key and
    /// a bot token in it, where these are not given.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(source: &dyn Fn(&str) -> Option<String>, listen: SocketAddr) -> Result<Self, ConfigErrors> {
        let mut env = Env::new(source);
        let database = database::read(&mut env);
        let development = if env.is_set("DATABASE_URL") { None } else { Development::prepare(&mut env) };
        let secret_key = secrets::secret_key(&mut env, development.as_ref());
        let token_keys = token_keys::read(&mut env, secret_key.as_ref());
        let bot_token = secrets::bot_token(&mut env, development.as_ref());
        let addresses = addresses::read(&mut env, listen.port());
        // Whoever gives secrets or public addresses is on the way to a deployment, perhaps behind a proxy on this machine.
        let given =
            ["SECRET_KEY", "DIVAN_SIGNING_KEY", "TELEGRAM_BOT_TOKEN", "DIVAN_MINIAPP_URL", "DIVAN_ADMIN_URL"];
        let is_private =
            development.is_some() && listen.ip().is_loopback() && !given.iter().any(|name| env.is_set(name));
        let bootstrap = secrets::bootstrap(&mut env, is_private);
        let argon2id = hashing::read(&mut env);
        let region = env.parsed("DIVAN_PHONE_REGION", Region::default(), "KZ");
        let sessions = sessions::read(&mut env);
        let docs = env.switch("DIVAN_DOCS", true);
        let postgres_pool = database::pool(&mut env);

        let database = database.or_else(|| Some(DatabaseUrl::Sqlite(development.as_ref()?.database())));
        let keys = secret_key.zip(token_keys);
        match (database, keys, addresses, argon2id, env.into_errors()) {
            (Some(database), Some((secret_key, token_keys)), Some(addresses), Some(argon2id), None) => {
                Ok(Self {
                    development,
                    database,
                    postgres_pool,
                    secret_key,
                    token_keys,
                    bot_token,
                    addresses,
                    bootstrap,
                    region,
                    argon2id,
                    sessions,
                    docs,
                })
            }
            (.., errors) => Err(errors.unwrap_or_default()),
        }
    }

    /// The bot token of this process's variables alone, for commands that need nothing else.
    ///
    /// # Errors
    /// What is wrong with it, or that there is none.
    pub fn bot_token() -> Result<BotToken, ConfigErrors> {
        let mut env = Env::new(&env::of_process);
        let given = env.is_set("TELEGRAM_BOT_TOKEN") || env.is_set("DATABASE_URL");
        let development = if given { None } else { Development::prepare(&mut env) };
        let token = secrets::bot_token(&mut env, development.as_ref());
        if token.is_none() && env.is_valid() {
            env.wrong("TELEGRAM_BOT_TOKEN", "is not set", secrets::BOT_TOKEN_EXAMPLE);
        }
        token.ok_or_else(|| env.into_errors().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
