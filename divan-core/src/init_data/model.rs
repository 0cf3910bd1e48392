use std::fmt;

use super::error::Malformed;
use super::json::{FromObject, Reader};
use super::text::Text;

/// A Telegram account, as [`WebAppUser`](https://core.telegram.org/bots/webapps#webappuser)
/// describes it.
///
/// It is a view of the verified data, cheap to make again; what proves anything is the
/// [`InitData`](super::InitData) that it comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebAppUser<'a> {
    /// The account's id: up to 52 significant bits.
    pub id: i64,
    /// The first name, as the person chose it.
    pub first_name: Text<'a>,
    /// The last name.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_name: Option<Text<'a>>,
    /// The user name, without `@`. It can change hands: never identify an account by it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub username: Option<Text<'a>>,
    /// The language of the person's Telegram client, an IETF tag.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub language_code: Option<Text<'a>>,
    /// Whether the account is a bot; only ever present on `receiver`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub is_bot: Option<bool>,
    /// Whether the person has Telegram Premium.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub is_premium: Option<bool>,
    /// Whether the person added the bot to the attachment menu.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub added_to_attachment_menu: Option<bool>,
    /// Whether the bot may write to the person.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub allows_write_to_pm: Option<bool>,
    /// The address of the profile photo.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub photo_url: Option<Text<'a>>,
}

impl<'a> FromObject<'a> for WebAppUser<'a> {
    fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (mut id, mut first_name) = (None, None);
        let (mut last_name, mut username, mut language_code, mut photo_url) =
            (None, None, None, None);
        let (mut is_bot, mut is_premium) = (None, None);
        let (mut added_to_attachment_menu, mut allows_write_to_pm) = (None, None);
        reader.object(|key, value| {
            match key {
                "id" => id = Some(value.integer()?),
                "first_name" => first_name = Some(value.text()?),
                "last_name" => last_name = value.text_or_null()?,
                "username" => username = value.text_or_null()?,
                "language_code" => language_code = value.text_or_null()?,
                "is_bot" => is_bot = value.boolean_or_null()?,
                "is_premium" => is_premium = value.boolean_or_null()?,
                "added_to_attachment_menu" => added_to_attachment_menu = value.boolean_or_null()?,
                "allows_write_to_pm" => allows_write_to_pm = value.boolean_or_null()?,
                "photo_url" => photo_url = value.text_or_null()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            id: id.ok_or(Malformed::Json)?,
            first_name: first_name.ok_or(Malformed::Json)?,
            last_name,
            username,
            language_code,
            is_bot,
            is_premium,
            added_to_attachment_menu,
            allows_write_to_pm,
            photo_url,
        })
    }
}

/// Shows the id alone; the rest is personal data.
impl fmt::Debug for WebAppUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebAppUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A chat, as [`WebAppChat`](https://core.telegram.org/bots/webapps#webappchat) describes it.
///
/// It is a view of the verified data, cheap to make again.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebAppChat<'a> {
    /// The chat's id.
    pub id: i64,
    /// The kind of chat.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: ChatType<'a>,
    /// The chat's title.
    pub title: Text<'a>,
    /// The chat's user name, without `@`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub username: Option<Text<'a>>,
    /// The address of the chat's photo.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub photo_url: Option<Text<'a>>,
}

impl<'a> FromObject<'a> for WebAppChat<'a> {
    fn from_object(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (mut id, mut kind, mut title, mut username, mut photo_url) =
            (None, None, None, None, None);
        reader.object(|key, value| {
            match key {
                "id" => id = Some(value.integer()?),
                "type" => kind = Some(ChatType::from(value.text()?)),
                "title" => title = Some(value.text()?),
                "username" => username = value.text_or_null()?,
                "photo_url" => photo_url = value.text_or_null()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            id: id.ok_or(Malformed::Json)?,
            kind: kind.ok_or(Malformed::Json)?,
            title: title.ok_or(Malformed::Json)?,
            username,
            photo_url,
        })
    }
}

/// Shows id and kind alone; the title of a private chat is a person's name.
impl fmt::Debug for WebAppChat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("WebAppChat");
        shown
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The kind of a chat. Telegram adds words over time, so an unknown one is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatType<'a> {
    /// The private chat with the person who opened the link.
    Sender,
    /// A private chat.
    Private,
    /// A group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel.
    Channel,
    /// A word that this version does not know.
    Other(Text<'a>),
}

impl<'a> ChatType<'a> {
    /// Telegram's word for it.
    pub fn to_text(self) -> Text<'a> {
        match self {
            Self::Sender => Text::plain("sender"),
            Self::Private => Text::plain("private"),
            Self::Group => Text::plain("group"),
            Self::Supergroup => Text::plain("supergroup"),
            Self::Channel => Text::plain("channel"),
            Self::Other(word) => word,
        }
    }
}

impl<'a> From<Text<'a>> for ChatType<'a> {
    fn from(word: Text<'a>) -> Self {
        let known = match word.to_cow().as_ref() {
            "sender" => Some(Self::Sender),
            "private" => Some(Self::Private),
            "group" => Some(Self::Group),
            "supergroup" => Some(Self::Supergroup),
            "channel" => Some(Self::Channel),
            _ => None,
        };
        known.unwrap_or(Self::Other(word))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ChatType<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_text().serialize(serializer)
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::PartialSchema for ChatType<'_> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::ToSchema for ChatType<'_> {}
