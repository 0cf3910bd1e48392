//! The AsyncAPI document of the events that are published to RabbitMQ.

use divan_core::types::EventType;
use serde_json::{Map, Value, json};

use crate::openapi::openapi;

/// Schemas of the OpenAPI document that an event consists of.
const SCHEMAS: [&str; 6] = [
    "EndReason",
    "Event",
    "EventDetails",
    "Role",
    "SessionId",
    "UserId",
];

const DESCRIPTION: &str = "Changes of users and ends of sessions, in the JSON format of CloudEvents 1.0. Each event is \
     delivered at least once: ignore an `id` that you have seen. The events of one user are in the order of the changes. \
     Ignore types and members that you do not know.";

/// Returns the document of `docs/asyncapi.json`.
pub fn asyncapi() -> Value {
    let types = EventType::ALL.iter().map(|one| one.as_str());
    let messages: Map<String, Value> = types.map(|name| (name.to_owned(), message(name))).collect();
    let references = messages.keys().map(|name| {
        let reference = format!("#/components/messages/{name}");
        (name.clone(), json!({ "$ref": reference }))
    });
    let references: Map<String, Value> = references.collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Divan",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "events": {
                "address": "{type}",
                "description": "The routing key is the type of the event.",
                "parameters": {"type": {"description": "The type of the event, such as `user.deactivated`."}},
                "messages": references,
                "bindings": {
                    "amqp": {
                        "is": "routingKey",
                        "exchange": {"name": "divan.events", "type": "topic", "durable": true, "autoDelete": false},
                    },
                },
            },
        },
        "operations": {
            "publishEvent": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "bindings": {"amqp": {"deliveryMode": 2}},
            },
        },
        "components": {"messages": messages, "schemas": schemas()},
    })
}

fn message(name: &str) -> Value {
    let required = required(name);
    json!({
        "name": name,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Event"},
                {"properties": {"type": {"const": name}, "data": {"required": required}}},
            ],
        },
    })
}

/// Returns the members of `data` that events of a type have.
fn required(name: &str) -> &'static [&'static str] {
    match name.parse() {
        Ok(EventType::UserCreated) => &["role", "is_active"],
        Ok(EventType::UserUpdated) => &["changes", "role", "is_active"],
        Ok(EventType::UserActivated | EventType::UserDeactivated | EventType::UserDeleted) => {
            &["role"]
        }
        Ok(EventType::SessionRevoked) => &["session_id", "reason"],
        _ => &[],
    }
}

fn schemas() -> Map<String, Value> {
    let document = serde_json::to_value(openapi()).unwrap_or_default();
    let all = &document["components"]["schemas"];
    let schemas = SCHEMAS.map(|name| (name.to_owned(), all[name].clone()));
    schemas.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reference_exists() {
        let document = asyncapi();
        let text = document.to_string();
        let mut found = BTreeSet::new();
        for rest in text.split("\"$ref\":\"#").skip(1) {
            let pointer = &rest[..rest.find('"').unwrap()];
            let target = document.pointer(pointer).unwrap_or(&Value::Null);
            assert!(target.is_object(), "{pointer}");
            found.insert(pointer.to_owned());
        }
        assert!(found.contains("/components/schemas/SessionId"), "{found:?}");
    }

    #[test]
    fn messages_require_the_members_that_events_have() {
        for name in EventType::ALL.iter().map(|one| one.as_str()) {
            let json = serde_json::Map::from_iter([
                ("role".to_owned(), "employee".into()),
                ("is_active".to_owned(), true.into()),
                ("changes".to_owned(), json!(["phone"])),
                (
                    "session_id".to_owned(),
                    uuid::Uuid::nil().to_string().into(),
                ),
                ("reason".to_owned(), "limit".into()),
            ]);
            let data = divan_core::types::EventData::from_parts(name, json);
            let members: BTreeSet<String> = data.details().keys().cloned().collect();
            let required = required(name).iter().map(|one| (*one).to_owned());
            assert_eq!(members, required.collect(), "{name}");
        }
    }
}
