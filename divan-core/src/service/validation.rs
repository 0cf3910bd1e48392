//! Validation of commands and queries: parses their fields and collects all errors.

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{
    AuthService, Field, InvalidField, InvalidFieldReason, Region, ServiceError, parse_phone,
};
use crate::characters::{breaks_line, changes_direction, hides, is_invisible};
use crate::password::{Password, PasswordPolicy};
use crate::secret::Secret;
use crate::types::{Email, ExternalId, Metadata, Phone, Role, User};

/// The maximum length of a user's name, in characters.
const MAX_NAME_CHARS: usize = 200;

/// The maximum length of the name of a passkey, in characters.
#[cfg(feature = "passkeys")]
const MAX_PASSKEY_NAME_CHARS: usize = 64;

/// The maximum length of the name of a service credential, in characters.
const MAX_SERVICE_NAME_CHARS: usize = 100;

/// The maximum length of the description of a webhook, in characters.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// The maximum number of combining marks on a letter of a name.
const MAX_MARKS: usize = 4;

impl AuthService {
    /// Checks the new password of a user by the rules for the user's role.
    pub(super) fn check_new_password(
        &self,
        field: Field,
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
        let details: Vec<&str> = details.into_iter().flatten().collect();
        policy
            .check(password, &details, &self.parts.blocklist)
            .map_err(|reason| ServiceError::WeakPassword { field, reason })
    }
}

/// Returns `true` for more combining marks on one letter than any orthography uses: they cover other
/// text.
fn has_stacked_marks(name: &str) -> bool {
    let mut marks = 0;
    name.nfd().any(|c| {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        marks > MAX_MARKS
    })
}

/// The errors of a command or query, so that all of them are returned in one report.
#[derive(Debug, Default)]
pub(super) struct Validation {
    errors: Vec<InvalidField>,
}

impl Validation {
    pub(super) fn email(&mut self, typed: &str) -> Option<Email> {
        self.parsed(Field::Email, typed.parse::<Email>())
    }

    pub(super) fn phone(&mut self, typed: &str, region: Region) -> Option<Phone> {
        self.parsed(Field::Phone, parse_phone(typed, region))
    }

    pub(super) fn external_id(&mut self, typed: &str) -> Option<ExternalId> {
        self.parsed(Field::ExternalId, typed.parse::<ExternalId>())
    }

    pub(super) fn metadata(&mut self, members: &Map<String, Value>) -> Option<Metadata> {
        self.parsed(Field::Metadata, Metadata::new(members.clone()))
    }

    pub(super) fn password(&mut self, field: Field, typed: &Secret) -> Option<Password> {
        let password = Password::new(typed).map_err(|_| match typed.expose() {
            "" => InvalidFieldReason::Empty,
            _ => InvalidFieldReason::TooLong {
                max: Password::MAX_CHARS,
            },
        });
        self.parsed(field, password)
    }

    pub(super) fn full_name(&mut self, typed: &str) -> Option<String> {
        self.parsed(Field::FullName, name(typed, MAX_NAME_CHARS))
    }

    #[cfg(feature = "passkeys")]
    pub(super) fn passkey_name(&mut self, typed: &str) -> Option<String> {
        self.parsed(Field::Name, name(typed, MAX_PASSKEY_NAME_CHARS))
    }

    pub(super) fn service_name(&mut self, typed: &str) -> Option<String> {
        self.parsed(Field::Name, name(typed, MAX_SERVICE_NAME_CHARS))
    }

    pub(super) fn description(&mut self, typed: &str) -> Option<String> {
        self.parsed(Field::Description, name(typed, MAX_DESCRIPTION_CHARS))
    }

    /// Requires the field that users of the role sign in with.
    pub(super) fn require_login_field(&mut self, role: Role, has_phone: bool, has_email: bool) {
        let (field, is_given) = match role {
            Role::Employee => (Field::Phone, has_phone),
            Role::Admin => (Field::Email, has_email),
        };
        if !is_given {
            self.reject(field, InvalidFieldReason::RequiredForRole(role));
        }
    }

    pub(super) fn reject(&mut self, field: Field, reason: impl Into<InvalidFieldReason>) {
        self.errors.push(InvalidField::new(field, reason));
    }

    pub(super) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    pub(super) fn into_error(self) -> ServiceError {
        ServiceError::Invalid(self.errors)
    }

    pub(super) fn into_errors(self) -> Vec<InvalidField> {
        self.errors
    }

    pub(super) fn parsed<T>(
        &mut self,
        field: Field,
        parsed: Result<T, impl Into<InvalidFieldReason>>,
    ) -> Option<T> {
        parsed.map_err(|reason| self.reject(field, reason)).ok()
    }
}

fn name(typed: &str, max: usize) -> Result<String, InvalidFieldReason> {
    let name = typed.trim();
    if name.is_empty() {
        Err(InvalidFieldReason::Empty)
    } else if name.chars().count() > max {
        Err(InvalidFieldReason::TooLong { max })
    } else if name.contains(breaks_line) {
        Err(InvalidFieldReason::ControlCharacter)
    } else if name.contains(changes_direction) {
        Err(InvalidFieldReason::TextDirection)
    } else if name.contains(hides) || name.chars().all(is_invisible) {
        Err(InvalidFieldReason::Invisible)
    } else if has_stacked_marks(name) {
        Err(InvalidFieldReason::CombiningMarks)
    } else {
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_visible_and_has_one_reading() {
        for name in [
            "Әлия",
            " José ",
            "O’Neil",
            "אבג",
            "نام\u{200C}ه",
            "👩\u{200D}🚀",
            "❤\u{FE0F}",
            "Nguyễn Thị Ế",
        ] {
            assert_eq!(
                Validation::default().full_name(name).as_deref(),
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
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{61C}b",
            "\u{200F}אבג",
            "a\u{200E}b",
            "a\0b",
            "a\u{200B}b",
            "a\u{FEFF}",
            "a\u{AD}b",
            "a\u{3164}b",
            "a\u{E0041}",
            "a\u{300}\u{300}\u{300}\u{300}\u{300}",
        ] {
            assert_eq!(Validation::default().full_name(name), None, "{name:?}");
        }
    }
}
