use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::Url;

use super::address::{address, address_with_query, bare_address};
use super::env::Env;
use super::variable::{Section, section};
use crate::network::unmapped;

/// Public addresses, proxies and metrics.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Public URL of the Mini App, if set.
    pub miniapp_url: Option<Url>,
    /// Public URL of the admin panel, if set.
    pub admin_url: Option<Url>,
    /// Request headers that pages may send, in addition to those of the API. Default: none.
    pub cors_headers: Vec<String>,
    /// Origins whose pages may call a server in development mode, in addition to those of the two URLs.
    /// Default: none.
    pub dev_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is trusted. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// Address of the metrics listener; `None` if it is off. Default: `127.0.0.1:9464`.
    pub metrics_listen: Option<SocketAddr>,
    /// Adds `includeSubDomains` to `Strict-Transport-Security`. Default: no.
    pub hsts_subdomains: bool,
}

section! {
    static SECTION =
        "Addresses",
        "The arguments `--host` and `--port` set the address that the server listens on.";

    /// `DIVAN_MINIAPP_URL`, the public URL of the Mini App.
    pub MINIAPP_URL = (
        "DIVAN_MINIAPP_URL",
        "public URL of the Mini App; its host is the audience of employees' tokens, and its origin may call the server; \
         a new query (`?v=2`) makes Telegram clients reload a cached page",
        "https://divan.example.com/",
    ).when_unset("`http://divan.localhost:8000/`, with the port of the server");

    /// `DIVAN_ADMIN_URL`, the public URL of the admin panel.
    pub ADMIN_URL = (
        "DIVAN_ADMIN_URL",
        "public URL of the admin panel, on another host",
        "https://sec.example.com/",
    ).when_unset("`http://sec.localhost:8000/`, with the port of the server");

    CORS_HEADERS = (
        "DIVAN_CORS_HEADERS",
        "request headers that pages of other allowed origins may send, in addition to those of the API, separated by commas; tracing libraries \
         send such headers",
        "baggage,sentry-trace",
    ).when_unset("none");

    /// `DIVAN_DEV_ORIGINS`, further origins in development mode.
    pub DEV_ORIGINS = (
        "DIVAN_DEV_ORIGINS",
        "origins whose pages may call the server, separated by commas; in development mode only; with origins of this machine only, a direct \
         request can create the first administrator even if a key, bot token or public URL is set",
        "http://localhost:5173",
    ).when_unset("none");

    TRUSTED_PROXIES = (
        "DIVAN_TRUSTED_PROXIES",
        "reverse proxies whose `X-Forwarded-For` is trusted: addresses and networks, separated by commas",
        "10.0.0.0/8,2001:db8::1",
    ).when_unset("none").lines();

    METRICS_LISTEN = (
        "DIVAN_METRICS_LISTEN",
        "address and port of the metrics listener, or `off`",
        "127.0.0.1:9464",
    ).when_unset("`127.0.0.1:9464`");

    HSTS_SUBDOMAINS = (
        "DIVAN_HSTS_SUBDOMAINS",
        "`on` adds `includeSubDomains` to `Strict-Transport-Security`: browsers then use only https for all subdomains of the two hosts \
         too, for a year",
        "on",
    ).when_unset("`off`");
}

impl HttpConfig {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. Invalid values are recorded as errors and have their defaults here.
    pub fn read(env: &mut Env<'_>) -> Self {
        let metrics = env.checked(&METRICS_LISTEN, metrics_listen);
        Self {
            miniapp_url: env.checked(&MINIAPP_URL, address_with_query),
            admin_url: env.checked(&ADMIN_URL, address),
            cors_headers: env.checked(&CORS_HEADERS, headers).unwrap_or_default(),
            dev_origins: dev_origins(env),
            trusted_proxies: env
                .checked(&TRUSTED_PROXIES, |text| networks(text, "trust"))
                .unwrap_or_default(),
            hsts_subdomains: env.switch(&HSTS_SUBDOMAINS, false),
            metrics_listen: metrics.unwrap_or(Some(([127, 0, 0, 1], 9464).into())),
        }
    }
}

/// Parses names of headers (RFC 9110 §5.6.2), in lower case.
fn headers(text: &str) -> Result<Vec<String>, String> {
    let names = text.split(',').map(str::trim);
    let name = |(index, name): (usize, &str)| {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name == "*" {
            // A wildcard does not cover `Authorization` (Fetch standard), so it would not work here.
            Err("must list the names of headers: `*` is not allowed".to_owned())
        } else if name.bytes().all(is_token) {
            Ok(name.to_ascii_lowercase())
        } else {
            Err(format!(
                "must list names of headers: entry {} is not a name",
                index + 1
            ))
        }
    };
    names
        .filter(|name| !name.is_empty())
        .enumerate()
        .map(name)
        .collect()
}

/// Reads the origins of development mode. A deployment has only those of its public URLs.
fn dev_origins(env: &mut Env<'_>) -> Vec<String> {
    if env.is_deployment() && env.is_set(&DEV_ORIGINS) {
        env.error(
            &DEV_ORIGINS,
            "must not be set with DATABASE_URL: a deployment accepts pages of its two public URLs only",
        );
        return Vec::new();
    }
    env.checked(&DEV_ORIGINS, origins).unwrap_or_default()
}

/// Parses addresses without a path into origins.
fn origins(text: &str) -> Result<Vec<String>, String> {
    let entries = text.split(',').map(str::trim);
    let origin = |(index, entry): (usize, &str)| match bare_address(entry) {
        Ok(url) => Ok(url.origin().ascii_serialization()),
        Err(rule) => Err(format!("must list origins: entry {} {rule}", index + 1)),
    };
    entries
        .filter(|entry| !entry.is_empty())
        .enumerate()
        .map(origin)
        .collect()
}

/// Parses addresses and networks, separated by commas. The verb is part of the error for a network of all
/// addresses: "must not trust every address".
///
/// # Errors
/// The rule that the text breaks, for [`Env::checked`].
pub fn networks(text: &str, verb: &str) -> Result<Vec<IpNet>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .enumerate();
    let network = |(index, part): (usize, &str)| {
        let address = part.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| part.parse::<IpNet>()).map_err(|_| {
            format!(
                "must list addresses and networks: entry {} is neither an address nor a network",
                index + 1
            )
        })?;
        match unmapped(network.trunc()) {
            network if network.prefix_len() == 0 => Err(format!(
                "must not {verb} every address: entry {} contains all addresses",
                index + 1
            )),
            network => Ok(network),
        }
    };
    parts.map(network).collect()
}

fn metrics_listen(text: &str) -> Result<Option<SocketAddr>, &'static str> {
    match text {
        "off" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|_| "must be an address with a port, or `off`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::test_util::{assert_starts, errors, read};

    #[test]
    fn further_origins_are_for_development_mode() {
        let set = |list| [("DIVAN_DEV_ORIGINS", list)];
        let config = read(
            &set("http://localhost:5173, HTTPS://Tunnel.example.com/,"),
            HttpConfig::read,
        );
        let expected = ["http://localhost:5173", "https://tunnel.example.com"];
        assert_eq!(config.dev_origins, expected);
        for (list, rule) in [
            (
                "http://localhost:5173,*",
                "entry 2 must start with `http://` or `https://`",
            ),
            (
                "http://localhost:5173/app",
                "entry 1 must not contain a path",
            ),
        ] {
            let errors = errors(&set(list), HttpConfig::read);
            assert!(errors[0].contains(rule), "{errors:?}");
        }
        let deployment = [
            ("DIVAN_DEV_ORIGINS", "http://localhost:5173"),
            ("DATABASE_URL", "sqlite:divan.db"),
        ];
        let errors = errors(&deployment, HttpConfig::read);
        assert!(
            errors[0].contains("must not be set with DATABASE_URL"),
            "{errors:?}"
        );
    }

    #[test]
    fn defaults_trust_no_proxy_and_keep_metrics_on_loopback() {
        let config = read(&[], HttpConfig::read);
        assert!(
            config.miniapp_url.is_none()
                && config.admin_url.is_none()
                && config.trusted_proxies.is_empty()
        );
        assert!(config.metrics_listen.unwrap().ip().is_loopback());
    }

    #[test]
    fn urls_proxies_and_metrics_are_read() {
        let variables = [
            ("DIVAN_MINIAPP_URL", "https://divan.example.com/app"),
            ("DIVAN_ADMIN_URL", "https://sec.example.com"),
            (
                "DIVAN_TRUSTED_PROXIES",
                "10.1.2.3/8, 192.0.2.7 ,2001:db8::/32,",
            ),
            ("DIVAN_METRICS_LISTEN", "[::]:9000"),
        ];
        let config = read(&variables, HttpConfig::read);
        assert_eq!(
            config.miniapp_url.unwrap().as_str(),
            "https://divan.example.com/app"
        );
        let networks: Vec<String> = config
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(networks, ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]);
        let mapped = read(
            &[("DIVAN_TRUSTED_PROXIES", "::ffff:10.1.0.0/112")],
            HttpConfig::read,
        );
        assert_eq!(mapped.trusted_proxies[0].to_string(), "10.1.0.0/16");
        for network in ["0.0.0.0/0", "::/0", "10.1.2.3/0", "::ffff:0.0.0.0/96"] {
            let variables = [("DIVAN_TRUSTED_PROXIES", network)];
            let messages = errors(&variables, HttpConfig::read);
            assert_starts(
                &messages,
                &[
                    "DIVAN_TRUSTED_PROXIES must not trust every address: entry 1 contains all addresses",
                ],
            );
        }
        assert_eq!(config.metrics_listen.unwrap().port(), 9000);
        assert!(
            read(&[("DIVAN_METRICS_LISTEN", "off")], HttpConfig::read)
                .metrics_listen
                .is_none()
        );
    }

    #[test]
    fn a_mini_app_url_may_have_a_query_and_cors_further_headers() {
        let variables = [
            ("DIVAN_MINIAPP_URL", "https://divan.example.com/app?v=2"),
            ("DIVAN_CORS_HEADERS", "baggage, Sentry-Trace,"),
        ];
        let config = read(&variables, HttpConfig::read);
        assert_eq!(config.miniapp_url.unwrap().query(), Some("v=2"));
        assert_eq!(config.cors_headers, ["baggage", "sentry-trace"]);
        let variables = [
            ("DIVAN_MINIAPP_URL", "https://divan.example.com/#v=2"),
            ("DIVAN_ADMIN_URL", "https://sec.example.com/?v=2"),
            ("DIVAN_CORS_HEADERS", "baggage,a b"),
        ];
        assert_starts(
            &errors(&variables, HttpConfig::read),
            &[
                "DIVAN_MINIAPP_URL must not contain a fragment",
                "DIVAN_ADMIN_URL must not contain a query or a fragment",
                "DIVAN_CORS_HEADERS must list names of headers: entry 2 is not a name",
            ],
        );
    }

    #[test]
    fn a_wildcard_of_headers_is_refused() {
        for value in ["*", "baggage, *"] {
            let errors = errors(&[("DIVAN_CORS_HEADERS", value)], HttpConfig::read);
            let rule = "DIVAN_CORS_HEADERS must list the names of headers: `*` is not allowed";
            assert_starts(&errors, &[rule]);
        }
    }

    #[test]
    fn invalid_values_are_reported_without_the_value() {
        let variables = [
            ("DIVAN_MINIAPP_URL", "hidden.example.com"),
            ("DIVAN_ADMIN_URL", "https://user:hidden@example.com"),
            ("DIVAN_TRUSTED_PROXIES", "10.0.0.0/8,hidden"),
            ("DIVAN_METRICS_LISTEN", "hidden:9464"),
        ];
        assert_starts(
            &errors(&variables, HttpConfig::read),
            &[
                "DIVAN_METRICS_LISTEN must be an address with a port, or `off`",
                "DIVAN_MINIAPP_URL must start with `http://` or `https://`",
                "DIVAN_ADMIN_URL must not contain credentials",
                "DIVAN_TRUSTED_PROXIES must list addresses and networks: entry 2 is neither an address nor a network",
            ],
        );
    }
}
