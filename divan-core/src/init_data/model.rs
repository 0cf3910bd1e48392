use super::error::Malformed;
use super::json::{FromObject, Reader};
use super::text::Text;

/// A Telegram account, as [`WebAppUser`](https://core.telegram.org/bots/webapps#webappuser)
/// describes it.
///
/// It is a view of the verified data and cheap to create. Pass on the
/// [`InitData`](super::InitData) itself where you need the proof of verification.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebAppUser<'a> {
    /// Account id, with up to 52 significant bits.
    pub id: i64,
    /// First name, as the user chose it. Empty if Telegram sends none.
    pub first_name: Text<'a>,
    /// Last name.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_name: Option<Text<'a>>,
    /// Username without `@`. Its owner can change: never identify an account by it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub username: Option<Text<'a>>,
    /// Language of the user's Telegram client, as an IETF language tag.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub language_code: Option<Text<'a>>,
    /// Marks a bot; present on `receiver` only.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub is_bot: Option<bool>,
    /// Marks a user with Telegram Premium.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub is_premium: Option<bool>,
    /// Marks a user who added the bot to the attachment menu.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub added_to_attachment_menu: Option<bool>,
    /// Permission of the bot to write to the user.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub allows_write_to_pm: Option<bool>,
    /// URL of the profile photo.
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
                "first_name" => first_name = value.text_or_null()?,
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
            first_name: first_name.unwrap_or(Text::plain("")),
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

// The rest is personal data.
redacted_debug!(WebAppUser<'_> { id });

/// A chat, as [`WebAppChat`](https://core.telegram.org/bots/webapps#webappchat) describes it.
///
/// It is a view of the verified data and cheap to create.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct WebAppChat<'a> {
    /// Chat id.
    pub id: i64,
    /// Type of the chat.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: ChatType<'a>,
    /// Title of the chat.
    pub title: Text<'a>,
    /// Username of the chat, without `@`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub username: Option<Text<'a>>,
    /// URL of the chat's photo.
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

// The title of a private chat is a user's name.
redacted_debug!(WebAppChat<'_> { id, kind });

/// Type of a chat. Telegram adds types over time, so an unknown one is not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatType<'a> {
    /// The private chat with the user who opened the link.
    Sender,
    /// A private chat.
    Private,
    /// A group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel.
    Channel,
    /// A type unknown to this version.
    Other(Text<'a>),
}

impl<'a> ChatType<'a> {
    /// Returns Telegram's name for the type.
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
