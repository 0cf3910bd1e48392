use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use divan_core::api::{Endpoint, MemberError, ProblemCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::rejections::{invalid, malformed, too_large, unsupported};
use crate::problem::Problem;

/// The media type of a body, unless its endpoint reads another one too.
pub(super) const JSON: &str = "application/json";

/// The JSON body of an endpoint.
#[derive(Debug)]
pub(crate) struct JsonBody<E: Endpoint>(pub(crate) E::Request);

impl<E: Endpoint, S: Send + Sync> FromRequest<S> for JsonBody<E> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match content_type(request.headers()).as_deref() {
            Some(JSON) => Ok(Self(json(&read(request, state).await?)?)),
            _ => Err(unsupported([JSON])),
        }
    }
}

/// The media type of the body, without its parameters.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    Some(essence.to_ascii_lowercase())
}

/// The body, up to the limit that the router sets.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large()
            } else {
                Problem::new(ProblemCode::MalformedBody)
                    .with_detail("The body did not arrive whole.")
            }
        })
}

/// Reads one JSON object, and names the member that is wrong.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut path = serde_path_to_error::Track::new();
    let parsed = T::deserialize(serde_path_to_error::Deserializer::new(
        &mut reader,
        &mut path,
    ));
    let value = parsed.map_err(|error| match error.classify() {
        Category::Data => invalid(member_named_in(&error.to_string()).unwrap_or_else(|| {
            MemberError::new(pointer(&path.path()), "is not of the right type")
        })),
        _ => malformed(),
    })?;
    reader.end().map_err(|_| malformed())?;
    // Derived readers take an array for an object, member by member.
    if !text.trim_start().starts_with('{') {
        return Err(invalid(MemberError::new("", "must be a JSON object")));
    }
    Ok(value)
}

/// What serde says names the member, but may also quote a value: so only the name is taken from it.
pub(super) fn member_named_in(message: &str) -> Option<MemberError> {
    let named = |what: &str| {
        message
            .strip_prefix(what)?
            .strip_prefix(" `")?
            .split('`')
            .next()
    };
    let details = [
        ("missing field", "is missing"),
        ("unknown field", "is not a member that is known here"),
        ("duplicate field", "stands twice"),
    ];
    details
        .into_iter()
        .find_map(|(what, detail)| Some(MemberError::new(pointer_to(named(what)?), detail)))
}

/// A path as a JSON pointer; no request nests deeper than its members.
pub(super) fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Map { key } => Some(pointer_to(key)),
            _ => None,
        })
        .collect()
}

/// One step of a JSON pointer (RFC 6901 §3), shortened where somebody sends a novel for a name.
fn pointer_to(member: &str) -> String {
    let short: String = member.chars().take(64).collect();
    format!("/{}", short.replace('~', "~0").replace('/', "~1"))
}
