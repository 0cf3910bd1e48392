use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::service::Event;

/// The type of a test event.
pub(super) const TEST: &str = "webhook.test";

/// Returns an event in the JSON form of [CloudEvents](https://cloudevents.io) 1.0.
pub(super) fn event(event: &Event, source: &str) -> Vec<u8> {
    let mut json = envelope(event.id, event.data.event_type(), event.at, source);
    json["subject"] = event.user.to_string().into();
    json["cursor"] = event.position.to_string().into();
    json["data"] = event.data.details().into();
    json.to_string().into_bytes()
}

/// Returns a test event, which is part of no log.
pub(super) fn test(id: Uuid, at: OffsetDateTime, source: &str) -> Vec<u8> {
    let mut json = envelope(id, TEST, at, source);
    json["data"] = json!({});
    json.to_string().into_bytes()
}

fn envelope(id: Uuid, kind: &str, at: OffsetDateTime, source: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "time": at.format(&Rfc3339).unwrap_or_default(),
    })
}
