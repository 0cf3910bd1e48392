//! Cursors of lists: accepted in their canonical form, and by the list that they belong to.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan_core::password::PasswordHash;
use divan_core::service::{
    Admin, AuthService, ClientInfo, ListAuditEventsQuery, ListUsersQuery, ServiceError,
};
use divan_core::store::{Account, MemoryStore, NewUser, UserStore};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{AuditAction, AuditEvent, AuditId, Role, User, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

/// Number of users, and of audit events.
const ITEMS: u128 = 20;
/// Size of a page.
const LIMIT: u32 = 3;
/// Number of lists that [`Lists::page`] distinguishes.
const LISTS: usize = 4;

/// Ids of all items, newest first, and the tag of each list, the first bytes of its cursors.
struct Lists {
    service: AuthService,
    ids: Vec<Uuid>,
    tags: [[u8; 4]; LISTS],
}

/// Fuzzes the cursor of a list, as received and as the position of any id. The first byte selects the
/// list.
pub fn cursors(bytes: &[u8]) {
    static STATE: OnceLock<Lists> = OnceLock::new();
    let lists = STATE.get_or_init(Lists::new);
    let Some((&first, rest)) = bytes.split_first() else {
        return;
    };
    let list = usize::from(first) % LISTS;
    if let Ok(text) = str::from_utf8(rest) {
        lists.check(list, text);
    }
    if let Some(id) = rest.first_chunk::<16>() {
        for tag in lists.tags {
            let text = URL_SAFE_NO_PAD.encode([tag.as_slice(), id].concat());
            lists.check(list, &text);
        }
    }
}

impl Lists {
    fn new() -> Self {
        let store = MemoryStore::new();
        let ids: Vec<Uuid> = (1..=ITEMS)
            .map(|n| Uuid::from_u128(u128::MAX / ITEMS * n))
            .collect();
        let new: Vec<NewUser> = ids.iter().map(|&id| employee(id)).collect();
        wait(store.insert_users(&new)).unwrap();
        let service = AuthService::builder(
            Arc::new(store),
            &SecretKey::new([7; 32]).unwrap(),
            "https://sec.example.com",
            Audiences::new("divan.example.com", "sec.example.com").unwrap(),
        )
        .build();
        let mut lists = Self {
            service,
            ids: ids.into_iter().rev().collect(),
            tags: [[0; 4]; LISTS],
        };
        lists.tags = std::array::from_fn(|list| {
            let (_, next) = lists.page(list, None).unwrap();
            let bytes = URL_SAFE_NO_PAD.decode(next.unwrap()).unwrap();
            *bytes.first_chunk().unwrap()
        });
        lists
    }

    /// Returns the ids of a page and the cursor of the next one.
    fn page(
        &self,
        list: usize,
        cursor: Option<&str>,
    ) -> Result<(Vec<Uuid>, Option<String>), ServiceError> {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        let cursor = cursor.map(|text| text.to_owned().into());
        if list == 0 {
            let mut query = ListAuditEventsQuery::default();
            (query.limit, query.cursor) = (Some(LIMIT), cursor);
            let page = wait(admin.list_audit_events(&query))?;
            let ids = page.items.iter().map(|event| event.id.0).collect();
            return Ok((ids, page.next_cursor.map(String::from)));
        }
        let mut query = ListUsersQuery::default();
        (query.limit, query.cursor) = (Some(LIMIT), cursor);
        match list {
            1 => {}
            2 => query.role = Some(Role::Employee),
            _ => query.query = Some("user".to_owned()),
        }
        let page = wait(admin.list_users(&query))?;
        let ids = page.items.iter().map(|user| user.id.0).collect();
        Ok((ids, page.next_cursor.map(String::from)))
    }

    /// Compares a page with the one that the cursor means.
    fn check(&self, list: usize, text: &str) {
        let expected = self.position(list, text);
        match (self.page(list, Some(text)), expected) {
            (Ok((ids, next)), Some(id)) => {
                let mut after = self.ids.iter().copied().filter(|other| *other < id);
                let expected: Vec<Uuid> = after.by_ref().take(LIMIT as usize).collect();
                assert_eq!(ids, expected, "{text}");
                assert_eq!(next.is_some(), after.next().is_some(), "{text}");
                let next = next.map(|next| self.position(list, &next).unwrap());
                assert!(next.is_none() || next == ids.last().copied(), "{text}");
            }
            (Err(ServiceError::Invalid(fields)), None) => assert_eq!(fields.len(), 1, "{text}"),
            (page, id) => panic!("{page:?} instead of the page after {id:?}: {text}"),
        }
    }

    /// Returns the id in a cursor of the list.
    fn position(&self, list: usize, text: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let id = bytes.strip_prefix(&self.tags[list])?.try_into().ok()?;
        (URL_SAFE_NO_PAD.encode(&bytes) == text).then(|| Uuid::from_bytes(id))
    }
}

fn employee(id: Uuid) -> NewUser {
    let now = OffsetDateTime::UNIX_EPOCH;
    let user = User::new(UserId(id), Role::Employee, "User", now);
    let event = AuditEvent::new(AuditId(id), now, AuditAction::UserCreated, Some(UserId(id)));
    NewUser::new(Account::new(user, PasswordHash::from_stored("hash")), event)
}

/// Runs a future that never waits: the store is in memory.
fn wait<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("a list in memory waits for nothing"),
    }
}
