use axum::extract::State;
use divan_core::api::{
    CreateUser, CreateUserRequest, CreatedUser, EndUserSessions, Endpoint, UnlinkTelegram, UpdateUser,
    UpdateUserRequest, User, UserId,
};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::extract::{AdminCaller, Id, Payload};

/// Create a user
///
/// An employee needs a phone number, an administrator an e-mail address. Hand the password over in person.
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
    Payload(request): Payload<CreateUser>,
) -> Answer<CreateUser> {
    let user = service.create_user(&admin, &request).await?;
    Ok(Reply(CreatedUser::new(user)))
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
    Payload(request): Payload<UpdateUser>,
) -> Answer<UpdateUser> {
    Ok(Reply(service.update_user(&admin, id, &request).await?))
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
) -> Answer<UnlinkTelegram> {
    Ok(Reply(service.unlink_telegram(&admin, id).await?))
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
) -> Answer<EndUserSessions> {
    service.end_user_sessions(&admin, id).await?;
    Ok(Reply(()))
}
