use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::users::present;
use crate::secret::{self, Secret};
use crate::types::{ServiceId, ServiceScope, ServiceSecretId, UserId};

/// A credential of another service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ServiceCredential {
    /// The id, which is the `client_id`.
    pub id: ServiceId,
    /// The name.
    #[cfg_attr(feature = "openapi", schema(example = "HR system"))]
    pub name: String,
    /// The permissions.
    #[cfg_attr(feature = "openapi", schema(example = json!(["users:read", "users:write"])))]
    pub scopes: Vec<ServiceScope>,
    /// The IP addresses and networks from which the credential is accepted. Empty: all.
    #[cfg_attr(feature = "openapi", schema(example = json!(["192.0.2.0/24", "2001:db8::1"])))]
    pub allowed_addresses: Vec<String>,
    /// The time of the creation.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:30:00.125Z"))]
    pub created_at: OffsetDateTime,
    /// The administrator who created it. Absent if the command line did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub created_by: Option<UserId>,
    /// The expiry. Absent for none.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2027-01-15T00:00:00Z")
    )]
    pub expires_at: Option<OffsetDateTime>,
    /// The time of the last use, stored at most once a minute. Absent before the first.
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
    /// The valid secrets, oldest first: one, or two during a rotation.
    pub secrets: Vec<ServiceSecretInfo>,
}

impl ServiceCredential {
    /// Creates a credential without scopes that is accepted from all addresses and does not expire.
    pub fn new(
        id: ServiceId,
        name: impl Into<String>,
        secrets: Vec<ServiceSecretInfo>,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            name: name.into(),
            scopes: Vec::new(),
            allowed_addresses: Vec::new(),
            created_at,
            created_by: None,
            expires_at: None,
            last_used_at: None,
            secrets,
        }
    }
}

/// A secret of a service credential, without the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ServiceSecretInfo {
    /// The id.
    pub id: ServiceSecretId,
    /// The last four characters of the secret.
    #[cfg_attr(feature = "openapi", schema(example = "7oDo"))]
    pub hint: String,
    /// The time of the creation.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:30:00.125Z"))]
    pub created_at: OffsetDateTime,
    /// The expiry. Absent for the newest secret.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "2026-01-21T09:30:00.125Z")
    )]
    pub expires_at: Option<OffsetDateTime>,
    /// The time of the last use, stored at most once a minute. Absent before the first.
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

impl ServiceSecretInfo {
    /// Creates a secret that does not expire and was not used.
    pub fn new(id: ServiceSecretId, hint: impl Into<String>, created_at: OffsetDateTime) -> Self {
        Self {
            id,
            hint: hint.into(),
            created_at,
            expires_at: None,
            last_used_at: None,
        }
    }
}

/// The service credentials, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ServiceList {
    /// The credentials, at most 100.
    pub items: Vec<ServiceCredential>,
}

impl ServiceList {
    /// Creates the list.
    pub fn new(items: Vec<ServiceCredential>) -> Self {
        Self { items }
    }
}

/// A service credential with a new secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct NewServiceSecret {
    /// The credential.
    pub service: ServiceCredential,
    /// The secret. It is not stored and cannot be shown again.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "dvs_…"))]
    pub secret: Secret,
}

impl NewServiceSecret {
    /// Creates the response.
    pub fn new(service: ServiceCredential, secret: Secret) -> Self {
        Self { service, secret }
    }
}

/// Creates a service credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateServiceRequest {
    /// A name by which people recognize the service, 1 to 100 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 100, example = "HR system")
    )]
    pub name: String,
    /// The permissions, at least one.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, example = json!(["users:read", "users:write"])))]
    pub scopes: Vec<ServiceScope>,
    /// The IP addresses and networks (CIDR) from which the credential is accepted, at most 32. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 32, example = json!(["192.0.2.0/24"])))]
    pub allowed_addresses: Vec<String>,
    /// The expiry, in the future. Absent for none.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(example = "2027-01-15T00:00:00Z"))]
    pub expires_at: Option<OffsetDateTime>,
}

impl CreateServiceRequest {
    /// Creates the request for a credential that is accepted from all addresses and does not expire.
    pub fn new(name: impl Into<String>, scopes: impl Into<Vec<ServiceScope>>) -> Self {
        Self {
            name: name.into(),
            scopes: scopes.into(),
            allowed_addresses: Vec::new(),
            expires_at: None,
        }
    }
}

/// Changes the members of a service credential that are present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UpdateServiceRequest {
    /// A name by which people recognize the service, 1 to 100 characters.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            min_length = 1,
            max_length = 100,
            example = "HR system"
        )
    )]
    pub name: Option<String>,
    /// The permissions, at least one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, min_items = 1, example = json!(["users:read"])))]
    pub scopes: Option<Vec<ServiceScope>>,
    /// The IP addresses and networks (CIDR) from which the credential is accepted, at most 32. Empty: all.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_items = 32, example = json!(["192.0.2.0/24"])))]
    pub allowed_addresses: Option<Vec<String>>,
    /// The expiry, in the future, or `null` for none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "nullable_time"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "date-time", example = "2027-01-15T00:00:00Z"))]
    pub expires_at: Option<Option<OffsetDateTime>>,
}

/// Replaces the secret of a service credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RotateServiceSecretRequest {
    /// The number of seconds for which the previous secret stays valid, at most 30 days. With 0 it becomes
    /// invalid at once. Default: 86,400, a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(minimum = 0, maximum = 2_592_000, example = 3600)
    )]
    pub previous_expires_in: Option<u32>,
}

impl RotateServiceSecretRequest {
    /// The default of [`previous_expires_in`](Self::previous_expires_in).
    pub const DEFAULT_SECONDS: u32 = 86_400;

    /// Creates the request for a previous secret that stays valid for this number of seconds.
    pub fn keeping(seconds: u32) -> Self {
        Self {
            previous_expires_in: Some(seconds),
        }
    }
}

/// A time that may be `null`, in a member that may be absent.
mod nullable_time {
    use serde::{Deserializer, Serializer};
    use time::OffsetDateTime;
    use time::serde::rfc3339::option;

    #[expect(
        clippy::option_option,
        clippy::ref_option,
        reason = "the signature that serde requires"
    )]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<Option<OffsetDateTime>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        option::serialize(&value.flatten(), serializer)
    }

    #[expect(clippy::option_option, reason = "absent, null, or a time")]
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<OffsetDateTime>>, D::Error> {
        option::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_kept_removed_or_set() {
        let time = OffsetDateTime::UNIX_EPOCH;
        for (json, expected) in [
            ("{}", None),
            (r#"{"expires_at":null}"#, Some(None)),
            (r#"{"expires_at":"1970-01-01T00:00:00Z"}"#, Some(Some(time))),
        ] {
            let request: UpdateServiceRequest = serde_json::from_str(json).unwrap();
            assert_eq!(request.expires_at, expected);
            assert_eq!(serde_json::to_string(&request).unwrap(), json);
        }
    }
}
