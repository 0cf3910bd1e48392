use std::borrow::Cow;
use std::fmt;

use super::error::{InitDataError, Malformed};
use super::grammar::{self, Pair};
use super::json;
use super::model::{ChatType, WebAppChat, WebAppUser};

/// Init data whose signature and age were checked. Only [`Verifier`](super::Verifier) makes it, and only what the
/// signature covers can be reached through it.
///
/// It borrows from the string it was read from; [`into_owned`](Self::into_owned) gives one that does not.
/// `Debug` shows the names of the fields and no values: the values are personal data.
#[derive(Clone)]
pub struct InitData<'a> {
    raw: Cow<'a, str>,
    /// Sorted by key, without `hash`.
    pairs: Vec<Pair>,
    auth_date: u64,
}

impl<'a> InitData<'a> {
    /// Data whose signature has passed. Every value in it has been decoded once without an error.
    pub(super) fn signed(raw: Cow<'a, str>, pairs: Vec<Pair>) -> Result<Self, Malformed> {
        let mut data = Self { raw, pairs, auth_date: 0 };
        let auth_date = data.field("auth_date").ok_or(Malformed::AuthDate)?;
        data.auth_date = grammar::parse_auth_date(&auth_date)?;
        Ok(data)
    }

    /// When Telegram signed the data, in seconds since the Unix epoch. Some clients hand out the same data for
    /// days.
    pub fn auth_date(&self) -> u64 {
        self.auth_date
    }

    /// The person who opened the Mini App.
    ///
    /// # Errors
    /// [`Malformed::Json`](super::Malformed::Json) when the signed text is not the object that Telegram documents.
    pub fn user(&self) -> Result<Option<WebAppUser<'_>>, InitDataError> {
        self.object("user")
    }

    /// The other side of the private chat that the Mini App was opened in from the attachment menu.
    ///
    /// # Errors
    /// As [`user`](Self::user).
    pub fn receiver(&self) -> Result<Option<WebAppUser<'_>>, InitDataError> {
        self.object("receiver")
    }

    /// The chat that the Mini App was opened in from the attachment menu.
    ///
    /// # Errors
    /// As [`user`](Self::user).
    pub fn chat(&self) -> Result<Option<WebAppChat<'_>>, InitDataError> {
        self.object("chat")
    }

    /// The kind of chat that the Mini App was opened from by a direct link.
    pub fn chat_type(&self) -> Option<ChatType<'_>> {
        self.field("chat_type").map(ChatType::from)
    }

    /// The chat that the Mini App was opened from by a direct link: an opaque text, larger than any integer type.
    pub fn chat_instance(&self) -> Option<Cow<'_, str>> {
        self.field("chat_instance")
    }

    /// The text that whoever made the link put into it. Signed, but chosen by a stranger: do not trust it.
    pub fn start_param(&self) -> Option<Cow<'_, str>> {
        self.field("start_param")
    }

    /// The id to answer with by `answerWebAppQuery`.
    pub fn query_id(&self) -> Option<Cow<'_, str>> {
        self.field("query_id")
    }

    /// The decoded value of any signed field, also one that this version does not know.
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        let index = self.pairs.binary_search_by(|pair| self.raw[pair.key.clone()].cmp(name)).ok()?;
        Some(self.value(&self.pairs[index]))
    }

    /// All signed fields with their decoded values, sorted by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.pairs.iter().map(|pair| (&self.raw[pair.key.clone()], self.value(pair)))
    }

    /// The same data on its own, free of the string it was read from.
    pub fn into_owned(self) -> InitData<'static> {
        InitData { raw: Cow::Owned(self.raw.into_owned()), pairs: self.pairs, auth_date: self.auth_date }
    }

    fn object<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, InitDataError> {
        self.field(name).map(|text| json::parse(&text).map_err(InitDataError::from)).transpose()
    }

    fn value(&self, pair: &Pair) -> Cow<'_, str> {
        let encoded = &self.raw[pair.value.clone()];
        if !encoded.bytes().any(|b| b == b'%' || b == b'+') {
            return Cow::Borrowed(encoded);
        }
        let mut decoded = Vec::with_capacity(encoded.len());
        let outcome = grammar::decode_into(encoded, &mut decoded);
        debug_assert!(outcome.is_ok(), "verification has decoded every value");
        Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
    }
}

impl fmt::Debug for InitData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields().map(|(name, _)| name).collect();
        f.debug_struct("InitData").field("auth_date", &self.auth_date).field("fields", &names).finish()
    }
}
