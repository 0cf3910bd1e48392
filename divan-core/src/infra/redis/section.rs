use std::fmt;

use super::RedisConfig;
use crate::infra::env::Env;
use crate::infra::server_url::{
    InvalidServerUrl, ServerUrl, agrees, check_password, host, port, refuse_empty_password,
};
use crate::infra::variable::{Section, Variable};
use crate::secret::Secret;

static REDIS_URL: Variable = Variable::new(
    "REDIS_URL",
    "the server: `redis://user:password@host:6379/0`, or encrypted `rediss://`",
    "redis://:PASSWORD@localhost:6379/0",
)
.when_unset("what the variables below say")
.also_called(&["REDIS_DSN", "REDIS_CONNECTION_STRING"])
.secret_but(|text| parse_url(text).ok().map(|config| config.to_string()));

static REDIS_HOST: Variable = Variable::new("REDIS_HOST", "its host", "localhost")
    .when_unset("there is no Redis, unless `REDIS_URL` is set")
    .also_called(&["REDIS_HOSTNAME"]);

static REDIS_PORT: Variable = Variable::new("REDIS_PORT", "its port", "6379")
    .form("a number from 1 to 65535")
    .when_unset("`6379`");

static REDIS_USER: Variable =
    Variable::new("REDIS_USER", "the user, where there are several", "divan")
        .when_unset("the server's own")
        .also_called(&["REDIS_USERNAME"]);

static REDIS_PASSWORD: Variable = Variable::new(
    "REDIS_PASSWORD",
    "the password, where one is asked for",
    "the-password-of-the-server",
)
.when_unset("none is sent")
.secret()
.also_called(&["REDIS_PASS"]);

static REDIS_DB: Variable = Variable::new("REDIS_DB", "the number of the database", "1")
    .form("a number")
    .when_unset("`0`")
    .also_called(&["REDIS_DATABASE"]);

static REDIS_TLS: Variable = Variable::new("REDIS_TLS", "`on`: the connection is encrypted", "on")
    .when_unset("`off`")
    .also_called(&["REDIS_SSL"]);

static SECTION: Section = Section::new(
    "Redis",
    "`REDIS_URL`, or `REDIS_HOST` and what goes with it. Set beside an address, the others have to say the same. Needs \
         the feature `redis`.",
    &[
        &REDIS_URL,
        &REDIS_HOST,
        &REDIS_PORT,
        &REDIS_USER,
        &REDIS_PASSWORD,
        &REDIS_DB,
        &REDIS_TLS,
    ],
);

impl RedisConfig {
    /// What it is read from.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads it; `None` where neither `REDIS_URL` nor `REDIS_HOST` is set, or something is wrong.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        // A port alone is what Kubernetes sets, and a password alone what the server itself is
        // given.
        let first = [&REDIS_URL, &REDIS_HOST]
            .into_iter()
            .find(|variable| env.is_set(variable))?;
        if env.built_with(first, "redis", cfg!(feature = "redis")) {
            Self::parse(env)
        } else {
            None
        }
    }

    fn parse(env: &mut Env<'_>) -> Option<Self> {
        let (config, variable) = if env.is_set(&REDIS_URL) {
            let config = env.checked(&REDIS_URL, parse_url)?;
            config.check_others(env);
            (config, &REDIS_URL)
        } else {
            let mut config = Self::new(host(env, &REDIS_HOST)?);
            config.port = port(env, &REDIS_PORT, config.port);
            config.user = env.text(&REDIS_USER);
            config.password = env.secret(&REDIS_PASSWORD);
            config.database = env.parsed(&REDIS_DB, config.database);
            config.tls = env.switch(&REDIS_TLS, config.tls);
            (config, &REDIS_PASSWORD)
        };
        let is_good = config.password.as_ref().is_none_or(|password| {
            refuse_empty_password(env, variable, password)
                && check_password(env, variable, password, &config.host)
        });
        is_good.then_some(config)
    }

    fn check_others(&self, env: &mut Env<'_>) {
        let (port, database) = (self.port.to_string(), self.database.to_string());
        let tls = if self.tls { "on" } else { "off" };
        for (variable, in_url) in [
            (&REDIS_HOST, Some(self.host.as_str())),
            (&REDIS_PORT, Some(&port)),
            (&REDIS_USER, self.user.as_deref()),
            (&REDIS_PASSWORD, self.password.as_ref().map(Secret::expose)),
            (&REDIS_DB, Some(&database)),
            (&REDIS_TLS, Some(tls)),
        ] {
            agrees(env, variable, &REDIS_URL, in_url);
        }
    }
}

impl fmt::Display for RedisConfig {
    /// An address without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let user = self
            .user
            .as_ref()
            .map(|user| format!("{user}@"))
            .unwrap_or_default();
        write!(
            f,
            "{scheme}://{user}{}:{}/{}",
            self.host, self.port, self.database
        )
    }
}

fn parse_url(text: &str) -> Result<RedisConfig, InvalidServerUrl> {
    let url = ServerUrl::parse(text, ["redis", "rediss"])?;
    let mut config = RedisConfig::new(url.host);
    config.port = url.port.unwrap_or(config.port);
    (config.user, config.password, config.tls) = (url.user, url.password, url.tls);
    if !url.path.is_empty() {
        config.database = url.path.parse().map_err(|_| InvalidServerUrl::Path)?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
