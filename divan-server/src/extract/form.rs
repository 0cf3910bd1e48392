//! Bodies of `application/x-www-form-urlencoded`.

use divan_core::secret::Secret;
use divan_core::token::DeviceToken;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::json_body::{contains_nul, member_error};
use super::rejections::invalid;
use crate::problem::Problem;

/// The media type of forms.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Parses a form; an error names the member at fault.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(body));
    let parsed = serde_path_to_error::deserialize(reader)
        .map_err(|error| invalid(member_error(&error.inner().to_string(), error.path())))?;
    match form_urlencoded::parse(body).find(|(_, value)| value.contains('\0')) {
        Some((member, _)) => Err(invalid(contains_nul(&member))),
        None => Ok(parsed),
    }
}

/// Returns the device token that an OAuth2 client sends as its `client_id`, because its form has no
/// member of its own for it. Any other id is ignored.
pub(super) fn device_token(client_id: Secret) -> Option<Secret> {
    client_id
        .expose()
        .starts_with(DeviceToken::PREFIX)
        .then_some(client_id)
}

/// Returns `false` if the form was not UTF-8: a replacement character would change a password.
pub(super) fn is_utf8<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    texts
        .into_iter()
        .all(|text| !text.contains(char::REPLACEMENT_CHARACTER))
}
