//! The handlers, one file per area. Each maps the request to a command, calls the service once and
//! maps the result to the response.

mod account;
mod admin;
mod audit;
mod devices;
mod discovery;
mod events;
mod examples;
mod export;
mod health;
mod import;
mod introspection;
mod jwks;
mod passkeys;
mod promotions;
mod second_factor;
mod services;
mod sessions;
mod telegram;
#[cfg(feature = "_server")]
pub(crate) mod test_init_data;
pub(crate) mod token;
mod users;
pub(crate) mod verify;
pub(crate) mod webhooks;
pub(crate) mod wire;

pub(crate) use examples::passkey_request;
pub(crate) use health::{dependency_down, not_ready};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use divan_core::api::Endpoint;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Problem;
use crate::state::AppState;

/// All endpoints, in the order of the documentation.
pub(crate) fn endpoints() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(telegram::telegram_login))
        .routes(routes!(telegram::auto_login))
        .routes(routes!(telegram::telegram_config))
        .routes(routes!(admin::admin_login))
        .routes(routes!(second_factor::complete_admin_login))
        .routes(routes!(passkeys::begin_passkey_login))
        .routes(routes!(passkeys::passkey_login))
        .routes(routes!(admin::bootstrap, admin::get_bootstrap))
        .routes(routes!(token::token))
        .routes(routes!(sessions::refresh))
        .routes(routes!(sessions::logout))
        .routes(routes!(sessions::sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(devices::devices))
        .routes(routes!(devices::remove_device))
        .routes(routes!(account::me))
        .routes(routes!(account::change_password))
        .routes(routes!(second_factor::step_up))
        .routes(routes!(passkeys::begin_step_up))
        .routes(routes!(
            second_factor::get_second_factor,
            second_factor::begin_second_factor,
            second_factor::disable_second_factor
        ))
        .routes(routes!(second_factor::confirm_second_factor))
        .routes(routes!(second_factor::replace_recovery_codes))
        .routes(routes!(passkeys::passkeys, passkeys::add_passkey))
        .routes(routes!(passkeys::begin_passkey))
        .routes(routes!(passkeys::rename_passkey, passkeys::remove_passkey))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::search_users))
        .routes(routes!(export::export_users))
        .routes(routes!(import::preview_import))
        .routes(routes!(import::import_users))
        .routes(routes!(
            users::get_user,
            users::update_user,
            users::delete_user
        ))
        .routes(routes!(users::reset_password))
        .routes(routes!(users::promote_user))
        .routes(routes!(users::unlink_telegram))
        .routes(routes!(promotions::list_promotions))
        .routes(routes!(promotions::approve_promotion))
        .routes(routes!(promotions::decline_promotion))
        .routes(routes!(
            second_factor::get_user_second_factor,
            second_factor::reset_second_factor
        ))
        .routes(routes!(users::user_sessions, users::end_user_sessions))
        .routes(routes!(users::get_failed_sign_ins))
        .routes(routes!(users::unlock_user))
        .routes(routes!(services::list_services, services::create_service))
        .routes(routes!(
            services::get_service,
            services::update_service,
            services::delete_service
        ))
        .routes(routes!(services::rotate_service_secret))
        .routes(routes!(services::remove_service_secret))
        .routes(routes!(webhooks::list_webhooks, webhooks::create_webhook))
        .routes(routes!(
            webhooks::get_webhook,
            webhooks::update_webhook,
            webhooks::delete_webhook
        ))
        .routes(routes!(webhooks::rotate_webhook_secret))
        .routes(routes!(webhooks::test_webhook))
        .routes(routes!(webhooks::replay_webhook))
        .routes(routes!(audit::audit))
        .routes(routes!(events::list_events))
        .routes(routes!(introspection::introspect))
        .routes(routes!(introspection::revoke))
        .routes(routes!(jwks::jwks))
        .routes(routes!(discovery::authorization_server_metadata))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// The endpoint that proxies ask. It is apart because CORS would answer `OPTIONS` before it is called, and
/// the proxy would forward such a request.
pub(crate) fn forward_authentication() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(verify::verify))
}

/// The result of a handler.
pub(crate) type ApiResult<E> = Result<ApiResponse<E>, Problem>;

/// The successful response of an endpoint: its status and its body.
pub(crate) struct ApiResponse<E: Endpoint>(pub(crate) E::Response);

impl<E: Endpoint> IntoResponse for ApiResponse<E> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(E::STATUS).unwrap_or(StatusCode::OK);
        if status == StatusCode::NO_CONTENT {
            return status.into_response();
        }
        (status, Json(self.0)).into_response()
    }
}
