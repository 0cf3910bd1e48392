use divan_core::store::{Store, StoreError, UserQuery};
use divan_core::types::Role;

use super::Finding;

const SUBJECT: &str = "second factor";

/// Maximum number of administrators that are checked.
const MAX_ADMINS: u32 = 200;

/// Counts the active administrators without a second factor. `None` if there is no administrator.
pub(super) async fn second_factors(store: &dyn Store) -> Result<Option<Finding>, StoreError> {
    let mut query = UserQuery::newest(MAX_ADMINS);
    (query.role, query.is_active) = (Some(Role::Admin), Some(true));
    let admins = store.users(&query).await?.users;
    let mut without = 0;
    for admin in &admins {
        let account = store.account(admin.id).await?;
        let lacks = account.is_some_and(|account| !account.second_factor.is_on());
        without += usize::from(lacks);
    }
    let text = format!(
        "{without} of {} active administrators have none; one stolen password is enough for each of them",
        admins.len()
    );
    Ok(match without {
        _ if admins.is_empty() => None,
        0 => Some(Finding::ok(SUBJECT, "all active administrators have one")),
        _ => Some(Finding::warning(SUBJECT, text)),
    })
}
