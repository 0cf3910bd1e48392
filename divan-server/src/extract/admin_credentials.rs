use axum::extract::{FromRequest, Request};
use divan_core::api::{AdminLogin, AdminLoginRequest, MemberError, ProblemCode};
use divan_core::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::json_body::{JSON, JsonBody, content_type, member_named_in, read};
use super::rejections::{invalid, unsupported};
use crate::problem::Problem;

const FORM: &str = "application/x-www-form-urlencoded";

/// An administrator's e-mail address and password: as JSON, or as the password form of OAuth2 (RFC
/// 6749 §4.3.2), which Swagger UI sends.
#[derive(Debug)]
pub(crate) struct AdminCredentials(pub(crate) AdminLoginRequest);

impl<S: Send + Sync> FromRequest<S> for AdminCredentials {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match content_type(request.headers()).as_deref() {
            Some(JSON) => {
                let JsonBody(request) =
                    JsonBody::<AdminLogin>::from_request(request, state).await?;
                Ok(Self(request))
            }
            Some(FORM) => form(&read(request, state).await?),
            _ => Err(unsupported([JSON, FORM])),
        }
    }
}

/// The password form of OAuth2 (RFC 6749 §4.3.2), as Swagger UI's Authorize sends it.
// A client has no credentials of its own here, so what it says of itself is ignored.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "members that are accepted and ignored")]
pub(crate) struct PasswordForm {
    /// The e-mail address. Case makes no difference.
    #[schema(format = "email", example = "admin@example.com")]
    username: String,
    /// The password.
    #[schema(value_type = String, format = "password", min_length = 1, max_length = 128, example = "tram under the plum")]
    password: Secret,
    /// `password`, where it is sent.
    #[schema(example = "password", nullable = false, pattern = "^password$")]
    grant_type: Option<String>,
    /// Ignored.
    #[schema(nullable = false, example = "")]
    scope: Option<String>,
    /// Ignored.
    #[schema(nullable = false, example = "")]
    client_id: Option<String>,
    /// Ignored.
    #[schema(value_type = Option<String>, nullable = false, example = "")]
    client_secret: Option<Secret>,
}

fn form(body: &[u8]) -> Result<AdminCredentials, Problem> {
    let form: PasswordForm = serde_urlencoded::from_bytes(body)
        .map_err(|error| member_named_in(&error.to_string()).map_or_else(malformed, invalid))?;
    // What is not UTF-8 has been decoded to this character, and would be another password.
    if [&form.username, form.password.expose()]
        .iter()
        .any(|text| text.contains(char::REPLACEMENT_CHARACTER))
    {
        return Err(malformed());
    }
    if form
        .grant_type
        .is_some_and(|grant_type| grant_type != "password")
    {
        return Err(invalid(MemberError::new(
            "/grant_type",
            "must be `password` where it is sent",
        )));
    }
    Ok(AdminCredentials(AdminLoginRequest::new(
        form.username,
        form.password,
    )))
}

fn malformed() -> Problem {
    Problem::new(ProblemCode::MalformedBody).with_detail("The body is not a form in UTF-8.")
}
