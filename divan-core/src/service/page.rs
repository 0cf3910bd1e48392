//! Pages of lists that go by id, the newest first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::validation::Validation;
use super::{Field, InvalidFieldReason};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// How many bytes of a cursor tell which list it is from.
const TAG: usize = 4;

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) limit: u32,
    /// Where the last page ended.
    pub(super) before: Option<Uuid>,
}

impl Validation {
    /// Reads which page is asked for; `filters` says of which list, with all its conditions.
    pub(super) fn page(&mut self, limit: Option<u32>, cursor: Option<&str>, filters: &str) -> Page {
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
            let before = read_cursor(filters, cursor);
            if before.is_none() {
                self.reject(Field::Cursor, InvalidFieldReason::Cursor);
            }
            before
        });
        Page { limit, before }
    }
}

/// Where a page that ends with this id ends. It says no more than the id, and goes with these
/// filters alone.
pub(super) fn cursor(filters: &str, last: Uuid) -> String {
    URL_SAFE_NO_PAD.encode([tag(filters).as_slice(), last.as_bytes()].concat())
}

/// Cuts a page that was read with one item more than it shows. Where there was one more, the next
/// page begins at the cursor of the last item that is left.
pub(super) fn truncate_page<T>(
    items: &mut Vec<T>,
    limit: u32,
    cursor_of: impl Fn(&T) -> String,
) -> Option<String> {
    if items.len() <= limit as usize {
        return None;
    }
    items.truncate(limit as usize);
    items.last().map(cursor_of)
}

fn read_cursor(filters: &str, cursor: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (given, id) = bytes.split_at_checked(TAG)?;
    (given == tag(filters)).then(|| Uuid::from_slice(id).ok())?
}

fn tag(filters: &str) -> [u8; TAG] {
    let hash: [u8; 32] = Sha256::digest(filters).into();
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_the_list_that_it_is_from() {
        let id = Uuid::from_u128(7);
        let cursor = cursor("users ivan", id);
        assert_eq!(read_cursor("users ivan", &cursor), Some(id));
        assert_eq!(read_cursor("users", &cursor), None);
        for malformed in [
            "",
            "A",
            "AAAA",
            "%",
            &cursor[1..],
            &format!("{cursor}AAAA"),
            &cursor.replace(&cursor[..1], "="),
        ] {
            assert_eq!(read_cursor("users ivan", malformed), None, "{malformed}");
        }
    }
}
