//! Database URLs, in the forms that Python and Rust programs use.

#[cfg(feature = "postgres")]
mod certificates;
mod hosts;
mod parameters;
mod sqlite;

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::percent::{self, InvalidEscape};
use crate::secret::Secret;
#[cfg(feature = "postgres")]
use certificates::RootCertificates;
use hosts::HostParameters;
use parameters::Parameters;

#[cfg(feature = "postgres")]
pub use certificates::InvalidCertificateFile;
#[cfg(all(feature = "postgres", feature = "infra"))]
pub(crate) use certificates::check_trusted;
pub use hosts::HostPort;
pub use parameters::IgnoredParameter;

/// A parsed `DATABASE_URL`.
///
/// - `sqlite:divan.db`, `sqlite://divan.db`, `sqlite:///var/lib/divan/divan.db`. Three slashes and a folder
///   are an absolute path, unlike in SQLAlchemy. A file directly in `/` needs four slashes
///   (`sqlite:////divan.db`).
/// - `postgres://`, `postgresql://`, and SQLAlchemy's `postgresql+psycopg2://`, `+psycopg`,
///   `+asyncpg`, followed by `user:password@host:port/database?sslmode=require`. A parameter after `?`
///   replaces the same value before it, as in libpq.
///
/// Several servers, of which one accepts writes, are `host1:5432,host2:5432`, or SQLAlchemy's
/// `?host=host1:5432&host=host2:5432`.
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
#[expect(
    clippy::large_enum_variant,
    reason = "a program has one, and a box would be part of the interface"
)]
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
    /// Further servers, in the order in which they are tried. Default: none.
    pub other_hosts: Vec<HostPort>,
    /// Role to connect as.
    pub user: String,
    /// Password of the role, if the server requires one.
    pub password: Option<Secret>,
    /// Name of the database.
    pub database: String,
    /// Encryption of the connection. Default: [`SslMode::Prefer`].
    pub ssl_mode: SslMode,
    /// File of trusted certificates (`sslrootcert`). The certificates that this machine trusts are always
    /// accepted in addition. Default: none.
    pub ssl_root_cert: Option<PathBuf>,
    /// File with the certificate of this client (`sslcert`), if the server requires one.
    pub ssl_cert: Option<PathBuf>,
    /// File with the private key of this client (`sslkey`).
    pub ssl_key: Option<PathBuf>,
    /// Name of the connection in the server's views. Default: `divan`.
    pub application_name: String,
    /// Time limit of a connection to one host (`connect_timeout`, in seconds). Default: 2 seconds, or an
    /// equal share of [`PostgresPool::acquire_timeout`] if that is less.
    pub connect_timeout: Option<Duration>,
    /// File that the URL was read from. The store reads it again when the server refuses the
    /// credentials. Default: none.
    pub file: Option<PathBuf>,
    /// Command-line options of the session (`options`), such as `-c search_path=divan`.
    pub options: Option<String>,
    /// Number of prepared statements that a connection keeps (`prepared_statement_cache_size`). 0 turns
    /// the cache off, as [`PostgresPool::statement_cache`] does. Default: the driver's.
    pub statement_cache_size: Option<usize>,
    /// Parameters that have no effect.
    pub ignored: Vec<IgnoredParameter>,
    /// Content of `ssl_root_cert`, once it was read.
    #[cfg(feature = "postgres")]
    root_pem: Option<RootCertificates>,
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
        /// Always encrypted; the certificate must be trusted, and may be for any host.
        VerifyCa = "verify-ca",
        /// Always encrypted; the certificate must be trusted and valid for the host.
        VerifyFull = "verify-full",
    }

    InvalidSslMode = "must be an `sslmode` of libpq"
}

/// Error of an invalid database URL.
///
/// The message is a rule to print after the name of the variable: `DATABASE_URL must …`. It contains no
/// part of the URL, except names of parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// The scheme is not supported.
    #[error("must start with `sqlite:` or `postgresql://`")]
    Scheme,
    /// The URL names no file, or a database in memory.
    #[error("must name a file, such as `sqlite:divan.db`; a database in memory is not supported")]
    NoFile,
    /// The file is directly in `/`, which is probably not intended.
    #[error(
        "names a file in the folder `/`: write `sqlite:divan.db` for a file in the working directory, or \
         `sqlite:////divan.db` if you mean `/`"
    )]
    RootFolder,
    /// The path starts with `~`.
    #[error(
        "must not name a file whose path starts with `~`, which only a shell replaces: write the whole path"
    )]
    HomeFolder,
    /// The user or the database is missing.
    #[error("must contain a user and the name of a database")]
    Incomplete,
    /// The host or the port is not valid. The usual cause is a password with characters that must be
    /// escaped.
    #[error(
        "contains an invalid host or port; if the password contains `/`, `?`, `#` or `@`, write `%2F`, `%3F`, `%23` or `%40` \
         instead"
    )]
    Authority,
    /// A percent escape is not valid.
    #[error("contains an invalid percent escape (write `%` in the password as `%25`)")]
    Escape,
    /// A parameter is not supported.
    #[error("contains the unknown parameter `{0}`")]
    UnknownParameter(String),
    /// A parameter occurs twice.
    #[error("contains the parameter `{0}` twice")]
    RepeatedParameter(String),
    /// `sslcert` and `sslkey` do not occur together.
    #[error("must contain both `sslcert` and `sslkey`, or neither")]
    ClientCertificate,
    /// Two parameters contradict each other.
    #[error("contains the parameters `{0}` and `{1}`, which contradict each other")]
    Contradiction(&'static str, &'static str),
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
            return sqlite::parse(path).map(Self::Sqlite);
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
    let mut hosts = hosts::of_authority(address)?;
    let mut url = PostgresUrl {
        host: String::new(),
        port: 0,
        other_hosts: Vec::new(),
        user: percent::decode(user)?,
        password,
        database: percent::decode(database)?,
        ssl_mode: SslMode::Prefer,
        ssl_root_cert: None,
        ssl_cert: None,
        ssl_key: None,
        application_name: "divan".to_owned(),
        connect_timeout: None,
        file: None,
        options: None,
        statement_cache_size: None,
        ignored: Vec::new(),
        #[cfg(feature = "postgres")]
        root_pem: None,
    };
    let parameters = Parameters::parse(parameters)?;
    let mut host_parameters = HostParameters::default();
    for (name, value) in parameters.pairs() {
        match name {
            "host" => host_parameters.add_hosts(value)?,
            "port" => host_parameters.add_ports(value)?,
            _ => url.set(name, value)?,
        }
    }
    url.set_tls(&parameters)?;
    host_parameters.apply(&mut hosts)?;
    url.set_hosts(hosts);
    if url.has_nul() {
        return Err(InvalidDatabaseUrl::Escape);
    }
    if url.user.is_empty() || url.database.is_empty() {
        return Err(InvalidDatabaseUrl::Incomplete);
    }
    Ok(url)
}

impl PostgresUrl {
    /// Returns `true` if no other machine can read or change what is sent: certificate and host name of
    /// the server are verified, or the connection does not leave this machine.
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
        self.ssl_mode == SslMode::VerifyFull || self.hosts().iter().all(HostPort::is_this_machine)
    }

    /// All servers, in the order in which they are tried.
    ///
    /// ```
    /// use divan_core::database_url::DatabaseUrl;
    ///
    /// let url: DatabaseUrl = "postgres://divan@db1,db2:5433/divan?target_session_attrs=read-write".parse()?;
    /// let DatabaseUrl::Postgres(url) = url else { unreachable!() };
    /// let hosts: Vec<String> = url.hosts().iter().map(ToString::to_string).collect();
    /// assert_eq!(hosts, ["db1:5432", "db2:5433"]);
    /// # Ok::<(), divan_core::database_url::InvalidDatabaseUrl>(())
    /// ```
    pub fn hosts(&self) -> Vec<HostPort> {
        let first = HostPort {
            host: self.host.clone(),
            port: self.port,
        };
        std::iter::once(first)
            .chain(self.other_hosts.iter().cloned())
            .collect()
    }

    fn set_hosts(&mut self, hosts: Vec<HostPort>) {
        let mut hosts = hosts.into_iter();
        if let Some(HostPort { host, port }) = hosts.next() {
            (self.host, self.port) = (host, port);
        }
        self.other_hosts = hosts.collect();
    }

    /// A NUL character would end a text of the protocol.
    fn has_nul(&self) -> bool {
        let options = self.options.as_deref().unwrap_or_default();
        let hosts = self.hosts();
        [&*self.user, &self.database, &self.application_name, options]
            .into_iter()
            .chain(hosts.iter().map(|host| &*host.host))
            .any(|text| text.contains('\0'))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidDatabaseUrl> {
        match name {
            "user" => value.clone_into(&mut self.user),
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => value.clone_into(&mut self.database),
            "connect_timeout" => {
                let seconds: u32 = value
                    .parse()
                    .map_err(|_| InvalidDatabaseUrl::ParameterValue("connect_timeout"))?;
                let timeout = Duration::from_secs(seconds.into());
                self.connect_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
            }
            "target_session_attrs" => match value {
                // Every sign-in writes, so all of these mean a server that accepts writes.
                "read-write" | "primary" | "any" => {}
                _ => return Err(InvalidDatabaseUrl::ParameterValue("target_session_attrs")),
            },
            other => return self.set_other(other, value),
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
        let hosts: Vec<String> = self.hosts().iter().map(HostPort::to_string).collect();
        write!(f, "{}@{}/{}", self.user, hosts.join(","), self.database)
    }
}

fn unknown(name: &str) -> InvalidDatabaseUrl {
    InvalidDatabaseUrl::UnknownParameter(shown_name(name))
}

/// The leading name characters of a parameter: what follows may be a mistyped password.
fn shown_name(name: &str) -> String {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    name.chars().take_while(is_name).take(32).collect()
}

#[cfg(test)]
mod tests;
