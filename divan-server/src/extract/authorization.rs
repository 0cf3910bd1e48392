use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use divan_core::api::{BOOTSTRAP_TOKEN_HEADER, ProblemCode};
use divan_core::secret::Secret;

use crate::problem::Problem;

/// Returns the access token of `Authorization: Bearer …`.
pub(super) fn bearer(parts: &Parts) -> Result<&str, Problem> {
    authorization(&parts.headers, "bearer")
        .map_err(|Ambiguous| Problem::new(ProblemCode::TokenInvalid))?
        .ok_or_else(|| Problem::new(ProblemCode::TokenMissing))
}

/// The raw init data of `Authorization: tma …`, if present.
#[derive(Debug)]
pub(crate) struct TmaHeader(pub(crate) Option<Secret>);

impl<S: Send + Sync> FromRequestParts<S> for TmaHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let raw = authorization(&parts.headers, "tma")
            .map_err(|Ambiguous| Problem::new(ProblemCode::InitDataInvalid))?;
        Ok(Self(raw.map(Secret::from)))
    }
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

/// The `Authorization` header appears more than once (a proxy may have checked another one), or is
/// not text.
struct Ambiguous;

/// Returns the credential of `Authorization` with this scheme, in any case (RFC 9110 §11.1).
fn authorization<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<Option<&'h str>, Ambiguous> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Ambiguous);
    }
    let text = value.to_str().map_err(|_| Ambiguous)?;
    let credential = text
        .split_once(' ')
        .filter(|(sent, _)| sent.eq_ignore_ascii_case(scheme));
    Ok(credential.map(|(_, credential)| credential.trim_start_matches(' ')))
}
