//! The vocabulary that the wire contract, the tokens and the storage share.

mod audit;
mod contact_details;
mod ids;
mod jwk;
mod surface;
mod user;

pub use audit::{AuditAction, AuditRecord, UnknownAction};
pub use contact_details::{Email, InvalidEmail, InvalidPhone, Phone};
pub use ids::{AuditId, SessionId, TelegramId, UserId};
pub use jwk::{Jwk, JwkSet};
pub use surface::{Surface, UnknownSurface};
pub use user::{Role, UnknownRole, User};
