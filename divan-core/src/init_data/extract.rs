//! Init data as an axum extractor.

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::data::InitData;
use super::error::InitDataError;
use super::headers::init_data_in_headers;
use super::verifier::Verifier;

/// Extracts the init data of `Authorization: tma <raw>` or `X-Telegram-Init-Data: <raw>` and verifies
/// it with the [`Verifier`] of the router's state.
///
/// ```
/// use axum::{Router, routing::get};
/// use divan_core::init_data::{InitData, InitDataRejection, Verifier};
///
/// async fn hello(data: InitData<'static>) -> Result<String, InitDataRejection> {
///     Ok(format!("Hello, {}!", data.require_user()?.first_name))
/// }
///
/// fn app(verifier: Verifier) -> Router {
///     Router::new().route("/hello", get(hello)).with_state(verifier)
/// }
/// ```
impl<S> FromRequestParts<S> for InitData<'static>
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = InitDataRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, InitDataRejection> {
        let raw = init_data_in_headers(&parts.headers)?.ok_or(InitDataError::Missing)?;
        Ok(Verifier::from_ref(state).verify(raw)?)
    }
}

/// Response to a request with invalid init data: 401 with `application/problem+json`
/// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), 400 for a request with two different strings, or
/// 503 when a replay guard is full.
///
/// It contains only [`InitDataError::code`]: malformed strings and wrong signatures look the same to
/// the client, and [`reason`](Self::reason) distinguishes them for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct InitDataRejection(#[from] InitDataError);

impl InitDataRejection {
    /// Returns the error, for the log.
    pub fn reason(self) -> InitDataError {
        self.0
    }
}

impl IntoResponse for InitDataRejection {
    fn into_response(self) -> Response {
        let status = match self.0 {
            InitDataError::ReplayGuardFull => StatusCode::SERVICE_UNAVAILABLE,
            InitDataError::Conflict => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        let (code, title, number) = (self.0.code(), self.0.title(), status.as_u16());
        let body = format!(
            r#"{{"type":"urn:divan:problem:{code}","title":"{title}","status":{number},"code":"{code}"}}"#
        );
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("tma"));
            }
            _ => {}
        }
        response
    }
}
