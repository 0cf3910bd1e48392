use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};

/// The credentials of an administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AdminLoginRequest {
    /// The e-mail address, in any case.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "admin@example.com")
    )]
    pub email: String,
    /// The password.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", min_length = 1, max_length = 128, example = "tram under the plum"))]
    pub password: Secret,
    /// The device token of the last sign-in on this device. Without it, an attack on the account can
    /// delay the sign-in. An invalid token is ignored.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "dvd1.AZmqR5HDe2Kl2A5PfCuaMQ…"))]
    pub device_token: Option<Secret>,
}

impl AdminLoginRequest {
    /// Creates the request; the device token may be set afterwards.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
            device_token: None,
        }
    }
}

/// The header of the bootstrap token.
pub const BOOTSTRAP_TOKEN_HEADER: &str = "x-bootstrap-token";

/// The first administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BootstrapRequest {
    /// The e-mail address for the sign-in.
    #[cfg_attr(
        feature = "openapi",
        schema(format = "email", example = "admin@example.com")
    )]
    pub email: String,
    /// The password: at least 15 characters. It must not be common, nor consist mostly of the name or
    /// e-mail address.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password", min_length = 15, max_length = 128, example = "tram under the plum"))]
    pub password: Secret,
    /// The full name, 1 to 200 characters. Default: `Administrator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 200, example = "First Last")
    )]
    pub full_name: Option<String>,
}

impl BootstrapRequest {
    /// Creates the request; the name may be set afterwards.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
            full_name: None,
        }
    }
}

/// The state of the bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct BootstrapState {
    /// True if the first administrator can be created now. False also if the server does not allow it
    /// over HTTP.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_open: bool,
    /// True if `bootstrap` is open and requires the bootstrap token.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub token_required: bool,
}

impl BootstrapState {
    /// The bootstrap is not possible.
    pub const CLOSED: Self = Self {
        is_open: false,
        token_required: false,
    };

    /// The bootstrap is possible.
    pub fn open(token_required: bool) -> Self {
        Self {
            is_open: true,
            token_required,
        }
    }
}
