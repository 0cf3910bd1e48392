use divan_core::api::{
    self, ApprovePromotion, DeclinePromotion, Endpoint, GeneratedPassword, ListPromotions,
    PromotionList,
};
use divan_core::service::PendingPromotion;
use divan_core::types::PromotionId;

use super::{ApiResponse, ApiResult};
use crate::extract::{AsAdmin, Id};

/// List the promotions that wait for an approval
///
/// With `DIVAN_ADMIN_APPROVAL=on`, `promote_user` only requests a promotion. Another administrator
/// approves or declines it here, within 24 hours.
#[utoipa::path(
    get,
    path = ListPromotions::PATH,
    tag = "Users",
    responses((status = 200, description = "The promotions", body = PromotionList)),
)]
pub(crate) async fn list_promotions(admin: AsAdmin) -> ApiResult<ListPromotions> {
    let pending = admin.service().pending_promotions().await?;
    let items = pending.into_iter().map(pending_promotion).collect();
    Ok(ApiResponse(PromotionList::new(items)))
}

/// Approve a promotion
///
/// The user becomes an administrator. Give `generated_password` to the new administrator, because it is
/// returned only once.
///
/// `other_administrator_required` means that you requested the promotion yourself. `not_found` means that
/// it was approved, declined or replaced, has expired, or is void: the employee was changed since, or the
/// requester lost the role or changed the password.
#[utoipa::path(
    post,
    path = ApprovePromotion::PATH,
    tag = "Users",
    params(("id" = PromotionId, Path, description = "The promotion")),
    responses((status = 200, description = "The new password", body = GeneratedPassword)),
)]
pub(crate) async fn approve_promotion(
    admin: AsAdmin,
    Id(id): Id<PromotionId>,
) -> ApiResult<ApprovePromotion> {
    let password = admin.service().approve_promotion(id).await?;
    Ok(ApiResponse(GeneratedPassword::new(password)))
}

/// Decline a promotion
///
/// Withdraws it, if you requested it yourself. The user stays an employee.
#[utoipa::path(
    delete,
    path = DeclinePromotion::PATH,
    tag = "Users",
    params(("id" = PromotionId, Path, description = "The promotion")),
    responses((status = 204, description = "Declined")),
)]
pub(crate) async fn decline_promotion(
    admin: AsAdmin,
    Id(id): Id<PromotionId>,
) -> ApiResult<DeclinePromotion> {
    admin.service().decline_promotion(id).await?;
    Ok(ApiResponse(()))
}

pub(super) fn pending_promotion(pending: PendingPromotion) -> api::PendingPromotion {
    let mut shown = api::PendingPromotion::new(
        pending.id,
        pending.user,
        pending.requested_by,
        pending.requested_at,
        pending.expires_at,
    );
    shown.email = pending.email;
    shown
}
