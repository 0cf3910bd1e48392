//! The differences that an import would make.

use divan_core::service::{CheckedImport, UserChange};
use divan_core::types::User;

use super::output;

/// Prints what an import would do: each change of a user, and the numbers of users.
pub(super) fn print(checked: &CheckedImport, is_update: bool) {
    let added = format!(
        "{} would be added, {} of them with a generated password",
        users(checked.new_users().len()),
        checked.without_hash()
    );
    if !is_update {
        output::line(&added);
        return;
    }
    for change in checked.changes() {
        output::line(&difference(change));
    }
    for new in checked.new_users() {
        output::line(&format!("new: {}", identity(&new.user)));
    }
    output::line(&format!(
        "{added}; {} would be changed, {} unchanged",
        users(checked.changes().len()),
        checked.unchanged()
    ));
}

/// Returns the number of users in words.
pub(super) fn users(number: usize) -> String {
    match number {
        1 => "1 user".to_owned(),
        number => format!("{number} users"),
    }
}

/// Describes the change of a user in one line.
fn difference(change: &UserChange) -> String {
    let UserChange {
        line,
        before,
        after,
        ..
    } = change;
    let values = change.fields().into_iter().map(|field| {
        let (before, after) = (value(before, field), value(after, field));
        format!("{field} {before} -> {after}")
    });
    let mut parts: Vec<String> = values.collect();
    if change.ends_sessions() {
        parts.push("ends all sessions".to_owned());
    }
    format!("line {line}: {}: {}", identity(before), parts.join(", "))
}

/// Returns the name of a user, with the phone number or e-mail address.
fn identity(user: &User) -> String {
    let phone = user.phone.as_ref().map(ToString::to_string);
    let contact = phone.or(user.email.as_ref().map(ToString::to_string));
    let contact = contact.unwrap_or_else(|| user.id.to_string());
    format!("{contact} {:?}", user.full_name)
}

/// Returns the value of a changed field.
fn value(user: &User, field: &str) -> String {
    let value = match field {
        "full_name" => Some(format!("{:?}", user.full_name)),
        "phone" => user.phone.as_ref().map(ToString::to_string),
        "email" => user.email.as_ref().map(ToString::to_string),
        "role" => Some(user.role.to_string()),
        "is_active" => Some(if user.is_active { "yes" } else { "no" }.to_owned()),
        "external_id" => user.external_id.as_ref().map(ToString::to_string),
        "telegram_id" => user.telegram_id.map(|id| id.to_string()),
        _ => None,
    };
    value.unwrap_or_else(|| "none".to_owned())
}
