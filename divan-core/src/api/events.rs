use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::types::{EventData, UserId};

/// The place in the log of events from which to read, and the size of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EventsRequest {
    /// The maximum number of events that are read, 1 to 1,000. Default: 100. Events of other types count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1000))]
    pub limit: Option<u32>,
    /// The `next` of the previous page, or the `cursor` of an event. Absent to begin with the events that
    /// follow the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Begins with the first event of this time or later (RFC 3339), instead of `after`.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub since: Option<OffsetDateTime>,
    /// Only events of this type, such as `user.deactivated`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(rename = "type"))]
    pub event_type: Option<String>,
}

/// A page of events, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct EventPage {
    /// The events, in the order of the log.
    pub items: Vec<Event>,
    /// The place to read from next. Store it with the outcome of the events, and send it as `after`.
    #[cfg_attr(feature = "openapi", schema(example = "AAAAAAAABNJ7kq_D"))]
    pub next: String,
    /// True if more events can be read at once, also if `items` is empty because of `type`.
    #[cfg_attr(feature = "openapi", schema(example = false))]
    pub has_more: bool,
}

impl EventPage {
    /// Creates the page.
    pub fn new(items: Vec<Event>, next: String, has_more: bool) -> Self {
        Self {
            items,
            next,
            has_more,
        }
    }
}

/// A change of a user or the end of a session, in the JSON format of
/// [CloudEvents 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "A change of a user or the end of a session, in the JSON format of CloudEvents 1.0.",
        example = json!({
            "specversion": "1.0",
            "id": "3f0ee9a1-5b1e-8c3d-9f2a-6d1e7bc2afc3",
            "source": "https://sec.example.com",
            "type": "session.revoked",
            "subject": "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10",
            "time": "2026-01-15T09:41:12.875Z",
            "cursor": "AAAAAAAABNJ7kq_D",
            "data": {"session_id": "0199aa41-07d2-7e55-8c1b-2f60a9d3e4b8", "reason": "signed_out"}
        })
    )
)]
#[non_exhaustive]
pub struct Event {
    /// The version of the format: `1.0`.
    pub specversion: String,
    /// The id. It is the same in each delivery: ignore an event whose id you have seen.
    pub id: Uuid,
    /// The issuer of the access tokens.
    pub source: String,
    /// The type. Ignore types that you do not know.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(rename = "type"))]
    pub event_type: String,
    /// The user.
    pub subject: UserId,
    /// The time of the change.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
    /// The place in the log.
    pub cursor: String,
    /// The details, which depend on the type.
    #[cfg_attr(feature = "openapi", schema(value_type = EventDetails))]
    pub data: Map<String, Value>,
}

impl Event {
    /// Creates an event.
    pub fn new(
        id: Uuid,
        source: impl Into<String>,
        subject: UserId,
        time: OffsetDateTime,
        cursor: String,
        data: &EventData,
    ) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: source.into(),
            event_type: data.event_type().to_owned(),
            subject,
            time,
            cursor,
            data: data.details(),
        }
    }

    /// Returns type and details.
    pub fn typed(&self) -> EventData {
        EventData::from_parts(&self.event_type, self.data.clone())
    }
}

/// The details of an event. Each type has some of these members; ignore members that you do not know.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct EventDetails {
    /// The role of the user, in events whose type begins with `user.`.
    #[schema(nullable = false)]
    role: Option<crate::types::Role>,
    /// The right to sign in, in `user.created` and `user.updated`.
    #[schema(nullable = false)]
    is_active: Option<bool>,
    /// The names of the changed members, in `user.updated`.
    #[schema(nullable = false)]
    changes: Option<Vec<String>>,
    /// The session, in `session.revoked`.
    #[schema(nullable = false)]
    session_id: Option<crate::types::SessionId>,
    /// The reason, in `session.revoked`.
    #[schema(nullable = false)]
    reason: Option<crate::types::EndReason>,
}
