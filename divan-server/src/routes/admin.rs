use axum::extract::State;
use axum::http::HeaderMap;
use divan_core::api::{
    AdminLogin, AdminLoginRequest, Bootstrap, BootstrapRequest, BootstrapState, Endpoint,
    GetBootstrap, TokenResponse, User,
};
use divan_core::service::{AdminLoginCommand, BootstrapCommand};

use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::{AdminCredentials, BootstrapToken, ForClient, JsonBody};
use crate::middleware::is_forwarded;
use crate::state::AppState;

/// Sign in to the admin panel
///
/// With e-mail address and password. Standard OAuth2 clients use `token` instead. A user has at most 20
/// sessions: a further one ends the oldest.
///
/// The response contains a `device_token`. Keep it after a sign-out, and send it with the next sign-in
/// of this administrator. Failed sign-ins from elsewhere then do not delay that sign-in. The token
/// does not replace the password.
///
/// - `invalid_credentials` does not reveal which part is wrong, nor whether the user is an
///   administrator or inactive.
/// - On `password_expired` another administrator must reset the password.
/// - With `password_change_required` in the user, ask for a new password first and send it to
///   `change_password`.
#[utoipa::path(
    post,
    path = AdminLogin::PATH,
    tag = "Sign-in",
    request_body = AdminLoginRequest,
    responses((status = 200, description = "Signed in", body = TokenResponse, example = json!(examples::admin_session()))),
)]
pub(crate) async fn admin_login(
    client: ForClient,
    AdminCredentials(request): AdminCredentials,
) -> ApiResult<AdminLogin> {
    let mut command = AdminLoginCommand::new(request.email, request.password);
    command.device_token = request.device_token;
    let tokens = client.service().admin_login(&command).await?;
    Ok(ApiResponse(wire::tokens(tokens)))
}

/// Create the first administrator
///
/// Call it once on a new server, then sign in with `admin_login`. It succeeds once per database.
/// Afterwards it returns `already_bootstrapped`, even if that administrator is no longer active. Of
/// several concurrent calls, one succeeds.
///
/// Without the correct `X-Bootstrap-Token` it returns `bootstrap_token_required`, and `detail` says
/// where to set the token. In development mode, a direct request needs no token, unless a key, bot
/// token or public URL is set without `DIVAN_DEV_ORIGINS`, or that lists an origin of another machine.
#[utoipa::path(
    post,
    path = Bootstrap::PATH,
    tag = "Sign-in",
    params((
        "X-Bootstrap-Token" = Option<String>,
        Header,
        description = "The value of `DIVAN_BOOTSTRAP_TOKEN`, if the server has one",
        nullable = false,
        example = "w7Jr3qXh5nT0bKc2mVyE8sPd"
    )),
    request_body = BootstrapRequest,
    responses((status = 201, description = "Created; no session begins", body = User, example = json!(examples::admin()))),
)]
pub(crate) async fn bootstrap(
    BootstrapToken(token): BootstrapToken,
    client: ForClient,
    JsonBody(request): JsonBody<Bootstrap>,
) -> ApiResult<Bootstrap> {
    let mut command = BootstrapCommand::new(request.email, request.password);
    (command.token, command.full_name) = (token, request.full_name);
    let user = client.service().bootstrap(&command).await?;
    Ok(ApiResponse(user))
}

/// Get the state of the bootstrap
///
/// For the first screen of a panel: creation of the first administrator, or sign-in. A server that
/// allows no bootstrap over HTTP has the same response as one with an administrator. In development mode
/// the bootstrap is closed for a request that a proxy or a tunnel forwarded.
#[utoipa::path(
    get,
    path = GetBootstrap::PATH,
    tag = "Sign-in",
    responses((status = 200, description = "The state", body = BootstrapState)),
)]
pub(crate) async fn get_bootstrap(
    State(state): State<AppState>,
    headers: HeaderMap,
    client: ForClient,
) -> ApiResult<GetBootstrap> {
    if state.http().direct_bootstrap_only && is_forwarded(&headers) {
        return Ok(ApiResponse(BootstrapState::CLOSED));
    }
    let state = client.service().bootstrap_state().await?;
    Ok(ApiResponse(wire::bootstrap_state(state)))
}
