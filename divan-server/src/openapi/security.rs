//! What a caller has to show, as security schemes.

use divan_core::api::{AdminLogin, Auth, Endpoint};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes,
    SecurityScheme,
};
use utoipa::openapi::{Components, SecurityRequirement};

const ADMIN_PASSWORD: &str = "admin_password";
const ACCESS_TOKEN: &str = "access_token";
const INIT_DATA: &str = "init_data";

pub(super) fn add_schemes(components: &mut Components, root: &str) {
    components.add_security_scheme(ADMIN_PASSWORD, admin_password(root));
    components.add_security_scheme(ACCESS_TOKEN, access_token());
    components.add_security_scheme(INIT_DATA, init_data());
}

/// What an endpoint asks for: one of these.
pub(super) fn required(auth: Auth) -> Option<Vec<SecurityRequirement>> {
    let scheme = |name| SecurityRequirement::new(name, [] as [&str; 0]);
    match auth {
        Auth::Bearer | Auth::BearerAnyScope | Auth::Admin => {
            Some(vec![scheme(ADMIN_PASSWORD), scheme(ACCESS_TOKEN)])
        }
        // The body may carry it as well: then there is nothing to show.
        Auth::InitData => Some(vec![SecurityRequirement::default(), scheme(INIT_DATA)]),
        _ => None,
    }
}

/// Swagger UI's Authorize asks for address and password, and signs in by itself.
fn admin_password(root: &str) -> SecurityScheme {
    let token_url = format!("{root}{}", AdminLogin::PATH.trim_start_matches('/'));
    let flow = Flow::Password(Password::new(token_url, Scopes::new()));
    SecurityScheme::OAuth2(OAuth2::with_description(
        [flow],
        "Signs an administrator in by e-mail address (as `username`) and password. No client id or secret is needed.",
    ))
}

fn access_token() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "Takes the `access_token` of a sign-in, of either audience.",
        ));
    SecurityScheme::Http(scheme.build())
}

fn init_data() -> SecurityScheme {
    let description = "`tma `, and then `window.Telegram.WebApp.initData` as it is. In place of the member `init_data`.";
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        description,
    )))
}
