//! Types that the wire contract, the tokens and the storage share.

#[cfg(feature = "store")]
mod address_range;
mod audience;
mod audit;
mod auth_methods;
mod contact_details;
mod end_reason;
mod event;
mod external_id;
mod ids;
mod jwk;
mod metadata;
mod passkey;
#[cfg(feature = "store")]
pub(crate) mod phone_spelling;
mod service_scope;
mod telegram_client;
mod user;

#[cfg(feature = "store")]
pub use address_range::{AddressRange, InvalidAddressRange};
pub use audience::{Audience, UnknownAudience};
pub use audit::{AuditAction, AuditEvent};
pub use auth_methods::{AuthMethod, AuthMethods};
pub use contact_details::{Email, InvalidEmail, InvalidPhone, Phone};
pub use end_reason::{EndReason, UnknownEndReason};
pub use event::{EventData, EventType, UnknownEventType};
pub use external_id::{ExternalId, InvalidExternalId};
pub use ids::{
    AuditId, DeviceId, PasskeyId, PromotionId, ServiceId, ServiceSecretId, SessionId, TelegramId,
    UserId, WebhookId,
};
pub use jwk::{Jwk, JwkSet};
pub use metadata::{InvalidMetadata, Metadata};
pub use passkey::{PasskeyCredential, PasskeyOptions};
pub use service_scope::ServiceScope;
pub use telegram_client::TelegramClient;
pub use user::{Role, UnknownRole, User};
