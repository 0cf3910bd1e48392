//! Connection URLs, and the variables that may replace them.

use std::net::IpAddr;
use std::num::NonZeroU16;

use url::{Host, Url};

use super::env::{COMPOSE_HINT, Env};
use super::placeholder::is_factory_password;
use super::unrelated::is_service_link_value;
use super::variable::Variable;
use crate::percent::{self, InvalidEscape};
use crate::secret::Secret;

/// The parts of a URL such as `redis://user:password@host:6379/0`.
pub(super) struct ServerUrl {
    /// The scheme is the one for TLS.
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    /// The path without its first slash, still percent-encoded.
    pub(super) path: String,
}

/// A rule that a connection URL breaks. The message continues the name of the variable and contains
/// no part of the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidServerUrl {
    #[error("must start with `{0}://` or `{1}://`")]
    Scheme(&'static str, &'static str),
    #[error(
        "must be a URL (write `/`, `?`, `#` and `@` in the password as `%2F`, `%3F`, `%23` and `%40`)"
    )]
    Unreadable,
    #[error("must contain a host")]
    NoHost,
    #[error(
        "contains a user without a password (for a password without a user, write `:password@`)"
    )]
    NoPassword,
    #[error("contains an invalid percent escape (write `%` in the password as `%25`)")]
    Escape,
    #[error(
        "must not contain parameters or a fragment (write `?` and `#` in the password as `%3F` and `%23`)"
    )]
    Parameters,
    #[error("must end with {0}")]
    Path(&'static str),
}

impl From<InvalidEscape> for InvalidServerUrl {
    fn from(_: InvalidEscape) -> Self {
        Self::Escape
    }
}

impl ServerUrl {
    /// Parses a URL with the plain or the encrypted scheme.
    pub(super) fn parse(
        text: &str,
        [plain, encrypted]: [&'static str; 2],
    ) -> Result<Self, InvalidServerUrl> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        if scheme != Some(plain) && scheme != Some(encrypted) {
            return Err(InvalidServerUrl::Scheme(plain, encrypted));
        }
        let is_encrypted = scheme == Some(encrypted);
        let url = Url::parse(text).map_err(|_| InvalidServerUrl::Unreadable)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidServerUrl::Parameters);
        }
        // An unescaped `/` in a password ends the host, and the rest would be shown as a path.
        if url.path().contains('@') {
            return Err(InvalidServerUrl::Unreadable);
        }
        let host = host_of(&url).ok_or(InvalidServerUrl::NoHost)?;
        let user = match url.username() {
            "" => None,
            user => Some(percent::decode(user)?),
        };
        let password = match url.password() {
            Some(password) => Some(Secret::new(percent::decode(password)?)),
            // `Url` drops an empty password.
            None => text.rsplit_once(":@").map(|_| Secret::default()),
        };
        if user.is_some() && password.is_none() {
            return Err(InvalidServerUrl::NoPassword);
        }
        Ok(Self {
            tls: is_encrypted,
            host: percent::decode(&host)?,
            port: url.port(),
            user,
            password,
            path: url.path().strip_prefix('/').unwrap_or_default().to_owned(),
        })
    }
}

/// The host in the form that connections need: an IPv6 address without brackets.
pub(super) fn host_of(url: &Url) -> Option<String> {
    let host = match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    };
    Some(host).filter(|host| !host.is_empty())
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with('/')
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Refuses an empty password and, in a deployment, a placeholder. Warns about a factory password of
/// a server on another machine. Returns `true` if the password is acceptable.
pub(super) fn check_password(
    env: &mut Env<'_>,
    variable: &Variable,
    password: &Secret,
    host: &str,
) -> bool {
    let password = password.expose();
    if password.is_empty() {
        let reason = format!("must not contain an empty password; {COMPOSE_HINT}");
        env.error(variable, reason);
        return false;
    }
    let is_valid = env.check_placeholder(variable, password);
    if is_valid && env.is_deployment() && !is_local(host) && is_factory_password(password) {
        let reason =
            "contains a default password, such as `guest` or `minioadmin`: change it on the server";
        env.warn(variable, reason);
    }
    is_valid
}

/// Reads a host from a variable of its own. An IPv6 address has no brackets.
pub(super) fn host(env: &mut Env<'_>, variable: &Variable) -> Option<String> {
    env.checked(variable, |text| {
        let is_name =
            || !text.contains([':', '/', '@', '[', ']']) && !text.contains(char::is_whitespace);
        if text.parse::<IpAddr>().is_ok() || is_name() {
            Ok(text.to_owned())
        } else {
            Err("must be a host without a port (the port has its own variable)")
        }
    })
}

/// Reads a port from a variable of its own.
///
/// Kubernetes sets `REDIS_PORT=tcp://10.0.0.1:6379` for a service named `redis`; that is an error.
pub(super) fn port(env: &mut Env<'_>, variable: &Variable, default: u16) -> u16 {
    if is_service_link(env, variable) {
        let service = variable.name.trim_end_matches("_PORT").to_lowercase();
        let reason = format!(
            "contains the address that Kubernetes sets for the Service `{service}`: set the port number, or \
             `enableServiceLinks: false` in the pod"
        );
        env.error(variable, reason);
        return default;
    }
    let read = |text: &str| {
        text.parse::<NonZeroU16>()
            .map_err(|_| "must be a number from 1 to 65535")
    };
    env.checked(variable, read).map_or(default, NonZeroU16::get)
}

/// Refuses variables that contradict the URL.
pub(super) fn check_agreement(
    env: &mut Env<'_>,
    url: &Variable,
    parts: &[(&Variable, Option<&str>)],
) {
    for &(variable, in_url) in parts {
        if is_service_link(env, variable) || !env.is_set(variable) {
            continue;
        }
        let text = if variable.is_secret() {
            env.secret(variable)
        } else {
            env.text(variable).map(Secret::from)
        };
        if text.is_some_and(|text| Some(text.expose()) != in_url) {
            let reason = format!("contradicts {}; remove one of them", url.name);
            env.error(variable, reason);
        }
    }
}

fn is_service_link(env: &Env<'_>, variable: &Variable) -> bool {
    env.value(variable.name)
        .is_some_and(|found| is_service_link_value(found.value.expose()))
}
