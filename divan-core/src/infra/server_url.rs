//! Addresses of servers that say in one line where to connect and as whom.

use url::{Host, Url};

use super::env::{COMPOSE_HINT, Env};
use super::foreign::is_link;
use super::suspicion::is_factory_setting;
use super::variable::Variable;
use crate::percent;
use crate::secret::Secret;

/// What an address like `redis://user:password@host:6379/0` says.
pub(super) struct ServerUrl {
    /// Whether it is the second of the two schemes.
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    /// What follows the host, without the slash and not decoded.
    pub(super) path: String,
}

/// What is wrong with such an address, as the rest of a sentence. None of it is from the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidServerUrl {
    #[error("is not an address with one of its two schemes")]
    Scheme,
    #[error(
        "cannot be read as an address (a `/`, `?`, `#` or `@` in the password is written `%2F`, `%3F`, `%23`, `%40`)"
    )]
    Unreadable,
    #[error("names no host")]
    NoHost,
    #[error(
        "names a user and no password (a password alone is written `:password@`; or use the variables for host, user and password)"
    )]
    NoPassword,
    #[error("has a broken percent escape (a `%` in the password is written `%25`)")]
    Escape,
    #[error(
        "has parameters or a fragment, which mean nothing here (a `?` or `#` in the password is written `%3F`, `%23`)"
    )]
    Parameters,
    #[error("has something behind the host that means nothing here")]
    Path,
}

impl ServerUrl {
    /// Reads an address whose scheme is the first or, encrypted, the second of the two.
    pub(super) fn parse(
        text: &str,
        [plain, encrypted]: [&str; 2],
    ) -> Result<Self, InvalidServerUrl> {
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme)
            .ok_or(InvalidServerUrl::Scheme)?;
        if scheme != plain && scheme != encrypted {
            return Err(InvalidServerUrl::Scheme);
        }
        let url = Url::parse(text).map_err(|_| InvalidServerUrl::Unreadable)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidServerUrl::Parameters);
        }
        // A password with a `/` that is not escaped would be read as the end of the host, and be
        // shown as a path.
        if url.path().contains('@') {
            return Err(InvalidServerUrl::Unreadable);
        }
        let host = host_of(&url)
            .filter(|host| !host.is_empty())
            .ok_or(InvalidServerUrl::NoHost)?;
        let user = if url.username().is_empty() {
            None
        } else {
            Some(decoded(url.username())?)
        };
        let password = match url.password() {
            Some(password) => Some(Secret::new(decoded(password)?)),
            // `Url` forgets an empty one.
            None => text.rsplit_once(":@").map(|_| Secret::default()),
        };
        if user.is_some() && password.is_none() {
            return Err(InvalidServerUrl::NoPassword);
        }
        Ok(Self {
            tls: scheme == encrypted,
            host: decoded(&host)?,
            port: url.port(),
            user,
            password,
            path: url.path().trim_start_matches('/').to_owned(),
        })
    }
}

/// The host as a connection wants it: an IPv6 address without its brackets.
pub(super) fn host_of(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    })
}

pub(super) fn decoded(text: &str) -> Result<String, InvalidServerUrl> {
    percent::decode(text).ok_or(InvalidServerUrl::Escape)
}

/// Whether a host is this machine.
pub(super) fn is_local(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with('/')
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Refuses the password of an address that has a place for one and nothing in it.
pub(super) fn refuse_empty_password(
    env: &mut Env<'_>,
    variable: &Variable,
    password: &Secret,
) -> bool {
    let is_empty = password.expose().is_empty();
    if is_empty {
        env.wrong(variable, format!("has an empty password ({COMPOSE_HINT})"));
    }
    !is_empty
}

/// Refuses a placeholder in a deployment, and wonders at a password that everybody's server was
/// installed with.
pub(super) fn check_password(
    env: &mut Env<'_>,
    variable: &Variable,
    password: &Secret,
    host: &str,
) -> bool {
    if !env.refuse_placeholder(variable, password.expose()) {
        return false;
    }
    if env.is_deployment() && !is_local(host) && is_factory_setting(password.expose()) {
        env.odd(
            variable,
            "holds a password that such servers are installed with, which everybody knows",
        );
    }
    true
}

/// A host that a variable of its own names: an address of IPv6 stands without brackets.
pub(super) fn host(env: &mut Env<'_>, variable: &Variable) -> Option<String> {
    env.checked(variable, |text| {
        let is_ip = text.parse::<std::net::IpAddr>().is_ok();
        let is_name =
            !text.contains([':', '/', '@', '[', ']']) && !text.contains(char::is_whitespace);
        if is_ip || is_name {
            Ok(text.to_owned())
        } else {
            Err("is not a host alone: the port has a variable of its own")
        }
    })
}

/// A port that a variable of its own names.
///
/// Kubernetes sets `REDIS_PORT=tcp://10.0.0.1:6379` for a service called `redis`: that is told, not
/// read.
pub(super) fn port(env: &mut Env<'_>, variable: &Variable, default: u16) -> u16 {
    let is_service_link = env
        .value(variable.name)
        .is_some_and(|found| is_link(found.value.expose()));
    if !is_service_link {
        let read = |text: &str| {
            text.parse::<std::num::NonZeroU16>()
                .map_err(|_| "is not a number from 1 to 65535")
        };
        return env
            .checked(variable, read)
            .map_or(default, std::num::NonZeroU16::get);
    }
    let reason = "is what Kubernetes sets for a Service of that name: set it to the number of the port, or \
                  `enableServiceLinks: false` in the pod";
    env.wrong(variable, reason);
    default
}

/// Refuses a variable that says something else than the address beside it.
pub(super) fn agrees(env: &mut Env<'_>, variable: &Variable, url: &Variable, in_url: Option<&str>) {
    let is_service_link = env
        .value(variable.name)
        .is_some_and(|found| is_link(found.value.expose()));
    if is_service_link || !env.is_set(variable) {
        return;
    }
    let text = if variable.is_secret() {
        env.secret(variable)
    } else {
        env.text(variable).map(Secret::from)
    };
    let differs = text.is_some_and(|text| Some(text.expose()) != in_url);
    if differs {
        env.wrong(
            variable,
            format!("says something else than {}; keep one", url.name),
        );
    }
}
