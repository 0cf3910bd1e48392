use super::InvalidEventPosition;
use crate::password::UnusableHash;
use crate::store::InvalidSearch;
use crate::types::{
    ExternalId, InvalidAddressRange, InvalidEmail, InvalidExternalId, InvalidMetadata,
    InvalidPhone, Role,
};
use crate::webhook::target::InvalidWebhookUrl;

/// The maximum id of a Telegram user: 52 bits.
pub(super) const MAX_TELEGRAM_ID: i64 = (1 << 52) - 1;

/// A field of a command or query, and the rule that its value breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
#[non_exhaustive]
pub struct InvalidField {
    /// The field.
    pub field: Field,
    /// The rule.
    pub reason: InvalidFieldReason,
}

impl InvalidField {
    /// Creates the error of one field.
    pub fn new(field: Field, reason: impl Into<InvalidFieldReason>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }
}

named_enum! {
    /// The validated fields of all commands and queries.
    pub enum Field {
        /// The addresses from which a service credential is accepted.
        AllowedAddresses = "allowed_addresses",
        /// The cursor of a list.
        Cursor = "cursor",
        /// The current password, in a change of the password.
        CurrentPassword = "current_password",
        /// The text for administrators of a webhook.
        Description = "description",
        /// The e-mail address.
        Email = "email",
        /// The expiry of a service credential.
        ExpiresAt = "expires_at",
        /// The user's id in another system.
        ExternalId = "external_id",
        /// The name of the user.
        FullName = "full_name",
        /// The user's right to sign in.
        IsActive = "is_active",
        /// The size of a page.
        Limit = "limit",
        /// The attributes of a user for the application.
        Metadata = "metadata",
        /// The name of a passkey or a service credential.
        Name = "name",
        /// The new password, in a change of the password.
        NewPassword = "new_password",
        /// The password.
        Password = "password",
        /// The hash of a password, in an import.
        PasswordHash = "password_hash",
        /// The phone number.
        Phone = "phone",
        /// The time for which the previous secret of a service credential stays valid.
        PreviousExpiresIn = "previous_expires_in",
        /// The search terms of a list.
        Query = "query",
        /// The role.
        Role = "role",
        /// The permissions of a service credential.
        Scopes = "scopes",
        /// The linked Telegram account, in an import.
        TelegramId = "telegram_id",
        /// The audited action that a list is filtered by.
        Action = "action",
        /// The types of events of a webhook.
        Types = "types",
        /// The URL of a webhook.
        Url = "url",
        /// The place in the log of events.
        After = "after",
        /// The time from which events are read.
        Since = "since",
        /// The type of events that a list is filtered by.
        Type = "type",
    }
}

/// The rules for the fields of commands and queries.
///
/// The text of a reason follows the name of the field: "phone must not be empty".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFieldReason {
    /// Users of the role sign in with this field.
    #[error("is required for the role {0}")]
    RequiredForRole(Role),
    /// The value is empty.
    #[error("must not be empty")]
    Empty,
    /// The value is too long.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The maximum number of characters.
        max: usize,
    },
    /// The list is too long.
    #[error("must have at most {max} entries")]
    TooMany {
        /// The maximum number of entries.
        max: usize,
    },
    /// The text is neither an IP address nor a network.
    #[error(transparent)]
    AddressRange(#[from] InvalidAddressRange),
    /// This version has no such scope.
    #[error("must contain known scopes only")]
    UnknownScope,
    /// The time is not in the future.
    #[error("must be in the future")]
    Past,
    /// The value contains a control character.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// The name has no visible character, or contains one that is never displayed.
    #[error("must contain visible characters only")]
    Invisible,
    /// The name contains a letter with more than four combining marks.
    #[error("must have at most four combining marks on a letter")]
    CombiningMarks,
    /// The name contains a character that changes the order in which it is displayed.
    #[error("must not contain characters that change the direction of text")]
    TextDirection,
    /// The text is not a valid e-mail address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// The text is not a valid phone number.
    #[error(transparent)]
    Phone(#[from] InvalidPhone),
    /// The metadata is not an object, or too large.
    #[error(transparent)]
    Metadata(#[from] InvalidMetadata),
    /// The hash cannot be verified.
    #[error(transparent)]
    PasswordHash(#[from] UnusableHash),
    /// The search terms cannot be used.
    #[error(transparent)]
    Search(#[from] InvalidSearch),
    /// The number is out of range.
    #[error("must be from {min} to {max}")]
    OutOfRange {
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
    },
    /// The cursor belongs to another list, or to the same list with other filters.
    #[error("must be a `next_cursor` of this list, with the same filters")]
    Cursor,
    /// The text is not a place in the log of events.
    #[error(transparent)]
    EventPosition(#[from] InvalidEventPosition),
    /// The place in the log of events is given in another way.
    #[error("must be absent with `after`")]
    WithAfter,
    /// This version has no such action.
    #[error("is not a known action")]
    UnknownAction,
    /// There is no event of this type.
    #[error("must name known types of events")]
    UnknownEventType,
    /// The URL cannot be the one of a webhook.
    #[error(transparent)]
    WebhookUrl(#[from] InvalidWebhookUrl),
    /// Administrators cannot change this field of their own account.
    #[error("cannot be changed for your own account")]
    OwnAccount,
    /// Passwords that are set for an administrator are generated.
    #[error("must be absent for the role admin: a password is generated")]
    GeneratedOnly,
    /// Another user has this value.
    #[error("belongs to another user")]
    Taken,
    /// An earlier line of the import has the same value.
    #[error("is the same as on line {line}")]
    SameAsLine {
        /// The earlier line.
        line: u64,
    },
    /// An earlier line of the import changes the user with this value.
    #[error("belongs to the user of line {line}")]
    SameUserAsLine {
        /// The earlier line.
        line: u64,
    },
    /// The number is not the id of a Telegram user.
    #[error("must be the id of a Telegram user: from 1 to {}", MAX_TELEGRAM_ID)]
    TelegramId,
    /// The user is linked to another Telegram account. Unlinking it resets the password.
    #[error("differs from the linked Telegram account: unlink it first")]
    LinkedToAnother,
    /// An employee becomes an administrator with a generated password only.
    #[error("cannot be changed from employee to admin: promote the user")]
    PromotionRequired,
    /// The change would leave no active administrator.
    #[error("cannot be changed: no active administrator would be left")]
    LastAdmin,
}

impl From<InvalidExternalId> for InvalidFieldReason {
    fn from(invalid: InvalidExternalId) -> Self {
        match invalid {
            InvalidExternalId::Empty => Self::Empty,
            InvalidExternalId::TooLong => Self::TooLong {
                max: ExternalId::MAX_CHARS,
            },
            InvalidExternalId::ControlCharacter => Self::ControlCharacter,
        }
    }
}
