use std::fmt;

use super::bot_token::BotToken;
use super::data::{InitData, Signer};
use super::error::{InitDataError, Malformed};
use super::json::{FromObject, Reader};
use super::scheme::SharedContact;
use super::text::Text;
use super::verifier::Verifier;

impl Verifier<BotToken> {
    /// Checks the answer of the Mini App's `requestContact`: the raw string
    /// `contact=…&auth_date=…&hash=…`.
    ///
    /// Telegram signs it like init data, though [its
    /// page](https://core.telegram.org/bots/webapps#initializing-mini-apps) does not say so. Data
    /// with a `user` is refused: it is init data, not an answer.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`InitDataError::WrongKind`] for what is no shared contact.
    pub fn verify_contact(&self, raw: &str) -> Result<Contact, InitDataError> {
        let data = self.run::<SharedContact>(raw)?;
        let members: Members<'_> = data.object("contact")?.ok_or(InitDataError::WrongKind)?;
        Ok(Contact {
            user_id: members.user_id,
            phone_number: members.phone_number.into(),
            first_name: members.first_name.into(),
            last_name: members.last_name.map(String::from),
            auth_date: data.auth_date(),
            signer: data.signer(),
        })
    }
}

/// A contact that a person shared with the Mini App, its signature and age checked. Only
/// [`Verifier::verify_contact`] makes it.
///
/// By itself it proves nothing about who is asking: [`phone_of`](Self::phone_of) does.
///
/// ```
/// # use divan_core::{clock::{Clock, SystemClock}, init_data::{BotToken, InitDataBuilder, Verifier}};
/// # let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
/// # let raw = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First").sign(&token);
/// # let raw_contact = InitDataBuilder::new(SystemClock.unix_seconds()).contact(42, "77011234567", "First").sign(&token);
/// # let verifier = Verifier::new(token, std::time::Duration::from_hours(1));
/// let data = verifier.verify(&raw)?;
/// let contact = verifier.verify_contact(&raw_contact)?;
/// assert_eq!(contact.phone_of(&data)?, "+77011234567");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    user_id: i64,
    phone_number: String,
    first_name: String,
    last_name: Option<String>,
    auth_date: u64,
    signer: Signer,
}

/// Why a contact does not give a person's phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContactError {
    /// The contact is not that of the person who opened the Mini App, or was shared with another
    /// bot.
    #[error("the contact is not that of the person who opened the Mini App")]
    SomebodyElse,
    /// The number is not one in international form.
    #[error("the contact's phone number is not in international form")]
    NotAPhone,
}

impl Contact {
    /// The phone number in E.164 form (`+77011234567`), proven to be that of the person who opened
    /// the Mini App: the contact's `user_id` is the `user.id` of the verified init data, and both
    /// are signed for the same bot.
    ///
    /// # Errors
    /// [`ContactError`] when it is somebody else's, or no phone number.
    pub fn phone_of(&self, data: &InitData<'_>) -> Result<String, ContactError> {
        let user = data
            .user()
            .ok()
            .flatten()
            .ok_or(ContactError::SomebodyElse)?;
        if user.id != self.user_id || data.signer().bot_id != self.signer.bot_id {
            return Err(ContactError::SomebodyElse);
        }
        // Telegram leaves the `+` out on some clients.
        let digits = self
            .phone_number
            .strip_prefix('+')
            .unwrap_or(&self.phone_number);
        let is_e164 = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if is_e164 {
            Ok(format!("+{digits}"))
        } else {
            Err(ContactError::NotAPhone)
        }
    }

    /// The Telegram account that the contact describes.
    pub fn user_id(&self) -> i64 {
        self.user_id
    }

    /// The phone number as Telegram wrote it, with or without `+`.
    pub fn phone_number(&self) -> &str {
        &self.phone_number
    }

    /// The first name.
    pub fn first_name(&self) -> &str {
        &self.first_name
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&str> {
        self.last_name.as_deref()
    }

    /// When Telegram signed the contact, in seconds since the Unix epoch.
    pub fn auth_date(&self) -> u64 {
        self.auth_date
    }

    /// Which of the verifier's keys the signature was made with.
    pub fn signer(&self) -> Signer {
        self.signer
    }
}

/// Shows the id alone; the rest is personal data.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// The members of the field `contact`.
struct Members<'a> {
    user_id: i64,
    phone_number: Text<'a>,
    first_name: Text<'a>,
    last_name: Option<Text<'a>>,
}

impl<'a> FromObject<'a> for Members<'a> {
    fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (mut user_id, mut phone_number, mut first_name, mut last_name) =
            (None, None, None, None);
        reader.object(|key, value| {
            match key {
                "user_id" => user_id = Some(value.integer()?),
                "phone_number" => phone_number = Some(value.text()?),
                "first_name" => first_name = Some(value.text()?),
                "last_name" => last_name = value.text_or_null()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            user_id: user_id.ok_or(Malformed::Json)?,
            phone_number: phone_number.ok_or(Malformed::Json)?,
            first_name: first_name.ok_or(Malformed::Json)?,
            last_name,
        })
    }
}
