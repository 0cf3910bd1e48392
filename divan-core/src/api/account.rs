use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};

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
