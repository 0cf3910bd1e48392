//! Keyset pages of lists that are ordered by id, newest first.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::validation::Validation;
use super::{Field, InvalidFieldReason};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// The number of cursor bytes that identify the list and its filters.
const TAG: usize = 4;

/// A page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` after the last one.
    pub next_cursor: Option<Cursor>,
}

/// The opaque position of a page in a list.
///
/// It is valid for the list that returned it, with the same filters. The list checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of a list: its name and its filters.
pub(super) struct ListId(Sha256);

impl ListId {
    pub(super) fn new(name: &str) -> Self {
        Self(Sha256::new()).filter("list", Some(name))
    }

    /// Adds a filter. The length prefixes keep two different lists of filters apart.
    pub(super) fn filter(mut self, name: &str, value: Option<&str>) -> Self {
        for text in std::iter::once(name).chain(value) {
            self.0.update((text.len() as u64).to_be_bytes());
            self.0.update(text);
        }
        self.0.update(u64::MAX.to_be_bytes());
        self
    }

    pub(super) fn tag(self) -> ListTag {
        let hash: [u8; 32] = self.0.finalize().into();
        ListTag([hash[0], hash[1], hash[2], hash[3]])
    }
}

/// The part of a cursor that identifies the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListTag([u8; TAG]);

impl ListTag {
    /// Returns the cursor of the page after the item with this id.
    pub(super) fn cursor_after(self, last: Uuid) -> Cursor {
        Cursor(URL_SAFE_NO_PAD.encode([self.0.as_slice(), last.as_bytes()].concat()))
    }

    fn read(self, cursor: &Cursor) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).ok()?;
        let (tag, id) = bytes.split_at_checked(TAG)?;
        (tag == self.0).then(|| Uuid::from_slice(id).ok())?
    }
}

/// The validated position and size of a requested page.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRequest {
    pub(super) limit: u32,
    /// The last item of the previous page.
    pub(super) before: Option<Uuid>,
}

impl Validation {
    pub(super) fn page(
        &mut self,
        list: ListTag,
        limit: Option<u32>,
        cursor: Option<&Cursor>,
    ) -> PageRequest {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            self.reject(
                Field::Limit,
                InvalidFieldReason::OutOfRange {
                    min: 1,
                    max: MAX_LIMIT,
                },
            );
        }
        let before = cursor.and_then(|cursor| {
            let before = list.read(cursor).ok_or(InvalidFieldReason::Cursor);
            self.parsed(Field::Cursor, before)
        });
        PageRequest { limit, before }
    }
}

/// Truncates items that were read with one more than the limit, and returns the id of the last one
/// that is left if another page follows.
pub(super) fn truncate_page<T>(
    items: &mut Vec<T>,
    limit: u32,
    id: impl Fn(&T) -> Uuid,
) -> Option<Uuid> {
    if items.len() <= limit as usize {
        return None;
    }
    items.truncate(limit as usize);
    items.last().map(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(q: Option<&str>) -> ListTag {
        ListId::new("users").filter("q", q).tag()
    }

    #[test]
    fn a_cursor_is_valid_for_its_list_only() {
        let id = Uuid::from_u128(7);
        let cursor = users(Some("ivan")).cursor_after(id);
        assert_eq!(users(Some("ivan")).read(&cursor), Some(id));
        assert_eq!(users(None).read(&cursor), None);
        assert_eq!(users(Some("")).read(&cursor), None);
        let text = cursor.to_string();
        for malformed in [
            "",
            "A",
            "AAAA",
            "%",
            &text[1..],
            &format!("{text}AAAA"),
            &text.replace(&text[..1], "="),
        ] {
            let cursor = Cursor::from(malformed.to_owned());
            assert_eq!(users(Some("ivan")).read(&cursor), None, "{malformed}");
        }
    }

    #[test]
    fn list_tags_are_stable_and_distinguish_filters() {
        assert_eq!(users(Some("ivan")), users(Some("ivan")));
        let split = |a, b| ListId::new("users").filter("a", a).filter("b", b).tag();
        assert_ne!(split(Some("xb"), None), split(Some("x"), Some("")));
        assert_ne!(split(None, Some("x")), split(Some("x"), None));
    }
}
