use axum::extract::State;
use divan_core::api::{Endpoint, EventPage, ListEvents};
use divan_core::service::ListEventsQuery;

use super::{ApiResponse, ApiResult, wire};
use crate::extract::{AsAdminOrService, QueryParams};
use crate::state::AppState;

/// List events
///
/// Changes of users and ends of sessions, the oldest first. Events contain ids, but no names and
/// contacts. Each is delivered at least once: ignore an `id` that you have seen. The events of one
/// user are in the order of the changes.
///
/// Without `after` and `since`, the page is empty, and `next` is the place after the newest event.
/// First get it, then read all users, then read the events from it on. Repeat a request at once while
/// `has_more` is true, otherwise after some seconds.
///
/// Events are deleted after a month, by default. An offset such as `+05:00` must be encoded:
/// `%2B05:00`.
#[utoipa::path(
    get,
    path = ListEvents::PATH,
    tag = "Events",
    params(divan_core::api::EventsRequest),
    responses((status = 200, description = "A page of events", body = EventPage)),
)]
pub(crate) async fn list_events(
    State(state): State<AppState>,
    admin: AsAdminOrService<ListEvents>,
    QueryParams(request): QueryParams<ListEvents>,
) -> ApiResult<ListEvents> {
    let mut query = ListEventsQuery::default();
    (query.after, query.since) = (request.after, request.since);
    (query.event_type, query.limit) = (request.event_type, request.limit);
    let page = admin.service().list_events(&query).await?;
    Ok(ApiResponse(wire::event_page(
        &page,
        state.service().issuer(),
    )))
}
