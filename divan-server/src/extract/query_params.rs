use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use divan_core::api::Endpoint;

use super::form;
use crate::problem::Problem;

/// The query parameters of a `GET` endpoint.
#[derive(Debug)]
pub(crate) struct QueryParams<E: Endpoint>(pub(crate) E::Request);

impl<E: Endpoint, S: Send + Sync> FromRequestParts<S> for QueryParams<E> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        form::parse(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}
