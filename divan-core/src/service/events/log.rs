//! The log of events, as its readers see it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::service::AuthService;
use crate::service::session::to_time_duration;
use crate::store::{StoreError, StoredEvent};
use crate::types::{EventData, UserId};

/// The maximum number of events that are read at once.
const MAX_EVENTS: u32 = 1000;

/// An event: a change of a user or the end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The id. It is the same in each delivery, and that of no other event.
    pub id: Uuid,
    /// The place in the log.
    pub position: EventPosition,
    /// The time of the change.
    pub at: OffsetDateTime,
    /// The user.
    pub user: UserId,
    /// Type and details.
    pub data: EventData,
}

impl Event {
    pub(super) fn new(stored: &StoredEvent) -> Self {
        let id = event_id(stored);
        let [.., a, b, c, d] = *id.as_bytes();
        let check = u32::from_be_bytes([a, b, c, d]) | 1;
        let message = &stored.message;
        let details = serde_json::from_str(&message.parameters);
        Self {
            id,
            position: EventPosition {
                position: stored.position,
                check,
            },
            at: message.created_at,
            user: message.user,
            data: EventData::from_parts(&message.kind, details.unwrap_or_default()),
        }
    }
}

/// Derives the id of an event from its content. After a database was restored from a backup, positions are
/// assigned again, and other events get other ids.
fn event_id(StoredEvent { id, message, .. }: &StoredEvent) -> Uuid {
    let hash = Sha256::new()
        .chain_update(id.to_be_bytes())
        .chain_update(message.user.0)
        .chain_update(message.created_at.unix_timestamp_nanos().to_be_bytes())
        .chain_update((message.kind.len() as u64).to_be_bytes())
        .chain_update(&message.kind)
        .chain_update(&message.parameters)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A place in the log of events, which readers keep. The text is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPosition {
    position: i64,
    /// A part of the event's id; 0 if it was not read.
    check: u32,
}

impl EventPosition {
    pub(in crate::service) fn number(self) -> i64 {
        self.position
    }

    /// Returns `true` unless the event at this position is another one.
    fn matches(self, event: &Event) -> bool {
        self.check == 0 || self == event.position
    }
}

impl fmt::Display for EventPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.position.to_be_bytes());
        bytes[8..].copy_from_slice(&self.check.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The text is not a place in the log of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a cursor of the log of events")]
pub struct InvalidEventPosition;

impl FromStr for EventPosition {
    type Err = InvalidEventPosition;

    fn from_str(text: &str) -> Result<Self, InvalidEventPosition> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes = bytes.ok_or(InvalidEventPosition)?;
        let (position, check) = bytes.split_at_checked(8).ok_or(InvalidEventPosition)?;
        let position = position.try_into().map(i64::from_be_bytes);
        let check = check.try_into().map(u32::from_be_bytes);
        match (position, check) {
            (Ok(position @ 0..), Ok(check)) => Ok(Self { position, check }),
            _ => Err(InvalidEventPosition),
        }
    }
}

/// Events in the order of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// The place to read from next.
    pub next: EventPosition,
    /// More events can be read at once.
    pub has_more: bool,
}

/// Events cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventsError {
    /// Events after the position were deleted, or the database was restored. Get the newest
    /// position, then read all users, and then the events after that position.
    #[error("events after the position no longer exist")]
    CursorExpired,
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthService {
    /// Reads at most `limit` events after a position, in the order of the log; with `None`, only events
    /// that follow the newest one. Keep [`EventPage::next`] with what you did with the events, and pass it next time.
    ///
    /// Events of one user are in the order of the changes. Each event is in the log until it is
    /// [purged](Self::purge_events).
    ///
    /// # Errors
    /// [`EventsError::CursorExpired`] if events were deleted since, and [`EventsError::Store`].
    pub async fn events_after(
        &self,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<EventPage, EventsError> {
        let store = &self.parts.store;
        store.sequence_events().await?;
        let after = match after {
            Some(after) => after,
            None => self.newest_event().await?,
        };
        let limit = limit.clamp(1, MAX_EVENTS);
        // The event at the position shows that the log is the same one, and a further one whether there is more.
        let first = after.position.saturating_sub(1);
        let stored = store.events_after(first, limit + 2).await?;
        let mut events: Vec<Event> = stored.iter().map(Event::new).collect();
        match events.first().map(|first| first.position.position) {
            Some(at) if at == after.position => {
                if !after.matches(&events.remove(0)) {
                    return Err(EventsError::CursorExpired);
                }
            }
            // Positions have no gaps.
            Some(at) if at == after.position + 1 => {}
            _ => {
                let log = store.event_log().await?;
                if log.purged > after.position || log.newest < after.position {
                    return Err(EventsError::CursorExpired);
                }
            }
        }
        let has_more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let next = events.last().map_or(after, |last| last.position);
        Ok(EventPage {
            events,
            next,
            has_more,
        })
    }

    /// Returns the position of the newest event.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_event(&self) -> Result<EventPosition, StoreError> {
        let store = &self.parts.store;
        store.sequence_events().await?;
        let newest = store.event_log().await?.newest;
        let found = store.events_after(newest.saturating_sub(1), 1).await?;
        let found = found.first().map(|event| Event::new(event).position);
        Ok(found.unwrap_or(EventPosition {
            position: newest,
            check: 0,
        }))
    }

    /// Returns the position before the first event of this time or later, to read the log again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_position(&self, since: OffsetDateTime) -> Result<EventPosition, StoreError> {
        let store = &self.parts.store;
        store.sequence_events().await?;
        let position = store.position_before(since).await?;
        Ok(EventPosition { position, check: 0 })
    }

    /// Deletes events that are older than `kept_for`, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_events(&self, kept_for: std::time::Duration) -> Result<u64, StoreError> {
        let before = self.now().saturating_sub(to_time_duration(kept_for));
        // Only events with a position are deleted, and there may be no reader.
        self.parts.store.sequence_events().await?;
        self.parts.store.purge_events(before).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_from_its_text_only() {
        for (position, check) in [(0, 0), (1, 1), (i64::MAX, u32::MAX)] {
            let written = EventPosition { position, check };
            assert_eq!(written.to_string().parse(), Ok(written));
        }
        let text = EventPosition {
            position: 7,
            check: 9,
        }
        .to_string();
        let minus = URL_SAFE_NO_PAD.encode([0xFF; 12]);
        for malformed in ["", "A", "%", &text[1..], &format!("{text}AAAA"), &minus] {
            assert_eq!(
                malformed.parse::<EventPosition>(),
                Err(InvalidEventPosition),
                "{malformed}"
            );
        }
    }
}
