use divan_core::infra::{Env, Section, Variable};
use tracing_subscriber::EnvFilter;

static DOCS: Variable =
    Variable::new("DIVAN_DOCS", "`off` removes `/docs` and `/openapi.json`", "off").when_unset("`on`");

static LOG: Variable = Variable::new(
    "RUST_LOG",
    "what is logged; `debug`: requests that only read, too \
     ([the form](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html#directives))",
    "info,sqlx=warn",
)
.when_unset("`info`");

static LOG_FORMAT: Variable =
    Variable::new("DIVAN_LOG_FORMAT", "`text` for people, or `json` for one object a line", "json")
        .when_unset("`text`");

pub(super) static SECTION: Section = Section::new("Documentation and log", "", &[&DOCS, &LOG, &LOG_FORMAT]);

/// What is logged, and how.
#[derive(Clone, Debug)]
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
        Self { filter: filter.unwrap_or_else(|| "info".to_owned()), json: json.unwrap_or(false) }
    }
}

/// Whether the documentation is served.
pub(super) fn docs(env: &mut Env<'_>) -> bool {
    env.switch(&DOCS, true)
}
