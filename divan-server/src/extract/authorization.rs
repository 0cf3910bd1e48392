use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use divan_core::api::{BOOTSTRAP_TOKEN_HEADER, ProblemCode};
use divan_core::init_data::{init_data_in_headers, single_init_data};
use divan_core::secret::Secret;
use divan_core::service::ServiceError;
use url::form_urlencoded;

use crate::problem::Problem;

/// Returns the access token of `Authorization: Bearer …`.
pub(super) fn bearer(parts: &Parts) -> Result<&str, Problem> {
    bearer_credential(&parts.headers)
        .map_err(|Ambiguous| Problem::new(ProblemCode::TokenInvalid))?
        .ok_or_else(|| Problem::new(ProblemCode::TokenMissing))
}

/// The credentials of a request that a service may send.
pub(super) enum Credentials<'p> {
    /// Id and secret of a service.
    Basic(Option<BasicCredentials>),
    /// An access token, or none.
    Bearer(Result<&'p str, Problem>),
}

/// Id and secret of another service.
#[derive(Debug)]
pub(crate) struct BasicCredentials {
    pub(super) id: Secret,
    pub(super) secret: Secret,
}

/// Returns the credentials of the only `Authorization` header. Invalid ones of the scheme `Basic` are `None`.
pub(super) fn credentials(parts: &Parts) -> Credentials<'_> {
    match basic(&parts.headers) {
        Some(credentials) => Credentials::Basic(credentials),
        None => Credentials::Bearer(bearer(parts)),
    }
}

/// Returns id and secret of `Authorization: Basic …`, encoded as in a form (RFC 6749 §2.3.1). `None` for another
/// scheme or several headers, `Some(None)` for invalid credentials.
#[expect(clippy::option_option, reason = "absent, invalid, or credentials")]
pub(super) fn basic(headers: &HeaderMap) -> Option<Option<BasicCredentials>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    Some(decoded(encoded.trim()))
}

fn decoded(encoded: &str) -> Option<BasicCredentials> {
    let decoded = BASE64_STANDARD.decode(encoded).ok()?;
    let decoded = Secret::new(String::from_utf8(decoded).ok()?);
    let (id, secret) = decoded.expose().split_once(':')?;
    let (id, secret) = (form_decoded(id)?, form_decoded(secret)?);
    Some(BasicCredentials { id, secret })
}

/// Decodes a value as in a form. `None` for several values.
fn form_decoded(value: &str) -> Option<Secret> {
    if value.contains('&') {
        return None;
    }
    let pair = Secret::new(format!("v={value}"));
    let (_, value) = form_urlencoded::parse(pair.expose().as_bytes()).next()?;
    Some(Secret::new(value))
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
