use axum::http::HeaderName;
use axum::response::{AppendHeaders, IntoResponse};
use divan_core::service::ServiceError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::extract::VerifiedRequest;
use crate::problem::Problem;
use crate::verify_endpoint::PATH;

const X_AUTH_USER: HeaderName = HeaderName::from_static("x-auth-user");
const X_AUTH_ROLE: HeaderName = HeaderName::from_static("x-auth-role");
const X_AUTH_NAME: HeaderName = HeaderName::from_static("x-auth-name");
const X_AUTH_TELEGRAM_ID: HeaderName = HeaderName::from_static("x-auth-telegram-id");
const X_AUTH_SESSION: HeaderName = HeaderName::from_static("x-auth-session");

/// The role that a proxy may require.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only a schema")]
pub(crate) enum RequiredRole {
    /// An administrator who is signed in to the admin panel.
    Admin,
}

/// Verify a request for a proxy
///
/// Forward authentication: a reverse proxy asks before it forwards a request to another service. Nginx
/// (`auth_request`), Caddy and Traefik (`forward_auth`) and Envoy (`ext_authz`) do so. Every method is
/// accepted, and every path below this one. The access token is the bearer token of the request. It may
/// also be in the cookie that the server is configured to read.
///
/// The headers of the response name the user. The proxy must replace these headers of the original
/// request, also with empty values. A sign-out takes effect within one second.
///
/// With `role=admin`, only administrators who are signed in to the admin panel are accepted. Below this
/// path, the query is that of the original request: `role=admin` is obeyed, and everything else is ignored.
#[utoipa::path(
    get,
    path = PATH,
    tag = "Other services",
    params(("role" = inline(Option<RequiredRole>), Query, description = "The role that the user must have. Default: any.")),
    responses((
        status = 200,
        description = "The request is permitted. The headers name the user.",
        headers(
            ("X-Auth-User" = String, description = "The id of the user"),
            ("X-Auth-Role" = String, description = "`employee` or `admin`"),
            ("X-Auth-Name" = String, description = "The full name, encoded as in RFC 8187: `UTF-8''` and percent-encoded UTF-8"),
            ("X-Auth-Telegram-Id" = String, description = "The id of the linked Telegram account; empty if there is none"),
            ("X-Auth-Session" = String, description = "The id of the session"),
        ),
    )),
)]
pub(crate) async fn verify(request: VerifiedRequest) -> Result<impl IntoResponse, Problem> {
    let VerifiedRequest {
        caller,
        requires_admin,
    } = request;
    if requires_admin && !caller.is_admin() {
        return Err(ServiceError::AdminRequired.into());
    }
    let user = caller.user();
    let telegram_id = user.telegram_id.map(|id| id.to_string());
    Ok(AppendHeaders([
        (X_AUTH_USER, user.id.to_string()),
        (X_AUTH_ROLE, user.role.as_str().to_owned()),
        (X_AUTH_NAME, extended_value(&user.full_name)),
        // Never absent: a proxy that copies the headers must replace that of the client.
        (X_AUTH_TELEGRAM_ID, telegram_id.unwrap_or_default()),
        (X_AUTH_SESSION, caller.session().to_string()),
    ]))
}

/// Encodes a text for a header (RFC 8187 §3.2.1).
fn extended_value(text: &str) -> String {
    format!("UTF-8''{}", utf8_percent_encode(text, NOT_ATTR_CHAR))
}

/// All characters but those of `attr-char`.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
