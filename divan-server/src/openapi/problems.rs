//! What may go wrong with each operation: the codes of the contract, each as the answer that the
//! server gives.

use std::collections::BTreeMap;

use divan_core::api::{EndpointDescription, MemberError, Problem as Body, ProblemCode};
use divan_core::init_data::InitDataError;
use divan_core::password::WeakPassword;
use divan_core::service::{Field, ServiceError};
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Object;
use utoipa::openapi::{ContentBuilder, Ref, Schema, Type};

use super::examples::{Schemas, here, resolve};
use crate::extract::rejections;
use crate::problem::{Problem, challenge, retry_after};
use crate::routes::not_ready;

const REQUEST_ID: &str = "5d2c1f0e9b8a47d6a3c4e5f60718293a";

/// Adds each problem of the endpoint under its status.
pub(super) fn add(operation: &mut Operation, endpoint: &EndpointDescription, schemas: &Schemas) {
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in endpoint.problems() {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let response = response(operation, &codes, schemas);
        operation
            .responses
            .responses
            .insert(status.to_string(), response.into());
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
        .schema(Some(Ref::from_schema_name(Body::name())))
        .examples_from_iter(examples)
        .build();
    let mut response = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("\n"))
        .content("application/problem+json", content);
    if let Some(description) = said_of(codes, challenge, "What to show instead: ") {
        let header = HeaderBuilder::new()
            .schema(Some(Object::with_type(Type::String)))
            .description(Some(description));
        response = response.header("WWW-Authenticate", header.build());
    }
    if let Some(description) = said_of(codes, retry_after, "After how many seconds to try again: ")
    {
        let header = HeaderBuilder::new()
            .schema(Some(Object::with_type(Type::Integer)))
            .description(Some(description));
        response = response.header("Retry-After", header.build());
    }
    response.build()
}

/// What a header says with which codes, where it is sent with any.
fn said_of(
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
    let said = by_value
        .iter()
        .map(|(value, codes)| format!("`{value}` with {}", codes.join(", ")));
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| format!("{begin}{}.", said.join("; ")))
}

/// The problem as the server answers it, made by what answers it.
fn example(operation: &Operation, code: ProblemCode, schemas: &Schemas) -> Problem {
    let refused = |error| ServiceError::InitData(error).into();
    match code {
        ProblemCode::MalformedBody => rejections::malformed(),
        ProblemCode::PayloadTooLarge => rejections::too_large(),
        ProblemCode::UnsupportedMediaType => rejections::unsupported(media_types(operation)),
        ProblemCode::ValidationFailed => rejections::invalid(member_at_fault(operation, schemas)),
        ProblemCode::InitDataMissing => refused(InitDataError::Missing),
        ProblemCode::InitDataInvalid => refused(InitDataError::SignatureMismatch),
        ProblemCode::InitDataExpired => refused(InitDataError::Expired),
        ProblemCode::BootstrapTokenRequired => ServiceError::BootstrapTokenRequired.into(),
        ProblemCode::NotReady => not_ready([MemberError::new("/database", "is down")]),
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

fn media_types(operation: &Operation) -> impl Iterator<Item = &str> {
    let body = operation.request_body.iter().filter_map(here);
    body.flat_map(|body| body.content.keys().map(String::as_str))
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

/// Something that may be wrong: the first member or parameter of the request.
fn member_at_fault(operation: &Operation, schemas: &Schemas) -> MemberError {
    if let Some(body) = request(operation, schemas) {
        if let Some(name) = body.required.first() {
            return MemberError::new(format!("/{name}"), "is missing");
        }
        let name = body.properties.keys().next().map_or("", String::as_str);
        return MemberError::new(format!("/{name}"), "is not of the right type");
    }
    let name = operation
        .parameters
        .iter()
        .flatten()
        .find_map(here)
        .map(|parameter| parameter.name.as_str());
    MemberError::new(
        format!("/{}", name.unwrap_or_default()),
        "is not of the right form",
    )
}
