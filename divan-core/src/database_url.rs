//! Addresses of databases: `DATABASE_URL`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::percent;
use crate::secret::Secret;

/// The value of `DATABASE_URL`, in any form that the Python and the Rust world write it.
///
/// - `sqlite:divan.db`, `sqlite://divan.db`, `sqlite:///var/lib/divan/divan.db`
/// - `postgres://`, `postgresql://`, and SQLAlchemy's `postgresql+psycopg2://`, `+psycopg`,
///   `+asyncpg`, followed by `user:password@host:port/database?sslmode=require`
///
/// ```
/// use divan_core::database_url::DatabaseUrl;
///
/// let url: DatabaseUrl = "postgresql+psycopg2://divan:p%40ss@db.example.com:5432/divan".parse()?;
/// let DatabaseUrl::Postgres(url) = url else { unreachable!() };
/// assert_eq!((url.host.as_str(), url.port), ("db.example.com", 5432));
/// assert_eq!(url.password.as_ref().map(|password| password.expose()), Some("p@ss"));
/// assert!(!format!("{url:?}").contains("p@ss"));
/// # Ok::<(), divan_core::database_url::InvalidDatabaseUrl>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(PostgresUrl),
}

/// Where a PostgreSQL server is, and as whom to connect. `Debug` redacts the password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresUrl {
    /// The host's name or address, or the folder of a Unix socket (it starts with `/`). Default:
    /// `localhost`.
    pub host: String,
    /// The port. Default: 5432.
    pub port: u16,
    /// The role to connect as.
    pub user: String,
    /// Its password, where one is asked for.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// Whether the connection is encrypted. Default: [`SslMode::Prefer`].
    pub ssl_mode: SslMode,
    /// A file of certificates to trust, as `sslrootcert`.
    pub ssl_root_cert: Option<PathBuf>,
    /// What the server's views show the connection as. Default: `divan`.
    pub application_name: String,
}

/// How a connection to PostgreSQL is encrypted
/// ([libpq, table 34.1](https://www.postgresql.org/docs/current/libpq-ssl.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// If the server insists.
    Allow,
    /// If the server can.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, and the server's certificate is one that is trusted.
    VerifyCa,
    /// Always, and the certificate is for this host.
    VerifyFull,
}

/// What is wrong with a database address. Never holds any part of it but the name of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// It starts like no database that is known here.
    #[error("is neither a `sqlite:` nor a `postgresql://` address")]
    Scheme,
    /// It names no file.
    #[error("names no file (a database in memory would be another one for each connection)")]
    NoFile,
    /// It names no role or no database.
    #[error("names no user or no database")]
    Incomplete,
    /// The part between `//` and `/` cannot be read.
    #[error(
        "has a host or port that cannot be read (a `/`, `?`, `#` or `@` in the password is written `%2F`, `%3F`, `%23`, `%40`)"
    )]
    Authority,
    /// A `%` is not followed by two hex digits, or the whole is not UTF-8.
    #[error("has a broken percent escape (a `%` in the password is written `%25`)")]
    Escape,
    /// A parameter that means nothing here.
    #[error("has a parameter that is not known here: {0}")]
    UnknownParameter(String),
    /// A parameter whose value means nothing.
    #[error("has a value of {0} that means nothing")]
    ParameterValue(&'static str),
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return sqlite(path.strip_prefix("//").unwrap_or(path));
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidDatabaseUrl::Scheme)?;
        match scheme {
            "postgres"
            | "postgresql"
            | "postgresql+psycopg2"
            | "postgresql+psycopg"
            | "postgresql+asyncpg" => postgres(rest).map(Self::Postgres),
            _ => Err(InvalidDatabaseUrl::Scheme),
        }
    }
}

fn sqlite(path: &str) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
    match path.split_once('?') {
        None if path.is_empty() || path.starts_with(":memory:") => Err(InvalidDatabaseUrl::NoFile),
        None => Ok(DatabaseUrl::Sqlite(PathBuf::from(decoded(path)?))),
        Some((_, parameters)) => Err(unknown(
            parameters.split(['=', '&']).next().unwrap_or_default(),
        )),
    }
}

fn postgres(rest: &str) -> Result<PostgresUrl, InvalidDatabaseUrl> {
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (credentials, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    if rest.contains('#') || database.contains(['/', '@']) || parameters.contains('@') {
        return Err(InvalidDatabaseUrl::Authority);
    }
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(Secret::new(decoded(password)?))),
        None => (credentials, None),
    };
    let (host, port) = host_and_port(address)?;
    let mut url = PostgresUrl {
        host,
        port,
        user: decoded(user)?,
        password,
        database: decoded(database)?,
        ssl_mode: SslMode::Prefer,
        ssl_root_cert: None,
        application_name: "divan".to_owned(),
    };
    for parameter in parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty())
    {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        url.set(name, decoded(value)?)?;
    }
    if url.user.is_empty() || url.database.is_empty() {
        return Err(InvalidDatabaseUrl::Incomplete);
    }
    Ok(url)
}

impl PostgresUrl {
    fn set(&mut self, name: &str, value: String) -> Result<(), InvalidDatabaseUrl> {
        match name {
            "host" => self.host = value,
            "port" => {
                self.port = value
                    .parse()
                    .map_err(|_| InvalidDatabaseUrl::ParameterValue("port"))?
            }
            "user" => self.user = value,
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.database = value,
            "sslmode" | "ssl" => {
                self.ssl_mode = value
                    .parse()
                    .map_err(|()| InvalidDatabaseUrl::ParameterValue("sslmode"))?;
            }
            "sslrootcert" => self.ssl_root_cert = Some(PathBuf::from(value)),
            "application_name" => self.application_name = value,
            other => return Err(unknown(other)),
        }
        Ok(())
    }
}

impl fmt::Display for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl FromStr for SslMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "disable" => Ok(Self::Disable),
            "allow" => Ok(Self::Allow),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(()),
        }
    }
}

impl fmt::Display for PostgresUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}@{}:{}/{}",
            self.user, self.host, self.port, self.database
        )
    }
}

fn host_and_port(address: &str) -> Result<(String, u16), InvalidDatabaseUrl> {
    const DEFAULT_PORT: u16 = 5432;
    let (host, port) = if let Some(rest) = address.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(InvalidDatabaseUrl::Authority)?;
        match port.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if port.is_empty() => (host, None),
            None => return Err(InvalidDatabaseUrl::Authority),
        }
    } else {
        match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        }
    };
    let port = match port {
        None | Some("") => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| InvalidDatabaseUrl::Authority)?,
    };
    let host = decoded(host)?;
    Ok((
        if host.is_empty() {
            "localhost".to_owned()
        } else {
            host
        },
        port,
    ))
}

fn decoded(text: &str) -> Result<String, InvalidDatabaseUrl> {
    percent::decode(text).ok_or(InvalidDatabaseUrl::Escape)
}

/// The name of a parameter, as far as a name goes: what follows may be a mistyped password.
fn unknown(name: &str) -> InvalidDatabaseUrl {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    InvalidDatabaseUrl::UnknownParameter(name.chars().take_while(is_name).take(32).collect())
}

#[cfg(test)]
mod tests;
