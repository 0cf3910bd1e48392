use time::OffsetDateTime;

use super::phone::signed_phone;
use super::{AuthService, ServiceError, TelegramVerifiers};
use crate::characters::is_deceptive;
use crate::init_data::{ContactError, InitData};
use crate::secret::Secret;
use crate::store::Account;
use crate::types::{Phone, TelegramClient, TelegramId};

/// The Telegram account that a user signs in from.
#[derive(Clone, Debug)]
pub(super) struct TelegramAccount {
    pub(super) id: TelegramId,
    pub(super) client: TelegramClient,
    username: Option<String>,
}

impl TelegramAccount {
    /// Links the account, and updates the Telegram username and the client. Telegram reports the permission
    /// to write only when the user has given it, so one that is unknown now does not replace a refusal.
    pub(super) fn link(&self, account: &mut Account, now: OffsetDateTime) {
        let mut client = self.client.clone();
        if let Some(before) = &account.telegram_client
            && before.bot_id == client.bot_id
        {
            client.allows_write_to_pm = client.allows_write_to_pm.or(before.allows_write_to_pm);
        }
        account.telegram_client = Some(client);
        if account.user.telegram_id.is_none() {
            account.user.updated_at = now;
        }
        account.user.telegram_id = Some(self.id);
        account.user.telegram_username.clone_from(&self.username);
    }
}

/// Returns the Telegram account of the init data.
pub(super) fn telegram_account(data: &InitData<'_>) -> Result<TelegramAccount, ServiceError> {
    let user = data.require_user()?;
    let mut client = TelegramClient::new(data.signer().bot_id);
    client.language = user
        .language_code
        .map(String::from)
        .filter(|tag| is_language_tag(tag));
    client.allows_write_to_pm = user.allows_write_to_pm;
    Ok(TelegramAccount {
        id: TelegramId(user.id),
        client,
        // Telegram's usernames are ASCII letters, digits and underscores.
        username: user
            .username
            .map(String::from)
            .filter(|name| !name.contains(is_deceptive)),
    })
}

/// Returns `true` for the characters and the length of an IETF language tag.
fn is_language_tag(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=35).contains(&text.len()) && text.bytes().all(is_plain)
}

impl AuthService {
    pub(super) fn verifiers(&self) -> Result<&TelegramVerifiers, ServiceError> {
        self.parts
            .telegram
            .as_ref()
            .ok_or(ServiceError::TelegramNotConfigured)
    }

    /// Returns the phone number of a contact, which must belong to the sender of the init data.
    pub(super) fn contact_phone(
        &self,
        contact: &Secret,
        data: &InitData<'_>,
    ) -> Result<Phone, ServiceError> {
        let verifier = &self.verifiers()?.login;
        let contact = verifier.verify_contact(contact.expose());
        let contact = contact.map_err(ContactError::from)?;
        let phone = contact.phone_of(data)?;
        signed_phone(&phone).map_err(|_| ContactError::InvalidPhone.into())
    }
}
