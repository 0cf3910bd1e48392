use axum::extract::State;
use divan_core::api::{CreateUser, CreateUserRequest, CreatedUser, Endpoint};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::extract::{AdminCaller, Payload};

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
