use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::FreshToken;
use super::second_factor::expose_all;
use crate::secret::{self, Secret};
use crate::types::{PasskeyCredential, PasskeyId, PasskeyOptions};

/// A passkey of an administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Passkey {
    /// The id.
    pub id: PasskeyId,
    /// The name that the owner gave it.
    #[cfg_attr(feature = "openapi", schema(example = "Work laptop"))]
    pub name: String,
    /// True if it is copied to other devices of the owner, such as by a password manager.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_synced: bool,
    /// The connections to the authenticator.
    #[cfg_attr(feature = "openapi", schema(example = json!(["hybrid", "internal"])))]
    pub transports: Vec<String>,
    /// The time of the registration.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-19T09:12:40.5Z"))]
    pub created_at: OffsetDateTime,
    /// The time of the last use. Absent before the first.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-20T07:01:02.1Z")
    )]
    pub last_used_at: Option<OffsetDateTime>,
}

impl Passkey {
    /// Creates a passkey that is not copied, has no transports and was not used.
    pub fn new(id: PasskeyId, name: impl Into<String>, created_at: OffsetDateTime) -> Self {
        Self {
            id,
            name: name.into(),
            is_synced: false,
            transports: Vec::new(),
            created_at,
            last_used_at: None,
        }
    }
}

/// The passkeys of an administrator, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PasskeyList {
    /// The passkeys, at most ten.
    pub items: Vec<Passkey>,
}

impl PasskeyList {
    /// Creates the list.
    pub fn new(items: Vec<Passkey>) -> Self {
        Self { items }
    }
}

/// The options for the browser to use or to create a passkey, valid for five minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PasskeyCeremony {
    /// The argument of `PublicKeyCredential.parseRequestOptionsFromJSON()`, or of
    /// `parseCreationOptionsFromJSON()` to create a passkey.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, example = json!({
        "challenge": "AAAAAGobg9…",
        "timeout": 300_000,
        "rpId": "sec.example.com",
        "allowCredentials": [],
        "userVerification": "required",
    })))]
    pub public_key: PasskeyOptions,
}

impl PasskeyCeremony {
    /// Creates the response.
    pub fn new(public_key: PasskeyOptions) -> Self {
        Self { public_key }
    }
}

/// Registers a passkey.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AddPasskeyRequest {
    /// A name by which the owner recognizes it, 1 to 64 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, example = "Work laptop")
    )]
    pub name: String,
    /// The result of `navigator.credentials.create()`: `credential.toJSON()`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, example = json!({
        "id": "mX0b9kq3Yw",
        "rawId": "mX0b9kq3Yw",
        "type": "public-key",
        "response": {
            "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIi…",
            "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YV…",
            "transports": ["hybrid", "internal"],
        },
        "clientExtensionResults": {},
    })))]
    pub credential: PasskeyCredential,
}

impl AddPasskeyRequest {
    /// Creates the request.
    pub fn new(name: impl Into<String>, credential: PasskeyCredential) -> Self {
        Self {
            name: name.into(),
            credential,
        }
    }
}

/// A passkey that was registered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AddedPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// Ten codes, each of which replaces the second factor once. They cannot be shown again. Absent if there
    /// were recovery codes already, which stay valid.
    #[serde(
        default,
        serialize_with = "expose_all",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, example = json!(["7k3m-x2q9-ab4t-p8dh", "0c5n-w8rz-y2ve-k6ha"])))]
    pub recovery_codes: Vec<Secret>,
    /// The access token to continue with.
    pub token: FreshToken,
}

impl AddedPasskey {
    /// Creates the response.
    pub fn new(passkey: Passkey, recovery_codes: Vec<Secret>, token: FreshToken) -> Self {
        Self {
            passkey,
            recovery_codes,
            token,
        }
    }
}

/// A new name of a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RenamePasskeyRequest {
    /// The name, 1 to 64 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, example = "Old laptop")
    )]
    pub name: String,
}

impl RenamePasskeyRequest {
    /// Creates the request.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// A sign-in with a passkey alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PasskeyLoginRequest {
    /// The result of `navigator.credentials.get()`: `credential.toJSON()`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, example = json!({
        "id": "mX0b9kq3Yw",
        "rawId": "mX0b9kq3Yw",
        "type": "public-key",
        "response": {
            "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0Ii…",
            "authenticatorData": "3sWkQ3s5cIFtbLP0d1…",
            "signature": "MEUCIQDTt1fo…",
            "userHandle": "AZmqPFseezFfKm0ei0x6EA",
        },
        "clientExtensionResults": {},
    })))]
    pub passkey: PasskeyCredential,
    /// The `device_token` of an earlier sign-in on this device.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "dvd1.AZmqR5HDe2Kl2A5PfCuaMQ…"))]
    pub device_token: Option<Secret>,
}

impl PasskeyLoginRequest {
    /// Creates the request without a device token.
    pub fn new(passkey: PasskeyCredential) -> Self {
        Self {
            passkey,
            device_token: None,
        }
    }
}
