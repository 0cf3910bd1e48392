use std::borrow::Cow;
use std::io;

use csv::Writer;
use divan_core::secret::Secret;
use divan_core::types::User;

use super::escape::escape;

/// Starts a list that an import can read.
pub(crate) fn users_writer<W: io::Write>(to: W) -> io::Result<Writer<W>> {
    let mut writer = Writer::from_writer(to);
    writer.write_record([
        "phone",
        "email",
        "name",
        "role",
        "active",
        "telegram_id",
        "external_id",
    ])?;
    Ok(writer)
}

pub(crate) fn write_user<W: io::Write>(
    writer: &mut Writer<W>,
    user: &User,
    is_raw: bool,
) -> io::Result<()> {
    let active = if user.is_active { "yes" } else { "no" };
    let text = |text| {
        if is_raw {
            Cow::Borrowed(text)
        } else {
            escape(text)
        }
    };
    let telegram_id = user.telegram_id.map(|id| id.to_string());
    writer.write_record([
        phone(user),
        &text(email(user)),
        &text(&user.full_name),
        user.role.as_str(),
        active,
        telegram_id.as_deref().unwrap_or_default(),
        &text(user.external_id.as_ref().map_or("", AsRef::as_ref)),
    ])?;
    Ok(())
}

/// Writes the generated passwords.
pub(crate) fn write_passwords<'u>(
    to: impl io::Write,
    users: impl Iterator<Item = (&'u User, &'u Secret)>,
) -> io::Result<()> {
    let mut writer = Writer::from_writer(to);
    writer.write_record(["phone", "email", "name", "password"])?;
    for (user, password) in users {
        let (email, name) = (escape(email(user)), escape(&user.full_name));
        writer.write_record([phone(user), &email, &name, password.expose()])?;
    }
    writer.flush()
}

fn phone(user: &User) -> &str {
    user.phone.as_ref().map_or("", AsRef::as_ref)
}

fn email(user: &User) -> &str {
    user.email.as_ref().map_or("", AsRef::as_ref)
}
