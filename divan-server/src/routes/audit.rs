use axum::extract::State;
use divan_core::api::{Audit, AuditPage, AuditRequest, Endpoint};
use divan_core::service::AuthService;

use super::{ApiResponse, ApiResult};
use crate::extract::{AdminCaller, QueryParams};

/// Who did what?
///
/// The newest first: sign-ins, sign-outs, and everything that administrators change. Lines name
/// users by their ids and changed members by their names, and never hold values. `user` finds what
/// was done to somebody, `actor` what somebody did; all conditions hold at a time.
#[utoipa::path(
    get,
    path = Audit::PATH,
    operation_id = "audit",
    tag = "Audit",
    params(AuditRequest),
    responses((status = 200, description = "A page of the audit", body = AuditPage)),
)]
pub(crate) async fn audit(
    State(service): State<AuthService>,
    AdminCaller(admin): AdminCaller,
    QueryParams(request): QueryParams<Audit>,
) -> ApiResult<Audit> {
    Ok(ApiResponse(service.audit(&admin, &request).await?))
}
