use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use divan_core::api::Endpoint;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::json_body::member_error;
use super::rejections::invalid;
use crate::problem::Problem;

/// The query parameters of a `GET` endpoint.
#[derive(Debug)]
pub(crate) struct QueryParams<E: Endpoint>(pub(crate) E::Request);

impl<E: Endpoint, S: Send + Sync> FromRequestParts<S> for QueryParams<E> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parameters(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Parses the parameters; an error names the one at fault.
fn parameters<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(reader)
        .map_err(|error| invalid(member_error(&error.inner().to_string(), error.path())))
}
