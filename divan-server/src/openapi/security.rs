//! The authentication of the endpoints, as security schemes.

use divan_core::api::{Auth, ServiceScope, TOKEN_PATH};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password,
    Scopes, SecurityScheme,
};
use utoipa::openapi::{Components, SecurityRequirement};

const ADMIN_PASSWORD: &str = "admin_password";
const ACCESS_TOKEN: &str = "access_token";
const INIT_DATA: &str = "init_data";
const SERVICE_TOKEN: &str = "service_token";
const SERVICE_SECRET: &str = "service_secret";

pub(super) fn add_schemes(components: &mut Components, root: &str) {
    components.add_security_scheme(ADMIN_PASSWORD, admin_password(root));
    components.add_security_scheme(ACCESS_TOKEN, access_token());
    components.add_security_scheme(INIT_DATA, init_data());
    components.add_security_scheme(SERVICE_TOKEN, service_token(root));
    components.add_security_scheme(SERVICE_SECRET, service_secret());
}

/// Returns the alternatives that an endpoint accepts.
pub(super) fn required(auth: Auth) -> Option<Vec<SecurityRequirement>> {
    let scheme = |name| SecurityRequirement::new(name, [] as [&str; 0]);
    match auth {
        Auth::Bearer | Auth::BearerAnyScope | Auth::Admin | Auth::AdminAnyScope => {
            Some(vec![scheme(ADMIN_PASSWORD), scheme(ACCESS_TOKEN)])
        }
        Auth::AdminOrService(scope) => {
            let people = [scheme(ADMIN_PASSWORD), scheme(ACCESS_TOKEN)];
            Some(people.into_iter().chain(service(scope)).collect())
        }
        // The body may contain the refresh token instead.
        Auth::RefreshTokenOrBearer => Some(vec![
            SecurityRequirement::default(),
            scheme(ADMIN_PASSWORD),
            scheme(ACCESS_TOKEN),
        ]),
        // The body may contain the init data instead.
        Auth::InitData => Some(vec![SecurityRequirement::default(), scheme(INIT_DATA)]),
        _ => None,
    }
}

/// Returns the alternatives of another service that needs a scope.
pub(super) fn service(scope: ServiceScope) -> Vec<SecurityRequirement> {
    vec![
        SecurityRequirement::new(SERVICE_TOKEN, [scope.as_str()]),
        SecurityRequirement::new(SERVICE_SECRET, [] as [&str; 0]),
    ]
}

fn service_token(root: &str) -> SecurityScheme {
    let token_url = format!("{root}{}", TOKEN_PATH.trim_start_matches('/'));
    let scopes = ServiceScope::ALL.iter();
    let scopes = scopes.map(|scope| (scope.as_str(), scope.description()));
    let flow = ClientCredentials::new(token_url, scopes.collect::<Scopes>());
    SecurityScheme::OAuth2(OAuth2::with_description(
        [Flow::ClientCredentials(flow)],
        "Returns an access token of another service for the id and the secret of its credential.",
    ))
}

fn service_secret() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some(
            "The id and the secret of the credential of a service.",
        ));
    SecurityScheme::Http(scheme.build())
}

/// Swagger UI's Authorize sends address and password to the token endpoint.
fn admin_password(root: &str) -> SecurityScheme {
    let token_url = format!("{root}{}", TOKEN_PATH.trim_start_matches('/'));
    let flow = Flow::Password(Password::new(token_url, Scopes::new()));
    SecurityScheme::OAuth2(OAuth2::with_description(
        [flow],
        "Signs an administrator in with e-mail address (as `username`) and password. As `client_id`, enter the \
         `device_token` of an earlier sign-in, if you have one: failed sign-ins from elsewhere then do not delay yours. Any \
         other client id is ignored. As `client_secret`, enter a one-time code or a recovery code, if you have a second \
         factor, and choose to send both in the body of the request.",
    ))
}

fn access_token() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of a sign-in."));
    SecurityScheme::Http(scheme.build())
}

fn init_data() -> SecurityScheme {
    let description =
        "`tma `, followed by `window.Telegram.WebApp.initData`. Replaces the member `init_data`.";
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        description,
    )))
}
