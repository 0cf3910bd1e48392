//! The examples of bodies, assembled from those of their members.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::openapi::content::Content;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Object};
use utoipa::openapi::{Ref, RefOr, Schema};

pub(super) type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Adds an example to each body of the operation that has none.
pub(super) fn add(operation: &mut Operation, schemas: &Schemas) {
    let request = operation.request_body.iter_mut().filter_map(here_mut);
    let responses = operation
        .responses
        .responses
        .values_mut()
        .filter_map(here_mut);
    let contents = request.flat_map(|body| body.content.values_mut());
    for content in contents
        .chain(responses.flat_map(|response| response.content.values_mut()))
        .filter_map(here_mut)
    {
        if let Content {
            schema: Some(schema),
            example: None,
            examples,
            ..
        } = content
            && examples.is_empty()
        {
            content.example = example_of(schema, schemas);
        }
    }
}

/// Returns a part that is inline, as the macros write it, instead of a reference.
pub(super) fn here<T>(part: &RefOr<T>) -> Option<&T> {
    match part {
        RefOr::T(part) => Some(part),
        RefOr::Ref(_) => None,
    }
}

fn here_mut<T>(part: &mut RefOr<T>) -> Option<&mut T> {
    match part {
        RefOr::T(part) => Some(part),
        RefOr::Ref(_) => None,
    }
}

/// Resolves references of a schema.
pub(super) fn resolve<'s>(schema: &'s RefOr<Schema>, schemas: &'s Schemas) -> Option<&'s Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(Ref { ref_location, .. }) => {
            resolve(schemas.get(ref_location.rsplit('/').next()?)?, schemas)
        }
    }
}

/// Returns the schema's own example, or one of its members' examples. `None` if a member has none,
/// because an incomplete example would not be valid.
fn example_of(schema: &RefOr<Schema>, schemas: &Schemas) -> Option<Value> {
    match resolve(schema, schemas)? {
        Schema::Object(object) => own(object).or_else(|| members(object, schemas)),
        Schema::Array(array) => match (&array.example, &array.items) {
            (Some(example), _) => Some(example.clone()),
            (None, ArrayItems::RefOrSchema(item)) => {
                Some(Value::Array(vec![example_of(item, schemas)?]))
            }
            _ => None,
        },
        Schema::AnyOf(any_of) => any_of.examples.first().cloned(),
        _ => None,
    }
}

fn own(object: &Object) -> Option<Value> {
    let of_enum = object
        .enum_values
        .as_ref()
        .and_then(|values| values.first());
    object
        .example
        .as_ref()
        .or(object.examples.first())
        .or(of_enum)
        .cloned()
}

fn members(object: &Object, schemas: &Schemas) -> Option<Value> {
    let member = |(name, schema): (&String, &RefOr<Schema>)| {
        Some((name.clone(), example_of(schema, schemas)?))
    };
    let members = object
        .properties
        .iter()
        .map(member)
        .collect::<Option<Map<_, _>>>()?;
    (!members.is_empty()).then_some(Value::Object(members))
}
