//! Forms of the OAuth2 endpoints.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use divan_core::api::ProblemCode;
use divan_core::secret::Secret;
use divan_core::service::{BearerCaller, ClientService, ServiceCaller, ServiceError};
use url::form_urlencoded;

use super::authorization::{BasicCredentials, Credentials, basic, credentials};
use super::form::{self, FORM};
use super::json_body::{content_type, read};
use super::rejections::unsupported;
use super::service::ForClient;
use crate::problem::{OAuthError, Problem};
use crate::state::AppState;

/// A request of another service about a token (RFC 7662 §2.1, RFC 7009 §2.1).
#[derive(Debug)]
pub(crate) struct ServiceRequest {
    client: ForClient,
    pub(crate) caller: ServiceCaller,
    pub(crate) token: Secret,
}

impl ServiceRequest {
    pub(crate) fn service(&self) -> ClientService<'_> {
        self.client.service()
    }
}

impl FromRequest<AppState> for ServiceRequest {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, OAuthError> {
        require_form(request.headers())?;
        let (parts, body) = request.into_parts();
        let client = ForClient::new(&parts, state);
        let body = read(Request::from_parts(parts.clone(), body), state).await?;
        let names = ["token", "client_id", "client_secret"];
        let [token, id, secret] = parameters(names, &body)?;
        let caller = authenticated(&client, &parts, id, secret).await?;
        let token = required("token", token)?;
        Ok(Self {
            client,
            caller,
            token,
        })
    }
}

/// Authenticates the service by the header or by the form.
async fn authenticated(
    client: &ForClient,
    parts: &Parts,
    id: Option<Secret>,
    secret: Option<Secret>,
) -> Result<ServiceCaller, OAuthError> {
    if let Credentials::Bearer(Ok(token)) = credentials(parts) {
        if secret.is_some() {
            return Err(OAuthError::invalid_request(ONE_METHOD));
        }
        return match client.service().authenticate_bearer(token).await {
            Ok(BearerCaller::Service(caller)) => Ok(caller),
            Ok(_) | Err(ServiceError::Token(_)) => Err(ServiceError::InvalidClient.into()),
            Err(error) => Err(error.into()),
        };
    }
    let credentials = client_credentials(&parts.headers, id, secret)?;
    Ok(client.other_service(credentials).await?)
}

const ONE_METHOD: &str =
    "send the credentials in the header `Authorization` or in the form, not in both";

/// Returns the credentials of a service, from the header or the form (RFC 6749 §2.3.1). `None` for invalid ones.
pub(super) fn client_credentials(
    headers: &HeaderMap,
    id: Option<Secret>,
    secret: Option<Secret>,
) -> Result<Option<BasicCredentials>, OAuthError> {
    let in_header = basic(headers);
    match (in_header, id, secret) {
        (Some(credentials), id, None) => {
            let is_same = |id: Secret| {
                let header = credentials.as_ref();
                header.is_some_and(|header| header.id.expose() == id.expose())
            };
            if id.is_none_or(is_same) {
                Ok(credentials)
            } else {
                Err(OAuthError::invalid_request(ONE_METHOD))
            }
        }
        (Some(_), _, Some(_)) => Err(OAuthError::invalid_request(ONE_METHOD)),
        (None, Some(id), Some(secret)) => Ok(Some(BasicCredentials { id, secret })),
        // Without any, the response asks for them, and nothing is counted.
        (None, ..) => Err(ServiceError::InvalidClient.into()),
    }
}

pub(super) fn require_form(headers: &HeaderMap) -> Result<(), OAuthError> {
    if content_type(headers).as_deref() == Some(FORM) {
        Ok(())
    } else {
        Err(unsupported(FORM).into())
    }
}

/// Reads parameters of a form. Others are ignored, empty ones count as absent, and none may be repeated (RFC 6749
/// §3.2).
pub(super) fn parameters<const N: usize>(
    names: [&str; N],
    body: &[u8],
) -> Result<[Option<Secret>; N], OAuthError> {
    let mut values = [const { None }; N];
    for (name, value) in form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()) {
        let mut slots = names.into_iter().zip(&mut values);
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
    Ok(values)
}

pub(super) fn required(name: &str, value: Option<Secret>) -> Result<Secret, OAuthError> {
    value.ok_or_else(|| OAuthError::invalid_request(format!("`{name}` is required")))
}
