use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use divan_core::api::ProblemCode;
use divan_core::secret::Secret;
use url::form_urlencoded;

use super::form::{self, FORM};
use super::json_body::{content_type, read};
use super::rejections::unsupported;
use crate::problem::{OAuthError, Problem};

/// The parameters of all grants. Any other one is ignored. Clients have no credentials of their own:
/// `client_id` may be a device token, and `client_secret` a code of the second factor.
const PARAMETERS: [&str; 6] = [
    "grant_type",
    "username",
    "password",
    "refresh_token",
    "client_id",
    "client_secret",
];

/// A request to the token endpoint (RFC 6749 §4.3.2 and §6).
#[derive(Debug)]
pub(crate) enum TokenRequest {
    /// `grant_type=password`
    Password {
        username: Secret,
        password: Secret,
        device_token: Option<Secret>,
        code: Option<Secret>,
    },
    /// `grant_type=refresh_token`
    RefreshToken(Secret),
}

impl<S: Send + Sync> FromRequest<S> for TokenRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        if content_type(request.headers()).as_deref() != Some(FORM) {
            return Err(unsupported(FORM).into());
        }
        let credentials = basic_credentials(request.headers());
        let mut parsed = parse(&read(request, state).await?)?;
        if let (
            TokenRequest::Password {
                device_token, code, ..
            },
            Some((id, secret)),
        ) = (&mut parsed, credentials)
        {
            *device_token = device_token
                .take()
                .or_else(|| id.and_then(form::device_token));
            *code = code.take().or(secret);
        }
        Ok(parsed)
    }
}

/// Returns client id and secret of the header `Authorization: Basic …`, where most OAuth2 clients send them
/// (RFC 6749 §2.3.1). `None` for another header; empty values count as absent.
fn basic_credentials(headers: &HeaderMap) -> Option<(Option<Secret>, Option<Secret>)> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let decoded = Secret::new(String::from_utf8(decoded).ok()?);
    let (id, secret) = decoded.expose().split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

/// Decodes a value as in a form. `None` for an empty one.
fn form_decoded(value: &str) -> Option<Secret> {
    let pair = Secret::new(format!("v={value}"));
    let (_, value) = form_urlencoded::parse(pair.expose().as_bytes()).next()?;
    (!value.is_empty()).then(|| Secret::new(value))
}

/// Parses the form. Empty parameters count as absent, and none may be repeated (RFC 6749 §3.2).
fn parse(body: &[u8]) -> Result<TokenRequest, OAuthError> {
    let mut values: [Option<Secret>; PARAMETERS.len()] = Default::default();
    for (name, value) in form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()) {
        let mut slots = PARAMETERS.into_iter().zip(&mut values);
        let Some((name, slot)) = slots.find(|(known, _)| *known == name) else {
            continue;
        };
        if !form::is_utf8([&*value]) {
            return Err(Problem::new(ProblemCode::MalformedBody).into());
        }
        if value.contains('\0') {
            let description = format!("`{name}` must not contain the character U+0000");
            return Err(OAuthError::invalid_request(description));
        }
        if slot.replace(Secret::new(value)).is_some() {
            let description = format!("`{name}` must not be repeated");
            return Err(OAuthError::invalid_request(description));
        }
    }
    let [
        grant_type,
        username,
        password,
        refresh_token,
        client_id,
        client_secret,
    ] = values;
    match required("grant_type", grant_type)?.expose() {
        "password" => Ok(TokenRequest::Password {
            username: required("username", username)?,
            password: required("password", password)?,
            device_token: client_id.and_then(form::device_token),
            code: client_secret,
        }),
        "refresh_token" => Ok(TokenRequest::RefreshToken(required(
            "refresh_token",
            refresh_token,
        )?)),
        _ => Err(OAuthError::unsupported_grant_type(
            "`grant_type` must be `password` or `refresh_token`",
        )),
    }
}

fn required(name: &str, value: Option<Secret>) -> Result<Secret, OAuthError> {
    value.ok_or_else(|| OAuthError::invalid_request(format!("`{name}` is required")))
}
