use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use divan_core::api::{BOOTSTRAP_TOKEN_HEADER, ProblemCode};
use divan_core::init_data::{InitDataError, Malformed, is_absent};
use divan_core::secret::Secret;
use divan_core::service::ServiceError;

use crate::problem::Problem;

/// Returns the access token of `Authorization: Bearer …`.
pub(super) fn bearer(parts: &Parts) -> Result<&str, Problem> {
    authorization(&parts.headers, "bearer")
        .map_err(|Ambiguous| Problem::new(ProblemCode::TokenInvalid))?
        .ok_or_else(|| Problem::new(ProblemCode::TokenMissing))
}

/// The raw init data of `Authorization: tma …` or `X-Telegram-Init-Data: …`, if present.
#[derive(Debug)]
pub(crate) struct TmaHeader(pub(crate) Option<Secret>);

/// Header with the raw init data alone.
pub(crate) const X_TELEGRAM_INIT_DATA: HeaderName = HeaderName::from_static("x-telegram-init-data");

impl<S: Send + Sync> FromRequestParts<S> for TmaHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let unreadable = |Ambiguous| init_data_problem(Malformed::Character.into());
        let values = [
            authorization(headers, "tma").map_err(unreadable)?,
            only_value(headers, X_TELEGRAM_INIT_DATA).map_err(unreadable)?,
        ];
        let [first, second] = values.map(|value| value.map(|raw| Secret::from(raw.trim_ascii())));
        single_init_data(first, second).map(Self)
    }
}

/// Returns the init data of two places, which must be equal; `None` if both are absent.
pub(crate) fn single_init_data(
    first: Option<Secret>,
    second: Option<Secret>,
) -> Result<Option<Secret>, Problem> {
    let [first, second] = [first, second].map(|raw| raw.filter(|raw| !is_absent(raw.expose())));
    match (first, second) {
        (Some(first), Some(second)) if first.expose() != second.expose() => {
            Err(init_data_problem(InitDataError::Conflict))
        }
        (first, second) => Ok(first.or(second)),
    }
}

fn init_data_problem(error: InitDataError) -> Problem {
    ServiceError::InitData(error).into()
}

/// The `X-Bootstrap-Token` header, if present.
#[derive(Debug)]
pub(crate) struct BootstrapToken(pub(crate) Option<Secret>);

impl<S: Send + Sync> FromRequestParts<S> for BootstrapToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let header = parts
            .headers
            .get(BOOTSTRAP_TOKEN_HEADER)
            .and_then(|value| value.to_str().ok());
        Ok(Self(header.map(Secret::from)))
    }
}

/// The header appears more than once (a proxy may have checked another one), or is not text.
struct Ambiguous;

/// Returns the credential of `Authorization` with this scheme, in any case (RFC 9110 §11.1).
fn authorization<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<Option<&'h str>, Ambiguous> {
    let credential = only_value(headers, AUTHORIZATION)?
        .and_then(|text| text.split_once(' '))
        .filter(|(sent, _)| sent.eq_ignore_ascii_case(scheme));
    Ok(credential.map(|(_, credential)| credential.trim_start_matches(' ')))
}

/// Returns the value of a header that must not be repeated.
fn only_value(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Ambiguous> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match values.next() {
        Some(_) => Err(Ambiguous),
        None => value.to_str().map(Some).map_err(|_| Ambiguous),
    }
}
