use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use divan_core::api::{
    CreateUser, CreateUserRequest, CreatedUser, DeleteUser, EndUserSessions, Endpoint,
    FailedSignIns, GeneratedPassword, GetFailedSignIns, GetUser, ListUsers, ListUsersRequest,
    PromoteUser, PromoteUserRequest, PromotedUser, ResetPassword, SearchUsers, SessionList,
    UnlinkTelegram, UnlockUser, UpdateUser, UpdateUserRequest, User, UserId, UserInclude, UserPage,
    UserRequest, UserSessions,
};
use divan_core::service::{
    CreateUserCommand, Cursor, ListUsersQuery, Promotion, UpdateUserCommand,
};

use super::promotions::pending_promotion;
use super::{ApiResponse, ApiResult, examples, wire};
use crate::extract::{AsAdmin, AsAdminOrService, Id, JsonBody, QueryParams};
use crate::problem::Problem;

/// List and find users
///
/// Newest first. Each word of `q` must be a prefix of the phone number, the e-mail address, a word of
/// the name or, after `@`, the Telegram username: `fi 7011` finds First Last with +7 701 1…. Case, accents and the marks of Kazakh
/// letters make no difference. All filters apply together.
///
/// `telegram_id` finds the user who holds a Telegram account, after `telegram_account_mismatch`.
/// `has_signed_in=false` lists users who have never signed in. With `include_total=true` the response
/// has the number of users on all pages in `total`; `total_is_minimum` says that there may be more.
///
/// A page may have fewer users than `limit`, even none, and still a `next_cursor`: if more than a
/// thousand users match each word of `q`, or with `has_signed_in` or `is_linked`, at most 20 000 users are scanned for a page.
/// Continue until there is no `next_cursor`.
///
/// A `cursor` is valid only with the filters of the request that returned it; with others the response
/// is `validation_failed`. Start again without a cursor when the search text changes.
///
/// The address of the request may be logged by proxies. To search for names and phone numbers, use
/// `search_users`.
#[utoipa::path(
    get,
    path = ListUsers::PATH,
    tag = "Users",
    params(ListUsersRequest),
    responses((status = 200, description = "A page of users", body = UserPage)),
)]
pub(crate) async fn list_users(
    admin: AsAdminOrService<ListUsers>,
    QueryParams(request): QueryParams<ListUsers>,
) -> ApiResult<ListUsers> {
    let page = admin.service().list_users(&query(request)).await?;
    Ok(ApiResponse(wire::user_page(page)))
}

/// Find users with the filters in the body
///
/// The same as `list_users`, and the same cursors. Addresses of requests are kept in logs of proxies and
/// in the history of browsers; bodies are not. Use this operation to search for names and phone numbers.
#[utoipa::path(
    post,
    path = SearchUsers::PATH,
    tag = "Users",
    request_body(content = ListUsersRequest),
    responses((status = 200, description = "A page of users", body = UserPage)),
)]
pub(crate) async fn search_users(
    admin: AsAdminOrService<SearchUsers>,
    JsonBody(request): JsonBody<SearchUsers>,
) -> ApiResult<SearchUsers> {
    let page = admin.service().list_users(&query(request)).await?;
    Ok(ApiResponse(wire::user_page(page)))
}

fn query(request: ListUsersRequest) -> ListUsersQuery {
    let mut query = ListUsersQuery::default();
    (query.query, query.role, query.is_active) = (request.q, request.role, request.is_active);
    query.external_id = request.external_id;
    (query.telegram_id, query.is_linked) = (request.telegram_id, request.is_linked);
    query.has_signed_in = request.has_signed_in;
    query.with_total = request.include_total == Some(true);
    query.with_metadata = request.include == Some(UserInclude::Metadata);
    (query.limit, query.cursor) = (request.limit, request.cursor.map(Cursor::from));
    query
}

/// Create a user
///
/// An employee needs a phone number, an administrator an e-mail address. `phone_taken`, `email_taken`
/// and `external_id_taken` mean that another user, active or not, has it.
///
/// Without `password`, the server generates one: show `generated_password` to the administrator,
/// because it is returned only once. A `password` for an employee expires after 72 hours if the
/// employee does not sign in before. For an administrator, `password` is refused.
#[utoipa::path(
    post,
    path = CreateUser::PATH,
    tag = "Users",
    request_body(content = CreateUserRequest, examples(
        ("employee" = (
            summary = "An employee, with a generated password",
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
    admin: AsAdminOrService<CreateUser>,
    JsonBody(request): JsonBody<CreateUser>,
) -> ApiResult<CreateUser> {
    let mut command = CreateUserCommand::new(request.role, request.full_name);
    (command.phone, command.email) = (request.phone, request.email);
    (command.external_id, command.metadata) = (request.external_id, request.metadata);
    command.password = request.password;
    let created = admin.service().create_user(&command).await?;
    Ok(ApiResponse(wire::created_user(created)))
}

/// Get a user
///
/// The user as stored now; with `include=metadata`, also the attributes for the application. An
/// unknown or malformed id is `not_found`.
#[utoipa::path(
    get,
    path = GetUser::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user"), UserRequest),
    responses((status = 200, description = "The user", body = User)),
)]
pub(crate) async fn get_user(
    admin: AsAdminOrService<GetUser>,
    Id(id): Id<UserId>,
    QueryParams(request): QueryParams<GetUser>,
) -> ApiResult<GetUser> {
    let service = admin.service();
    let user = match request.include {
        Some(UserInclude::Metadata) => service.get_user_with_metadata(id).await?,
        _ => service.get_user(id).await?,
    };
    Ok(ApiResponse(user))
}

/// Change a user
///
/// Changes only the members that are sent. `metadata` replaces the stored object as a whole. `null` removes an external id, and a phone number or an e-mail
/// address, unless an active user signs in with it.
///
/// - A deactivation or a change of the role signs the user out everywhere within one second.
/// - `promotion_required`: an employee becomes an administrator with `promote_user` only.
/// - A change of your own e-mail address ends your other sessions.
/// - You cannot change your own `role` and `is_active`: another administrator must.
/// - `last_admin`: the last active administrator cannot be deactivated, deleted or made an employee.
#[utoipa::path(
    patch,
    path = UpdateUser::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    request_body(content = UpdateUserRequest, examples(
        ("phone" = (summary = "Another phone number", value = json!({"phone": "+77011234568"}))),
        ("deactivate" = (summary = "Deactivate a user", value = json!({"is_active": false}))),
        ("demote" = (
            summary = "Make an administrator an employee",
            value = json!({"role": "employee", "phone": "+77011234568"})
        )),
        ("no_email" = (summary = "Remove the e-mail address", value = json!({"email": null}))),
    )),
    responses((status = 200, description = "Changed", body = User)),
)]
pub(crate) async fn update_user(
    admin: AsAdminOrService<UpdateUser>,
    Id(id): Id<UserId>,
    JsonBody(request): JsonBody<UpdateUser>,
) -> ApiResult<UpdateUser> {
    let mut command = UpdateUserCommand::default();
    (command.full_name, command.phone) = (request.full_name, request.phone);
    (command.email, command.role) = (request.email, request.role);
    (command.external_id, command.metadata) = (request.external_id, request.metadata);
    command.is_active = request.is_active;
    let user = admin.service().update_user(id, &command).await?;
    Ok(ApiResponse(user))
}

/// Delete a user
///
/// For a person who must be forgotten, or whose phone number or e-mail address another user needs. The
/// personal data, the sessions and the known devices of the user are deleted; the user is signed out
/// everywhere within one second. The audit events stay, with the id of the user. It cannot be undone: to
/// lock out a user who may return, set `is_active` to `false` with `update_user`.
///
/// - `own_account`: you cannot delete your own account.
/// - `last_admin`: no active administrator would be left.
#[utoipa::path(
    delete,
    path = DeleteUser::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete_user(
    admin: AsAdminOrService<DeleteUser>,
    Id(id): Id<UserId>,
) -> ApiResult<DeleteUser> {
    admin.service().delete_user(id).await?;
    Ok(ApiResponse(()))
}

/// Reset a password
///
/// For a user who has forgotten the password. The user gets a generated password and is signed out
/// everywhere. Show `generated_password` to the administrator, because it is returned only once. The
/// Telegram account stays linked.
///
/// `own_account`: you cannot reset your own password. Change it with `change_password`, or ask another
/// administrator.
#[utoipa::path(
    post,
    path = ResetPassword::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The new password", body = GeneratedPassword)),
)]
pub(crate) async fn reset_password(
    admin: AsAdminOrService<ResetPassword>,
    Id(id): Id<UserId>,
) -> ApiResult<ResetPassword> {
    let password = admin.service().reset_password(id).await?;
    Ok(ApiResponse(GeneratedPassword::new(password)))
}

/// Make a user an administrator
///
/// The user needs an e-mail address: send `email` for a user without one. Because the password of an
/// employee may be short, the user gets a generated password and is signed out everywhere. Show
/// `generated_password` to the administrator, because it is returned only once.
///
/// The user then signs in to the admin panel, and no longer to the Mini App. A linked Telegram account
/// stays linked.
///
/// With `DIVAN_ADMIN_APPROVAL=on` the response is 202, and nothing changes until another administrator
/// approves the `promotion` with `approve_promotion`, within 24 hours. The password is then shown to that
/// administrator. Another request replaces the first one.
///
/// `already_admin` means that nothing was changed. To make an administrator an employee, change `role`
/// with `update_user`.
#[utoipa::path(
    post,
    path = PromoteUser::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    request_body(content = PromoteUserRequest, examples(
        ("email" = (summary = "A user without an e-mail address", value = json!({"email": "second@example.com"}))),
        ("no_email" = (summary = "A user with an e-mail address", value = json!({}))),
    )),
    responses(
        (status = 200, description = "The new password", body = PromotedUser, example = json!({"generated_password": "7k3m-x2q9-ab4t-p8dh"})),
        (status = 202, description = "Another administrator must approve the promotion", body = PromotedUser),
    ),
)]
pub(crate) async fn promote_user(
    admin: AsAdmin,
    Id(id): Id<UserId>,
    JsonBody(request): JsonBody<PromoteUser>,
) -> Result<Response, Problem> {
    let email = request.email.as_deref();
    let response = match admin.service().promote_user(id, email).await? {
        Promotion::Pending(pending) => {
            let pending = PromotedUser::pending(pending_promotion(*pending));
            (StatusCode::ACCEPTED, Json(pending)).into_response()
        }
        Promotion::Done(password) => {
            ApiResponse::<PromoteUser>(PromotedUser::done(password)).into_response()
        }
    };
    Ok(response)
}

/// Unlink a user's Telegram account
///
/// For a user with a new phone or Telegram account, who gets `telegram_account_mismatch`. The next
/// sign-in links the Telegram account from which it is made. Others may know the old password, so the
/// user gets a generated one and is signed out everywhere.
///
/// Show `generated_password` to the administrator, because it is returned only once. A second request
/// returns `telegram_not_linked` and changes nothing; if the first response was lost, reset the
/// password.
#[utoipa::path(
    post,
    path = UnlinkTelegram::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The new password", body = GeneratedPassword)),
)]
pub(crate) async fn unlink_telegram(
    admin: AsAdminOrService<UnlinkTelegram>,
    Id(id): Id<UserId>,
) -> ApiResult<UnlinkTelegram> {
    let password = admin.service().unlink_telegram(id).await?;
    Ok(ApiResponse(GeneratedPassword::new(password)))
}

/// List a user's sessions
///
/// The live sessions of the user on both audiences, newest first, without their tokens. `is_current` is
/// always `false`. There are at most 20, so there are no pages.
#[utoipa::path(
    get,
    path = UserSessions::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The live sessions", body = SessionList)),
)]
pub(crate) async fn user_sessions(
    admin: AsAdminOrService<UserSessions>,
    Id(id): Id<UserId>,
) -> ApiResult<UserSessions> {
    let sessions = admin.service().user_sessions(id).await?;
    Ok(ApiResponse(wire::session_list(sessions)))
}

/// Sign a user out everywhere
///
/// All sessions of the user end within one second, on both audiences. The password stays valid, and the
/// Mini App needs it at the next sign-in. To lock a user out, set `is_active` to `false` with
/// `update_user` instead.
#[utoipa::path(
    delete,
    path = EndUserSessions::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 204, description = "Signed out")),
)]
pub(crate) async fn end_user_sessions(
    admin: AsAdminOrService<EndUserSessions>,
    Id(id): Id<UserId>,
) -> ApiResult<EndUserSessions> {
    admin.service().end_user_sessions(id).await?;
    Ok(ApiResponse(()))
}

/// Get a user's failed sign-ins
///
/// For a user who gets `too_many_attempts`. Attempts from the linked Telegram account, from a known
/// device, or with a shared contact of a user who is not linked yet are `trusted`, all others
/// `untrusted`. A trusted success clears both counts, an untrusted one only its own.
#[utoipa::path(
    get,
    path = GetFailedSignIns::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The failed sign-ins", body = FailedSignIns)),
)]
pub(crate) async fn get_failed_sign_ins(
    admin: AsAdmin,
    Id(id): Id<UserId>,
) -> ApiResult<GetFailedSignIns> {
    let failed = admin.service().failed_sign_ins(id).await?;
    Ok(ApiResponse(wire::failed_sign_ins(failed)))
}

/// Unlock a user
///
/// Clears the failed sign-ins and the limits of the user's account. The limits of Telegram accounts,
/// addresses and sessions stay.
#[utoipa::path(
    post,
    path = UnlockUser::PATH,
    tag = "Users",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 204, description = "Unlocked")),
)]
pub(crate) async fn unlock_user(
    admin: AsAdminOrService<UnlockUser>,
    Id(id): Id<UserId>,
) -> ApiResult<UnlockUser> {
    admin.service().unlock_user(id).await?;
    Ok(ApiResponse(()))
}
