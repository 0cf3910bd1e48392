//! Types that the wire contract, the tokens and the storage share.

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
mod telegram_client;
mod user;

pub use audience::{Audience, UnknownAudience};
pub use audit::{AuditAction, AuditEvent};
pub use auth_methods::{AuthMethod, AuthMethods};
pub use contact_details::{Email, InvalidEmail, InvalidPhone, Phone};
pub use end_reason::{EndReason, UnknownEndReason};
pub use event::{EventData, EventType, UnknownEventType};
pub use external_id::{ExternalId, InvalidExternalId};
pub use ids::{AuditId, DeviceId, PasskeyId, PromotionId, SessionId, TelegramId, UserId};
pub use jwk::{Jwk, JwkSet};
pub use metadata::{InvalidMetadata, Metadata};
pub use passkey::{PasskeyCredential, PasskeyOptions};
pub use telegram_client::TelegramClient;
pub use user::{Role, UnknownRole, User};
