use std::fmt;

use super::RedisConfig;
use crate::infra::env::Env;
use crate::infra::server_url::{
    InvalidServerUrl, ServerUrl, check_agreement, check_password, host, port,
};
use crate::infra::variable::{Section, section};
use crate::secret::Secret;

section! {
    static SECTION =
        "Redis",
        "Set `REDIS_URL`, or `REDIS_HOST` and the variables below it. If both are set they must agree. Requires the \
         feature `redis`.";

    REDIS_URL = (
        "REDIS_URL",
        "URL of the server: `redis://user:password@host:6379/0`, encrypted `rediss://`",
        "redis://:PASSWORD@localhost:6379/0",
    )
    .when_unset("the variables below").synonyms(&["REDIS_DSN", "REDIS_CONNECTION_STRING"])
    .secret_except(|text| parse_url(text).ok().map(|config| config.to_string()));

    REDIS_HOST = ("REDIS_HOST", "host of the server", "localhost")
        .when_unset("no Redis, unless `REDIS_URL` is set").synonyms(&["REDIS_HOSTNAME"]);

    REDIS_PORT = ("REDIS_PORT", "port of the server", "6379")
        .form("a number from 1 to 65535").when_unset("`6379`");

    REDIS_USER = ("REDIS_USER", "user, if the server has several", "divan")
        .when_unset("default user of the server").synonyms(&["REDIS_USERNAME"]);

    REDIS_PASSWORD = (
        "REDIS_PASSWORD",
        "password, if the server requires one",
        "the-password-of-the-server",
    ).when_unset("none").secret().synonyms(&["REDIS_PASS"]);

    REDIS_DB = ("REDIS_DB", "number of the database", "1")
        .form("a number").when_unset("`0`").synonyms(&["REDIS_DATABASE"]);

    REDIS_TLS = ("REDIS_TLS", "`on` encrypts the connection", "on")
        .when_unset("`off`").synonyms(&["REDIS_SSL"]);
}

impl RedisConfig {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. `None` if neither `REDIS_URL` nor `REDIS_HOST` is set, or after an error.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        // Kubernetes sets a port alone, and the server itself reads the password.
        env.first_set(&[&REDIS_URL, &REDIS_HOST], "redis", cfg!(feature = "redis"))?;
        Self::parse(env)
    }

    fn parse(env: &mut Env<'_>) -> Option<Self> {
        let (config, variable) = if env.is_set(&REDIS_URL) {
            let config = env.checked(&REDIS_URL, parse_url)?;
            config.check_parts(env);
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
        let is_valid = config
            .password
            .as_ref()
            .is_none_or(|password| check_password(env, variable, password, &config.host));
        is_valid.then_some(config)
    }

    fn check_parts(&self, env: &mut Env<'_>) {
        let (port, database) = (self.port.to_string(), self.database.to_string());
        let tls = if self.tls { "on" } else { "off" };
        let parts = [
            (&REDIS_HOST, Some(self.host.as_str())),
            (&REDIS_PORT, Some(&port)),
            (&REDIS_USER, self.user.as_deref()),
            (&REDIS_PASSWORD, self.password.as_ref().map(Secret::expose)),
            (&REDIS_DB, Some(&database)),
            (&REDIS_TLS, Some(tls)),
        ];
        check_agreement(env, &REDIS_URL, &parts);
    }
}

impl fmt::Display for RedisConfig {
    /// Formats the URL without the password.
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
        config.database = url
            .path
            .parse()
            .map_err(|_| InvalidServerUrl::Path("the number of a database, as `/0`"))?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
