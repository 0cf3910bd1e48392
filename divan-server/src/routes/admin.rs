use axum::extract::State;
use divan_core::api::{AdminLogin, AdminLoginRequest, Bootstrap, BootstrapRequest, Endpoint, Session, User};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::extract::{AdminCredentials, BootstrapToken, ClientOrigin, PasswordForm, Payload};

/// Sign in to the admin panel
///
/// With e-mail address and password, as JSON or as the password form of OAuth2 (`username` is the address).
#[utoipa::path(
    post,
    path = AdminLogin::PATH,
    operation_id = "admin_login",
    tag = "Sign-in",
    request_body(content(
        (AdminLoginRequest = "application/json"),
        (PasswordForm = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "Signed in", body = Session)),
)]
pub(crate) async fn admin_login(
    State(service): State<AuthService>,
    ClientOrigin(origin): ClientOrigin,
    AdminCredentials(request): AdminCredentials,
) -> Answer<AdminLogin> {
    Ok(Reply(service.admin_login(&request.email, &request.password, &origin).await?))
}

/// Create the first administrator
///
/// Works exactly once, ever. Where the server has a bootstrap token, it has to be sent.
#[utoipa::path(
    post,
    path = Bootstrap::PATH,
    operation_id = "bootstrap",
    tag = "Sign-in",
    params(("X-Bootstrap-Token" = Option<String>, Header, description = "The server's bootstrap token")),
    request_body = BootstrapRequest,
    responses((status = 201, description = "Created", body = User)),
)]
pub(crate) async fn bootstrap(
    State(service): State<AuthService>,
    BootstrapToken(token): BootstrapToken,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<Bootstrap>,
) -> Answer<Bootstrap> {
    Ok(Reply(service.bootstrap(token.as_ref(), &request, &origin).await?))
}
