use std::borrow::Cow;
use std::io::{self, Write};

use divan_core::secret::Secret;
use divan_core::types::User;

use super::escape::escape;

/// Writes the first line of a list that an import can read.
pub(crate) fn write_columns(to: &mut impl Write) -> io::Result<()> {
    write_record(
        to,
        &[
            "phone",
            "email",
            "name",
            "role",
            "active",
            "telegram_id",
            "external_id",
        ],
    )
}

pub(crate) fn write_user(to: &mut impl Write, user: &User, is_raw: bool) -> io::Result<()> {
    let active = if user.is_active { "yes" } else { "no" };
    let text = |text| {
        if is_raw {
            Cow::Borrowed(text)
        } else {
            escape(text)
        }
    };
    let telegram_id = user.telegram_id.map(|id| id.to_string());
    let cells = [
        phone(user),
        &text(email(user)),
        &text(&user.full_name),
        user.role.as_str(),
        active,
        telegram_id.as_deref().unwrap_or_default(),
        &text(user.external_id.as_ref().map_or("", AsRef::as_ref)),
    ];
    write_record(to, &cells)
}

/// Writes the generated passwords.
pub(crate) fn write_passwords<'u>(
    to: &mut impl Write,
    users: impl Iterator<Item = (&'u User, &'u Secret)>,
) -> io::Result<()> {
    write_record(to, &["phone", "email", "name", "password"])?;
    for (user, password) in users {
        let (email, name) = (escape(email(user)), escape(&user.full_name));
        write_record(to, &[phone(user), &email, &name, password.expose()])?;
    }
    to.flush()
}

fn write_record(to: &mut impl Write, cells: &[&str]) -> io::Result<()> {
    let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| quoted(cell)).collect();
    writeln!(to, "{}", cells.join(","))
}

/// Quotes a cell that contains a separator. Spreadsheets of some countries separate by semicolons, and
/// would run a formula after the semicolon of a text.
fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', ';', '"', '\t', '\r', '\n']) {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

fn phone(user: &User) -> &str {
    user.phone.as_ref().map_or("", AsRef::as_ref)
}

fn email(user: &User) -> &str {
    user.email.as_ref().map_or("", AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_a_separator_of_any_country_is_quoted() {
        for (cell, expected) in [
            ("First Last", "First Last"),
            ("", ""),
            ("Last, First", "\"Last, First\""),
            ("a;=1", "\"a;=1\""),
            ("a\t=1", "\"a\t=1\""),
            ("the \"first\"", "\"the \"\"first\"\"\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
