use time::OffsetDateTime;

use super::{EventPage, EventPosition, EventsError};
use crate::service::validation::Validation;
use crate::service::{AdminService, Field, InvalidFieldReason, ServiceError};
use crate::types::EventType;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1000;

/// Reads the log of events.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ListEventsQuery {
    /// The text of the position after which to read. Default: the newest one.
    pub after: Option<String>,
    /// The time of the first event, instead of `after`.
    pub since: Option<OffsetDateTime>,
    /// The type of the events.
    pub event_type: Option<String>,
    /// The maximum number of events that are read, 1 to 1,000. Events of other types count. Default: 100.
    pub limit: Option<u32>,
}

/// # Events
impl AdminService<'_> {
    /// Lists events, the oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with all invalid fields, [`ServiceError::EventsNotConfigured`], or
    /// [`ServiceError::CursorExpired`] if events after the position were deleted.
    pub async fn list_events(self, query: &ListEventsQuery) -> Result<EventPage, ServiceError> {
        let service = self.service;
        let mut validation = Validation::default();
        let after = query.after.as_deref().and_then(|text| {
            let position = text.parse::<EventPosition>();
            validation.parsed(Field::After, position)
        });
        if query.after.is_some() && query.since.is_some() {
            validation.reject(Field::Since, InvalidFieldReason::WithAfter);
        }
        let wanted = query.event_type.as_deref().and_then(|name| {
            let wanted = name.parse::<EventType>();
            let wanted = wanted.map_err(|_| InvalidFieldReason::UnknownEventType);
            validation.parsed(Field::Type, wanted)
        });
        let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            let (min, max) = (1, MAX_LIMIT);
            validation.reject(Field::Limit, InvalidFieldReason::OutOfRange { min, max });
        }
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        if !service.has_events() {
            return Err(ServiceError::EventsNotConfigured);
        }
        let after = match query.since {
            Some(since) => Some(service.event_position(since).await?),
            None => after,
        };
        let mut page = service.events_after(after, limit).await?;
        if let Some(wanted) = wanted {
            page.events
                .retain(|event| event.data.event_type() == wanted.as_str());
        }
        Ok(page)
    }
}

impl From<EventsError> for ServiceError {
    fn from(error: EventsError) -> Self {
        match error {
            EventsError::CursorExpired => Self::CursorExpired,
            EventsError::Store(error) => error.into(),
        }
    }
}
