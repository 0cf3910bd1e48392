use axum::extract::State;
use divan_core::api::{
    CreateUser, CreateUserRequest, CreatedUser, EndUserSessions, Endpoint, GeneratedPassword, GetUser,
    ListUsers, ListUsersRequest, ResetPassword, UnlinkTelegram, UpdateUser, UpdateUserRequest, User, UserId,
    UserPage,
};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::extract::{AdminCaller, ClientOrigin, Id, Parameters, Payload};

/// List users
///
/// The newest first. `q` finds by the beginning of the phone number, of the e-mail address or of any word of the name.
#[utoipa::path(
    get,
    path = ListUsers::PATH,
    operation_id = "list_users",
    tag = "Users",
    params(ListUsersRequest),
    responses((status = 200, description = "A page of users", body = UserPage)),
)]
pub(crate) async fn list_users(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Parameters(request): Parameters<ListUsers>,
) -> Answer<ListUsers> {
    Ok(Reply(service.list_users(&admin, &request).await?))
}

/// Create a user
///
/// An employee needs a phone number, an administrator an e-mail address. Without a password one is generated, which the
/// answer shows once; it is good for 72 hours and has to be changed at the first sign-in. Hand it over in person.
#[utoipa::path(
    post,
    path = CreateUser::PATH,
    operation_id = "create_user",
    tag = "Users",
    request_body = CreateUserRequest,
    responses((status = 201, description = "Created", body = CreatedUser)),
)]
pub(crate) async fn create_user(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<CreateUser>,
) -> Answer<CreateUser> {
    Ok(Reply(service.create_user(&admin, &request, &origin).await?))
}

/// Read a user
#[utoipa::path(
    get,
    path = GetUser::PATH,
    operation_id = "get_user",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = User)),
)]
pub(crate) async fn get_user(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
) -> Answer<GetUser> {
    Ok(Reply(service.get_user(&admin, id).await?))
}

/// Change a user
///
/// Only the members that are there. Who is deactivated or gets another role is signed out everywhere; who becomes an
/// administrator has to change the password.
#[utoipa::path(
    patch,
    path = UpdateUser::PATH,
    operation_id = "update_user",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    request_body = UpdateUserRequest,
    responses((status = 200, description = "Changed", body = User)),
)]
pub(crate) async fn update_user(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
    ClientOrigin(origin): ClientOrigin,
    Payload(request): Payload<UpdateUser>,
) -> Answer<UpdateUser> {
    Ok(Reply(service.update_user(&admin, id, &request, &origin).await?))
}

/// Reset a password
///
/// The user gets a generated password, which the answer shows once, and is signed out everywhere. It is good for 72 hours and
/// has to be changed at the next sign-in. Hand it over in person.
#[utoipa::path(
    post,
    path = ResetPassword::PATH,
    operation_id = "reset_password",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The new password", body = GeneratedPassword)),
)]
pub(crate) async fn reset_password(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
    ClientOrigin(origin): ClientOrigin,
) -> Answer<ResetPassword> {
    Ok(Reply(service.reset_password(&admin, id, &origin).await?))
}

/// Forget a user's Telegram account
///
/// Signs the user out everywhere; the next sign-in binds another account.
#[utoipa::path(
    post,
    path = UnlinkTelegram::PATH,
    operation_id = "unlink_telegram",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "Forgotten", body = User)),
)]
pub(crate) async fn unlink_telegram(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
    ClientOrigin(origin): ClientOrigin,
) -> Answer<UnlinkTelegram> {
    Ok(Reply(service.unlink_telegram(&admin, id, &origin).await?))
}

/// Sign a user out everywhere
#[utoipa::path(
    delete,
    path = EndUserSessions::PATH,
    operation_id = "end_user_sessions",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn end_user_sessions(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
    ClientOrigin(origin): ClientOrigin,
) -> Answer<EndUserSessions> {
    service.end_user_sessions(&admin, id, &origin).await?;
    Ok(Reply(()))
}
