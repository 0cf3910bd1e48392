use divan_core::api::{
    INTROSPECTION_PATH, Introspection, Problem, ProblemCode, REVOCATION_PATH, ServiceToken,
    TOKEN_PATH,
};
use divan_core::secret::Secret;
use divan_core::types::{ServiceId, ServiceScope};
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::{Error, ResponseParts};
use crate::transport::{is_problem, read_body, response_parts};

/// The credential of a service: see [`AdminPanel::create_service`](crate::AdminPanel::create_service).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceCredentials {
    /// The id of the credential.
    pub client_id: ServiceId,
    /// The secret.
    pub client_secret: Secret,
}

impl ServiceCredentials {
    /// Combines id and secret.
    pub fn new(client_id: ServiceId, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id,
            client_secret: client_secret.into(),
        }
    }
}

/// The body of an error of RFC 6749.
#[derive(Deserialize)]
struct OAuthError {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// # Other services
///
/// These requests are sent once: repeat them after [`Error::is_timeout`] if necessary.
impl Client {
    /// Describes a token that your service has received. If `active` is `false`, refuse it. A sign-out is seen
    /// within a second; a cache of the response delays that by its own time.
    ///
    /// # Errors
    /// The [code](Error::code) is `invalid_client` if the credential is not accepted, and `insufficient_scope`
    /// without the scope `introspect`. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::{Client, Error, Secret, ServiceCredentials};
    ///
    /// async fn user(client: &Client, own: &ServiceCredentials, token: &Secret) -> Result<Option<String>, Error> {
    ///     let state = client.introspect(own, token).await?;
    ///     Ok(state.sub.filter(|_| state.active))
    /// }
    /// ```
    pub async fn introspect(
        &self,
        credentials: &ServiceCredentials,
        token: &Secret,
    ) -> Result<Introspection, Error> {
        let form = [("token", token.expose())];
        let request = self.form(INTROSPECTION_PATH, credentials, &form)?;
        parsed(&send(request).await?)
    }

    /// Ends the session of an access or refresh token that your service has received. Does nothing for a token
    /// that is not valid.
    ///
    /// # Errors
    /// As [`introspect`](Self::introspect). An access token of a service has no session: the
    /// [code](Error::code) is `validation_failed`.
    pub async fn revoke(
        &self,
        credentials: &ServiceCredentials,
        token: &Secret,
    ) -> Result<(), Error> {
        let form = [("token", token.expose())];
        let request = self.form(REVOCATION_PATH, credentials, &form)?;
        send(request).await.map(drop)
    }

    /// Returns an access token of your service, valid for ten minutes, with these scopes or, without any, with
    /// all of the credential.
    ///
    /// # Errors
    /// The [code](Error::code) is `invalid_client` if the credential is not accepted, and `validation_failed` if
    /// it does not have a scope. See [`Error`] for the rest.
    pub async fn client_credentials(
        &self,
        credentials: &ServiceCredentials,
        scopes: &[ServiceScope],
    ) -> Result<ServiceToken, Error> {
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let scope = scopes.join(" ");
        let form = [("grant_type", "client_credentials"), ("scope", &scope)];
        let request = self.form(TOKEN_PATH, credentials, &form)?;
        parsed(&send(request).await?)
    }

    fn form(
        &self,
        path: &str,
        credentials: &ServiceCredentials,
        form: &[(&str, &str)],
    ) -> Result<RequestBuilder, Error> {
        let body = serde_urlencoded::to_string(form)
            .map_err(|cause| Error::setup_failed("cannot serialize the form", cause))?;
        let id = credentials.client_id.to_string();
        let request = self
            .transport
            .http
            .post(self.transport.base_url.endpoint(path));
        Ok(request
            .basic_auth(id, Some(credentials.client_secret.expose()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .timeout(self.transport.timeout)
            .body(body))
    }
}

/// Sends a request, and returns the body of a success.
async fn send(request: RequestBuilder) -> Result<(ResponseParts, Vec<u8>), Error> {
    let response = request.send().await.map_err(Error::from_send)?;
    let parts = response_parts(&response);
    let has_problem = is_problem(response.headers());
    let body = read_body(parts, response).await?;
    if parts.status == 200 {
        return Ok((parts, body));
    }
    let invalid = |error: serde_json::Error| Error::invalid_body(parts, &error);
    let problem = if has_problem {
        serde_json::from_slice(&body).map_err(invalid)?
    } else {
        problem(serde_json::from_slice(&body).map_err(invalid)?)
    };
    Err(Error::from_problem(parts, problem))
}

/// Returns the problem for an error of RFC 6749.
fn problem(error: OAuthError) -> Problem {
    let code = match error.error.as_str() {
        "invalid_client" => ProblemCode::InvalidClient,
        _ => ProblemCode::ValidationFailed,
    };
    Problem::new(code).with_detail(error.error_description)
}

fn parsed<T: DeserializeOwned>((parts, body): &(ResponseParts, Vec<u8>)) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::invalid_body(*parts, &error))
}
