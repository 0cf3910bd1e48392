use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[cfg(feature = "entropy")]
use crate::{
    clock::Clock,
    entropy::{Entropy, NoEntropy},
};

/// The id of a user: a UUID of version 7 (RFC 9562), so that ids sort by the time of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10", description = "The id of a user: a UUID that sorts by the time of creation.")
)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

/// The id of a session: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa41-07d2-7e55-8c1b-2f60a9d3e4b8", description = "The id of a session: a UUID that sorts by the time of the sign-in.")
)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// The id of an audit event: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa45-c2f8-7a09-b3d4-91e7f05a6c2d", description = "The id of an audit event: a UUID that sorts by time.")
)]
#[serde(transparent)]
pub struct AuditId(pub Uuid);

/// The id of a known device: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa47-91c3-7b62-a5d8-0e4f7c2b9a31", description = "The id of a known device: a UUID that sorts by the time of the first sign-in.")
)]
#[serde(transparent)]
pub struct DeviceId(pub Uuid);

/// The id of a promotion that waits for an approval: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa47-91c3-7b62-a5d8-0e4f7c2b9a31", description = "The id of a promotion that waits for an approval: a UUID that sorts by the time of the request.")
)]
#[serde(transparent)]
pub struct PromotionId(pub Uuid);

/// The id of a passkey: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa49-3e70-7d14-b6c8-52a1f09d7e43", description = "The id of a passkey: a UUID that sorts by the time of the registration.")
)]
#[serde(transparent)]
pub struct PasskeyId(pub Uuid);

/// The id of a service credential, which is its `client_id`: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa4b-6c15-7f2e-8d07-94b3c6e1a5f2", description = "The id of a service credential, which is its `client_id`: a UUID that sorts by the time of creation.")
)]
#[serde(transparent)]
pub struct ServiceId(pub Uuid);

/// The id of a secret of a service credential: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa4b-6c16-7b90-a4f1-3e58d2c7b064", description = "The id of a secret of a service credential: a UUID that sorts by the time of creation.")
)]
#[serde(transparent)]
pub struct ServiceSecretId(pub Uuid);

/// The id of a webhook: a UUID of version 7, like a [`UserId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = "uuid", example = "0199aa4b-6f02-7a85-9c3e-41d7b8e25f90", description = "The id of a webhook: a UUID that sorts by the time of its creation.")
)]
#[serde(transparent)]
pub struct WebhookId(pub Uuid);

macro_rules! uuid_id {
    ($($id:ident),*) => {$(
        #[cfg(feature = "entropy")]
        impl $id {
            /// Generates an id from time and randomness.
            ///
            /// # Errors
            /// [`NoEntropy`] if no randomness is available.
            pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
                let since_epoch = clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let millis = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
                let mut random = [0; 10];
                entropy.fill(&mut random)?;
                Ok(Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()))
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $id {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

uuid_id!(
    AuditId,
    SessionId,
    UserId,
    DeviceId,
    PasskeyId,
    PromotionId,
    ServiceId,
    ServiceSecretId,
    WebhookId
);

/// The id of a Telegram account: up to 52 significant bits, as
/// [the Bot API](https://core.telegram.org/bots/api#user) states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        example = 42,
        description = "The id of a Telegram account. It has at most 52 bits, often more than 32."
    )
)]
#[serde(transparent)]
pub struct TelegramId(pub i64);

impl fmt::Display for TelegramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
