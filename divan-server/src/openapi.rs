//! The OpenAPI document: what the handlers say of themselves, and what the contract says of all of them.

use std::collections::BTreeMap;

use divan_core::api::{
    Auth, BODY_PROBLEMS, COMMON_PROBLEMS, ENDPOINTS, EndpointDescription, Method, ProblemCode,
};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme,
};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, Ref, ResponseBuilder, SecurityRequirement, Server,
};
use utoipa::{PartialSchema, ToSchema};

use divan_core::api::{AdminLogin, Endpoint, Problem};

use crate::routes::endpoints;

/// The document that `/openapi.json` serves. Its addresses are relative to its own, so that it holds behind any path
/// prefix.
pub fn openapi() -> OpenApi {
    document_at("./")
}

/// The document, for a place from where `root` leads to the root of the server.
pub(crate) fn document_at(root: &str) -> OpenApi {
    let mut document = endpoints().into_openapi();
    document.info = InfoBuilder::new()
        .title("Divan")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Sign-in for companies whose staff work inside a Telegram Mini App. Every answer that is not a success is \
             an RFC 9457 problem; decide by its `code`.",
        ))
        .license(Some(
            LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build(),
        ))
        .build();
    document.servers = Some(vec![Server::new(root)]);

    let components = document.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.add_security_scheme("admin_password", admin_password(root));
    components.add_security_scheme("access_token", access_token());

    for endpoint in ENDPOINTS {
        if let Some(operation) = operation(&mut document, endpoint) {
            operation.security = security(endpoint.auth);
            add_problems(operation, endpoint);
        }
    }
    document
}

fn operation<'d>(document: &'d mut OpenApi, endpoint: &EndpointDescription) -> Option<&'d mut Operation> {
    let item = document.paths.paths.get_mut(endpoint.path)?;
    match endpoint.method {
        Method::Get => item.get.as_mut(),
        Method::Post => item.post.as_mut(),
        Method::Patch => item.patch.as_mut(),
        Method::Delete => item.delete.as_mut(),
        _ => None,
    }
}

/// Each problem of the endpoint, under its status.
fn add_problems(operation: &mut Operation, endpoint: &EndpointDescription) {
    let body: &[ProblemCode] = if endpoint.has_body { BODY_PROBLEMS } else { &[] };
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for &code in endpoint.problems.iter().chain(body).chain(COMMON_PROBLEMS) {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let lines: Vec<String> =
            codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
        let response = ResponseBuilder::new()
            .description(lines.join("; "))
            .content("application/problem+json", content)
            .build();
        operation.responses.responses.insert(status.to_string(), response.into());
    }
}

fn security(auth: Auth) -> Option<Vec<SecurityRequirement>> {
    let either = || {
        ["admin_password", "access_token"]
            .map(|scheme| SecurityRequirement::new(scheme, [] as [&str; 0]))
            .to_vec()
    };
    matches!(auth, Auth::Bearer | Auth::BearerOfAnyScope | Auth::Admin).then(either)
}

/// Swagger UI's Authorize asks for address and password, and signs in by itself.
fn admin_password(root: &str) -> SecurityScheme {
    let token_url = format!("{root}{}", AdminLogin::PATH.trim_start_matches('/'));
    let flow = Flow::Password(Password::new(token_url, Scopes::new()));
    SecurityScheme::OAuth2(OAuth2::with_description(
        [flow],
        "Signs an administrator in by e-mail address and password.",
    ))
}

fn access_token() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("Takes the `access_token` of a sign-in."));
    SecurityScheme::Http(scheme.build())
}
