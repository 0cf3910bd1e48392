use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use divan_core::api::{BOOTSTRAP_TOKEN_HEADER, ProblemCode};
use divan_core::init_data::{init_data_in_headers, single_init_data};
use divan_core::secret::Secret;
use divan_core::service::ServiceError;

use crate::problem::Problem;

/// Returns the access token of `Authorization: Bearer …`.
pub(super) fn bearer(parts: &Parts) -> Result<&str, Problem> {
    bearer_credential(&parts.headers)
        .map_err(|Ambiguous| Problem::new(ProblemCode::TokenInvalid))?
        .ok_or_else(|| Problem::new(ProblemCode::TokenMissing))
}

/// The raw init data of `Authorization: tma …` or `X-Telegram-Init-Data: …`, if present.
#[derive(Debug)]
pub(crate) struct InitDataHeader(Option<Secret>);

impl InitDataHeader {
    /// Returns the init data of header and body, which must be equal; empty if both are absent.
    pub(crate) fn or_body(&self, body: Option<&Secret>) -> Result<Secret, Problem> {
        let values = [body, self.0.as_ref()].into_iter().flatten();
        let raw = single_init_data(values.map(Secret::expose)).map_err(ServiceError::InitData)?;
        Ok(Secret::from(raw.unwrap_or_default()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for InitDataHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let raw = init_data_in_headers(&parts.headers).map_err(ServiceError::InitData)?;
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

/// The header appears more than once (a proxy may have checked another one), or is not text.
struct Ambiguous;

/// Returns the credential of the only `Authorization` header if it has the scheme `Bearer`, in any case
/// (RFC 9110 §11.1).
fn bearer_credential(headers: &HeaderMap) -> Result<Option<&str>, Ambiguous> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next(), values.next()) else {
        return Err(Ambiguous);
    };
    let text = value.map(HeaderValue::to_str).transpose();
    let credential = text
        .map_err(|_| Ambiguous)?
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Ok(credential.map(|(_, credential)| credential.trim_start_matches(' ')))
}
