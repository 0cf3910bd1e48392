use divan_core::api::{DeviceId, DeviceList, Devices, Endpoint, RemoveDevice};

use super::{ApiResponse, ApiResult, wire};
use crate::extract::{AsCaller, Id};

/// List your known devices
///
/// The browsers and programs in which the caller, an administrator, has signed in to the admin panel
/// during the last 90 days, the last used first. A sign-in with the `device_token` of one of them is
/// not delayed by failed sign-ins from elsewhere. A change or reset of the password removes all of
/// them.
///
/// Employees have none: their linked Telegram account is known instead. There are at most 20, so there
/// are no pages.
#[utoipa::path(
    get,
    path = Devices::PATH,
    tag = "Sessions",
    responses((status = 200, description = "The known devices", body = DeviceList)),
)]
pub(crate) async fn devices(caller: AsCaller<Devices>) -> ApiResult<Devices> {
    let devices = caller.service().devices().await?;
    Ok(ApiResponse(wire::device_list(devices)))
}

/// Remove one of your known devices
///
/// For a lost device: its `device_token` is no longer valid, and the next sign-in from it counts as one
/// from an unknown device. Its sessions do not end; use `end_session` for that.
///
/// An unknown device and a device of another user are `not_found`.
#[utoipa::path(
    delete,
    path = RemoveDevice::PATH,
    tag = "Sessions",
    params(("id" = DeviceId, Path, description = "The device")),
    responses((status = 204, description = "Removed")),
)]
pub(crate) async fn remove_device(
    caller: AsCaller<RemoveDevice>,
    Id(id): Id<DeviceId>,
) -> ApiResult<RemoveDevice> {
    caller.service().remove_device(id).await?;
    Ok(ApiResponse(()))
}
