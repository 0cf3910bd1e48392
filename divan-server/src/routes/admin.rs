use axum::extract::State;
use divan_core::api::{
    AdminLogin, AdminLoginRequest, Bootstrap, BootstrapRequest, Endpoint, TokenResponse, User,
};
use divan_core::service::AuthService;

use super::{ApiResponse, ApiResult, examples};
use crate::extract::{AdminCredentials, BootstrapToken, JsonBody, PasswordForm, RequestClient};

/// Sign in to the admin panel
///
/// With e-mail address and password, as JSON or as the password form of OAuth2 (`username` is the
/// address), which Swagger UI's Authorize sends. A user has at most 20 sessions: a further one ends
/// the oldest.
///
/// - `invalid_credentials` does not tell which part is wrong, nor whether the person is an
///   administrator or deactivated.
/// - On `password_expired` another administrator has to reset the password.
/// - With `password_change_required` in the user, ask for a new password first and send it to
///   `change_password`.
#[utoipa::path(
    post,
    path = AdminLogin::PATH,
    operation_id = "admin_login",
    tag = "Sign-in",
    request_body(content(
        (AdminLoginRequest = "application/json"),
        (PasswordForm = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::admin_session()))),
)]
pub(crate) async fn admin_login(
    State(service): State<AuthService>,
    RequestClient(client): RequestClient,
    AdminCredentials(request): AdminCredentials,
) -> ApiResult<AdminLogin> {
    Ok(ApiResponse(
        service
            .admin_login(&request.email, &request.password, &client)
            .await?,
    ))
}

/// Create the first administrator
///
/// Call it once, when the server is new; then sign in with `admin_login`. It works exactly once,
/// ever: afterwards it is `already_bootstrapped`, whatever has become of that administrator. Of
/// many calls at once one succeeds.
///
/// Without the right `X-Bootstrap-Token` it is `bootstrap_token_required`, and the `detail` says
/// where to set the token. A server that runs on its defaults on one's own machine asks for none.
#[utoipa::path(
    post,
    path = Bootstrap::PATH,
    operation_id = "bootstrap",
    tag = "Sign-in",
    params((
        "X-Bootstrap-Token" = Option<String>,
        Header,
        description = "The value of `DIVAN_BOOTSTRAP_TOKEN`, where the server has one",
        nullable = false,
        example = "w7Jr3qXh5nT0bKc2mVyE8sPd"
    )),
    request_body = BootstrapRequest,
    responses((status = 201, description = "Created; no session begins", body = User, example = json!(examples::admin()))),
)]
pub(crate) async fn bootstrap(
    State(service): State<AuthService>,
    BootstrapToken(token): BootstrapToken,
    RequestClient(client): RequestClient,
    JsonBody(request): JsonBody<Bootstrap>,
) -> ApiResult<Bootstrap> {
    Ok(ApiResponse(
        service.bootstrap(token.as_ref(), &request, &client).await?,
    ))
}
