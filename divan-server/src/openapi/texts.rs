//! The rule of all texts in requests.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat, Type};

use super::examples::{Schemas, here};

/// A text without U+0000, which the server refuses in every member.
const WITHOUT_NUL: &str = r"^[^\u0000]*$";

/// Returns `true` for a text, even for one that may be `null`.
pub(super) fn is_text(schema: &RefOr<Schema>) -> bool {
    let RefOr::T(Schema::Object(object)) = schema else {
        return false;
    };
    match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => false,
    }
}

/// Returns `true` for a time, which is a text with a format.
pub(super) fn is_time(schema: &Schema) -> bool {
    let Schema::Object(object) = schema else {
        return false;
    };
    match &object.format {
        Some(SchemaFormat::KnownFormat(format)) => matches!(format, KnownFormat::DateTime),
        Some(SchemaFormat::Custom(format)) => format == "date-time",
        None => false,
    }
}

/// Adds the rule to the members of the operation's JSON body that have no pattern of their own.
pub(super) fn add_rule(operation: &Operation, schemas: &mut Schemas) {
    let body = operation.request_body.as_ref().and_then(here);
    let content = body.and_then(|body| body.content.get("application/json").and_then(here));
    let Some(RefOr::Ref(reference)) = content.and_then(|content| content.schema.as_ref()) else {
        return;
    };
    let name = reference
        .ref_location
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let Some(RefOr::T(Schema::Object(request))) = schemas.get_mut(name) else {
        return;
    };
    for member in request.properties.values_mut() {
        if is_text(member)
            && let RefOr::T(Schema::Object(member)) = member
        {
            member.pattern.get_or_insert_with(|| WITHOUT_NUL.to_owned());
        }
    }
}
