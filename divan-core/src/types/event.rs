use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{EndReason, Role, SessionId};

named_enum! {
    /// The type of an event.
    pub enum EventType {
        /// A user was created.
        UserCreated = "user.created",
        /// Members of a user changed, except for the role, the right to sign in and the Telegram account.
        UserUpdated = "user.updated",
        /// A deactivated user was activated.
        UserActivated = "user.activated",
        /// A user was deactivated, and cannot sign in.
        UserDeactivated = "user.deactivated",
        /// A user was deleted, with all sessions.
        UserDeleted = "user.deleted",
        /// A session ended before its expiry.
        SessionRevoked = "session.revoked",
        /// A Telegram account was linked to a user.
        TelegramLinked = "telegram.linked",
        /// The Telegram account of a user was unlinked.
        TelegramUnlinked = "telegram.unlinked",
        /// A user became an administrator, or was created as one.
        AdminPromoted = "admin.promoted",
        /// An administrator became an employee.
        AdminDemoted = "admin.demoted",
    }

    UnknownEventType = "unknown type of an event"
}

/// Type and details of an event. They contain ids, but no names and contacts.
///
/// In JSON, it has the members `type` and `data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(tag = "type", content = "data")]
pub enum EventData {
    /// [`EventType::UserCreated`].
    #[serde(rename = "user.created")]
    UserCreated {
        /// The role.
        role: Role,
        /// The right to sign in.
        is_active: bool,
    },
    /// [`EventType::UserUpdated`].
    #[serde(rename = "user.updated")]
    UserUpdated {
        /// The names of the changed members.
        changes: Vec<String>,
        /// The role.
        role: Role,
        /// The right to sign in.
        is_active: bool,
    },
    /// [`EventType::UserActivated`].
    #[serde(rename = "user.activated")]
    UserActivated {
        /// The role.
        role: Role,
    },
    /// [`EventType::UserDeactivated`].
    #[serde(rename = "user.deactivated")]
    UserDeactivated {
        /// The role.
        role: Role,
    },
    /// [`EventType::UserDeleted`].
    #[serde(rename = "user.deleted")]
    UserDeleted {
        /// The role.
        role: Role,
    },
    /// [`EventType::SessionRevoked`].
    #[serde(rename = "session.revoked")]
    SessionRevoked {
        /// The session.
        session_id: SessionId,
        /// The reason.
        reason: EndReason,
    },
    /// [`EventType::TelegramLinked`].
    #[serde(rename = "telegram.linked")]
    TelegramLinked {},
    /// [`EventType::TelegramUnlinked`].
    #[serde(rename = "telegram.unlinked")]
    TelegramUnlinked {},
    /// [`EventType::AdminPromoted`].
    #[serde(rename = "admin.promoted")]
    AdminPromoted {},
    /// [`EventType::AdminDemoted`].
    #[serde(rename = "admin.demoted")]
    AdminDemoted {},
    /// An event that this version does not know: a newer server has written it.
    #[serde(untagged)]
    Other {
        /// The type.
        r#type: String,
        /// The details.
        #[serde(default)]
        data: Map<String, Value>,
    },
}

impl EventData {
    /// Returns the name of the type.
    pub fn event_type(&self) -> &str {
        match self {
            Self::UserCreated { .. } => EventType::UserCreated.as_str(),
            Self::UserUpdated { .. } => EventType::UserUpdated.as_str(),
            Self::UserActivated { .. } => EventType::UserActivated.as_str(),
            Self::UserDeactivated { .. } => EventType::UserDeactivated.as_str(),
            Self::UserDeleted { .. } => EventType::UserDeleted.as_str(),
            Self::SessionRevoked { .. } => EventType::SessionRevoked.as_str(),
            Self::TelegramLinked {} => EventType::TelegramLinked.as_str(),
            Self::TelegramUnlinked {} => EventType::TelegramUnlinked.as_str(),
            Self::AdminPromoted {} => EventType::AdminPromoted.as_str(),
            Self::AdminDemoted {} => EventType::AdminDemoted.as_str(),
            Self::Other { r#type, .. } => r#type,
        }
    }

    /// Creates an event from its type and its details.
    pub fn from_parts(event_type: &str, details: Map<String, Value>) -> Self {
        let members = Map::from_iter([
            ("type".to_owned(), Value::from(event_type)),
            ("data".to_owned(), Value::Object(details.clone())),
        ]);
        serde_json::from_value(Value::Object(members)).unwrap_or_else(|_| Self::Other {
            r#type: event_type.to_owned(),
            data: details,
        })
    }

    /// Returns the details.
    pub fn details(&self) -> Map<String, Value> {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        match value.get_mut("data").map(Value::take) {
            Some(Value::Object(details)) => details,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn known() -> Vec<EventData> {
        let role = Role::Employee;
        vec![
            EventData::UserCreated {
                role,
                is_active: true,
            },
            EventData::UserUpdated {
                changes: vec!["phone".to_owned()],
                role,
                is_active: false,
            },
            EventData::UserActivated { role },
            EventData::UserDeactivated { role },
            EventData::UserDeleted { role },
            EventData::SessionRevoked {
                session_id: SessionId(Uuid::from_u128(7)),
                reason: EndReason::SignedOutByAdmin,
            },
            EventData::TelegramLinked {},
            EventData::TelegramUnlinked {},
            EventData::AdminPromoted {},
            EventData::AdminDemoted {},
        ]
    }

    #[test]
    fn type_and_details_are_read_as_they_were_written() {
        let types: Vec<&str> = EventType::ALL.iter().map(|one| one.as_str()).collect();
        let known = known();
        let of_known: Vec<&str> = known.iter().map(EventData::event_type).collect();
        assert_eq!(of_known, types);
        for data in known {
            let read = EventData::from_parts(data.event_type(), data.details());
            assert_eq!(read, data);
            let json = serde_json::to_value(&data).unwrap();
            assert_eq!(json["type"], data.event_type());
            assert!(json["data"].is_object(), "{json}");
            assert_eq!(serde_json::from_value::<EventData>(json).unwrap(), data);
        }
    }

    #[test]
    fn an_unknown_event_keeps_its_details() {
        let details = Map::from_iter([("color".to_owned(), json!("red"))]);
        let data = EventData::from_parts("user.painted", details.clone());
        assert_eq!(data.event_type(), "user.painted");
        assert_eq!(data.details(), details);
        let json = json!({"type": "user.painted", "data": {"color": "red"}});
        assert_eq!(serde_json::to_value(&data).unwrap(), json);
    }

    #[test]
    fn reasons_in_json_are_their_names() {
        for reason in EndReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
