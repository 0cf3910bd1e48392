//! Init data as an axum extractor.

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::data::InitData;
use super::error::{InitDataError, Malformed};
use super::verifier::Verifier;

/// Extracts the init data of `Authorization: tma <raw>` and verifies it with the
/// [`Verifier`] of the router's state.
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
        Ok(Verifier::from_ref(state).verify(raw_init_data(&parts.headers)?)?)
    }
}

/// Returns the credentials of the only `Authorization` header, of the scheme `tma`.
fn raw_init_data(headers: &HeaderMap) -> Result<&str, InitDataError> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let header = all.next().ok_or(InitDataError::Missing)?;
    if all.next().is_some() {
        return Err(Malformed::Character.into());
    }
    let header = header.to_str().map_err(|_| Malformed::Character)?;
    let (scheme, raw) = header.split_once(' ').unwrap_or((header, ""));
    let is_tma = scheme.eq_ignore_ascii_case("tma");
    if is_tma {
        Ok(raw.trim_start_matches(' '))
    } else {
        Err(InitDataError::Missing)
    }
}

/// Response to a request with invalid init data: 401 with `application/problem+json`
/// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), or 503 when a replay guard is full.
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
        let is_full = self.0 == InitDataError::ReplayGuardFull;
        let status = if is_full {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::UNAUTHORIZED
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
        if is_full {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        } else {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("tma"));
        }
        response
    }
}
