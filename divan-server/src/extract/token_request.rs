use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use divan_core::secret::Secret;

use super::authorization::{BasicCredentials, basic};
use super::form;
use super::json_body::read;
use super::oauth_form::{client_credentials, parameters, require_form, required};
use crate::problem::OAuthError;

/// The parameters of all grants. Any other one is ignored. With `password`, `client_id` may be a device token, and
/// `client_secret` a code of the second factor.
const PARAMETERS: [&str; 7] = [
    "grant_type",
    "username",
    "password",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
];

/// A request to the token endpoint (RFC 6749 §4.3.2, §4.4.2 and §6).
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
    /// `grant_type=client_credentials`
    ClientCredentials {
        /// `None` for credentials that cannot be read.
        credentials: Option<BasicCredentials>,
        scope: Option<Secret>,
    },
}

impl<S: Send + Sync> FromRequest<S> for TokenRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        require_form(request.headers())?;
        let headers = request.headers().clone();
        parse(&headers, &read(request, state).await?)
    }
}

fn parse(headers: &HeaderMap, body: &[u8]) -> Result<TokenRequest, OAuthError> {
    let [
        grant_type,
        username,
        password,
        refresh_token,
        scope,
        client_id,
        client_secret,
    ] = parameters(PARAMETERS, body)?;
    match required("grant_type", grant_type)?.expose() {
        "password" => {
            // Most OAuth2 clients send them in the header (RFC 6749 §2.3.1).
            let (id, secret) = match basic(headers).flatten() {
                Some(BasicCredentials { id, secret }) => (Some(id), Some(secret)),
                None => (None, None),
            };
            let secret = secret.filter(|secret| !secret.expose().is_empty());
            let device_token = client_id.and_then(form::device_token);
            Ok(TokenRequest::Password {
                username: required("username", username)?,
                password: required("password", password)?,
                device_token: device_token.or_else(|| id.and_then(form::device_token)),
                code: client_secret.or(secret),
            })
        }
        "refresh_token" => Ok(TokenRequest::RefreshToken(required(
            "refresh_token",
            refresh_token,
        )?)),
        "client_credentials" => {
            let credentials = client_credentials(headers, client_id, client_secret)?;
            Ok(TokenRequest::ClientCredentials { credentials, scope })
        }
        _ => Err(OAuthError::unsupported_grant_type(
            "`grant_type` must be `password`, `refresh_token` or `client_credentials`",
        )),
    }
}
