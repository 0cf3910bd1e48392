//! Variables of libpq.

use super::database::DatabaseConfig;
use super::env::Env;
use super::settings::Setting;
use crate::database_url::{DatabaseUrl, PostgresUrl, SslMode};

const IN_FILE: &str = "no effect: the driver reads it from the environment of the process only";
const NONE: &str = "no effect: write it in DATABASE_URL";

/// Condition under which the driver uses a variable.
type IsUsed = fn(&PostgresUrl) -> bool;

/// Variables of libpq.
const VARIABLES: [(&str, IsUsed); 18] = [
    ("PGHOST", |_| false),
    ("PGHOSTADDR", |_| false),
    ("PGPORT", |_| false),
    ("PGDATABASE", |_| false),
    ("PGUSER", |_| false),
    ("PGPASSWORD", |url| url.password.is_none()),
    ("PGPASSFILE", |_| false),
    ("PGSERVICE", |_| false),
    ("PGOPTIONS", |_| true),
    ("PGAPPNAME", |_| false),
    ("PGSSLMODE", |_| false),
    ("PGSSLROOTCERT", |url| {
        url.ssl_root_cert.is_none()
            && matches!(url.ssl_mode, SslMode::VerifyCa | SslMode::VerifyFull)
    }),
    ("PGSSLCERT", uses_client_certificate),
    ("PGSSLKEY", uses_client_certificate),
    ("PGCHANNELBINDING", |_| false),
    ("PGCONNECT_TIMEOUT", |_| false),
    ("PGTARGETSESSIONATTRS", |_| false),
    ("PGCLIENTENCODING", |_| false),
];

fn uses_client_certificate(url: &PostgresUrl) -> bool {
    url.ssl_cert.is_none() && !matches!(url.ssl_mode, SslMode::Disable | SslMode::Allow)
}

impl DatabaseConfig {
    /// Returns the variables of libpq that are set, such as `PGOPTIONS`, and whether they take effect in
    /// addition to `DATABASE_URL`. Never contains a value. Empty without PostgreSQL.
    ///
    /// ```
    /// use divan_core::infra::{DatabaseConfig, Env};
    ///
    /// let variables = |name: &str| match name {
    ///     "DATABASE_URL" => Some("postgres://divan@localhost/divan".to_owned()),
    ///     "PGOPTIONS" | "PGHOST" => Some("any".to_owned()),
    ///     _ => None,
    /// };
    /// let mut env = Env::new(&variables);
    /// let settings = DatabaseConfig::read(&mut env).libpq_settings(&env);
    /// let effects: Vec<_> = settings.iter().map(|setting| setting.value.as_deref()).collect();
    /// assert_eq!((settings[0].variable, settings[1].variable), ("PGHOST", "PGOPTIONS"));
    /// assert_eq!(effects[0], Some("no effect: write it in DATABASE_URL"));
    /// assert_eq!(effects[1], Some("takes effect"));
    /// ```
    pub fn libpq_settings(&self, env: &Env<'_>) -> Vec<Setting> {
        let Some(DatabaseUrl::Postgres(url)) = &self.url else {
            return Vec::new();
        };
        let setting = |&(variable, is_used): &(&'static str, IsUsed)| {
            let found = env.value(variable)?;
            let effect = match is_used(url) {
                true if env.is_in_process(variable) => "takes effect",
                true => IN_FILE,
                false => NONE,
            };
            Some(Setting {
                variable,
                value: Some(effect.to_owned()),
                is_hidden: false,
                source: env.source_of(&found),
                when_unset: "",
            })
        };
        VARIABLES.iter().filter_map(setting).collect()
    }
}
