//! Swagger UI with its assets embedded, and the document that it shows.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use divan_core::api::ProblemCode;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::openapi::{document_at, openapi};
use crate::problem::Problem;
use crate::state::AppState;

/// Swagger UI styles its elements inline and draws its icons from `data:` addresses; scripts come
/// from here alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(openapi);

/// The same document for the page, from the page's own folder: Swagger UI resolves some addresses
/// against the document and others against the page.
static DOCUMENT_OF_PAGE: LazyLock<OpenApi> = LazyLock::new(|| document_at("../"));

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("openapi.json")
        .validator_url("none")
        .display_operation_id(true)
        .try_it_out_enabled(true)
        .persist_authorization(false);
    Arc::new(config)
});

/// All addresses are relative, so that the pages work at the root and behind any path prefix.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/openapi.json", get(async || Json(&*DOCUMENT)))
        .route(
            "/docs",
            get(async || (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "docs/")])),
        )
        .route("/docs/", get(async || asset("index.html")))
        .route("/docs/openapi.json", get(async || Json(&*DOCUMENT_OF_PAGE)))
        .route("/docs/{file}", get(named_asset))
}

async fn named_asset(file: Result<Path<String>, PathRejection>) -> Response {
    match file {
        Ok(Path(file)) => asset(&file),
        Err(_) => Problem::new(ProblemCode::NotFound).into_response(),
    }
}

fn asset(file: &str) -> Response {
    match utoipa_swagger_ui::serve(file, Arc::clone(&CONFIG)) {
        Ok(Some(asset)) => {
            let is_plain_text =
                asset.content_type.starts_with("text/") && !asset.content_type.contains("charset");
            let charset = if is_plain_text { "; charset=utf-8" } else { "" };
            let content_type = HeaderValue::from_str(&format!("{}{charset}", asset.content_type))
                .unwrap_or(HeaderValue::from_static("application/octet-stream"));
            let headers = [
                (CONTENT_TYPE, content_type),
                (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            ];
            (headers, asset.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::new(ProblemCode::NotFound).into_response(),
        Err(_) => Problem::new(ProblemCode::Internal).into_response(),
    }
}
