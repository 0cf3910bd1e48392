//! Parsed lines of an import, and their unique values.

use std::collections::HashMap;
use std::hash::Hash;

use super::ImportedUser;
use crate::service::invalid_field::MAX_TELEGRAM_ID;
use crate::service::validation::Validation;
use crate::service::{Field, InvalidFieldReason, Region};
use crate::store::UserKeys;
use crate::types::{Email, ExternalId, Phone, TelegramId, User, UserId};

/// A parsed line, with its errors.
pub(super) struct Line<'a> {
    pub(super) imported: &'a ImportedUser,
    pub(super) full_name: Option<String>,
    pub(super) phone: Option<Phone>,
    pub(super) email: Option<Email>,
    pub(super) telegram_id: Option<TelegramId>,
    pub(super) external_id: Option<ExternalId>,
    pub(super) validation: Validation,
}

impl<'a> Line<'a> {
    pub(super) fn parse(imported: &'a ImportedUser, region: Region, lines: &mut KeyLines) -> Self {
        let mut validation = Validation::default();
        let name = Some(imported.full_name.trim()).filter(|name| !name.is_empty());
        let full_name = name.and_then(|typed| validation.full_name(typed));
        let phone = imported.phone.as_deref();
        let phone = phone.and_then(|typed| validation.phone(typed, region));
        let email = imported.email.as_deref();
        let email = email.and_then(|typed| validation.email(typed));
        let external_id = imported.external_id.as_deref();
        let external_id = external_id.and_then(|typed| validation.external_id(typed));
        let telegram_id = imported.telegram_id.filter(|id| {
            let is_valid = (1..=MAX_TELEGRAM_ID).contains(&id.0);
            if !is_valid {
                validation.reject(Field::TelegramId, InvalidFieldReason::TelegramId);
            }
            is_valid
        });
        let line = imported.line;
        for (field, first) in [
            (
                Field::Phone,
                first_with(&mut lines.phones, phone.as_ref(), line),
            ),
            (
                Field::Email,
                first_with(&mut lines.emails, email.as_ref(), line),
            ),
            (
                Field::TelegramId,
                first_with(&mut lines.telegram_ids, telegram_id.as_ref(), line),
            ),
            (
                Field::ExternalId,
                first_with(&mut lines.external_ids, external_id.as_ref(), line),
            ),
        ] {
            if let Some(line) = first {
                validation.reject(field, InvalidFieldReason::SameAsLine { line });
            }
        }
        Self {
            imported,
            full_name,
            phone,
            email,
            telegram_id,
            external_id,
            validation,
        }
    }

    pub(super) fn keys(&self) -> UniqueKeys<'_> {
        UniqueKeys {
            phone: self.phone.as_ref(),
            email: self.email.as_ref(),
            telegram_id: self.telegram_id.as_ref(),
            external_id: self.external_id.as_ref(),
        }
    }
}

/// The unique values of a line or a user.
#[derive(Clone, Copy)]
pub(super) struct UniqueKeys<'a> {
    phone: Option<&'a Phone>,
    email: Option<&'a Email>,
    telegram_id: Option<&'a TelegramId>,
    external_id: Option<&'a ExternalId>,
}

impl UniqueKeys<'_> {
    /// Returns `true` if a user does not have the value of this field.
    pub(super) fn differs(self, field: Field, user: &User) -> bool {
        let other = UniqueKeys::from(user);
        match field {
            Field::Phone => self.phone != other.phone,
            Field::Email => self.email != other.email,
            Field::ExternalId => self.external_id != other.external_id,
            _ => self.telegram_id != other.telegram_id,
        }
    }
}

impl<'a> From<&'a User> for UniqueKeys<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            phone: user.phone.as_ref(),
            email: user.email.as_ref(),
            telegram_id: user.telegram_id.as_ref(),
            external_id: user.external_id.as_ref(),
        }
    }
}

/// The lines of unique values.
#[derive(Default)]
pub(super) struct KeyLines {
    phones: HashMap<Phone, u64>,
    emails: HashMap<Email, u64>,
    telegram_ids: HashMap<TelegramId, u64>,
    external_ids: HashMap<ExternalId, u64>,
}

impl KeyLines {
    pub(super) fn keys(&self) -> UserKeys {
        let mut keys = UserKeys::default();
        keys.phones = self.phones.keys().cloned().collect();
        keys.emails = self.emails.keys().cloned().collect();
        keys.telegram_ids = self.telegram_ids.keys().copied().collect();
        keys.external_ids = self.external_ids.keys().cloned().collect();
        keys
    }
}

/// Records the line of a value, or returns an earlier line with the same value.
fn first_with<K: Clone + Eq + Hash>(
    lines: &mut HashMap<K, u64>,
    value: Option<&K>,
    line: u64,
) -> Option<u64> {
    let value = value?;
    if let Some(first) = lines.get(value) {
        return Some(*first);
    }
    lines.insert(value.clone(), line);
    None
}

/// The stored users with a unique value of the list.
#[derive(Default)]
pub(super) struct StoredUsers {
    users: HashMap<UserId, User>,
    phones: HashMap<Phone, UserId>,
    emails: HashMap<Email, UserId>,
    telegram_ids: HashMap<TelegramId, UserId>,
    external_ids: HashMap<ExternalId, UserId>,
}

impl StoredUsers {
    pub(super) fn new(found: Vec<User>) -> Self {
        let mut stored = Self::default();
        for user in found {
            let phone = user.phone.clone().map(|phone| (phone, user.id));
            stored.phones.extend(phone);
            let email = user.email.clone().map(|email| (email, user.id));
            stored.emails.extend(email);
            let telegram_id = user.telegram_id.map(|id| (id, user.id));
            stored.telegram_ids.extend(telegram_id);
            let external_id = user.external_id.clone().map(|id| (id, user.id));
            stored.external_ids.extend(external_id);
            stored.users.insert(user.id, user);
        }
        stored
    }

    /// Returns the user that a line describes, and the field that identifies the user. A user with
    /// another external id than the line is another person.
    pub(super) fn described_by(&self, line: &Line<'_>) -> Option<(&User, Field)> {
        let mut holders = self.holders(line.keys()).filter(|(field, holder)| {
            let user = self.users.get(holder);
            let stored = user.and_then(|user| user.external_id.as_ref());
            let is_other =
                stored.is_some_and(|id| line.external_id.as_ref().is_some_and(|own| own != id));
            *field != Field::TelegramId && !is_other
        });
        let (field, id) = holders.next()?;
        Some((self.users.get(&id)?, field))
    }

    /// Returns the stored users with one of these values, and the field of each value, in the order in
    /// which they identify a user.
    pub(super) fn holders(&self, keys: UniqueKeys<'_>) -> impl Iterator<Item = (Field, UserId)> {
        fn holder<K: Eq + Hash>(users: &HashMap<K, UserId>, key: Option<&K>) -> Option<UserId> {
            users.get(key?).copied()
        }
        [
            (
                Field::ExternalId,
                holder(&self.external_ids, keys.external_id),
            ),
            (Field::Phone, holder(&self.phones, keys.phone)),
            (Field::Email, holder(&self.emails, keys.email)),
            (
                Field::TelegramId,
                holder(&self.telegram_ids, keys.telegram_id),
            ),
        ]
        .into_iter()
        .filter_map(|(field, holder)| Some((field, holder?)))
    }
}
