use divan_core::infra::{Env, Infra, Section, Variable};
use tracing_subscriber::EnvFilter;

static DOCS: Variable = Variable::new(
    "DIVAN_DOCS",
    "`off` removes `/docs` and `/openapi.json`",
    "off",
)
.when_unset("`on`");

static LOG: Variable = Variable::new(
    "RUST_LOG",
    "what is logged; `debug`: requests that only read, too; `lapin=off`: RabbitMQ's faults are told once, by the server itself \
     ([the form](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html#directives))",
    "info,lapin=off,sqlx=warn",
)
.when_unset("`info,lapin=off`");

static LOG_FORMAT: Variable = Variable::new(
    "DIVAN_LOG_FORMAT",
    "`text` for people, or `json` for one object a line",
    "json",
)
.when_unset("`text`");

static REQUIRED: Variable = Variable::new(
    "DIVAN_REQUIRED",
    "what has to be there, besides the database, for the server to start and to be ready: of s3, qdrant, redis and rabbitmq, \
     separated by commas",
    "s3,redis",
)
.when_unset("nothing: what is missing is told, and sign-ins go on");

pub(super) static SECTION: Section = Section::new(
    "Readiness, documentation and log",
    "",
    &[&REQUIRED, &DOCS, &LOG, &LOG_FORMAT],
);

/// What is logged, and how.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line sets up logging")
)]
pub(crate) struct LogConfig {
    /// A filter that [`EnvFilter`] reads.
    pub(crate) filter: String,
    /// Whether lines are objects.
    pub(crate) json: bool,
}

impl LogConfig {
    pub(crate) fn read(env: &mut Env<'_>) -> Self {
        let filter = env.checked(&LOG, |text| match text.parse::<EnvFilter>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("is no filter of log lines"),
        });
        let json = env.checked(&LOG_FORMAT, |text| match text {
            "text" => Ok(false),
            "json" => Ok(true),
            _ => Err("is neither `text` nor `json`"),
        });
        Self {
            filter: filter.unwrap_or_else(|| "info,lapin=off".to_owned()),
            json: json.unwrap_or(false),
        }
    }
}

/// Whether the documentation is served.
pub(super) fn docs(env: &mut Env<'_>) -> bool {
    env.switch(&DOCS, true)
}

/// The names of what has to be there.
pub(super) fn required(env: &mut Env<'_>, infra: &Infra) -> Vec<String> {
    let configured = [
        ("s3", infra.s3.is_some()),
        ("qdrant", infra.qdrant.is_some()),
        ("redis", infra.redis.is_some()),
        ("rabbitmq", infra.rabbitmq.is_some()),
    ];
    // A section that is wrong is not configured either, and that is told already.
    let is_valid = env.is_valid();
    let names = env.checked(&REQUIRED, |text| {
        let names: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let fault = |name: &&str| match configured.iter().find(|(known, _)| known == name) {
            Some((_, true)) => None,
            Some(_) if !is_valid => None,
            Some((known, false)) => Some(format!("names {known}, which is not configured")),
            None => Some("has a name that is none of s3, qdrant, redis and rabbitmq".to_owned()),
        };
        let faults: Vec<String> = names.iter().filter_map(fault).collect();
        if faults.is_empty() {
            Ok(names.into_iter().map(str::to_owned).collect())
        } else {
            Err(faults.join(", "))
        }
    });
    names.unwrap_or_default()
}
