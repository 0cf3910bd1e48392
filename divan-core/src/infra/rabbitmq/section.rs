use std::fmt;

use super::RabbitMqConfig;
use crate::infra::env::Env;
use crate::infra::server_url::{
    InvalidServerUrl, ServerUrl, agrees, check_password, decoded, host, port, refuse_empty_password,
};
use crate::infra::variable::{Section, Variable};
use crate::secret::Secret;

static RABBITMQ_URL: Variable = Variable::new(
    "RABBITMQ_URL",
    "the server: `amqp://user:password@host:5672/vhost`, or encrypted `amqps://`",
    "amqp://divan:PASSWORD@localhost:5672/",
)
.when_unset("what the variables below say")
.also_called(&["AMQP_URL", "CLOUDAMQP_URL", "RABBITMQ_DSN", "RABBIT_URL"])
.secret_but(|text| parse_url(text).ok().map(|config| config.to_string()));

static RABBITMQ_HOST: Variable = Variable::new("RABBITMQ_HOST", "its host", "localhost")
    .when_unset("there is no RabbitMQ, unless `RABBITMQ_URL` is set")
    .also_called(&["RABBITMQ_HOSTNAME", "RABBIT_HOST"]);

static RABBITMQ_PORT: Variable = Variable::new("RABBITMQ_PORT", "its port", "5672")
    .form("a number from 1 to 65535")
    .when_unset("`5672`, with encryption `5671`");

static RABBITMQ_USER: Variable = Variable::new("RABBITMQ_USER", "the user", "divan")
    .when_unset("needed with `RABBITMQ_HOST`")
    .also_called(&["RABBITMQ_USERNAME", "RABBIT_USER"]);

static RABBITMQ_PASSWORD: Variable = Variable::new(
    "RABBITMQ_PASSWORD",
    "the user's password",
    "the-password-of-that-user",
)
.when_unset("needed with `RABBITMQ_HOST`")
.secret()
.also_called(&["RABBITMQ_PASS", "RABBIT_PASSWORD"]);

static RABBITMQ_VHOST: Variable =
    Variable::new("RABBITMQ_VHOST", "the virtual host", "divan").when_unset("`/`");

static RABBITMQ_TLS: Variable =
    Variable::new("RABBITMQ_TLS", "`on`: the connection is encrypted", "on")
        .when_unset("`off`")
        .also_called(&["RABBITMQ_SSL"]);

/// The ports of an installation that nobody changed.
const PORT: u16 = 5672;
const TLS_PORT: u16 = 5671;

/// Whom servers let in from their own machine.
const GUEST: &str = "guest";

static SECTION: Section = Section::new(
    "RabbitMQ",
    "`RABBITMQ_URL`, or `RABBITMQ_HOST` with user and password. Set beside an address, the others have to say the \
         same. `RABBITMQ_DEFAULT_USER` and the like are the server's own and are not read. Needs the feature `rabbitmq`.",
    &[
        &RABBITMQ_URL,
        &RABBITMQ_HOST,
        &RABBITMQ_PORT,
        &RABBITMQ_USER,
        &RABBITMQ_PASSWORD,
        &RABBITMQ_VHOST,
        &RABBITMQ_TLS,
    ],
);

impl RabbitMqConfig {
    /// What it is read from.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads it; `None` where neither `RABBITMQ_URL` nor `RABBITMQ_HOST` is set, or something is
    /// wrong.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        // A port alone is what Kubernetes sets.
        let first = [&RABBITMQ_URL, &RABBITMQ_HOST]
            .into_iter()
            .find(|variable| env.is_set(variable))?;
        if env.built_with(first, "rabbitmq", cfg!(feature = "rabbitmq")) {
            Self::parse(env)
        } else {
            None
        }
    }

    fn parse(env: &mut Env<'_>) -> Option<Self> {
        let (config, variable) = if env.is_set(&RABBITMQ_URL) {
            let config = env.checked(&RABBITMQ_URL, parse_url)?;
            config.check_others(env);
            (config, &RABBITMQ_URL)
        } else {
            (Self::from_variables(env)?, &RABBITMQ_PASSWORD)
        };
        let is_good = refuse_empty_password(env, variable, &config.password)
            && check_password(env, variable, &config.password, &config.host);
        is_good.then_some(config)
    }

    fn from_variables(env: &mut Env<'_>) -> Option<Self> {
        let host = host(env, &RABBITMQ_HOST);
        for variable in [&RABBITMQ_USER, &RABBITMQ_PASSWORD] {
            if !env.is_set(variable) {
                env.missing(variable, "RABBITMQ_HOST is");
            }
        }
        let tls = env.switch(&RABBITMQ_TLS, false);
        let port = port(env, &RABBITMQ_PORT, if tls { TLS_PORT } else { PORT });
        let (user, password) = (env.text(&RABBITMQ_USER), env.secret(&RABBITMQ_PASSWORD));
        let vhost = env.text(&RABBITMQ_VHOST);
        let mut config = Self::new(host?, user?, password?);
        config.vhost = vhost.unwrap_or(config.vhost);
        (config.port, config.tls) = (port, tls);
        Some(config)
    }

    fn check_others(&self, env: &mut Env<'_>) {
        let port = self.port.to_string();
        let tls = if self.tls { "on" } else { "off" };
        for (variable, in_url) in [
            (&RABBITMQ_HOST, self.host.as_str()),
            (&RABBITMQ_PORT, &port),
            (&RABBITMQ_USER, &self.user),
            (&RABBITMQ_PASSWORD, self.password.expose()),
            (&RABBITMQ_VHOST, &self.vhost),
            (&RABBITMQ_TLS, tls),
        ] {
            agrees(env, variable, &RABBITMQ_URL, Some(in_url));
        }
    }
}

impl fmt::Display for RabbitMqConfig {
    /// An address without the password.
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

/// Reads an address ([the form](https://www.rabbitmq.com/docs/uri-spec)). Without a user it is that
/// of a server that lets in whoever asks on its own machine.
fn parse_url(text: &str) -> Result<RabbitMqConfig, InvalidServerUrl> {
    let url = ServerUrl::parse(text, ["amqp", "amqps"])?;
    if url.path.contains('/') {
        return Err(InvalidServerUrl::Path);
    }
    let user = url.user.unwrap_or_else(|| GUEST.to_owned());
    let password = url.password.unwrap_or_else(|| Secret::new(GUEST));
    let mut config = RabbitMqConfig::new(url.host, user, password);
    config.tls = url.tls;
    config.port = url.port.unwrap_or(if url.tls { TLS_PORT } else { PORT });
    if !url.path.is_empty() {
        config.vhost = decoded(&url.path)?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
