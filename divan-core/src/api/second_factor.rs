use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::TokenType;
use crate::secret::{self, Secret};
use crate::types::PasskeyCredential;

open_enum! {
    /// A proof of identity that a problem asks for.
    pub enum ProofMethod {
        /// The password.
        Password = "password",
        /// A one-time code of the authenticator app.
        Code = "code",
        /// A passkey.
        Passkey = "passkey",
        /// A recovery code.
        RecoveryCode = "recovery_code",
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ProofMethod {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("The member of a request that proves the identity."))
            .enum_values(Some(Self::ALL.iter().map(|method| method.as_str())))
            .examples([Self::Code.as_str()])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ProofMethod {}

/// The second step of a sign-in: exactly one of `code`, `passkey` and `recovery_code`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CompleteAdminLoginRequest {
    /// The `challenge` of `second_factor_required`.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "dvc1.mX0b9kq3Yw…"))]
    pub challenge: Secret,
    /// The one-time code of the authenticator app: six digits.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "287082"))]
    pub code: Option<Secret>,
    /// A passkey: the result of `navigator.credentials.get()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub passkey: Option<PasskeyCredential>,
    /// A recovery code, in any case, with or without dashes.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub recovery_code: Option<Secret>,
}

impl CompleteAdminLoginRequest {
    /// Completes a sign-in with a one-time code.
    pub fn with_code(challenge: impl Into<Secret>, code: impl Into<Secret>) -> Self {
        Self {
            challenge: challenge.into(),
            code: Some(code.into()),
            passkey: None,
            recovery_code: None,
        }
    }

    /// Completes a sign-in with a recovery code.
    pub fn with_recovery_code(challenge: impl Into<Secret>, code: impl Into<Secret>) -> Self {
        Self {
            challenge: challenge.into(),
            code: None,
            passkey: None,
            recovery_code: Some(code.into()),
        }
    }

    /// Completes a sign-in with a passkey.
    pub fn with_passkey(challenge: impl Into<Secret>, passkey: PasskeyCredential) -> Self {
        Self {
            challenge: challenge.into(),
            code: None,
            passkey: Some(passkey),
            recovery_code: None,
        }
    }
}

/// A new proof of identity: exactly one member.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StepUpRequest {
    /// The password, for administrators without a second factor.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "password", max_length = 128, example = "tram under the plum"))]
    pub password: Option<Secret>,
    /// The one-time code of the authenticator app: six digits.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "287082"))]
    pub code: Option<Secret>,
    /// A passkey: the result of `navigator.credentials.get()`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub passkey: Option<PasskeyCredential>,
    /// A recovery code, in any case, with or without dashes.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub recovery_code: Option<Secret>,
}

impl StepUpRequest {
    /// Proves the identity with the password.
    pub fn with_password(password: impl Into<Secret>) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::default()
        }
    }

    /// Proves the identity with a one-time code.
    pub fn with_code(code: impl Into<Secret>) -> Self {
        Self {
            code: Some(code.into()),
            ..Self::default()
        }
    }

    /// Proves the identity with a passkey.
    pub fn with_passkey(passkey: PasskeyCredential) -> Self {
        Self {
            passkey: Some(passkey),
            ..Self::default()
        }
    }

    /// Proves the identity with a recovery code.
    pub fn with_recovery_code(code: impl Into<Secret>) -> Self {
        Self {
            recovery_code: Some(code.into()),
            ..Self::default()
        }
    }
}

/// An access token that replaces the one of the request. The refresh token stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct FreshToken {
    /// The access token.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…"))]
    pub access_token: Secret,
    /// The type of the access token.
    pub token_type: TokenType,
    /// The lifetime of the access token, in seconds.
    #[cfg_attr(feature = "openapi", schema(example = 600))]
    pub expires_in: u64,
}

impl FreshToken {
    /// Creates the response; `expires_in` is the lifetime of the access token in seconds.
    pub fn new(access_token: Secret, expires_in: u64) -> Self {
        Self {
            access_token,
            token_type: TokenType::Bearer,
            expires_in,
        }
    }
}

/// The state of an administrator's second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SecondFactor {
    /// True if sign-ins with the password require a second factor: with an authenticator app or a passkey.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_enabled: bool,
    /// The time at which the authenticator app was confirmed. Absent without one.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-19T09:12:40.5Z")
    )]
    pub confirmed_at: Option<OffsetDateTime>,
    /// The number of unused recovery codes.
    #[cfg_attr(feature = "openapi", schema(example = 9))]
    pub recovery_codes_left: u32,
    /// The number of passkeys.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = 2))]
    pub passkeys: u32,
}

impl SecondFactor {
    /// Creates the response; `confirmed_at` is `None` without an authenticator app.
    pub fn new(
        confirmed_at: Option<OffsetDateTime>,
        recovery_codes_left: u32,
        passkeys: u32,
    ) -> Self {
        Self {
            is_enabled: confirmed_at.is_some() || passkeys > 0,
            confirmed_at,
            recovery_codes_left,
            passkeys,
        }
    }
}

/// An authenticator app to set up. It has no effect until it is confirmed with a code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SecondFactorEnrolment {
    /// The secret in Base32, to be typed into the app.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))]
    pub secret: Secret,
    /// The secret as an `otpauth://` URI, to be opened on the device of the app.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "otpauth://totp/sec.example.com:admin%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=sec.example.com&algorithm=SHA1&digits=6&period=30"))]
    pub uri: Secret,
    /// The QR code of the URI as an SVG image, to be scanned by the app.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 61 61\">…</svg>"))]
    pub qr_code: Secret,
}

impl SecondFactorEnrolment {
    /// Creates the response.
    pub fn new(secret: Secret, uri: Secret, qr_code: Secret) -> Self {
        Self {
            secret,
            uri,
            qr_code,
        }
    }
}

/// The first code of a new authenticator app.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConfirmSecondFactorRequest {
    /// The one-time code of the new app: six digits.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "287082"))]
    pub code: Secret,
}

impl ConfirmSecondFactorRequest {
    /// Creates the request.
    pub fn new(code: impl Into<Secret>) -> Self {
        Self { code: code.into() }
    }
}

/// A second factor that was turned on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct EnabledSecondFactor {
    /// Ten codes, each of which replaces a one-time code once. They cannot be shown again.
    #[serde(serialize_with = "expose_all")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, example = json!(["7k3m-x2q9-ab4t-p8dh", "0c5n-w8rz-y2ve-k6ha"])))]
    pub recovery_codes: Vec<Secret>,
    /// The access token to continue with.
    pub token: FreshToken,
}

impl EnabledSecondFactor {
    /// Creates the response.
    pub fn new(recovery_codes: Vec<Secret>, token: FreshToken) -> Self {
        Self {
            recovery_codes,
            token,
        }
    }
}

/// New recovery codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct RecoveryCodes {
    /// Ten codes, each of which replaces a one-time code once. They cannot be shown again.
    #[serde(serialize_with = "expose_all")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, example = json!(["7k3m-x2q9-ab4t-p8dh", "0c5n-w8rz-y2ve-k6ha"])))]
    pub recovery_codes: Vec<Secret>,
}

impl RecoveryCodes {
    /// Creates the response.
    pub fn new(recovery_codes: Vec<Secret>) -> Self {
        Self { recovery_codes }
    }
}

pub(super) fn expose_all<S: serde::Serializer>(
    secrets: &[Secret],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(secrets.iter().map(Secret::expose))
}
