//! Init data as an axum extractor.

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::absence::is_absent;
use super::data::InitData;
use super::error::{InitDataError, Malformed};
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
        Ok(Verifier::from_ref(state).verify(raw_init_data(&parts.headers)?)?)
    }
}

/// Header with the raw init data alone.
const X_TELEGRAM_INIT_DATA: HeaderName = HeaderName::from_static("x-telegram-init-data");

/// Returns the init data of both headers, which must be equal if both are present.
fn raw_init_data(headers: &HeaderMap) -> Result<&str, InitDataError> {
    let credentials = only_value(headers, AUTHORIZATION)?
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("tma"))
        .map(|(_, raw)| raw);
    let values = [credentials, only_value(headers, X_TELEGRAM_INIT_DATA)?];
    let values = values.into_iter().flatten().map(str::trim_ascii);
    let mut present = values.filter(|raw| !is_absent(raw));
    let first = present.next().ok_or(InitDataError::Missing)?;
    match present.next() {
        Some(second) if second != first => Err(InitDataError::Conflict),
        _ => Ok(first),
    }
}

/// Returns the value of a header that must not be repeated: a proxy may have checked the other one.
fn only_value(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, InitDataError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Malformed::Character.into());
    }
    let text = value.to_str().map_err(|_| Malformed::Character)?;
    Ok(Some(text))
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
