//! Messages to people about changes of their account.

mod delivery;
mod device;
mod kind;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use time::OffsetDateTime;

use super::{AuthService, ClientInfo};
use crate::store::{Account, MessageChannel, NewMessage};

pub use delivery::{Delivery, MessageResult, OutgoingMessage};
pub(super) use device::is_new_device;
pub use kind::{MessageKind, UnknownMessageKind};

/// The switch of messages, and their numbers since the start.
#[derive(Debug, Default)]
pub(super) struct Messages {
    is_on: bool,
    results: [AtomicU64; MessageResult::ALL.len()],
}

impl Messages {
    pub(super) fn new(is_on: bool) -> Self {
        Self {
            is_on,
            ..Self::default()
        }
    }

    fn count(&self, result: MessageResult) {
        self.results[result as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl AuthService {
    /// Returns the number of attempts to deliver messages with this result since the start, for metrics.
    pub fn message_results(&self, result: MessageResult) -> u64 {
        self.parts.messages.results[result as usize].load(Ordering::Relaxed)
    }

    /// Returns the message about a change of an account, to be stored with it; `None` if messages are off,
    /// or the user cannot be reached in Telegram after the change.
    pub(super) fn message(
        &self,
        account: &Account,
        kind: MessageKind,
        at: OffsetDateTime,
    ) -> Option<NewMessage> {
        (self.parts.messages.is_on && is_reachable(account))
            .then(|| NewMessage::new(MessageChannel::Telegram, account.user.id, kind.as_str(), at))
    }

    /// Returns the message about a sign-in on a new device, with the system of the device.
    pub(super) fn new_device_message(
        &self,
        account: &Account,
        client: &ClientInfo,
        at: OffsetDateTime,
    ) -> Option<NewMessage> {
        let mut message = self.message(account, MessageKind::NewDevice, at)?;
        let system = client.device.as_deref().and_then(device::system);
        if let Some(system) = system {
            message.parameters = json!({ "system": system }).to_string();
        }
        Some(message)
    }
}

/// Returns `true` if messages to the user may arrive: an active user with a Telegram account that does not
/// refuse them.
fn is_reachable(account: &Account) -> bool {
    let client = account.telegram_client.as_ref();
    account.user.is_active
        && account.user.telegram_id.is_some()
        && client.and_then(|client| client.allows_write_to_pm) != Some(false)
}
