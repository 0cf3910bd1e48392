use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use divan_core::api::{Endpoint, MemberError};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::json_body::{member_named_in, pointer};
use super::rejections::invalid;
use crate::problem::Problem;

/// The parameters of an endpoint that reads, from the query of the address.
#[derive(Debug)]
pub(crate) struct QueryParams<E: Endpoint>(pub(crate) E::Request);

impl<E: Endpoint, S: Send + Sync> FromRequestParts<S> for QueryParams<E> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parameters(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads the parameters, and names the one that is wrong.
fn parameters<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let named = member_named_in(&error.inner().to_string());
        invalid(
            named.unwrap_or_else(|| {
                MemberError::new(pointer(error.path()), "is not of the right form")
            }),
        )
    })
}
