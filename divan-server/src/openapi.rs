//! The OpenAPI document, from the handlers and the contract.

mod examples;
mod guide;
mod problems;
mod prose;
mod security;
mod texts;

use divan_core::api::{
    Auth, COMMON_PROBLEMS, ENDPOINTS, EndpointDescription, INTROSPECTION_PATH, Method, Problem,
    ProblemCode, REVOCATION_PATH, ServiceScope, TOKEN_PATH,
};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, RefOr, Required, Server};
use utoipa::{PartialSchema, ToSchema};

use examples::Schemas;

use crate::routes::{endpoints, forward_authentication};
use crate::{introspection_endpoint, token_endpoint, verify_endpoint};

/// Returns the document of `/openapi.json`. Its URLs are relative to its own, so that it is valid
/// behind any path prefix.
pub fn openapi() -> OpenApi {
    document_at("./")
}

/// Returns the document for a URL from which `root` is the relative path to the server's root.
pub(crate) fn document_at(root: &str) -> OpenApi {
    let mut document = endpoints().merge(forward_authentication()).into_openapi();
    document.info = InfoBuilder::new()
        .title("Divan")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(guide::text()))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build();
    document.tags = Some(guide::tags());
    document.servers = Some(vec![Server::new(root)]);

    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert(Problem::name().into_owned(), Problem::schema());
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    security::add_schemes(components, root);

    let mut schemas = std::mem::take(&mut components.schemas);
    for endpoint in ENDPOINTS {
        if let Some(operation) = operation(&mut document, endpoint) {
            texts::add_rule(operation, &mut schemas);
        }
    }
    document.components.get_or_insert_default().schemas = schemas.clone();
    for endpoint in ENDPOINTS {
        if let Some(operation) = operation(&mut document, endpoint) {
            operation.security = security::required(endpoint.auth);
            if let (Auth::RefreshTokenOrBearer, Some(RefOr::T(body))) =
                (endpoint.auth, operation.request_body.as_mut())
            {
                body.required = Some(Required::False);
            }
            examples::add(operation, &schemas);
            problems::add(operation, endpoint.problems(), &schemas);
        }
    }
    let paths = &mut document.paths.paths;
    if let Some(operation) = paths
        .get_mut(TOKEN_PATH)
        .and_then(|item| item.post.as_mut())
    {
        add_problems(operation, token_endpoint::PROBLEMS, &schemas);
    }
    if let Some(operation) = paths
        .get_mut(verify_endpoint::PATH)
        .and_then(|item| item.get.as_mut())
    {
        operation.security = security::required(Auth::Bearer);
        add_problems(operation, verify_endpoint::PROBLEMS, &schemas);
    }
    for path in [INTROSPECTION_PATH, REVOCATION_PATH] {
        let operation = paths.get_mut(path).and_then(|item| item.post.as_mut());
        if let Some(operation) = operation {
            operation.security = Some(security::service(ServiceScope::Introspect));
            add_problems(operation, introspection_endpoint::PROBLEMS, &schemas);
        }
    }
    prose::unwrap_lines(&mut document);
    document
}

/// Adds the problems of an operation that is no endpoint of the contract.
fn add_problems(operation: &mut Operation, problems: &[ProblemCode], schemas: &Schemas) {
    let problems = problems.iter().chain(COMMON_PROBLEMS).copied();
    examples::add(operation, schemas);
    problems::add(operation, problems, schemas);
}

fn operation<'d>(
    document: &'d mut OpenApi,
    endpoint: &EndpointDescription,
) -> Option<&'d mut Operation> {
    let item = document.paths.paths.get_mut(endpoint.path)?;
    match endpoint.method {
        Method::Get => item.get.as_mut(),
        Method::Post => item.post.as_mut(),
        Method::Patch => item.patch.as_mut(),
        Method::Delete => item.delete.as_mut(),
        _ => None,
    }
}
