use axum::extract::{FromRequest, Request};
use divan_core::api::{AdminLogin, AdminLoginRequest, MemberError, ProblemCode};
use divan_core::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::payload::{Payload, content_type, invalid, member_named_in, read, unsupported};
use crate::problem::Problem;

/// An administrator's e-mail address and password: as JSON, or as the password form of OAuth2 (RFC 6749 §4.3.2), which
/// Swagger UI sends.
#[derive(Debug)]
pub(crate) struct AdminCredentials(pub(crate) AdminLoginRequest);

impl<S: Send + Sync> FromRequest<S> for AdminCredentials {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match content_type(request.headers()).as_deref() {
            Some("application/json") => {
                let Payload(request) = Payload::<AdminLogin>::from_request(request, state).await?;
                Ok(Self(request))
            }
            Some("application/x-www-form-urlencoded") => form(&read(request, state).await?),
            _ => Err(unsupported("Send the body as application/json or application/x-www-form-urlencoded.")),
        }
    }
}

/// The password form of OAuth2 (RFC 6749 §4.3.2), as Swagger UI sends it.
// A client has no credentials of its own here, so what it says of itself is ignored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "members that are accepted and ignored")]
pub(crate) struct PasswordForm {
    /// The e-mail address.
    username: String,
    /// The password.
    #[schema(value_type = String, format = "password")]
    password: Secret,
    /// `password`.
    #[schema(example = "password", nullable = false)]
    grant_type: Option<String>,
    /// Ignored.
    #[schema(nullable = false)]
    scope: Option<String>,
    /// Ignored.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Ignored.
    #[schema(value_type = Option<String>, nullable = false)]
    client_secret: Option<Secret>,
}

fn form(body: &[u8]) -> Result<AdminCredentials, Problem> {
    let form: PasswordForm = serde_urlencoded::from_bytes(body)
        .map_err(|error| member_named_in(&error.to_string()).map_or_else(malformed, invalid))?;
    // What is not UTF-8 has been decoded to this character, and would be another password.
    if [&form.username, form.password.expose()].iter().any(|text| text.contains(char::REPLACEMENT_CHARACTER))
    {
        return Err(malformed());
    }
    if form.grant_type.is_some_and(|grant_type| grant_type != "password") {
        return Err(invalid(MemberError::new("/grant_type", "must be `password` where it is sent")));
    }
    Ok(AdminCredentials(AdminLoginRequest::new(form.username, form.password)))
}

fn malformed() -> Problem {
    Problem::new(ProblemCode::MalformedBody).detail("The body is not a form in UTF-8.")
}
