use url::Url;

use super::QdrantConfig;
use crate::infra::address::{InvalidAddress, bare_address};
use crate::infra::env::Env;
use crate::infra::server_url::{check_password, host_of};
use crate::infra::variable::{Section, Variable};
use crate::secret::Secret;

static QDRANT_URL: Variable = Variable::new(
    "QDRANT_URL",
    "the address of the REST interface",
    "http://localhost:6333",
)
.when_unset("nothing is searched there")
.also_called(&["QDRANT_HOST", "QDRANT_ENDPOINT", "QDRANT_REST_URL"]);

static QDRANT_GRPC_URL: Variable = Variable::new(
    "QDRANT_GRPC_URL",
    "the address of the gRPC interface",
    "http://localhost:6334",
)
.when_unset(
    "that of `QDRANT_URL` with port 6334, where that has port 6333 or none; otherwise that of `QDRANT_URL`",
);

static QDRANT_API_KEY: Variable = Variable::new(
    "QDRANT_API_KEY",
    "the key, where one is asked for",
    "the-key-of-the-server",
)
.when_unset("none is sent")
.secret();

static QDRANT_SERVICE_API_KEY: Variable = Variable::new(
    "QDRANT__SERVICE__API_KEY",
    "the same, as Qdrant itself is given it: read where `QDRANT_URL` is set and `QDRANT_API_KEY` is not",
    "the-key-of-the-server",
)
.when_unset("none is sent")
.secret();

/// The ports of an installation that nobody changed.
const REST_PORT: u16 = 6333;
const GRPC_PORT: u16 = 6334;

static SECTION: Section = Section::new(
    "Vector search (Qdrant)",
    "Other variables that begin with `QDRANT__` are Qdrant's own and are not read. Needs the feature `qdrant`.",
    &[
        &QDRANT_URL,
        &QDRANT_GRPC_URL,
        &QDRANT_API_KEY,
        &QDRANT_SERVICE_API_KEY,
    ],
);

impl QdrantConfig {
    /// What it is read from.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads it; `None` where nothing of it is set, or something is wrong.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        let first = [&QDRANT_URL, &QDRANT_GRPC_URL, &QDRANT_API_KEY]
            .into_iter()
            .find(|variable| env.is_set(variable))?;
        if !env.built_with(first, "qdrant", cfg!(feature = "qdrant")) {
            return None;
        }
        Self::parse(env, first)
    }

    fn parse(env: &mut Env<'_>, first: &Variable) -> Option<Self> {
        if !env.is_set(&QDRANT_URL) {
            env.missing(&QDRANT_URL, &format!("{} is", first.name()));
        }
        let addresses = env.checked(&QDRANT_URL, addresses);
        let grpc = env.checked(&QDRANT_GRPC_URL, bare_address);
        let api_key = api_key(env);
        let (rest, derived) = addresses?;
        let host = host_of(&rest).unwrap_or_default();
        let mut config = Self::new(rest, grpc.unwrap_or(derived));
        if let Some((variable, key)) = api_key {
            config.api_key = check_password(env, variable, &key, &host).then_some(key);
        }
        Some(config)
    }
}

fn api_key(env: &mut Env<'_>) -> Option<(&'static Variable, Secret)> {
    let (ours, theirs) = (
        env.secret(&QDRANT_API_KEY),
        env.secret(&QDRANT_SERVICE_API_KEY),
    );
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours.expose() != theirs.expose() => {
            let reason = format!(
                "says something else than {}; keep one",
                QDRANT_SERVICE_API_KEY.name()
            );
            env.wrong(&QDRANT_API_KEY, reason);
            None
        }
        (Some(key), _) => Some((&QDRANT_API_KEY, key)),
        (None, Some(key)) => Some((&QDRANT_SERVICE_API_KEY, key)),
        (None, None) => None,
    }
}

/// The addresses of the REST and of the gRPC interface.
///
/// An address without a port is that of an installation that nobody changed. A port that is neither
/// of its two is taken for a proxy's, which tells the two protocols apart.
fn addresses(text: &str) -> Result<(Url, Url), InvalidAddress> {
    let url = bare_address(text)?;
    let at = |port: u16| {
        let mut url = url.clone();
        // Fails for addresses without a host, which those of the web are never.
        let _ = url.set_port(Some(port));
        url
    };
    Ok(match port_in(text) {
        None | Some(REST_PORT | GRPC_PORT) => (at(REST_PORT), at(GRPC_PORT)),
        Some(_) => (url.clone(), url),
    })
}

/// The port that is written in an address; [`Url`] forgets the usual ones.
fn port_in(text: &str) -> Option<u16> {
    let authority = text.split_once("://")?.1.split(['/', '?', '#']).next()?;
    authority.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests;
