//! Init data in the headers of a request.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::absence::is_absent;
use super::error::{InitDataError, Malformed};

/// Header with the raw init data alone.
pub const X_TELEGRAM_INIT_DATA: HeaderName = HeaderName::from_static("x-telegram-init-data");

/// Returns the raw init data of `Authorization: tma <raw>` and `X-Telegram-Init-Data: <raw>`, without
/// the white space around it; `None` if both are absent. Other schemes of `Authorization` are ignored.
///
/// ```
/// use divan_core::init_data::{X_TELEGRAM_INIT_DATA, init_data_in_headers};
/// use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.append(AUTHORIZATION, HeaderValue::from_static("tma undefined"));
/// headers.append(X_TELEGRAM_INIT_DATA, HeaderValue::from_static("auth_date=1&hash=00"));
/// assert_eq!(init_data_in_headers(&headers)?, Some("auth_date=1&hash=00"));
/// # Ok::<(), divan_core::init_data::InitDataError>(())
/// ```
///
/// # Errors
/// As [`single_init_data`], and [`InitDataError::Malformed`] for a value that is not text.
pub fn init_data_in_headers(headers: &HeaderMap) -> Result<Option<&str>, InitDataError> {
    let authorization = headers.get_all(AUTHORIZATION).iter();
    let authorization = authorization.filter_map(tma_credential).map(text);
    let own = headers.get_all(X_TELEGRAM_INIT_DATA).iter();
    let own = own.map(|value| text(value.as_bytes()));
    let values: Result<Vec<&str>, Malformed> = authorization.chain(own).collect();
    single_init_data(values?)
}

/// Returns the init data that a request contains in several places, such as its body and a header;
/// `None` if all values are absent.
///
/// # Errors
/// [`InitDataError::Conflict`] if two values differ: another program may have checked the other one.
pub fn single_init_data<'a>(
    values: impl IntoIterator<Item = &'a str>,
) -> Result<Option<&'a str>, InitDataError> {
    let mut present = values.into_iter().filter(|raw| !is_absent(raw));
    let first = present.next();
    if present.any(|other| Some(other) != first) {
        return Err(InitDataError::Conflict);
    }
    Ok(first)
}

/// Returns what follows the scheme `tma`, in any case (RFC 9110 §11.1).
fn tma_credential(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, credential) = value.as_bytes().split_at_checked(4)?;
    scheme.eq_ignore_ascii_case(b"tma ").then_some(credential)
}

/// Returns the text without the white space around it. Browsers send U+00A0 as one byte (Latin-1).
fn text(mut value: &[u8]) -> Result<&str, Malformed> {
    while let [0xA0 | b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    if std::str::from_utf8(value).is_err() {
        while let [rest @ .., 0xA0 | b' ' | b'\t'] = value {
            value = rest;
        }
    }
    std::str::from_utf8(value)
        .map(str::trim)
        .map_err(|_| Malformed::Character)
}
