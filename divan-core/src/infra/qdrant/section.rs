use url::Url;

use super::QdrantConfig;
use crate::infra::address::{InvalidAddress, bare_address};
use crate::infra::env::Env;
use crate::infra::server_url::{check_password, host_of};
use crate::infra::variable::{Section, Variable, section};
use crate::secret::Secret;

/// Default ports.
const REST_PORT: u16 = 6333;
const GRPC_PORT: u16 = 6334;

section! {
    static SECTION =
        "Vector search (Qdrant)",
        "Other variables that start with `QDRANT__` configure Qdrant itself and are ignored. Requires the feature `qdrant`.";

    QDRANT_URL = ("QDRANT_URL", "URL of the REST API", "http://localhost:6333")
        .when_unset("no Qdrant").synonyms(&["QDRANT_HOST", "QDRANT_ENDPOINT", "QDRANT_REST_URL"]);

    QDRANT_GRPC_URL = ("QDRANT_GRPC_URL", "URL of the gRPC API", "http://localhost:6334")
        .when_unset("`QDRANT_URL`, with port 6334 if its port is 6333 or missing");

    QDRANT_API_KEY = (
        "QDRANT_API_KEY",
        "API key, if the server requires one",
        "the-key-of-the-server",
    ).when_unset("none").secret();

    QDRANT_SERVICE_API_KEY = (
        "QDRANT__SERVICE__API_KEY",
        "the API key under the name that Qdrant itself reads; used if `QDRANT_API_KEY` is not set",
        "the-key-of-the-server",
    ).when_unset("none").secret();
}

impl QdrantConfig {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. `None` if none of it is set, or after an error.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        let variables = [&QDRANT_URL, &QDRANT_GRPC_URL, &QDRANT_API_KEY];
        let first = env.first_set(&variables, "qdrant", cfg!(feature = "qdrant"))?;
        Self::parse(env, first)
    }

    fn parse(env: &mut Env<'_>, first: &Variable) -> Option<Self> {
        env.require(&QDRANT_URL, &format!("{} requires it", first.name()));
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
                "contradicts {}; remove one of them",
                QDRANT_SERVICE_API_KEY.name()
            );
            env.error(&QDRANT_API_KEY, reason);
            None
        }
        (Some(key), _) => Some((&QDRANT_API_KEY, key)),
        (None, Some(key)) => Some((&QDRANT_SERVICE_API_KEY, key)),
        (None, None) => None,
    }
}

/// URLs of the REST and the gRPC API.
///
/// Without a port, the default ports apply. Any other port is taken for a proxy that serves both
/// protocols.
fn addresses(text: &str) -> Result<(Url, Url), InvalidAddress> {
    let url = bare_address(text)?;
    let at = |port: u16| {
        let mut url = url.clone();
        // Fails only for URLs without a host, and http URLs have one.
        let _ = url.set_port(Some(port));
        url
    };
    Ok(match port_in(text) {
        None | Some(REST_PORT | GRPC_PORT) => (at(REST_PORT), at(GRPC_PORT)),
        Some(_) => (url.clone(), url),
    })
}

/// The port in the text of a URL; [`Url`] drops default ports.
fn port_in(text: &str) -> Option<u16> {
    let authority = text.split_once("://")?.1.split(['/', '?', '#']).next()?;
    authority.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests;
