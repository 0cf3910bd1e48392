//! Problems of refused init data and contacts.

use std::time::Duration;

use divan_core::api::{MemberError, MemberErrorCode as Code};
use divan_core::init_data::{ContactError, InitDataError};

use super::Problem;

/// Reason of refused data, for the log and the metrics. It contains no data of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The kind of data: `init_data` or `contact`.
    pub(crate) data: &'static str,
    /// The failed check.
    pub(crate) reason: &'static str,
    /// Age of data that is too old, in seconds; negative for data from the future.
    pub(crate) age_seconds: Option<i64>,
}

impl From<InitDataError> for Refusal {
    fn from(error: InitDataError) -> Self {
        Self {
            data: "init_data",
            reason: error.reason(),
            age_seconds: error.age_seconds(),
        }
    }
}

impl From<ContactError> for Refusal {
    fn from(error: ContactError) -> Self {
        Self {
            data: "contact",
            reason: error.reason(),
            age_seconds: error.age_seconds(),
        }
    }
}

impl Problem {
    pub(super) fn of_init_data(self, error: InitDataError) -> Self {
        let (code, rule) = match error {
            InitDataError::Missing => (Code::Required, "is required"),
            InitDataError::Conflict => (Code::Invalid, "must be equal to that of the header"),
            InitDataError::Expired { .. } => (Code::Invalid, "has expired"),
            InitDataError::Replayed => (Code::Invalid, "was used before"),
            InitDataError::UserMissing => (Code::Invalid, "must contain a user"),
            _ => (
                Code::Invalid,
                "must be init data that Telegram signed for this bot",
            ),
        };
        let member = MemberError::new("/init_data", code, rule);
        self.refused(&error.to_string(), member, error.into())
    }

    /// Sets the reason of init data that is too old for auto-login only. The client shows the form for
    /// the password, whatever the reason is.
    pub(super) fn of_old_init_data(mut self, age: Duration) -> Self {
        self.refusal = Some(Refusal {
            reason: "auto_login_expired",
            ..InitDataError::Expired { age }.into()
        });
        self
    }

    pub(super) fn of_contact(self, error: ContactError) -> Self {
        let (code, rule) = match error {
            ContactError::Missing => (Code::Empty, "must not be empty"),
            ContactError::Expired(_) => (Code::Invalid, "has expired"),
            ContactError::UserMismatch => {
                (Code::Invalid, "must belong to the account of the init data")
            }
            ContactError::BotMismatch => (
                Code::Invalid,
                "must be shared with the bot of the init data",
            ),
            ContactError::InvalidPhone => (Code::PhoneInvalid, "must contain a phone number"),
            _ => (
                Code::Invalid,
                "must be a response of `requestContact` that Telegram signed for this bot",
            ),
        };
        let member = MemberError::new("/contact", code, rule);
        self.refused(&error.to_string(), member, error.into())
    }

    fn refused(self, detail: &str, member: MemberError, refusal: Refusal) -> Self {
        let mut problem = self.with_detail(sentence(detail));
        if problem.body().status() < 500 {
            problem = problem.with_errors([member]);
        }
        problem.refusal = Some(refusal);
        problem
    }
}

/// Returns the text with a capital first letter and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}
