use std::collections::BTreeMap;
use std::error::Error;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use divan_core::api::{Endpoint, MemberError, MemberErrorCode, ProblemCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;

use super::rejections::{MAX_BODY_BYTES, invalid, malformed, too_large, unsupported};
use crate::problem::Problem;

/// The media type of the bodies of all endpoints.
pub(super) const JSON: &str = "application/json";

/// The rule for types without a shorter description.
const WRONG_TYPE: &str = "must have the type and format of the API documentation";

/// The JSON body of an endpoint.
#[derive(Debug)]
pub(crate) struct JsonBody<E: Endpoint>(pub(crate) E::Request);

impl<E: Endpoint, S: Send + Sync> FromRequest<S> for JsonBody<E> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match content_type(request.headers()).as_deref() {
            Some(JSON) => Ok(Self(json(&read(request, state).await?)?)),
            _ => Err(unsupported(JSON)),
        }
    }
}

/// The JSON body of an endpoint, or the default request without a body.
#[derive(Debug)]
pub(crate) struct OptionalJsonBody<E: Endpoint>(pub(crate) E::Request);

impl<E: Endpoint<Request: Default>, S: Send + Sync> FromRequest<S> for OptionalJsonBody<E> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = content_type(request.headers());
        let body = read(request, state).await?;
        if body.is_empty() {
            return Ok(Self(E::Request::default()));
        }
        match content_type.as_deref() {
            Some(JSON) => Ok(Self(json(&body)?)),
            _ => Err(unsupported(JSON)),
        }
    }
}

/// The media type of the body, without its parameters; `None` also for several, of which a proxy may
/// have read the other one.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let value = value.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    Some(essence.to_ascii_lowercase())
}

/// The body of a request arrived too slowly.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body of the request arrived too slowly")]
pub(crate) struct BodyTimeout;

/// Reads the body, up to the limit that the router sets.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let length = request.headers().get(CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(too_large());
    }
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            if is_timeout(&rejection) {
                Problem::new(ProblemCode::RequestTimeout)
            } else if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                too_large()
            } else {
                Problem::new(ProblemCode::MalformedBody).with_detail("The body is incomplete.")
            }
        })
}

pub(super) fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut sources = std::iter::successors(Some(error), |&error| error.source());
    sources.any(<dyn Error>::is::<BodyTimeout>)
}

/// Parses a JSON object; an error names the member at fault.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut path = serde_path_to_error::Track::new();
    let parsed = T::deserialize(serde_path_to_error::Deserializer::new(
        &mut reader,
        &mut path,
    ));
    let value = parsed.map_err(|error| match error.classify() {
        Category::Data => invalid(member_error(&error.to_string(), &path.path())),
        // serde_json also reports a value that is not a string as a syntax error, for an enum.
        _ if is_json(text) => {
            let code = MemberErrorCode::WrongType;
            invalid(MemberError::new(
                pointer(&path.path()),
                code,
                "must be a string",
            ))
        }
        _ => malformed(),
    })?;
    reader.end().map_err(|_| malformed())?;
    // Derived deserializers accept an array for an object, member by member.
    if !text.trim_start().starts_with('{') {
        let code = MemberErrorCode::WrongType;
        return Err(invalid(MemberError::new("", code, "must be a JSON object")));
    }
    refuse_nul(text)?;
    Ok(value)
}

/// Refuses U+0000, which PostgreSQL cannot store and other programs take for the end of a text. JSON
/// contains it only as an escape.
fn refuse_nul(text: &str) -> Result<(), Problem> {
    if !text.contains(r"\u0000") {
        return Ok(());
    }
    let members: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|_| malformed())?;
    let has_nul = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
    match members.iter().find(|(_, value)| has_nul(value)) {
        Some((member, _)) => Err(invalid(contains_nul(member))),
        None => Ok(()),
    }
}

/// The error of a text with U+0000.
pub(super) fn contains_nul(member: &str) -> MemberError {
    let detail = "must not contain the character U+0000";
    MemberError::new(pointer_to(member), MemberErrorCode::Invalid, detail)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Converts an error of serde. Its text may quote a value, so only the name of a member is used.
pub(super) fn member_error(message: &str, path: &serde_path_to_error::Path) -> MemberError {
    let named = |kind: &str| {
        let name = message.strip_prefix(kind)?.strip_prefix(" `")?;
        name.split('`').next()
    };
    let kinds = [
        ("missing field", MemberErrorCode::Required),
        ("unknown field", MemberErrorCode::UnknownMember),
        ("duplicate field", MemberErrorCode::DuplicateMember),
    ];
    for (kind, code) in kinds {
        if let Some(member) = named(kind) {
            return error_of(member, code);
        }
    }
    if message.starts_with("unknown variant") {
        return MemberError::new(
            pointer(path),
            MemberErrorCode::UnknownValue,
            values(message),
        );
    }
    MemberError::new(pointer(path), MemberErrorCode::WrongType, expected(message))
}

/// Returns the rule for a value of another type. The text after the last `expected` comes from the type;
/// the one before it may quote the value.
fn expected(message: &str) -> &'static str {
    let expected = match message.rsplit_once(", expected ") {
        Some((_, expected)) if message.starts_with("invalid ") => without_position(expected),
        _ => return WRONG_TYPE,
    };
    match expected {
        "a string" | "string or map" => "must be a string",
        "a boolean" => "must be `true` or `false`",
        "u32" | "u64" | "i64" => "must be a whole number",
        _ => WRONG_TYPE,
    }
}

/// Returns the rule for an unknown value of an enum: "must be `employee` or `admin`".
fn values(message: &str) -> String {
    let Some((_, expected)) = message.rsplit_once(", expected ") else {
        return WRONG_TYPE.to_owned();
    };
    format!("must be {}", without_position(expected))
}

/// Removes the position that `serde_json` appends.
fn without_position(text: &str) -> &str {
    text.split_once(" at line ").map_or(text, |(text, _)| text)
}

/// The error of a member at the top of the request.
pub(crate) fn error_of(member: &str, code: MemberErrorCode) -> MemberError {
    let detail = match code {
        MemberErrorCode::Required => "is required",
        MemberErrorCode::UnknownMember => "is not a known member",
        MemberErrorCode::DuplicateMember => "must appear only once",
        _ => WRONG_TYPE,
    };
    MemberError::new(pointer_to(member), code, detail)
}

/// Converts a path to a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Map { key } => Some(pointer_to(key)),
            _ => None,
        })
        .collect()
}

/// Builds one step of a JSON pointer (RFC 6901 §3), shortened in case the client sends a very long
/// name.
pub(crate) fn pointer_to(member: &str) -> String {
    let short: String = member.chars().take(64).collect();
    format!("/{}", short.replace('~', "~0").replace('/', "~1"))
}
