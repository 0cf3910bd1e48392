use std::time::Duration;

use divan_core::api::{
    CreateService, CreateServiceRequest, DeleteService, Endpoint, GetService, ListServices,
    NewServiceSecret, RemoveServiceSecret, RotateServiceSecret, RotateServiceSecretRequest,
    ServiceCredential, ServiceList, UpdateService, UpdateServiceRequest,
};
use divan_core::service::{CreateServiceCommand, UpdateServiceCommand};
use divan_core::types::{ServiceId, ServiceSecretId};

use super::{ApiResponse, ApiResult, wire};
use crate::extract::{AsAdmin, Id, JsonBody, SecretId};

/// List service credentials
///
/// The credentials of other services, newest first, without their secrets. There are at most 100, so there
/// are no pages. Secrets that have expired are not listed.
#[utoipa::path(
    get,
    path = ListServices::PATH,
    tag = "Services",
    responses((status = 200, description = "The credentials", body = ServiceList)),
)]
pub(crate) async fn list_services(admin: AsAdmin) -> ApiResult<ListServices> {
    let services = admin.service().list_services().await?;
    let items = services.into_iter().map(wire::service).collect();
    Ok(ApiResponse(ServiceList::new(items)))
}

/// Create a service credential
///
/// For another service, such as a gateway or an HR system. `scopes` are its permissions. With
/// `allowed_addresses`, the credential is refused from all other addresses.
///
/// Store `secret` in the service: it is returned only once. `id` is the `client_id`.
#[utoipa::path(
    post,
    path = CreateService::PATH,
    tag = "Services",
    request_body(content = CreateServiceRequest, examples(
        ("gateway" = (
            summary = "A gateway that checks tokens",
            value = json!({"name": "Gateway", "scopes": ["introspect"], "allowed_addresses": ["192.0.2.7"]})
        )),
        ("hr_system" = (
            summary = "An HR system that manages employees, for a year",
            value = json!({"name": "HR system", "scopes": ["users:read", "users:write"], "expires_at": "2027-01-15T00:00:00Z"})
        )),
    )),
    responses((status = 201, description = "Created", body = NewServiceSecret)),
)]
pub(crate) async fn create_service(
    admin: AsAdmin,
    JsonBody(request): JsonBody<CreateService>,
) -> ApiResult<CreateService> {
    let mut command = CreateServiceCommand::new(request.name, request.scopes);
    command.allowed_addresses = request.allowed_addresses;
    command.expires_at = request.expires_at;
    let created = admin.service().create_service(&command).await?;
    Ok(ApiResponse(wire::new_service_secret(created)))
}

/// Get a service credential
///
/// The credential as stored now. `last_used_at` is stored at most once a minute.
#[utoipa::path(
    get,
    path = GetService::PATH,
    tag = "Services",
    params(("id" = ServiceId, Path, description = "The service credential")),
    responses((status = 200, description = "The credential", body = ServiceCredential)),
)]
pub(crate) async fn get_service(admin: AsAdmin, Id(id): Id<ServiceId>) -> ApiResult<GetService> {
    let service = admin.service().get_service(id).await?;
    Ok(ApiResponse(wire::service(service)))
}

/// Change a service credential
///
/// Changes only the members that are sent. `scopes` and `allowed_addresses` replace the stored lists.
/// `null` removes the expiry. The change takes effect within one second, also for tokens that were issued
/// before.
#[utoipa::path(
    patch,
    path = UpdateService::PATH,
    tag = "Services",
    params(("id" = ServiceId, Path, description = "The service credential")),
    request_body(content = UpdateServiceRequest, examples(
        ("scopes" = (summary = "Other permissions", value = json!({"scopes": ["users:read"]}))),
        ("no_expiry" = (summary = "No expiry", value = json!({"expires_at": null}))),
    )),
    responses((status = 200, description = "Changed", body = ServiceCredential)),
)]
pub(crate) async fn update_service(
    admin: AsAdmin,
    Id(id): Id<ServiceId>,
    JsonBody(request): JsonBody<UpdateService>,
) -> ApiResult<UpdateService> {
    let mut command = UpdateServiceCommand::default();
    (command.name, command.scopes) = (request.name, request.scopes);
    command.allowed_addresses = request.allowed_addresses;
    command.expires_at = request.expires_at;
    let service = admin.service().update_service(id, &command).await?;
    Ok(ApiResponse(wire::service(service)))
}

/// Delete a service credential
///
/// The service is refused within one second, also with tokens that were issued before. The audit events
/// stay.
#[utoipa::path(
    delete,
    path = DeleteService::PATH,
    tag = "Services",
    params(("id" = ServiceId, Path, description = "The service credential")),
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete_service(
    admin: AsAdmin,
    Id(id): Id<ServiceId>,
) -> ApiResult<DeleteService> {
    admin.service().delete_service(id).await?;
    Ok(ApiResponse(()))
}

/// Rotate the secret of a service credential
///
/// Adds a secret. The previous one stays valid for `previous_expires_in` seconds, so that the service can
/// change to the new one without an interruption. At most two secrets are valid: a third one replaces the
/// oldest at once.
///
/// Store `secret` in the service: it is returned only once.
#[utoipa::path(
    post,
    path = RotateServiceSecret::PATH,
    tag = "Services",
    params(("id" = ServiceId, Path, description = "The service credential")),
    request_body(content = RotateServiceSecretRequest, examples(
        ("day" = (summary = "The previous secret stays valid for a day", value = json!({}))),
        ("leaked" = (summary = "The previous secret has leaked", value = json!({"previous_expires_in": 0}))),
    )),
    responses((status = 201, description = "Added", body = NewServiceSecret)),
)]
pub(crate) async fn rotate_service_secret(
    admin: AsAdmin,
    Id(id): Id<ServiceId>,
    JsonBody(request): JsonBody<RotateServiceSecret>,
) -> ApiResult<RotateServiceSecret> {
    let seconds = request.previous_expires_in;
    let seconds = seconds.unwrap_or(RotateServiceSecretRequest::DEFAULT_SECONDS);
    let keep = Duration::from_secs(seconds.into());
    let rotated = admin.service().rotate_service_secret(id, keep).await?;
    Ok(ApiResponse(wire::new_service_secret(rotated)))
}

/// Remove a secret of a service credential
///
/// The secret is refused within one second, also with tokens that were issued for it. The other secret no
/// longer expires. `last_service_secret`: no other secret is valid.
#[utoipa::path(
    delete,
    path = RemoveServiceSecret::PATH,
    tag = "Services",
    params(
        ("id" = ServiceId, Path, description = "The service credential"),
        ("secret_id" = ServiceSecretId, Path, description = "The secret"),
    ),
    responses((status = 204, description = "Removed")),
)]
pub(crate) async fn remove_service_secret(
    admin: AsAdmin,
    Id(id): Id<ServiceId>,
    SecretId(secret): SecretId,
) -> ApiResult<RemoveServiceSecret> {
    admin.service().remove_service_secret(id, secret).await?;
    Ok(ApiResponse(()))
}
