use axum::extract::{FromRequest, Request};
use divan_core::api::{AdminLogin, AdminLoginRequest, MemberError, MemberErrorCode, ProblemCode};
use divan_core::secret::Secret;
use serde::Deserialize;

use super::form::{self, FORM};
use super::json_body::{JSON, JsonBody, content_type, read};
use super::rejections::{invalid, unsupported};
use crate::problem::Problem;

/// An administrator's e-mail address and password: as JSON, or as the OAuth2 password form
/// (RFC 6749 §4.3.2).
///
/// The document lists JSON only: two media types on one path break client generators.
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
            Some(FORM) => password_form(&read(request, state).await?),
            _ => Err(unsupported(JSON)),
        }
    }
}

/// The OAuth2 password form. Clients have no credentials of their own: `client_id` may be a device
/// token, and `client_secret` is ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "members that are accepted and ignored")]
struct PasswordForm {
    username: String,
    password: Secret,
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<Secret>,
    client_secret: Option<Secret>,
}

fn password_form(body: &[u8]) -> Result<AdminCredentials, Problem> {
    let form: PasswordForm = form::parse(body)?;
    if !form::is_utf8([form.username.as_str(), form.password.expose()]) {
        let detail = "The body is not a form in UTF-8.";
        return Err(Problem::new(ProblemCode::MalformedBody).with_detail(detail));
    }
    if form
        .grant_type
        .is_some_and(|grant_type| grant_type != "password")
    {
        let (code, detail) = (
            MemberErrorCode::UnknownValue,
            "must be `password` if present",
        );
        return Err(invalid(MemberError::new("/grant_type", code, detail)));
    }
    let mut request = AdminLoginRequest::new(form.username, form.password);
    request.device_token = form.client_id.and_then(form::device_token);
    Ok(AdminCredentials(request))
}
