use divan_core::api::{Event, EventPage, EventsRequest, ListEvents};
use futures_util::Stream;

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::pagination::paginate;
use crate::request::Request;

impl AdminPanel {
    /// Returns a page of events about users and sessions, the oldest first. Store
    /// [`next`](EventPage::next) with the outcome of the events, and send it as `after`.
    ///
    /// # Errors
    /// The [code](Error::code) is `cursor_expired` if events after the cursor were deleted: read all users
    /// again. It is `validation_failed` for an invalid request, `events_not_configured`, and
    /// `admin_required` when the user is no longer an administrator. See [`Error`] for the rest.
    pub async fn list_events(&self, request: &EventsRequest) -> Result<EventPage, Error> {
        self.call::<ListEvents>(Request::new(request)).await
    }

    /// Streams the events that match the request and exist, the oldest first. Pages are fetched on demand.
    /// The stream ends after the newest event or the first error.
    pub fn all_events(
        &self,
        request: &EventsRequest,
    ) -> impl Stream<Item = Result<Event, Error>> + use<> {
        paginate(
            self.clone(),
            request.clone(),
            async |admin: &Self, request: &mut EventsRequest| {
                let page = admin.list_events(request).await?;
                (request.after, request.since) = (Some(page.next), None);
                Ok((page.items, page.has_more))
            },
        )
    }
}
