//! Turns what was typed into checked values, and collects everything that is wrong with it.

use super::{Region, ServiceError, parse_phone};
use crate::api::MemberError;
use crate::password::{Password, PasswordPolicy};
use crate::secret::Secret;
use crate::types::{Email, Phone, Role, User};

/// The longest name of a person, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Checks the new password of this user, which stands in the member `pointer`, by the rules for the
/// user's role.
pub(super) fn check_new_password(
    pointer: &'static str,
    password: &Password,
    user: &User,
) -> Result<(), ServiceError> {
    let policy = match user.role {
        Role::Employee => PasswordPolicy::SECOND_FACTOR,
        Role::Admin => PasswordPolicy::SINGLE_FACTOR,
    };
    let details = [
        Some(user.full_name.as_str()),
        user.phone.as_ref().map(AsRef::as_ref),
        user.email.as_ref().map(AsRef::as_ref),
    ];
    policy
        .check(password, &details.into_iter().flatten().collect::<Vec<_>>())
        .map_err(|reason| ServiceError::WeakPassword { pointer, reason })
}

/// Whether nothing is drawn for it: spaces, and what Unicode calls `Default_Ignorable_Code_Point`.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether it can make a name read as another one: overrides, embeddings and isolates of the
/// bidirectional algorithm.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Collects the errors of a request, so that all of them are told at once.
#[derive(Debug, Default)]
pub(super) struct Input {
    errors: Vec<MemberError>,
}

impl Input {
    pub(super) fn email(&mut self, typed: &str) -> Option<Email> {
        self.keep("/email", typed.parse())
    }

    pub(super) fn phone(&mut self, typed: &str, region: Region) -> Option<Phone> {
        self.keep("/phone", parse_phone(typed, region))
    }

    pub(super) fn password(&mut self, pointer: &str, typed: &Secret) -> Option<Password> {
        self.keep(pointer, Password::new(typed))
    }

    pub(super) fn full_name(&mut self, typed: &str) -> Option<String> {
        const MEMBER: &str = "/full_name";
        let name = typed.trim();
        if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.contains(char::is_control)
        {
            self.wrong(
                MEMBER,
                format!(
                    "must have 1 to {MAX_NAME_CHARS} characters, none of them a control character"
                ),
            );
        } else if name.chars().all(is_invisible) {
            self.wrong(MEMBER, "must have a character that can be seen");
        } else if name.contains(turns_text) {
            self.wrong(
                MEMBER,
                "must have no character that turns the direction of text",
            );
        } else {
            return Some(name.to_owned());
        }
        None
    }

    /// A role signs in with one of the two.
    pub(super) fn sign_in_name(&mut self, role: Role, has_phone: bool, has_email: bool) {
        match role {
            Role::Employee if !has_phone => {
                self.wrong("/phone", "is missing: an employee signs in with it")
            }
            Role::Admin if !has_email => {
                self.wrong("/email", "is missing: an administrator signs in with it");
            }
            _ => {}
        }
    }

    pub(super) fn wrong(&mut self, pointer: &str, detail: impl Into<String>) {
        self.errors.push(MemberError::new(pointer, detail));
    }

    pub(super) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// The error of the whole request.
    pub(super) fn into_error(self) -> ServiceError {
        ServiceError::Invalid(self.errors)
    }

    /// All that is wrong.
    pub(super) fn into_errors(self) -> Vec<MemberError> {
        self.errors
    }

    fn keep<T, E: std::fmt::Display>(&mut self, pointer: &str, parsed: Result<T, E>) -> Option<T> {
        parsed
            .map_err(|error| self.wrong(pointer, error.to_string()))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_seen_and_reads_one_way() {
        for name in [
            "Әлия",
            " José ",
            "O’Neil",
            "אבג",
            "نام\u{200C}ه",
            "👩\u{200D}🚀",
            "\u{200F}אבג",
        ] {
            assert_eq!(
                Input::default().full_name(name).as_deref(),
                Some(name.trim()),
                "{name:?}"
            );
        }
        for name in [
            "",
            " ",
            "\u{200B}",
            "\u{200B} \u{FEFF}\u{2060}",
            "\u{3164}",
            "\u{AD}\u{200E}",
            "a\u{202E}b",
            "\u{2066}a\u{2069}",
            "a\u{202A}",
            "a\nb",
        ] {
            assert_eq!(Input::default().full_name(name), None, "{name:?}");
        }
    }
}
