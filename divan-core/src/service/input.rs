//! Turns what was typed into checked values, and collects everything that is wrong with it.

use super::{Region, ServiceError, parse_phone};
use crate::api::MemberError;
use crate::password::{Password, PasswordPolicy};
use crate::secret::Secret;
use crate::types::{Email, Phone, Role, User};

/// The longest name of a person, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Checks the new password of this user, which stands in the member `pointer`, by the rules for the user's role.
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
        let name = typed.trim();
        let valid = (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
        if valid {
            return Some(name.to_owned());
        }
        self.wrong(
            "/full_name",
            format!("must have 1 to {MAX_NAME_CHARS} characters, none of them a control character"),
        );
        None
    }

    /// A role signs in with one of the two.
    pub(super) fn sign_in_name(&mut self, role: Role, has_phone: bool, has_email: bool) {
        match role {
            Role::Employee if !has_phone => self.wrong("/phone", "is missing: an employee signs in with it"),
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
        parsed.map_err(|error| self.wrong(pointer, error.to_string())).ok()
    }
}
