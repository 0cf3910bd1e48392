use super::bot_token::BotToken;
use super::data::{InitData, Signer};
use super::error::{InitDataError, Malformed};
use super::json::{FromObject, Reader};
use super::scheme::SharedContact;
use super::text::Text;
use super::verifier::Verifier;

impl Verifier<BotToken> {
    /// Verifies the response of the Mini App's `requestContact`: the raw string
    /// `contact=…&auth_date=…&hash=…`.
    ///
    /// Telegram signs it like init data, although [its
    /// documentation](https://core.telegram.org/bots/webapps#initializing-mini-apps) does not say
    /// so. Data with a `user` is rejected, because it is init data.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and [`InitDataError::WrongKind`] for data that is not a shared
    /// contact.
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

/// Contact that a user shared with the Mini App, with verified signature and age. Only
/// [`Verifier::verify_contact`] creates it.
///
/// The contact may describe another user than the caller: [`phone_of`](Self::phone_of) checks that.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Contact {
    /// Telegram id of the account that the contact describes.
    pub user_id: i64,
    /// Phone number as Telegram wrote it, with or without `+`.
    pub phone_number: String,
    /// First name. Empty if Telegram sends none.
    pub first_name: String,
    /// Last name.
    pub last_name: Option<String>,
    /// Time of the signature, in seconds since the Unix epoch.
    pub auth_date: u64,
    /// Key of the verifier that matched the signature.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub signer: Signer,
}

/// Reason why a contact does not prove a user's phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContactError {
    /// The contact is empty, or a text such as `undefined`. Telegram's script returns an empty text after a
    /// timeout.
    #[error("the contact is empty: share it again, or send the phone number")]
    Missing,
    /// The contact was signed too long ago, or was used before.
    #[error("the contact has expired: share it again")]
    Expired(InitDataError),
    /// The string is not a contact that Telegram signed for this bot.
    #[error("the contact is not a response of `requestContact` that Telegram signed for this bot")]
    Unverified(InitDataError),
    /// The contact describes another user than the one who opened the Mini App.
    #[error("the contact does not belong to the user who opened the Mini App")]
    UserMismatch,
    /// The contact was shared with another bot than the one that opened the Mini App.
    #[error(
        "the contact was shared with another bot than the one that opened the Mini App: share it again"
    )]
    BotMismatch,
    /// The phone number is not in international format.
    #[error("the contact's phone number is not in international format")]
    InvalidPhone,
}

impl ContactError {
    /// Stable code of this error on the wire: `contact_missing`, `contact_expired`,
    /// `contact_invalid`, `contact_mismatch`, or `overloaded` for a full replay guard.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "contact_missing",
            Self::Expired(_) => "contact_expired",
            Self::Unverified(InitDataError::ReplayGuardFull) => "overloaded",
            Self::Unverified(_) | Self::InvalidPhone => "contact_invalid",
            Self::UserMismatch | Self::BotMismatch => "contact_mismatch",
        }
    }

    /// Stable name of the failed check, for logs and metrics: as
    /// [`InitDataError::reason`], and `other_user`, `other_bot` or `phone`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => InitDataError::Missing.reason(),
            Self::Expired(error) | Self::Unverified(error) => error.reason(),
            Self::UserMismatch => "other_user",
            Self::BotMismatch => "other_bot",
            Self::InvalidPhone => "phone",
        }
    }

    /// As [`InitDataError::age_seconds`].
    pub fn age_seconds(self) -> Option<i64> {
        match self {
            Self::Expired(error) | Self::Unverified(error) => error.age_seconds(),
            _ => None,
        }
    }
}

/// Converts an error of [`Verifier::verify_contact`], so that its text is about the contact.
impl From<InitDataError> for ContactError {
    fn from(error: InitDataError) -> Self {
        match error {
            InitDataError::Missing => Self::Missing,
            InitDataError::Expired { .. } | InitDataError::Replayed => Self::Expired(error),
            error => Self::Unverified(error),
        }
    }
}

impl Contact {
    /// Returns the phone number in E.164 format (`+77011234567`), after checking that it belongs to
    /// the user who opened the Mini App: the contact's `user_id` equals the `user.id` of the
    /// verified init data, and both are signed for the same bot.
    ///
    /// # Errors
    /// [`ContactError`] when the contact belongs to another user, was shared with another bot, or has no
    /// valid phone number.
    pub fn phone_of(&self, data: &InitData<'_>) -> Result<String, ContactError> {
        let user = data
            .user()
            .ok()
            .flatten()
            .ok_or(ContactError::UserMismatch)?;
        if user.id != self.user_id {
            return Err(ContactError::UserMismatch);
        }
        if data.signer().bot_id != self.signer.bot_id {
            return Err(ContactError::BotMismatch);
        }
        self.phone_of_any_user()
    }

    /// Returns the phone number in E.164 format (`+77011234567`), without a check of its owner:
    /// [`phone_of`](Self::phone_of) checks it.
    ///
    /// # Errors
    /// [`ContactError::InvalidPhone`] for a number that is not in international format.
    pub fn phone_of_any_user(&self) -> Result<String, ContactError> {
        // Some Telegram clients omit the `+`.
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
            Err(ContactError::InvalidPhone)
        }
    }
}

// The rest is personal data.
redacted_debug!(Contact { user_id });

/// Members of the field `contact`.
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
                "first_name" => first_name = value.text_or_null()?,
                "last_name" => last_name = value.text_or_null()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            user_id: user_id.ok_or(Malformed::Json)?,
            phone_number: phone_number.ok_or(Malformed::Json)?,
            first_name: first_name.unwrap_or(Text::plain("")),
            last_name,
        })
    }
}
