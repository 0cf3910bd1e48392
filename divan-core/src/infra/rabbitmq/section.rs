use std::fmt;

use super::RabbitMqConfig;
use crate::infra::env::Env;
use crate::infra::server_url::{
    InvalidServerUrl, ServerUrl, check_agreement, check_password, host, port,
};
use crate::infra::variable::{Section, section};
use crate::percent;
use crate::secret::Secret;

/// Default ports.
const PORT: u16 = 5672;
const TLS_PORT: u16 = 5671;

/// Default user of a server, which it accepts on loopback only.
const GUEST: &str = "guest";

section! {
    static SECTION =
        "RabbitMQ",
        "Set `RABBITMQ_URL`, or `RABBITMQ_HOST` with user and password. If both are set they must agree. \
         `RABBITMQ_DEFAULT_USER` and similar variables configure the server itself and are ignored. Requires the feature \
         `rabbitmq`.";

    RABBITMQ_URL = (
        "RABBITMQ_URL",
        "URL of the server: `amqp://user:password@host:5672/vhost`, encrypted `amqps://`",
        "amqp://divan:PASSWORD@localhost:5672/",
    )
    .when_unset("the variables below")
    .synonyms(&["AMQP_URL", "CLOUDAMQP_URL", "RABBITMQ_DSN", "RABBIT_URL"])
    .secret_except(|text| parse_url(text).ok().map(|config| config.to_string()));

    RABBITMQ_HOST = ("RABBITMQ_HOST", "host of the server", "localhost")
        .when_unset("no RabbitMQ, unless `RABBITMQ_URL` is set")
        .synonyms(&["RABBITMQ_HOSTNAME", "RABBIT_HOST"]);

    RABBITMQ_PORT = ("RABBITMQ_PORT", "port of the server", "5672")
        .form("a number from 1 to 65535").when_unset("`5672`, or `5671` with TLS");

    RABBITMQ_USER = ("RABBITMQ_USER", "user", "divan")
        .when_unset("required with `RABBITMQ_HOST`")
        .synonyms(&["RABBITMQ_USERNAME", "RABBIT_USER"]);

    RABBITMQ_PASSWORD = ("RABBITMQ_PASSWORD", "password of the user", "the-password-of-that-user")
        .when_unset("required with `RABBITMQ_HOST`").secret()
        .synonyms(&["RABBITMQ_PASS", "RABBIT_PASSWORD"]);

    RABBITMQ_VHOST = ("RABBITMQ_VHOST", "virtual host", "divan").when_unset("`/`");

    RABBITMQ_TLS = ("RABBITMQ_TLS", "`on` encrypts the connection", "on")
        .when_unset("`off`").synonyms(&["RABBITMQ_SSL"]);
}

impl RabbitMqConfig {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. `None` if neither `RABBITMQ_URL` nor `RABBITMQ_HOST` is set, or after an
    /// error.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        // Kubernetes sets a port alone.
        env.first_set(
            &[&RABBITMQ_URL, &RABBITMQ_HOST],
            "rabbitmq",
            cfg!(feature = "rabbitmq"),
        )?;
        Self::parse(env)
    }

    fn parse(env: &mut Env<'_>) -> Option<Self> {
        let (config, variable) = if env.is_set(&RABBITMQ_URL) {
            let config = env.checked(&RABBITMQ_URL, parse_url)?;
            config.check_parts(env);
            (config, &RABBITMQ_URL)
        } else {
            (Self::from_variables(env)?, &RABBITMQ_PASSWORD)
        };
        check_password(env, variable, &config.password, &config.host).then_some(config)
    }

    fn from_variables(env: &mut Env<'_>) -> Option<Self> {
        let host = host(env, &RABBITMQ_HOST);
        for variable in [&RABBITMQ_USER, &RABBITMQ_PASSWORD] {
            env.require(variable, "RABBITMQ_HOST requires it");
        }
        let tls = env.switch(&RABBITMQ_TLS, false);
        let port = port(env, &RABBITMQ_PORT, if tls { TLS_PORT } else { PORT });
        let (user, password) = (env.text(&RABBITMQ_USER), env.secret(&RABBITMQ_PASSWORD));
        let vhost = env.checked(&RABBITMQ_VHOST, |text| match text.len() {
            ..=MAX_VHOST => Ok(text.to_owned()),
            _ => Err(format!("must be {VHOST}")),
        });
        let mut config = Self::new(host?, user?, password?);
        config.vhost = vhost.unwrap_or(config.vhost);
        (config.port, config.tls) = (port, tls);
        Some(config)
    }

    fn check_parts(&self, env: &mut Env<'_>) {
        let port = self.port.to_string();
        let tls = if self.tls { "on" } else { "off" };
        let parts = [
            (&RABBITMQ_HOST, Some(self.host.as_str())),
            (&RABBITMQ_PORT, Some(&port)),
            (&RABBITMQ_USER, Some(&self.user)),
            (&RABBITMQ_PASSWORD, Some(self.password.expose())),
            (&RABBITMQ_VHOST, Some(&self.vhost)),
            (&RABBITMQ_TLS, Some(tls)),
        ];
        check_agreement(env, &RABBITMQ_URL, &parts);
    }
}

impl fmt::Display for RabbitMqConfig {
    /// Formats the URL without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "amqps" } else { "amqp" };
        let vhost = if self.vhost == "/" { "" } else { &self.vhost };
        write!(
            f,
            "{scheme}://{}@{}:{}/{vhost}",
            self.user, self.host, self.port
        )
    }
}

/// Maximum length of a short string of AMQP, in bytes.
const MAX_VHOST: usize = 255;

const VHOST: &str = "a virtual host of at most 255 bytes";

/// Parses a URL ([AMQP URI specification](https://www.rabbitmq.com/docs/uri-spec)). Without a user,
/// the user is `guest`. The virtual host is everything after the first `/`, as in Python's clients, so
/// that `//` and `/%2F` are the virtual host `/`.
fn parse_url(text: &str) -> Result<RabbitMqConfig, InvalidServerUrl> {
    let url = ServerUrl::parse(text, ["amqp", "amqps"])?;
    let user = url.user.unwrap_or_else(|| GUEST.to_owned());
    let password = url.password.unwrap_or_else(|| Secret::new(GUEST));
    let mut config = RabbitMqConfig::new(url.host, user, password);
    config.tls = url.tls;
    config.port = url.port.unwrap_or(if url.tls { TLS_PORT } else { PORT });
    if !url.path.is_empty() {
        config.vhost = percent::decode(&url.path)?;
    }
    if config.vhost.len() > MAX_VHOST {
        return Err(InvalidServerUrl::Path(VHOST));
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
