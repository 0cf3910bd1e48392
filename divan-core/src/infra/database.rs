use std::num::NonZeroU32;
use std::time::Duration;

use super::deployment::DATABASE_URL;
use super::env::Env;
use super::server_url::check_password;
use super::variable::{Section, section};
use crate::database_url::{DatabaseUrl, PostgresPool};

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
        "seconds that a request waits for a PostgreSQL connection, and the start for the database",
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
        Self {
            url: env
                .checked(&DATABASE_URL, str::parse)
                .filter(|url| is_usable(env, url)),
            pool: PostgresPool {
                max_connections: env.parsed(&MAX_CONNECTIONS, default.max_connections),
                acquire_timeout: Duration::from_secs(acquire_seconds(env).into()),
                statement_cache: env.switch(&STATEMENTS, default.statement_cache),
            },
        }
    }
}

/// The warning about a connection over a network.
const UNPROTECTED: &str = "does not verify the certificate of the server: a machine on the network can read and change \
                           everything; add `sslmode=verify-full`, and `sslrootcert` for your own certificate authority";

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
            if is_usable && !url.is_protected() {
                env.warn(&DATABASE_URL, UNPROTECTED);
            }
            is_usable
        }
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
            "postgres://u:of-no-user@mail.exchange.it/replace-me?sslmode=verify-ca",
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
