use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use divan_core::api::ProblemCode;
use divan_core::types::ServiceSecretId;

use crate::problem::Problem;

/// The id in the path. One that does not parse is `not_found`.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

/// The id of a secret in the path. One that does not parse is `not_found`.
#[derive(Debug)]
pub(crate) struct SecretId(pub(crate) ServiceSecretId);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "id").await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SecretId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        path_parameter(parts, state, "secret_id").await.map(Self)
    }
}

async fn path_parameter<T: FromStr, S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    wanted: &str,
) -> Result<T, Problem> {
    let not_found = || Problem::new(ProblemCode::NotFound);
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| not_found())?;
    let id = params
        .iter()
        .find(|(name, _)| *name == wanted)
        .and_then(|(_, value)| value.parse().ok());
    id.ok_or_else(not_found)
}
