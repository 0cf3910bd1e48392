//! Lists of users as comma-separated values: what was read is read again after an export.

use divan_core::service::ImportedUser;
use divan_core::types::{Role, User, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::users_csv::{UserList, write_columns, write_user};

/// Fuzzes a list, and a name in a list.
pub fn user_lists(bytes: &[u8]) {
    if let Ok(list) = UserList::parse(bytes) {
        require_lines(&list, bytes);
        require_same_after_export(&list.users);
    }
    if let Ok(name) = str::from_utf8(bytes) {
        let user = ImportedUser::new(2, Role::Employee, name.trim());
        require_same_after_export(&[user]);
    }
}

/// Requires that users and errors are of the list's lines, in their order.
fn require_lines(list: &UserList, bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    let users: Vec<u64> = list.users.iter().map(|user| user.line).collect();
    let errors: Vec<u64> = list.errors(&[]).iter().map(|error| error.line).collect();
    for of_lines in [&users, &errors] {
        assert!(of_lines.is_sorted(), "{of_lines:?}");
        let is_within = |line: &u64| *line <= lines.max(2);
        assert!(of_lines.iter().all(is_within), "{of_lines:?} of {lines}");
    }
    assert!(errors.iter().all(|line| users.contains(line)));
}

/// Exports the users that could be imported, and compares them with those of the exported list.
fn require_same_after_export(imported: &[ImportedUser]) {
    let users: Vec<User> = imported.iter().filter_map(user).collect();
    let mut exported = Vec::new();
    write_columns(&mut exported).unwrap();
    for user in &users {
        write_user(&mut exported, user, false).unwrap();
    }
    let list = UserList::parse(&exported).unwrap();
    assert!(list.errors(&[]).is_empty(), "{list:?}");
    let again: Vec<User> = list.users.iter().filter_map(user).collect();
    assert_eq!(users, again, "{}", String::from_utf8_lossy(&exported));
}

/// Returns the user that an import creates, as far as a list describes it.
fn user(imported: &ImportedUser) -> Option<User> {
    let name = &imported.full_name;
    if name.is_empty() || name.trim() != name || name.chars().any(char::is_control) {
        return None;
    }
    let id = UserId(Uuid::nil());
    let role = imported.role.unwrap_or(Role::Employee);
    let mut user = User::new(id, role, name, OffsetDateTime::UNIX_EPOCH);
    user.phone = imported.phone.as_deref().and_then(|text| text.parse().ok());
    user.email = imported.email.as_deref().and_then(|text| text.parse().ok());
    user.is_active = imported.is_active.unwrap_or(true);
    user.external_id = (imported.external_id.as_deref()).and_then(|text| text.parse().ok());
    user.telegram_id = imported.telegram_id.filter(|id| id.0 > 0);
    Some(user)
}
