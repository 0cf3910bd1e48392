use std::fmt;
use std::path::PathBuf;

use super::{InvalidDatabaseUrl, PostgresUrl, SslMode, shown_name, unknown};
use crate::percent;

/// A parameter of a database URL that has no effect, although it is valid for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IgnoredParameter {
    /// Name of the parameter.
    pub name: &'static str,
    /// The reason, or what to write instead.
    pub reason: &'static str,
}

impl fmt::Display for IgnoredParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, which has no effect: {}", self.name, self.reason)
    }
}

const POOL: &str = "set DIVAN_DATABASE_MAX_CONNECTIONS";
const WAIT: &str = "set DIVAN_DATABASE_ACQUIRE_SECONDS";
const DRIVER: &str = "the driver does not have this setting";
const TLS: &str = "write `sslmode=verify-full` to verify the server";
const SCHEMA: &str = "write `options=-c%20search_path%3Dname` to select a schema";

/// Parameters without effect: name, values that mean the same as the parameter's absence, and reason.
const IGNORED: [(&str, &[&str], &str); 44] = [
    (
        "channel_binding",
        &["disable", "prefer"],
        "the driver has no channel binding; write `sslmode=verify-full` instead",
    ),
    ("sslnegotiation", &["postgres"], DRIVER),
    ("sslcompression", &["0"], DRIVER),
    ("sslsni", &["1"], DRIVER),
    ("sslcertmode", &["allow"], DRIVER),
    ("sslcrl", &[], DRIVER),
    ("sslcrldir", &[], DRIVER),
    (
        "ssl_min_protocol_version",
        &["TLSv1", "TLSv1.1", "TLSv1.2"],
        "TLS 1.2 and 1.3 are accepted",
    ),
    (
        "ssl_max_protocol_version",
        &["TLSv1.3"],
        "TLS 1.2 and 1.3 are accepted",
    ),
    ("sslaccept", &[], TLS),
    ("sslidentity", &[], "write `sslcert` and `sslkey`"),
    ("uselibpqcompat", &["true"], DRIVER),
    ("gssencmode", &["disable", "prefer"], DRIVER),
    ("krbsrvname", &[], DRIVER),
    ("gsslib", &[], DRIVER),
    ("gssdelegation", &["0"], DRIVER),
    ("require_auth", &[], DRIVER),
    ("requirepeer", &[], DRIVER),
    (
        "client_encoding",
        &["utf8", "UTF8", "utf-8", "UTF-8", "auto"],
        "the encoding is UTF-8",
    ),
    ("fallback_application_name", &[], "write `application_name`"),
    ("load_balance_hosts", &["disable"], DRIVER),
    ("keepalives", &["1"], DRIVER),
    ("keepalives_idle", &[], DRIVER),
    ("keepalives_interval", &[], DRIVER),
    ("keepalives_count", &[], DRIVER),
    ("tcp_user_timeout", &[], DRIVER),
    ("tcpKeepAlive", &["true"], DRIVER),
    ("supa", &[], "Supabase uses it for statistics"),
    ("workaround", &[], DRIVER),
    ("schema", &["public"], SCHEMA),
    ("currentSchema", &["public"], SCHEMA),
    ("pool_size", &[], POOL),
    ("max_pool_size", &[], POOL),
    ("pool_max_conns", &[], POOL),
    ("max_overflow", &[], POOL),
    ("connection_limit", &[], POOL),
    ("pool", &[], POOL),
    ("pool_timeout", &[], WAIT),
    ("pool_recycle", &[], DRIVER),
    ("pool_pre_ping", &[], DRIVER),
    ("command_timeout", &[], DRIVER),
    ("socket_timeout", &[], DRIVER),
    ("prepared_statement_name_func", &[], DRIVER),
    ("max_idle_connection_lifetime", &[], DRIVER),
];

/// Parameters that name several servers when they occur several times.
const REPEATABLE: [&str; 2] = ["host", "port"];

/// The parameters after `?`, decoded. Each other name occurs once.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let is_repeated = pairs.iter().any(|(other, _)| other == name);
            if is_repeated && !REPEATABLE.contains(&name) {
                return Err(InvalidDatabaseUrl::RepeatedParameter(shown_name(name)));
            }
            pairs.push((name.to_owned(), percent::decode(value)?));
        }
        Ok(Self(pairs))
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    fn value(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs();
        pairs
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }
}

impl PostgresUrl {
    /// Applies a parameter that is neither part of the address nor of TLS.
    pub(super) fn set_other(&mut self, name: &str, value: &str) -> Result<(), InvalidDatabaseUrl> {
        match name {
            "application_name" => value.clone_into(&mut self.application_name),
            "options" => self.options = Some(value.to_owned()).filter(|text| !text.is_empty()),
            "prepared_statement_cache_size" => {
                self.set_statements("prepared_statement_cache_size", value)?;
            }
            "statement_cache_size" => self.set_statements("statement_cache_size", value)?,
            "statement-cache-capacity" => self.set_statements("statement-cache-capacity", value)?,
            "pgbouncer" => match value {
                "true" => self.statement_cache_size = Some(0),
                "false" => {}
                _ => return Err(InvalidDatabaseUrl::ParameterValue("pgbouncer")),
            },
            // Encryption that the driver cannot provide must not be skipped.
            "gssencmode" if value == "require" => {
                return Err(InvalidDatabaseUrl::ParameterValue("gssencmode"));
            }
            // `set_tls` reads them.
            "sslmode" | "ssl" | "sslrootcert" | "sslcert" | "sslkey" => {}
            _ => self.ignore(name, value)?,
        }
        Ok(())
    }

    /// Several programs have a parameter of this kind; the smallest number counts.
    fn set_statements(
        &mut self,
        name: &'static str,
        value: &str,
    ) -> Result<(), InvalidDatabaseUrl> {
        let size: u16 = value
            .parse()
            .map_err(|_| InvalidDatabaseUrl::ParameterValue(name))?;
        let other = self.statement_cache_size.unwrap_or(usize::MAX);
        self.statement_cache_size = Some(other.min(size.into()));
        Ok(())
    }

    fn ignore(&mut self, name: &str, value: &str) -> Result<(), InvalidDatabaseUrl> {
        let mut known = IGNORED.iter();
        let Some(&(name, defaults, reason)) = known.find(|(known, ..)| *known == name) else {
            return Err(unknown(name));
        };
        if !defaults.contains(&value) {
            self.ignored.push(IgnoredParameter { name, reason });
        }
        Ok(())
    }

    /// Applies the parameters of TLS.
    pub(super) fn set_tls(&mut self, parameters: &Parameters) -> Result<(), InvalidDatabaseUrl> {
        let path = |name| parameters.value(name).filter(|path| !path.is_empty());
        let mode = ssl_mode(parameters)?;
        self.ssl_mode = mode.unwrap_or(SslMode::Prefer);
        match path("sslrootcert") {
            // As in libpq, which verifies the host name then.
            Some("system") if mode.is_none() => self.ssl_mode = SslMode::VerifyFull,
            Some("system") if mode == Some(SslMode::VerifyFull) => {}
            Some("system") => {
                return Err(InvalidDatabaseUrl::Contradiction("sslmode", "sslrootcert"));
            }
            file => self.ssl_root_cert = file.map(PathBuf::from),
        }
        self.ssl_cert = path("sslcert").map(PathBuf::from);
        self.ssl_key = path("sslkey").map(PathBuf::from);
        if self.ssl_cert.is_some() != self.ssl_key.is_some() {
            return Err(InvalidDatabaseUrl::ClientCertificate);
        }
        Ok(())
    }
}

/// The mode of `sslmode`, or of `ssl`, the name that asyncpg and drivers of other languages use.
fn ssl_mode(parameters: &Parameters) -> Result<Option<SslMode>, InvalidDatabaseUrl> {
    let parse = |name, value: &str| {
        value
            .parse::<SslMode>()
            .map_err(|_| InvalidDatabaseUrl::ParameterValue(name))
    };
    let mode = parameters
        .value("sslmode")
        .map(|value| parse("sslmode", value));
    let ssl = parameters.value("ssl").map(|value| match value {
        "true" | "1" => Ok(SslMode::Require),
        "false" | "0" => Ok(SslMode::Disable),
        _ => parse("ssl", value),
    });
    match (mode.transpose()?, ssl.transpose()?) {
        (Some(mode), Some(ssl)) if mode != ssl && !is_stricter(mode, ssl) => {
            Err(InvalidDatabaseUrl::Contradiction("ssl", "sslmode"))
        }
        (mode, ssl) => Ok(mode.or(ssl)),
    }
}

/// `ssl=true` says that TLS is used, and `sslmode` how the server is verified.
fn is_stricter(mode: SslMode, ssl: SslMode) -> bool {
    ssl == SslMode::Require && matches!(mode, SslMode::VerifyCa | SslMode::VerifyFull)
}
