//! The OpenAPI document: what the handlers say of themselves, and what the contract says of all of
//! them.

mod examples;
mod guide;
mod problems;
mod prose;
mod security;

use divan_core::api::{ENDPOINTS, EndpointDescription, Method, Problem};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, Server};
use utoipa::{PartialSchema, ToSchema};

use crate::routes::endpoints;

/// The document that `/openapi.json` serves. Its addresses are relative to its own, so that it
/// holds behind any path prefix.
pub fn openapi() -> OpenApi {
    document_at("./")
}

/// The document, for a place from where `root` leads to the root of the server.
pub(crate) fn document_at(root: &str) -> OpenApi {
    let mut document = endpoints().into_openapi();
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

    let schemas = components.schemas.clone();
    for endpoint in ENDPOINTS {
        if let Some(operation) = operation(&mut document, endpoint) {
            operation.security = security::required(endpoint.auth);
            examples::add(operation, &schemas);
            problems::add(operation, endpoint, &schemas);
        }
    }
    prose::unwrap_lines(&mut document);
    document
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
