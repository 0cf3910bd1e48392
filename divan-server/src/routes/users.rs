use axum::extract::State;
use divan_core::api::{
    CreateUser, CreateUserRequest, CreatedUser, EndUserSessions, Endpoint, GeneratedPassword,
    GetUser, ListUsers, ListUsersRequest, ResetPassword, UnlinkTelegram, UpdateUser,
    UpdateUserRequest, User, UserId, UserPage,
};
use divan_core::service::AuthService;

use super::{ApiResponse, ApiResult, examples};
use crate::extract::{AdminCaller, Id, JsonBody, QueryParams, RequestClient};

/// List and find users
///
/// The newest first. Each word of `q` has to be the beginning of the phone number, of the e-mail
/// address, or of a word of the name: `fi 7011` finds First Last with +7 701 1…. Case, accents and
/// the marks of Kazakh letters make no difference. All conditions hold at a time.
///
/// A page may have fewer users than `limit`, even none, and a `next_cursor` all the same: where
/// each word of `q` is one that a thousand users have, 20 000 users are gone through for a page. Go
/// on until there is no `next_cursor`.
///
/// A `cursor` goes with the conditions that it came with; with others it is `validation_failed`.
/// Begin anew when the person types on.
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
    QueryParams(request): QueryParams<ListUsers>,
) -> ApiResult<ListUsers> {
    Ok(ApiResponse(service.list_users(&admin, &request).await?))
}

/// Create a user
///
/// An employee needs a phone number, an administrator an e-mail address. `phone_taken` and
/// `email_taken` tell that somebody else, active or not, has it.
///
/// Without `password` one is generated: show `generated_password` to the administrator, because no
/// answer has it again. It is good for 72 hours and has to be changed at the first sign-in. A
/// password that is given stays until the user changes it.
#[utoipa::path(
    post,
    path = CreateUser::PATH,
    operation_id = "create_user",
    tag = "Users",
    request_body(content = CreateUserRequest, examples(
        ("employee" = (
            summary = "An employee, with a password that is generated",
            value = json!({"full_name": "First Last", "phone": "+77011234567"})
        )),
        ("employee_with_password" = (
            summary = "An employee, with a password",
            value = json!({"full_name": "First Last", "phone": "8 (701) 123-45-67", "password": "umbrella 77"})
        )),
        ("administrator" = (
            summary = "An administrator",
            value = json!({"role": "admin", "full_name": "Second Admin", "email": "second@example.com"})
        )),
    )),
    responses((status = 201, description = "Created", body = CreatedUser, example = json!(examples::created_user()))),
)]
pub(crate) async fn create_user(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    RequestClient(client): RequestClient,
    JsonBody(request): JsonBody<CreateUser>,
) -> ApiResult<CreateUser> {
    Ok(ApiResponse(
        service.create_user(&admin, &request, &client).await?,
    ))
}

/// Read a user
///
/// The user as stored now. An id that nobody has, or that is none, is `not_found`.
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
) -> ApiResult<GetUser> {
    Ok(ApiResponse(service.get_user(&admin, id).await?))
}

/// Change a user
///
/// Changes the members that are there and no others; send only what is to change. `null` takes a
/// phone number or an e-mail address away, unless the role needs it.
///
/// - Whoever is deactivated or gets another role is signed out everywhere within a second.
/// - Whoever becomes an administrator has to change the password at the next sign-in.
/// - One's own role and activity cannot be changed: another administrator has to.
/// - `last_admin`: no active administrator would be left.
#[utoipa::path(
    patch,
    path = UpdateUser::PATH,
    operation_id = "update_user",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    request_body(content = UpdateUserRequest, examples(
        ("phone" = (summary = "Another phone number", value = json!({"phone": "+77011234568"}))),
        ("deactivate" = (summary = "Let somebody in no more", value = json!({"is_active": false}))),
        ("promote" = (
            summary = "Make somebody an administrator",
            value = json!({"role": "admin", "email": "second@example.com"})
        )),
        ("no_email" = (summary = "Take the e-mail address away", value = json!({"email": null}))),
    )),
    responses((status = 200, description = "Changed", body = User)),
)]
pub(crate) async fn update_user(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
    RequestClient(client): RequestClient,
    JsonBody(request): JsonBody<UpdateUser>,
) -> ApiResult<UpdateUser> {
    Ok(ApiResponse(
        service.update_user(&admin, id, &request, &client).await?,
    ))
}

/// Reset a password
///
/// For who has forgotten it. The user gets a generated password and is signed out everywhere. Show
/// `generated_password` to the administrator, because no answer has it again; it is good for 72
/// hours and has to be changed at the next sign-in. The Telegram account stays bound.
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
    RequestClient(client): RequestClient,
) -> ApiResult<ResetPassword> {
    Ok(ApiResponse(
        service.reset_password(&admin, id, &client).await?,
    ))
}

/// Forget a user's Telegram account
///
/// For who has a new Telegram account, and was answered `telegram_account_mismatch`. The user is
/// signed out everywhere; the next sign-in with the password binds the account that it comes from.
/// A user without a Telegram account is signed out all the same.
#[utoipa::path(
    post,
    path = UnlinkTelegram::PATH,
    operation_id = "unlink_telegram",
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "Forgotten", body = User, example = json!(examples::new_employee()))),
)]
pub(crate) async fn unlink_telegram(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    Id(id): Id<UserId>,
    RequestClient(client): RequestClient,
) -> ApiResult<UnlinkTelegram> {
    Ok(ApiResponse(
        service.unlink_telegram(&admin, id, &client).await?,
    ))
}

/// Sign a user out everywhere
///
/// All sessions of the user end within a second, on both audiences. The password stays, but the Mini
/// App asks for it at the next sign-in. To keep somebody out, set `is_active` to `false` by
/// `update_user` instead.
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
    RequestClient(client): RequestClient,
) -> ApiResult<EndUserSessions> {
    service.end_user_sessions(&admin, id, &client).await?;
    Ok(ApiResponse(()))
}
