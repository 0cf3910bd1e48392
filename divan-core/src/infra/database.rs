use std::num::NonZeroU32;
#[cfg(feature = "postgres")]
use std::path::Path;
use std::time::Duration;

use super::deployment::DATABASE_URL;
use super::env::Env;
use super::server_url::check_password;
use super::variable::{Section, section};
#[cfg(feature = "postgres")]
use crate::database_url::check_trusted;
use crate::database_url::{DatabaseUrl, PostgresPool, PostgresUrl, SslMode};

/// Database and connection pool.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseConfig {
    /// `DATABASE_URL`; `None` if it is unset.
    pub url: Option<DatabaseUrl>,
    /// Pool of PostgreSQL connections.
    pub pool: PostgresPool,
}

section! {
    static SECTION =
        "Database",
        "Setting `DATABASE_URL` makes this a deployment: secrets are required and placeholders are refused.",
        [DATABASE_URL];

    MAX_CONNECTIONS = (
        "DIVAN_DATABASE_MAX_CONNECTIONS",
        "maximum number of PostgreSQL connections per server",
        "10",
    ).form("a positive number").when_unset("`10`");

    ACQUIRE_SECONDS = (
        "DIVAN_DATABASE_ACQUIRE_SECONDS",
        "seconds that a request waits for a PostgreSQL connection, and that a starting server waits for the database",
        "5",
    ).form("a positive number of seconds").when_unset("`5`");

    STATEMENTS = (
        "DIVAN_DATABASE_STATEMENTS",
        "`off` disables the cache of prepared statements, as PgBouncer with `pool_mode = transaction` requires",
        "off",
    ).when_unset("`on`");
}

impl DatabaseConfig {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. Invalid values are recorded as errors and have their defaults here.
    pub fn read(env: &mut Env<'_>) -> Self {
        let default = PostgresPool::default();
        let seconds = NonZeroU32::MIN.saturating_add(4);
        let acquire_seconds = |env: &mut Env<'_>| env.parsed(&ACQUIRE_SECONDS, seconds).get();
        let url = env
            .checked(&DATABASE_URL, str::parse)
            .filter(|url| is_usable(env, url));
        #[cfg(feature = "postgres")]
        let url = url.and_then(|url| with_certificates(env, url));
        Self {
            url: url.map(|url| with_file(env, url)),
            pool: PostgresPool {
                max_connections: env.parsed(&MAX_CONNECTIONS, default.max_connections),
                acquire_timeout: Duration::from_secs(acquire_seconds(env).into()),
                statement_cache: env.switch(&STATEMENTS, default.statement_cache),
            },
        }
    }
}

/// Adds the file that the URL was read from, in which its password can change.
fn with_file(env: &Env<'_>, url: DatabaseUrl) -> DatabaseUrl {
    match (url, env.path_of_file(&DATABASE_URL)) {
        (DatabaseUrl::Postgres(mut url), Some(path)) => {
            url.file = Some(path);
            DatabaseUrl::Postgres(url)
        }
        (url, _) => url,
    }
}

/// Reads the files with certificates, so that a wrong one is a configuration error.
#[cfg(feature = "postgres")]
fn with_certificates(env: &mut Env<'_>, mut url: DatabaseUrl) -> Option<DatabaseUrl> {
    if let DatabaseUrl::Postgres(url) = &mut url
        && let Err(error) = url.read_certificates()
    {
        env.error(&DATABASE_URL, error.to_string());
        return None;
    }
    if let DatabaseUrl::Postgres(url) = &url
        && matches!(url.ssl_mode, SslMode::VerifyCa | SslMode::VerifyFull)
        && let Some(reason) = unusable_trust_file(env)
    {
        let reason = format!("is verified with SSL_CERT_FILE, which names a file that {reason}");
        env.error(&DATABASE_URL, reason);
        return None;
    }
    Some(url)
}

/// The problem of the file with the certificates that this process trusts, if it is not the system's.
#[cfg(feature = "postgres")]
fn unusable_trust_file(env: &Env<'_>) -> Option<String> {
    const TRUSTED: &str = "SSL_CERT_FILE";
    let path = env.value(TRUSTED).filter(|_| env.is_in_process(TRUSTED))?;
    check_trusted(Path::new(path.value.expose())).err()
}

/// The warning about a connection over a network.
const UNPROTECTED: &str = "does not verify the certificate of the server: a machine on the network can read and change \
                           everything; add `sslmode=verify-full`, and `sslrootcert` for your own certificate authority";

/// The warning about a connection over a network whose certificate may be for any host.
const ANY_HOST: &str = "does not verify the host name of the server: a machine on the network with a certificate for any \
                        host, of an authority that this machine trusts, can read and change everything; use \
                        `sslmode=verify-full`";

fn is_usable(env: &mut Env<'_>, url: &DatabaseUrl) -> bool {
    match url {
        DatabaseUrl::Sqlite(_) => {
            env.check_feature(&DATABASE_URL, "sqlite", cfg!(feature = "sqlite"))
        }
        DatabaseUrl::Postgres(url) => {
            let is_usable =
                env.check_feature(&DATABASE_URL, "postgres", cfg!(feature = "postgres"))
                    && url.password.as_ref().is_none_or(|password| {
                        check_password(env, &DATABASE_URL, password, &url.host)
                    });
            if is_usable {
                warn(env, url);
            }
            is_usable
        }
    }
}

fn warn(env: &mut Env<'_>, url: &PostgresUrl) {
    let is_verified = url.ssl_mode == SslMode::VerifyCa
        || url.ssl_mode == SslMode::Require && url.ssl_root_cert.is_some();
    if !url.is_protected() {
        env.warn(
            &DATABASE_URL,
            if is_verified { ANY_HOST } else { UNPROTECTED },
        );
    }
    for parameter in &url.ignored {
        env.warn(&DATABASE_URL, format!("contains the parameter {parameter}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::test_util::{errors, outcome, read};

    #[test]
    fn the_database_url_and_the_pool_are_read() {
        let config = read(
            &[(
                "DATABASE_URL",
                "postgresql+asyncpg://divan:p%40ss@db/divan?sslmode=verify-full",
            )],
            DatabaseConfig::read,
        );
        let DatabaseUrl::Postgres(url) = config.url.unwrap() else {
            panic!("another database")
        };
        assert_eq!(url.to_string(), "divan@db:5432/divan");
        assert_eq!(
            (
                config.pool.max_connections.get(),
                config.pool.acquire_timeout.as_secs()
            ),
            (10, 5)
        );

        let config = read(
            &[
                ("DIVAN_DATABASE_MAX_CONNECTIONS", "3"),
                ("DIVAN_DATABASE_ACQUIRE_SECONDS", "7"),
                ("DIVAN_DATABASE_STATEMENTS", "off"),
            ],
            DatabaseConfig::read,
        );
        assert!(config.url.is_none() && !config.pool.statement_cache);
        assert_eq!(
            (
                config.pool.max_connections.get(),
                config.pool.acquire_timeout.as_secs()
            ),
            (3, 7)
        );
    }

    #[test]
    fn only_the_password_of_a_url_is_checked_for_placeholders() {
        for url in [
            "postgres://changeme:of-no-user@localhost/default",
            "postgres://u:of-no-user@mail.exchange.it/replace-me?sslmode=verify-full",
        ] {
            read(&[("DATABASE_URL", url)], DatabaseConfig::read)
                .url
                .unwrap();
        }
    }

    #[test]
    fn an_empty_or_placeholder_password_is_rejected() {
        for (password, message) in [
            ("", "must not contain an empty password"),
            ("changethis", "placeholder"),
            ("pass%77ord", "placeholder"),
        ] {
            let errors = errors(
                &[(
                    "DATABASE_URL",
                    &format!("postgres://divan:{password}@db/divan"),
                )],
                DatabaseConfig::read,
            );
            assert!(
                errors.len() == 1 && errors[0].contains(message),
                "{errors:?}"
            );
        }
        let errors = errors(
            &[("DATABASE_URL", DATABASE_URL.example)],
            DatabaseConfig::read,
        );
        assert!(
            errors.len() == 1 && errors[0].contains("placeholder"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_connection_that_does_not_verify_the_server_is_a_warning() {
        let url = [(
            "DATABASE_URL",
            "postgres://divan:of-no-user@db.example.com/divan",
        )];
        let (_, errors, warnings) = outcome(&url, DatabaseConfig::read);
        assert_eq!((errors.len(), warnings.len()), (0, 1), "{errors:?}");
        assert!(warnings[0].starts_with("DATABASE_URL does not verify the certificate"));
        assert!(!warnings[0].contains("of-no-user"));
    }

    #[test]
    fn a_connection_that_does_not_verify_the_host_name_is_a_warning() {
        let url = "postgres://divan:of-no-user@db.example.com/divan?sslmode=verify-ca";
        let (_, errors, warnings) = outcome(&[("DATABASE_URL", url)], DatabaseConfig::read);
        assert_eq!((errors.len(), warnings.len()), (0, 1), "{errors:?}");
        assert!(warnings[0].starts_with("DATABASE_URL does not verify the host name"));
    }

    #[test]
    fn a_parameter_without_effect_is_a_warning_that_names_it() {
        let url = "postgres://divan:of-no-user@db/divan?sslmode=verify-full&channel_binding=require&pool_size=5";
        let (_, errors, warnings) = outcome(&[("DATABASE_URL", url)], DatabaseConfig::read);
        assert_eq!((errors.len(), warnings.len()), (0, 2), "{errors:?}");
        assert!(warnings[0].starts_with("DATABASE_URL contains the parameter `channel_binding`"));
        assert!(warnings[1].contains("`pool_size`, which has no effect: set DIVAN_DATABASE_MAX"));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn files_with_certificates_are_read_with_the_configuration() {
        const DAMAGED: &[u8] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str, content: &[u8], parameter: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, content).unwrap();
            let file = file.display();
            let other = match parameter {
                "sslkey" => format!("&sslcert={file}"),
                "sslcert" => "&sslkey=/nowhere".to_owned(),
                _ => String::new(),
            };
            let url = format!("postgres://u@db/d?sslmode=verify-full&{parameter}={file}{other}");
            errors(&[("DATABASE_URL", &url)], DatabaseConfig::read).join("\n")
        };
        for (content, reason) in [
            (
                &b""[..],
                "names a file in `sslrootcert` that contains no certificate in PEM form",
            ),
            (b"\x30\x82\x01\xff", "contains no certificate in PEM form"),
            (DAMAGED, "contains a certificate that cannot be read"),
            (&vec![b'x'; 1024 * 1024 + 1], "is larger than 1024 KiB"),
        ] {
            let message = read("ca.pem", content, "sslrootcert");
            assert!(
                message.starts_with("DATABASE_URL ") && message.contains(reason),
                "{message}"
            );
            assert!(!message.contains("ca.pem"), "{message}");
        }
        let message = read("client.pem", b"no PEM", "sslcert");
        assert!(
            message.contains("names a file in `sslcert` that contains no certificate"),
            "{message}"
        );
        let missing = "postgres://u@db/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem";
        let message = errors(&[("DATABASE_URL", missing)], DatabaseConfig::read).join("\n");
        assert!(
            message.contains("names a file in `sslrootcert` that does not exist"),
            "{message}"
        );
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_file_of_trusted_certificates_is_checked_where_it_is_used() {
        let read = |mode: &str, file: &str| {
            let url = format!("postgres://u@db/d?sslmode={mode}");
            let variables = [("DATABASE_URL", url.as_str()), ("SSL_CERT_FILE", file)];
            errors(&variables, DatabaseConfig::read).join("\n")
        };
        let message = read("verify-full", "/nowhere/ca.pem");
        assert!(
            message.starts_with("DATABASE_URL is verified with SSL_CERT_FILE, which names a file that does not exist"),
            "{message}"
        );
        let message = read("verify-ca", "/etc/passwd");
        assert!(
            message.contains("contains no certificate in PEM form"),
            "{message}"
        );
        assert_eq!(read("require", "/nowhere/ca.pem"), "");
    }

    #[test]
    fn invalid_numbers_are_reported() {
        let variables = [
            ("DATABASE_URL", "mysql://u@h/d"),
            ("DIVAN_DATABASE_MAX_CONNECTIONS", "0"),
            ("DIVAN_DATABASE_ACQUIRE_SECONDS", "5s"),
            ("DIVAN_DATABASE_STATEMENTS", "no"),
        ];
        let errors = errors(&variables, DatabaseConfig::read);
        let starts = [
            "DATABASE_URL must start with `sqlite:` or `postgresql://`",
            "DIVAN_DATABASE_MAX_CONNECTIONS must be a positive number (example: DIVAN_DATABASE_MAX_CONNECTIONS=10)",
            "DIVAN_DATABASE_ACQUIRE_SECONDS must be a positive number of seconds",
            "DIVAN_DATABASE_STATEMENTS must be `on` or `off`",
        ];
        assert_eq!(errors.len(), starts.len());
        assert!(
            errors
                .iter()
                .zip(starts)
                .all(|(error, start)| error.starts_with(start)),
            "{errors:?}"
        );
    }
}
