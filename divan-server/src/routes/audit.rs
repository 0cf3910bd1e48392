use divan_core::api::{Audit, AuditPage, AuditRequest, Endpoint};
use divan_core::service::{Cursor, ListAuditEventsQuery};

use super::{ApiResponse, ApiResult};
use crate::extract::{AsAdminOrService, QueryParams};

/// List audit events
///
/// Newest first: sign-ins, sign-outs, and all changes by administrators. Events contain the ids of
/// users and the names of changed fields, never values. The names of users are the present ones.
///
/// `user` filters by the user that was acted on, `actor` by the user who acted, `from` and `to` by
/// time; all filters apply together. An offset such as `+05:00` must be encoded: `%2B05:00`.
#[utoipa::path(
    get,
    path = Audit::PATH,
    tag = "Audit",
    params(AuditRequest),
    responses((status = 200, description = "A page of the audit", body = AuditPage)),
)]
pub(crate) async fn audit(
    admin: AsAdminOrService<Audit>,
    QueryParams(request): QueryParams<Audit>,
) -> ApiResult<Audit> {
    let mut query = ListAuditEventsQuery::default();
    (query.user, query.actor, query.action) = (request.user, request.actor, request.action);
    (query.from, query.to) = (request.from, request.to);
    (query.limit, query.cursor) = (request.limit, request.cursor.map(Cursor::from));
    let page = admin.service().list_audit_events(&query).await?;
    let next_cursor = page.next_cursor.map(String::from);
    Ok(ApiResponse(AuditPage::new(page.items, next_cursor)))
}
