//! Database URLs, in the forms that Python and Rust programs use.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::percent::{self, InvalidEscape};
use crate::secret::Secret;

/// A parsed `DATABASE_URL`.
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
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(PostgresUrl),
}

/// Address and credentials of a PostgreSQL server. `Debug` redacts the password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresUrl {
    /// Host name, IP address, or folder of a Unix socket (starts with `/`). Default: `localhost`.
    pub host: String,
    /// TCP port. Default: 5432.
    pub port: u16,
    /// Role to connect as.
    pub user: String,
    /// Password of the role, if the server requires one.
    pub password: Option<Secret>,
    /// Name of the database.
    pub database: String,
    /// Encryption of the connection. Default: [`SslMode::Prefer`].
    pub ssl_mode: SslMode,
    /// File of trusted certificates (`sslrootcert`).
    pub ssl_root_cert: Option<PathBuf>,
    /// Name of the connection in the server's views. Default: `divan`.
    pub application_name: String,
}

/// Connection pool settings of a PostgreSQL store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresPool {
    /// Maximum number of connections. Default: 10.
    pub max_connections: NonZeroU32,
    /// Maximum wait of a request for a connection, and of a connection for the server. Default: 5
    /// seconds.
    pub acquire_timeout: Duration,
    /// Keeps prepared statements per connection. Must be off behind a proxy that shares
    /// connections between transactions (PgBouncer's `pool_mode = transaction`). Default: on.
    pub statement_cache: bool,
}

impl Default for PostgresPool {
    fn default() -> Self {
        Self {
            max_connections: NonZeroU32::MIN.saturating_add(9),
            acquire_timeout: Duration::from_secs(5),
            statement_cache: true,
        }
    }
}

named_enum! {
    /// Encryption of a connection to PostgreSQL
    /// ([libpq, table 34.1](https://www.postgresql.org/docs/current/libpq-ssl.html)).
    pub enum SslMode {
        /// Never encrypted.
        Disable = "disable",
        /// Encrypted if the server requires it.
        Allow = "allow",
        /// Encrypted if the server supports it.
        Prefer = "prefer",
        /// Always encrypted; the certificate is verified only if `sslrootcert` is set, as with
        /// [`VerifyCa`](Self::VerifyCa).
        Require = "require",
        /// Always encrypted; the certificate must be trusted.
        VerifyCa = "verify-ca",
        /// Always encrypted; the certificate must be trusted and valid for the host.
        VerifyFull = "verify-full",
    }

    InvalidSslMode = "must be an `sslmode` of libpq"
}

/// A rule that a database URL breaks. The message continues the name of the variable and never
/// contains a part of the URL, except the name of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// The scheme is not supported.
    #[error("must start with `sqlite:` or `postgresql://`")]
    Scheme,
    /// The file name is missing.
    #[error("must name a file (each connection would have its own in-memory database)")]
    NoFile,
    /// The user or the database is missing.
    #[error("must contain a user and the name of a database")]
    Incomplete,
    /// The part between `//` and `/` is not valid.
    #[error(
        "contains an invalid host or port (write `/`, `?`, `#` and `@` in the password as `%2F`, `%3F`, `%23` and `%40`)"
    )]
    Authority,
    /// A percent escape is not valid.
    #[error("contains an invalid percent escape (write `%` in the password as `%25`)")]
    Escape,
    /// A parameter is not supported.
    #[error("contains the unknown parameter `{0}`")]
    UnknownParameter(String),
    /// A parameter has an invalid value.
    #[error("contains an invalid value of the parameter `{0}`")]
    ParameterValue(&'static str),
}

impl From<InvalidEscape> for InvalidDatabaseUrl {
    fn from(_: InvalidEscape) -> Self {
        Self::Escape
    }
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
        None => Ok(DatabaseUrl::Sqlite(PathBuf::from(percent::decode(path)?))),
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
        Some((user, password)) => (user, Some(Secret::new(percent::decode(password)?))),
        None => (credentials, None),
    };
    let (host, port) = host_and_port(address)?;
    let mut url = PostgresUrl {
        host,
        port,
        user: percent::decode(user)?,
        password,
        database: percent::decode(database)?,
        ssl_mode: SslMode::Prefer,
        ssl_root_cert: None,
        application_name: "divan".to_owned(),
    };
    for parameter in parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty())
    {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        url.set(name, percent::decode(value)?)?;
    }
    if url.user.is_empty() || url.database.is_empty() {
        return Err(InvalidDatabaseUrl::Incomplete);
    }
    Ok(url)
}

impl PostgresUrl {
    /// Returns `true` if no other machine can read or change what is sent: the certificate of the server
    /// is verified, or the connection does not leave this machine.
    ///
    /// ```
    /// use divan_core::database_url::DatabaseUrl;
    ///
    /// let is_protected = |url: &str| match url.parse() {
    ///     Ok(DatabaseUrl::Postgres(url)) => url.is_protected(),
    ///     _ => unreachable!(),
    /// };
    /// assert!(is_protected("postgres://divan@db.example.com/divan?sslmode=verify-full"));
    /// assert!(is_protected("postgres://divan@localhost/divan"));
    /// assert!(!is_protected("postgres://divan@db.example.com/divan"));
    /// ```
    pub fn is_protected(&self) -> bool {
        let is_verified = match self.ssl_mode {
            SslMode::VerifyCa | SslMode::VerifyFull => true,
            SslMode::Require => self.ssl_root_cert.is_some(),
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => false,
        };
        is_verified || is_this_machine(&self.host)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), InvalidDatabaseUrl> {
        match name {
            "host" => self.host = value,
            "port" => {
                self.port = value
                    .parse()
                    .map_err(|_| InvalidDatabaseUrl::ParameterValue("port"))?;
            }
            "user" => self.user = value,
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.database = value,
            "sslmode" | "ssl" => {
                self.ssl_mode = value
                    .parse()
                    .map_err(|_| InvalidDatabaseUrl::ParameterValue("sslmode"))?;
            }
            "sslrootcert" => self.ssl_root_cert = Some(PathBuf::from(value)),
            "application_name" => self.application_name = value,
            other => return Err(unknown(other)),
        }
        Ok(())
    }
}

impl fmt::Display for DatabaseUrl {
    /// Formats the URL without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for PostgresUrl {
    /// Formats the URL without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}@{}:{}/{}",
            self.user, self.host, self.port, self.database
        )
    }
}

/// Returns `true` for the folder of a Unix socket and for names and addresses of this machine.
fn is_this_machine(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    host.starts_with('/')
        || name == "localhost"
        || name.ends_with(".localhost")
        || host
            .parse()
            .is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
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
    let host = percent::decode(host)?;
    Ok((
        if host.is_empty() {
            "localhost".to_owned()
        } else {
            host
        },
        port,
    ))
}

/// The leading name characters of a parameter: what follows may be a mistyped password.
fn unknown(name: &str) -> InvalidDatabaseUrl {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    InvalidDatabaseUrl::UnknownParameter(name.chars().take_while(is_name).take(32).collect())
}

#[cfg(test)]
mod tests;
