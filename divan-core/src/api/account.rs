use serde::{Deserialize, Serialize};

use super::{Auth, Endpoint, Lane, Method, ProblemCode, TokenResponse};
use crate::secret::{self, Secret};
use crate::types::User;

/// Returns the signed-in user. Also verifies a token.
#[derive(Debug)]
pub enum Me {}

impl Endpoint for Me {
    const OPERATION: &'static str = "me";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/auth/me";
    const AUTH: Auth = Auth::BearerAnyScope;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[];
    type Request = ();
    type Response = User;
}

/// Changes the caller's password. Ends all sessions and returns the tokens of a new one.
#[derive(Debug)]
pub enum ChangePassword {}

impl Endpoint for ChangePassword {
    const OPERATION: &'static str = "change_password";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/me/password";
    const AUTH: Auth = Auth::BearerAnyScope;
    const STATUS: u16 = 200;
    const LANE: Option<Lane> = Some(Lane::OwnPassword);
    const PROBLEMS: &'static [ProblemCode] = &[
        ProblemCode::InvalidCredentials,
        ProblemCode::WeakPassword,
        ProblemCode::Overloaded,
    ];
    type Request = ChangePasswordRequest;
    type Response = TokenResponse;
}

/// The old password and the new one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ChangePasswordRequest {
    /// The current password.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", min_length = 1, max_length = 128, example = "umbrella 77"))]
    pub current_password: Secret,
    /// The new password: at least 8 characters for an employee, 15 for an administrator. It must
    /// not be the current or a common one, nor made of the user's name, phone number or e-mail
    /// address.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", min_length = 8, max_length = 128, example = "plum over the tram"))]
    pub new_password: Secret,
}

impl ChangePasswordRequest {
    /// Creates the request.
    pub fn new(current_password: impl Into<Secret>, new_password: impl Into<Secret>) -> Self {
        Self {
            current_password: current_password.into(),
            new_password: new_password.into(),
        }
    }
}
