use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::PRAGMA;
use axum::response::{IntoResponse, Response};
use divan_core::api::{TOKEN_PATH, TokenType};
use divan_core::second_factor::RecoveryCode;
use divan_core::secret::Secret;
use divan_core::service::{
    AdminLoginCommand, ClientService, CompleteAdminLoginCommand, IssuedTokens, SecondFactorProof,
    ServiceError,
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::extract::{BasicCredentials, ForClient, TokenRequest};
use crate::problem::{OAuthError, OAuthErrorResponse};
use crate::token_endpoint::NotASignIn;

/// The form of a token request (RFC 6749 §4.3.2, §4.4.2 and §6). Other parameters are ignored.
#[derive(ToSchema)]
#[schema(example = json!({"grant_type": "password", "username": "admin@example.com", "password": "tram under the plum"}))]
#[expect(dead_code, reason = "only a schema")]
pub(crate) struct OAuthTokenRequest {
    /// `password`, for administrators; `refresh_token`; or `client_credentials`, for other services.
    grant_type: String,
    /// The administrator's e-mail address; required by `password`.
    #[schema(nullable = false)]
    username: Option<String>,
    /// The password; required by `password`.
    #[schema(nullable = false)]
    password: Option<String>,
    /// The refresh token; required by `refresh_token`.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// The scopes of the token, separated by spaces, for `client_credentials`. Default: all of the service.
    #[schema(nullable = false)]
    scope: Option<String>,
    /// The `device_token` of the last sign-in on this device, for `password`. Any other id is ignored. The id of
    /// the service, for `client_credentials`.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// A one-time code or a recovery code, for `password` with a second factor. Ignored without one. The secret
    /// of the service, for `client_credentials`.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// Tokens, in the form of RFC 6749 §5.1.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…",
    "token_type": "bearer",
    "expires_in": 600,
    "refresh_token": "dvr1.AZmqOR8Ee26lwoPX4bCfRgAAAAAB…",
    "device_token": "dvd1.AZmqR5HDe2Kl2A5PfCuaMQ…"
}))]
pub(crate) struct OAuthTokenResponse {
    /// The access token.
    #[serde(serialize_with = "expose")]
    #[schema(value_type = String)]
    access_token: Secret,
    /// The type of the access token.
    token_type: TokenType,
    /// The lifetime of the access token, in seconds.
    expires_in: u64,
    /// The refresh token. Each refresh replaces it. Absent for a service.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "expose_option"
    )]
    #[schema(value_type = Option<String>, nullable = false)]
    refresh_token: Option<Secret>,
    /// The token of this device, to send as `client_id` with the next sign-in. Absent after a refresh.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "expose_option"
    )]
    #[schema(value_type = Option<String>, nullable = false)]
    device_token: Option<Secret>,
    /// The scopes of a service, separated by spaces. For a user, `password-change` where the access token is limited to that, because the user must change the
    /// password first; `second-factor-enrolment` where the user must set up a second factor first. Absent
    /// otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    scope: Option<String>,
}

fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

#[expect(clippy::ref_option, reason = "the signature that serde requires")]
fn expose_option<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => expose(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Get tokens as an OAuth2 client
///
/// The token endpoint of RFC 6749, for standard clients such as Swagger UI's Authorize. All others use
/// `admin_login` and `refresh`, which return the user too.
///
/// - `grant_type=password` signs an administrator in with `username` and `password`. `client_id` may be
///   the `device_token` of the last sign-in on this device. With a second factor, `client_secret` must be
///   a one-time code or a recovery code.
/// - `grant_type=refresh_token` refreshes the tokens of any session, as `refresh` does.
/// - `grant_type=client_credentials` returns an access token of another service, for ten minutes. The service
///   sends `id` and secret of its credential by HTTP Basic, or as `client_id` and `client_secret`.
///
/// Errors with status 400 or 401 have the form of RFC 6749; all others are problems.
#[utoipa::path(
    post,
    path = TOKEN_PATH,
    tag = "Sign-in",
    request_body(content = OAuthTokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The tokens", body = OAuthTokenResponse),
        (status = 400, description = "The form or the grant is invalid", body = OAuthErrorResponse),
        (
            status = 401,
            description = "The service is unknown, or its secret or address is not accepted",
            body = OAuthErrorResponse,
            headers(("WWW-Authenticate" = String, description = "The challenge: `Basic`")),
            example = json!({"error": "invalid_client", "error_description": "the service is unknown, or its secret or address is not accepted"}),
        ),
    ),
)]
pub(crate) async fn token(client: ForClient, request: TokenRequest) -> Response {
    let service = client.service();
    match request {
        TokenRequest::Password {
            username,
            password,
            device_token,
            code,
        } => {
            let mut command = AdminLoginCommand::new(username.expose(), password);
            command.device_token = device_token;
            respond(sign_in(service, &command, code).await)
        }
        TokenRequest::RefreshToken(token) => {
            let mut response = respond(service.refresh(&token).await);
            response.extensions_mut().insert(NotASignIn);
            response
        }
        TokenRequest::ClientCredentials { credentials, scope } => {
            let issued = service_token(&client, credentials, scope.as_ref()).await;
            let mut response = match issued {
                Ok(body) => without_cache(body),
                Err(error) => OAuthError::from(error).into_response(),
            };
            response.extensions_mut().insert(NotASignIn);
            response
        }
    }
}

async fn service_token(
    client: &ForClient,
    credentials: Option<BasicCredentials>,
    scope: Option<&Secret>,
) -> Result<OAuthTokenResponse, ServiceError> {
    let caller = client.other_service(credentials).await?;
    let scope = scope.map(Secret::expose);
    let token = client.service().issue_service_token(&caller, scope)?;
    let scopes = token.scopes.iter().map(|scope| scope.as_str());
    Ok(OAuthTokenResponse {
        access_token: token.access_token,
        token_type: TokenType::Bearer,
        expires_in: token.expires_in.as_secs(),
        refresh_token: None,
        device_token: None,
        scope: Some(scopes.collect::<Vec<_>>().join(" ")),
    })
}

/// Signs an administrator in, in both steps if a second factor is on.
async fn sign_in(
    service: ClientService<'_>,
    command: &AdminLoginCommand,
    code: Option<Secret>,
) -> Result<IssuedTokens, ServiceError> {
    match (service.admin_login(command).await, code) {
        (Err(ServiceError::SecondFactorRequired { challenge, .. }), Some(code)) => {
            let proof = match RecoveryCode::parse(code.expose()) {
                Some(_) => SecondFactorProof::RecoveryCode(code),
                None => SecondFactorProof::Code(code),
            };
            let command = CompleteAdminLoginCommand::new(challenge, proof);
            service.complete_admin_login(&command).await
        }
        (outcome, _) => outcome,
    }
}

fn respond(result: Result<IssuedTokens, ServiceError>) -> Response {
    let tokens = match result {
        Ok(tokens) => tokens,
        Err(error) => return OAuthError::from(error).into_response(),
    };
    let body = OAuthTokenResponse {
        access_token: tokens.access_token,
        token_type: TokenType::Bearer,
        expires_in: tokens.expires_in.as_secs(),
        refresh_token: Some(tokens.refresh_token),
        device_token: tokens.device_token,
        scope: tokens.scope.map(|scope| scope.as_str().to_owned()),
    };
    without_cache(body)
}

/// The middleware adds `Cache-Control: no-store`.
fn without_cache(body: OAuthTokenResponse) -> Response {
    ([(PRAGMA, HeaderValue::from_static("no-cache"))], Json(body)).into_response()
}
