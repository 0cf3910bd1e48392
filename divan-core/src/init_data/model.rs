use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

/// A Telegram account, as [`WebAppUser`](https://core.telegram.org/bots/webapps#webappuser) describes it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct WebAppUser<'a> {
    /// The account's id: up to 52 significant bits.
    pub id: i64,
    /// The first name, as the person chose it.
    pub first_name: Cow<'a, str>,
    /// The last name.
    pub last_name: Option<Cow<'a, str>>,
    /// The user name, without `@`. It can change hands: never identify an account by it.
    pub username: Option<Cow<'a, str>>,
    /// The language of the person's Telegram client, an IETF tag.
    pub language_code: Option<Cow<'a, str>>,
    /// Whether the account is a bot; only ever present on `receiver`.
    pub is_bot: Option<bool>,
    /// Whether the person has Telegram Premium.
    pub is_premium: Option<bool>,
    /// Whether the person added the bot to the attachment menu.
    pub added_to_attachment_menu: Option<bool>,
    /// Whether the bot may write to the person.
    pub allows_write_to_pm: Option<bool>,
    /// The address of the profile photo.
    pub photo_url: Option<Cow<'a, str>>,
}

/// A chat, as [`WebAppChat`](https://core.telegram.org/bots/webapps#webappchat) describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct WebAppChat<'a> {
    /// The chat's id.
    pub id: i64,
    /// The kind of chat.
    #[serde(rename = "type")]
    pub kind: ChatType<'a>,
    /// The chat's title.
    pub title: Cow<'a, str>,
    /// The chat's user name, without `@`.
    pub username: Option<Cow<'a, str>>,
    /// The address of the chat's photo.
    pub photo_url: Option<Cow<'a, str>>,
}

/// The kind of a chat. Telegram adds words over time, so an unknown one is no error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Cow<'_, str>")]
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
    Other(Cow<'a, str>),
}

impl<'a> From<Cow<'a, str>> for ChatType<'a> {
    fn from(word: Cow<'a, str>) -> Self {
        match word.as_ref() {
            "sender" => Self::Sender,
            "private" => Self::Private,
            "group" => Self::Group,
            "supergroup" => Self::Supergroup,
            "channel" => Self::Channel,
            _ => Self::Other(word),
        }
    }
}

/// Shows the id alone; the rest is personal data.
impl fmt::Debug for WebAppUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebAppUser").field("id", &self.id).finish_non_exhaustive()
    }
}
