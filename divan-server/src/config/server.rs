use std::time::Duration;

use divan_core::infra::{DependencyKind, Env, Infra, section};
use tracing_subscriber::EnvFilter;

use crate::state::Pages;

section! {
    pub(super) static SECTION = "Readiness, pages and log", "";

    REQUIRED = (
        "DIVAN_REQUIRED",
        "dependencies that must be up for the server to start and to be ready, in addition to the database: s3, qdrant, redis, rabbitmq, \
         separated by commas",
        "s3,redis",
    ).when_unset("none: a dependency that is down is reported, and sign-ins continue").lines();

    DRAIN_SECONDS = (
        "DIVAN_DRAIN_SECONDS",
        "seconds after SIGTERM in which readiness is 503 and requests are still accepted, so that load balancers notice",
        "5",
    ).form("a number of seconds up to 300").when_unset("`1`; `0` in development mode");

    DOCS = ("DIVAN_DOCS", "`off` removes `/docs` and `/openapi.json`", "off").when_unset("`on`");

    PAGES = (
        "DIVAN_PAGES",
        "`on` for the Mini App page and the admin panel, `admin` for the panel only, or `off`; pages of your own replace the others; \
         `/divan.js` is always served",
        "admin",
    ).when_unset("`on`");

    LOG = (
        "RUST_LOG",
        "log filter; `debug` includes requests that only read; `lapin=off` avoids reporting RabbitMQ errors twice \
         ([syntax](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html#directives))",
        "info,lapin=off,sqlx=warn",
    ).when_unset("`info,lapin=off`");

    LOG_FORMAT = ("DIVAN_LOG_FORMAT", "`text`, or `json` for one object per line", "json")
        .when_unset("`text`");
}

/// Filter and format of the log.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line sets up logging")
)]
pub(crate) struct LogConfig {
    /// Filter directives of [`EnvFilter`].
    pub(crate) filter: String,
    /// Writes lines as JSON objects.
    pub(crate) json: bool,
}

impl LogConfig {
    pub(crate) fn read(env: &mut Env<'_>) -> Self {
        let filter = env.checked(&LOG, |text| match text.parse::<EnvFilter>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("must be a valid log filter"),
        });
        let json = env.checked(&LOG_FORMAT, |text| match text {
            "text" => Ok(false),
            "json" => Ok(true),
            _ => Err("must be `text` or `json`"),
        });
        Self {
            filter: filter.unwrap_or_else(|| "info,lapin=off".to_owned()),
            json: json.unwrap_or(false),
        }
    }
}

/// Reads the time from the stop signal until connections are no longer accepted.
pub(super) fn drain(env: &mut Env<'_>) -> Duration {
    let default = u16::from(env.is_deployment());
    let seconds = env.checked(&DRAIN_SECONDS, |text| match text.parse::<u16>() {
        Ok(seconds @ ..=300) => Ok(seconds),
        _ => Err("must be a number of seconds up to 300"),
    });
    Duration::from_secs(seconds.unwrap_or(default).into())
}

/// Returns `true` if the documentation is served.
pub(super) fn docs(env: &mut Env<'_>) -> bool {
    env.switch(&DOCS, true)
}

/// Reads which pages are served.
pub(super) fn pages(env: &mut Env<'_>) -> Pages {
    let pages = env.checked(&PAGES, |text| match text {
        "on" => Ok(Pages::All),
        "admin" => Ok(Pages::Admin),
        "off" => Ok(Pages::Client),
        _ => Err("must be `on`, `admin` or `off`"),
    });
    pages.unwrap_or(Pages::All)
}

/// Dependencies that must be up for the server to start and to be ready, besides the database.
pub(super) fn required(env: &mut Env<'_>, infra: &Infra) -> Vec<DependencyKind> {
    // A section with errors is not configured either, and its errors are reported already.
    let is_valid = env.is_valid();
    let parse = |name: &str| {
        let kind = name.parse();
        let is_configured = match kind {
            Ok(DependencyKind::S3) => infra.s3.is_some(),
            Ok(DependencyKind::Qdrant) => infra.qdrant.is_some(),
            Ok(DependencyKind::Redis) => infra.redis.is_some(),
            Ok(DependencyKind::RabbitMq) => infra.rabbitmq.is_some(),
            _ => {
                return Err(
                    "must be a comma-separated list of: s3, qdrant, redis, rabbitmq".to_owned(),
                );
            }
        };
        match kind {
            Ok(kind) if is_configured || !is_valid => Ok(kind),
            _ => Err(format!("names {name}, which is not configured")),
        }
    };
    let kinds = env.checked(&REQUIRED, |text| {
        let names = text.split(',').map(str::trim);
        let (kinds, errors): (Vec<_>, Vec<_>) = names
            .filter(|name| !name.is_empty())
            .map(parse)
            .partition(Result::is_ok);
        if errors.is_empty() {
            Ok(kinds.into_iter().flatten().collect())
        } else {
            let errors: Vec<_> = errors.into_iter().filter_map(Result::err).collect();
            Err(errors.join("; "))
        }
    });
    kinds.unwrap_or_default()
}
