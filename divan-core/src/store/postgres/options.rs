//! Options of a connection to PostgreSQL.

use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::crypto::{CryptoProvider, ring};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::database_url::{HostPort, PostgresPool, PostgresUrl, SslMode};

/// Returns the options of a connection to one server of the URL.
pub(super) fn options(url: &PostgresUrl, host: &HostPort, pool: PostgresPool) -> PgConnectOptions {
    let mut options = with_options(url)
        // No column has a floating point type, and PgBouncer refuses this parameter.
        .extra_float_digits(None)
        .host(&host.host)
        .port(host.port)
        .username(&url.user)
        .database(&url.database)
        .application_name(&url.application_name)
        .ssl_mode(ssl_mode(url, host));
    if let Some(password) = &url.password {
        options = options.password(password.expose());
    }
    if let Some(certificates) = url.root_certificates() {
        options = options.ssl_root_cert_from_pem(certificates.to_vec());
    } else if let Some(file) = &url.ssl_root_cert {
        options = options.ssl_root_cert(file);
    }
    if let (Some(certificate), Some(key)) = (&url.ssl_cert, &url.ssl_key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    match url.statement_cache_size {
        _ if !statement_cache(url, pool) => options.statement_cache_capacity(0),
        Some(size) => options.statement_cache_capacity(size),
        None => options,
    }
}

/// Returns `true` if connections keep prepared statements.
pub(super) fn statement_cache(url: &PostgresUrl, pool: PostgresPool) -> bool {
    pool.statement_cache && url.statement_cache_size != Some(0)
}

/// Default options with those of the URL. Only the URL of `sqlx` accepts them as one text.
fn with_options(url: &PostgresUrl) -> PgConnectOptions {
    let Some(options) = &url.options else {
        return PgConnectOptions::new_without_pgpass();
    };
    let options = utf8_percent_encode(options, NON_ALPHANUMERIC);
    let parse = |user: &str| {
        PgConnectOptions::from_str(&format!("postgres://{user}@h/d?options={options}"))
            // Encoded text is always accepted.
            .unwrap_or_else(|_| PgConnectOptions::new_without_pgpass())
    };
    if std::env::var_os("PGPASSWORD").is_some() {
        parse("u")
    } else {
        // Without any password, `sqlx` would read the file of passwords of this user.
        parse("u:unused").password("")
    }
}

fn ssl_mode(url: &PostgresUrl, host: &HostPort) -> PgSslMode {
    match url.ssl_mode {
        // As libpq: a Unix socket has no TLS.
        _ if host.host.starts_with('/') => PgSslMode::Disable,
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Allow => PgSslMode::Allow,
        SslMode::Prefer => PgSslMode::Prefer,
        // `sqlx` would ignore the certificates that libpq verifies then.
        SslMode::Require if url.ssl_root_cert.is_some() => verify_ca(),
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => verify_ca(),
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}

/// For this mode alone `sqlx` uses the crypto provider of the process, and panics if there is none and
/// several are compiled in.
fn verify_ca() -> PgSslMode {
    if CryptoProvider::get_default().is_none() {
        // An error means that another thread was faster.
        let _ = ring::default_provider().install_default();
    }
    PgSslMode::VerifyCa
}
