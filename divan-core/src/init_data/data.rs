use std::borrow::Cow;
use std::fmt;

use super::error::{InitDataError, Malformed};
use super::json::{self, FromObject};
use super::model::{ChatType, WebAppChat, WebAppUser};
use super::text::Text;

/// Init data with verified signature and age. Only a [`Verifier`](super::Verifier) creates it, and
/// it gives access only to signed fields.
///
/// [`Verifier::verify`](super::Verifier::verify) returns one that owns its text,
/// [`Verifier::verify_in`](super::Verifier::verify_in) one that borrows your buffer, without any
/// allocation. `Debug` shows the names of the fields without values, which are personal data.
#[derive(Clone)]
pub struct InitData<'a> {
    /// The data-check string: decoded `key=value` lines, sorted. No value contains a line feed, so
    /// each line is a field.
    lines: Cow<'a, str>,
    auth_date: u64,
    signer: Signer,
}

/// Key that matched the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signer {
    /// The bot's Telegram id.
    pub bot_id: i64,
    /// Index of the key in the order in which the verifier received its keys, from 0. It
    /// distinguishes the old token of a bot from its new one.
    pub key: usize,
}

impl<'a> InitData<'a> {
    /// Creates the data from a check string with a verified signature.
    pub(super) fn verified(lines: Cow<'a, str>, signer: Signer) -> Result<Self, Malformed> {
        let mut data = Self {
            lines,
            auth_date: 0,
            signer,
        };
        data.auth_date = parse_auth_date(data.field("auth_date").ok_or(Malformed::AuthDate)?)?;
        Ok(data)
    }

    /// Time of the signature, in seconds since the Unix epoch. Telegram clients send the same data for
    /// a day.
    pub fn auth_date(&self) -> u64 {
        self.auth_date
    }

    /// Key of the verifier that matched the signature.
    pub fn signer(&self) -> Signer {
        self.signer
    }

    /// User who opened the Mini App.
    ///
    /// # Errors
    /// [`Malformed::Json`](super::Malformed::Json) when the signed text is not the documented JSON
    /// object.
    pub fn user(&self) -> Result<Option<WebAppUser<'_>>, InitDataError> {
        self.object("user")
    }

    /// User who opened the Mini App, for handlers that require one.
    ///
    /// # Errors
    /// As [`user`](Self::user), and [`InitDataError::UserMissing`] for data without a user.
    pub fn require_user(&self) -> Result<WebAppUser<'_>, InitDataError> {
        self.user()?.ok_or(InitDataError::UserMissing)
    }

    /// Other user of the private chat where the Mini App was opened from the attachment menu.
    ///
    /// # Errors
    /// As [`user`](Self::user).
    pub fn receiver(&self) -> Result<Option<WebAppUser<'_>>, InitDataError> {
        self.object("receiver")
    }

    /// Chat where the Mini App was opened from the attachment menu.
    ///
    /// # Errors
    /// As [`user`](Self::user).
    pub fn chat(&self) -> Result<Option<WebAppChat<'_>>, InitDataError> {
        self.object("chat")
    }

    /// Type of the chat where the Mini App was opened by a direct link.
    pub fn chat_type(&self) -> Option<ChatType<'_>> {
        self.field("chat_type")
            .map(|word| ChatType::from(Text::plain(word)))
    }

    /// Opaque identifier of the chat where the Mini App was opened by a direct link. It does not fit
    /// into any integer type.
    pub fn chat_instance(&self) -> Option<&str> {
        self.field("chat_instance")
    }

    /// Start parameter of the link. It is signed, but chosen by the author of the link: do not
    /// trust it.
    pub fn start_param(&self) -> Option<&str> {
        self.field("start_param")
    }

    /// Query id for `answerWebAppQuery`.
    pub fn query_id(&self) -> Option<&str> {
        self.field("query_id")
    }

    /// Delay in seconds before `answerWebAppQuery` may send a message.
    ///
    /// # Errors
    /// [`Malformed::Number`](super::Malformed::Number) when the signed text is not a whole number.
    pub fn can_send_after(&self) -> Result<Option<u64>, InitDataError> {
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if is_plain {
                text.parse().map_err(|_| Malformed::Number)
            } else {
                Err(Malformed::Number)
            }
        };
        Ok(self.field("can_send_after").map(number).transpose()?)
    }

    /// Returns the decoded value of any signed field, including one unknown to this version.
    pub fn field(&self, name: &str) -> Option<&str> {
        if name.contains('=') {
            return None;
        }
        // The fields are sorted, so the search starts from the nearer end.
        if name < "n" {
            self.field_from_start(name)
        } else {
            self.field_from_end(name)
        }
    }

    fn field_from_start(&self, name: &str) -> Option<&str> {
        let mut rest = &*self.lines;
        loop {
            let end = memchr::memchr(b'\n', rest.as_bytes());
            let line = &rest[..end.unwrap_or(rest.len())];
            if let Some(value) = value_of(line, name) {
                return Some(value);
            }
            rest = &rest[end? + 1..];
        }
    }

    fn field_from_end(&self, name: &str) -> Option<&str> {
        let mut rest = &*self.lines;
        loop {
            let end = memchr::memrchr(b'\n', rest.as_bytes());
            if let Some(value) = value_of(&rest[end.map_or(0, |end| end + 1)..], name) {
                return Some(value);
            }
            rest = &rest[..end?];
        }
    }

    /// Iterates over all signed fields with their decoded values, sorted by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines
            .split('\n')
            .filter_map(|line| line.split_once('='))
    }

    /// Copies the data out of the borrowed buffer.
    pub fn into_owned(self) -> InitData<'static> {
        InitData {
            lines: Cow::Owned(self.lines.into_owned()),
            ..self
        }
    }

    pub(super) fn object<'s, T: FromObject<'s>>(
        &'s self,
        name: &str,
    ) -> Result<Option<T>, InitDataError> {
        Ok(self.field(name).map(json::parse).transpose()?)
    }
}

fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.strip_prefix('=')
}

/// Parses `auth_date`: Unix seconds, at most twelve digits, without a leading zero.
fn parse_auth_date(value: &str) -> Result<u64, Malformed> {
    let is_plain = (1..=12).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_digit())
        && !value.starts_with('0');
    if is_plain {
        value.parse().map_err(|_| Malformed::AuthDate)
    } else {
        Err(Malformed::AuthDate)
    }
}

/// Serializes the signed fields by name, each as the signed text. There is no `Deserialize`, because
/// only a verifier creates verified data.
#[cfg(feature = "serde")]
impl serde::Serialize for InitData<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields())
    }
}

/// Describes an object whose values are strings.
#[cfg(feature = "utoipa")]
impl utoipa::PartialSchema for InitData<'_> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        std::collections::BTreeMap::<String, String>::schema()
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::ToSchema for InitData<'_> {}

impl fmt::Debug for InitData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields().map(|(name, _)| name).collect();
        f.debug_struct("InitData")
            .field("auth_date", &self.auth_date)
            .field("signer", &self.signer)
            .field("fields", &names)
            .finish()
    }
}
