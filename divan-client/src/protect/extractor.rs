use axum_core::extract::{FromRef, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::claims::Claims;
use super::protector::Protector;
use super::refusal::Refusal;

/// Checks the request with the [`Protector`] of the application's state. A token that a
/// [`ProtectLayer`](super::ProtectLayer) has verified already is not verified again, but must have the role
/// and audience that this protector requires, too.
impl<S: Send + Sync> FromRequestParts<S> for Claims
where
    Protector: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let protector = Protector::from_ref(state);
        if let Some(claims) = parts.extensions.get::<Self>() {
            return protector.permit(claims.clone());
        }
        let values: Vec<_> = parts
            .headers
            .get_all(AUTHORIZATION)
            .iter()
            .cloned()
            .collect();
        protector.check(&values).await
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.to_response()
    }
}
