use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use divan_core::api::{MemberError, MemberErrorCode, ProblemCode};
use divan_core::service::Caller;
use url::form_urlencoded;

use super::authorization::bearer;
use super::rejections::invalid;
use super::service::ForClient;
use crate::problem::Problem;
use crate::state::AppState;
use crate::verify_endpoint;

/// A request of a proxy that asks about another request.
#[derive(Debug)]
pub(crate) struct VerifiedRequest {
    /// The holder of the access token.
    pub(crate) caller: Caller,
    /// The proxy requires an administrator.
    pub(crate) requires_admin: bool,
}

impl FromRequestParts<AppState> for VerifiedRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let requires_admin = requires_admin(parts)?;
        let token = access_token(parts, state.http().verify_cookie.as_deref())?;
        let client = ForClient::new(parts, state);
        let caller = client.service().authenticate(token).await?;
        Ok(Self {
            caller,
            requires_admin,
        })
    }
}

/// Returns the bearer token, or the token in the cookie if there is no bearer token.
fn access_token<'p>(parts: &'p Parts, cookie_name: Option<&str>) -> Result<&'p str, Problem> {
    let missing = match bearer(parts) {
        Err(problem) if problem.code() == ProblemCode::TokenMissing => problem,
        outcome => return outcome,
    };
    let name = cookie_name.ok_or_else(|| missing.clone())?;
    let mut values = cookies(&parts.headers, name);
    match (values.next(), values.next()) {
        (Some(token), None) => {
            str::from_utf8(token).map_err(|_| Problem::new(ProblemCode::TokenInvalid))
        }
        // Another site of the domain may have set the second one.
        (Some(_), Some(_)) => Err(Problem::new(ProblemCode::TokenInvalid)),
        (None, _) => Err(missing),
    }
}

/// Returns the values of all cookies with this name (RFC 6265 §5.4). Others may have any bytes.
fn cookies<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> {
    let lines = headers.get_all(COOKIE).into_iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&pair[..equals], &pair[equals + 1..]);
        (key.trim_ascii() == name.as_bytes()).then_some(value.trim_ascii())
    })
}

/// Returns `true` if the proxy requires an administrator. Below the path, the query is that of the original
/// request, so its sender cannot cause an error, and can only make the requirement stricter.
fn requires_admin(parts: &Parts) -> Result<bool, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut roles = pairs.filter_map(|(name, value)| (name == "role").then_some(value));
    if verify_endpoint::is_below(parts.uri.path()) {
        return Ok(roles.any(|role| role == "admin"));
    }
    match (roles.next(), roles.next()) {
        (None, _) => Ok(false),
        (Some(role), None) if role == "admin" => Ok(true),
        _ => Err(invalid(MemberError::new(
            "/role",
            MemberErrorCode::UnknownValue,
            "must be `admin`",
        ))),
    }
}
