//! The problems of each operation, each with the response of the server as its example.

use std::collections::BTreeMap;
use std::time::Duration;

use divan_core::api::{MemberError, MemberErrorCode, Problem as Body, ProblemCode};
use divan_core::init_data::{ContactError, InitDataError};
use divan_core::password::WeakPassword;
use divan_core::service::{Field, SecondFactorMethod, ServiceError};
use divan_core::types::PasskeyOptions;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Schema, Type};

use super::examples::{Schemas, here, resolve};
use super::texts;
use crate::extract::{json_body, rejections};
use crate::problem::{Problem, challenge, retry_after};
use crate::routes::passkey_request;
use crate::routes::{dependency_down, not_ready};

const REQUEST_ID: &str = "5d2c1f0e9b8a47d6a3c4e5f60718293a";

/// Adds each problem under its status.
pub(super) fn add(
    operation: &mut Operation,
    problems: impl Iterator<Item = ProblemCode>,
    schemas: &Schemas,
) {
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in problems {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let problem = response(operation, &codes, schemas);
        let responses = &mut operation.responses.responses;
        // The token endpoint has errors of its own, in another media type.
        match responses.get_mut(&status.to_string()) {
            Some(RefOr::T(own)) => own.content.extend(problem.content),
            _ => {
                responses.insert(status.to_string(), problem.into());
            }
        }
    }
}

fn response(operation: &Operation, codes: &[ProblemCode], schemas: &Schemas) -> Response {
    let lines = codes
        .iter()
        .map(|code| format!("- `{}`: {}", code.as_str(), code.description()));
    let examples = codes.iter().map(|&code| {
        let body = example(operation, code, schemas).with_request_id(REQUEST_ID);
        (
            code.as_str(),
            ExampleBuilder::new()
                .value(serde_json::to_value(body.body()).ok())
                .build(),
        )
    });
    let content = ContentBuilder::new()
        .schema(Some(problem_of(codes)))
        .examples_from_iter(examples)
        .build();
    let mut response = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("\n"))
        .content("application/problem+json", content);
    let headers = [
        (
            "WWW-Authenticate",
            Type::String,
            header_text(codes, challenge, "The challenge: "),
        ),
        (
            "Retry-After",
            Type::Integer,
            header_text(codes, retry_after, "Seconds after which to retry: "),
        ),
    ];
    for (name, kind, description) in headers {
        if description.is_some() {
            let header = HeaderBuilder::new()
                .schema(Some(Object::with_type(kind)))
                .description(description);
            response = response.header(name, header.build());
        }
    }
    response.build()
}

/// Returns the schema of a problem whose `code` is an open enum of these.
///
/// OpenAPI 3.1 allows members next to `$ref`: generators that do not read them still share one type
/// of problem. The typed `Ref` has no such members, so the reference is written as an extension.
fn problem_of(codes: &[ProblemCode]) -> Object {
    let reference = Ref::from_schema_name(Body::name()).ref_location;
    let mut schema = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .property("code", ProblemCode::open_enum(codes))
        .build();
    schema.extensions = Some([("$ref", reference)].into_iter().collect());
    schema
}

/// Describes the values of a header by code; `None` where no code has one.
fn header_text(
    codes: &[ProblemCode],
    header: impl Fn(ProblemCode) -> Option<&'static str>,
    begin: &str,
) -> Option<String> {
    let mut by_value: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for &code in codes {
        if let Some(value) = header(code) {
            by_value
                .entry(value)
                .or_default()
                .push(format!("`{}`", code.as_str()));
        }
    }
    let values = by_value
        .iter()
        .map(|(value, codes)| format!("`{value}` with {}", codes.join(", ")));
    let values: Vec<String> = values.collect();
    (!values.is_empty()).then(|| format!("{begin}{}.", values.join("; ")))
}

/// Creates the problem in the same way as the server does.
fn example(operation: &Operation, code: ProblemCode, schemas: &Schemas) -> Problem {
    let refused = |error| ServiceError::InitData(error).into();
    let contact = |error| ServiceError::Contact(error).into();
    match code {
        ProblemCode::MalformedBody => rejections::malformed(),
        ProblemCode::PayloadTooLarge if media_type(operation) == "text/csv" => {
            rejections::file_too_large()
        }
        ProblemCode::PayloadTooLarge => rejections::too_large(),
        ProblemCode::UnsupportedMediaType => rejections::unsupported(media_type(operation)),
        ProblemCode::ValidationFailed => rejections::invalid(member_at_fault(operation, schemas)),
        ProblemCode::InitDataMissing => refused(InitDataError::Missing),
        ProblemCode::InitDataInvalid => refused(InitDataError::SignatureMismatch),
        ProblemCode::InitDataExpired => refused(InitDataError::Expired {
            age: Duration::from_hours(25),
        }),
        ProblemCode::InitDataConflict => refused(InitDataError::Conflict),
        ProblemCode::ContactMissing => contact(ContactError::Missing),
        ProblemCode::ContactInvalid => contact(InitDataError::SignatureMismatch.into()),
        ProblemCode::ContactExpired => contact(InitDataError::Replayed.into()),
        ProblemCode::ContactMismatch => contact(ContactError::UserMismatch),
        ProblemCode::BootstrapTokenRequired => ServiceError::BootstrapTokenRequired.into(),
        ProblemCode::SecondFactorRequired => ServiceError::SecondFactorRequired {
            challenge: "dvc1.mX0b9kq3Yw…".into(),
            methods: SecondFactorMethod::ALL.to_vec(),
            passkey: Some(PasskeyOptions::new(passkey_request())),
        }
        .into(),
        ProblemCode::InsufficientUserAuthentication => ServiceError::InsufficientAuthentication {
            second_factor: Vec::new(),
        }
        .into(),
        ProblemCode::NotReady => not_ready([dependency_down("database")]),
        ProblemCode::WeakPassword => {
            let is_new = request(operation, schemas)
                .is_some_and(|body| body.properties.contains_key("new_password"));
            let field = if is_new {
                Field::NewPassword
            } else {
                Field::Password
            };
            ServiceError::WeakPassword {
                field,
                reason: WeakPassword::Common,
            }
            .into()
        }
        code => Problem::new(code),
    }
}

/// The media type of the request.
fn media_type(operation: &Operation) -> &str {
    let body = operation.request_body.as_ref().and_then(here);
    body.and_then(|body| body.content.keys().next())
        .map_or("", String::as_str)
}

/// The request's JSON object.
fn request<'s>(operation: &'s Operation, schemas: &'s Schemas) -> Option<&'s Object> {
    let body = operation.request_body.as_ref().and_then(here)?;
    let content = body.content.get("application/json").and_then(here)?;
    match resolve(content.schema.as_ref()?, schemas)? {
        Schema::Object(object) => Some(object),
        _ => None,
    }
}

/// An error of the first member or parameter of the request.
fn member_at_fault(operation: &Operation, schemas: &Schemas) -> MemberError {
    let missing = request(operation, schemas).and_then(|body| body.required.first());
    if let Some(name) = missing {
        return json_body::error_of(name, MemberErrorCode::Required);
    }
    if let Some(body) = request(operation, schemas) {
        let is_time = |schema| resolve(schema, schemas).is_some_and(texts::is_time);
        let mut members = body
            .properties
            .iter()
            .filter(|(_, schema)| !is_time(schema));
        let text = members.find(|(_, schema)| texts::is_text(schema));
        let text = text.map(|(name, _)| (name.as_str(), "must be a string"));
        let number = body.properties.keys().next();
        let number = number.map(|name| (name.as_str(), "must be a whole number"));
        let (name, rule) = text.or(number).unwrap_or_default();
        return MemberError::new(format!("/{name}"), MemberErrorCode::WrongType, rule);
    }
    let mut parameters = operation.parameters.iter().flatten().filter_map(here);
    let first = parameters.find(|parameter| parameter.parameter_in == ParameterIn::Query);
    let name = first.map_or("", |first| first.name.as_str());
    let schema = first.and_then(|first| resolve(first.schema.as_ref()?, schemas));
    match schema.and_then(only_value) {
        Some(value) => MemberError::new(
            format!("/{name}"),
            MemberErrorCode::UnknownValue,
            format!("must be `{value}`"),
        ),
        None => json_body::error_of(name, MemberErrorCode::WrongType),
    }
}

/// The value of an enum with one value.
fn only_value(schema: &Schema) -> Option<&str> {
    match schema {
        Schema::Object(object) => match object.enum_values.as_deref() {
            Some([value]) => value.as_str(),
            _ => None,
        },
        _ => None,
    }
}
