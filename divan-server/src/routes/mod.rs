//! The handlers, one file an area. Each reads, calls the service once and answers.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod health;
pub(crate) mod telegram;
pub(crate) mod users;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use divan_core::api::Endpoint;

use crate::problem::Problem;

/// What the handler of an endpoint gives back.
pub(crate) type Answer<E> = Result<Reply<E>, Problem>;

/// The success of an endpoint: its status and its body.
pub(crate) struct Reply<E: Endpoint>(pub(crate) E::Response);

impl<E: Endpoint> IntoResponse for Reply<E> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(E::STATUS).unwrap_or(StatusCode::OK);
        (status, Json(self.0)).into_response()
    }
}
