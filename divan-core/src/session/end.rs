use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

macro_rules! end_reasons {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal;)*) => {
        /// Reason why a session was ended before its expiry.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EndReason {
            $($(#[doc = $doc])* $variant,)*
        }

        impl EndReason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The reason's name in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for EndReason {
            type Err = UnknownEndReason;

            fn from_str(text: &str) -> Result<Self, UnknownEndReason> {
                match text { $($word => Ok(Self::$variant),)* _ => Err(UnknownEndReason) }
            }
        }
    };
}

end_reasons! {
    /// The user signed out, here or from another session.
    SignedOut = "signed_out";
    /// An administrator signed the user out.
    SignedOutByAdmin = "signed_out_by_admin";
    /// The user changed the password.
    PasswordChanged = "password_changed";
    /// An administrator reset the password.
    PasswordReset = "password_reset";
    /// The user was deactivated.
    Deactivated = "deactivated";
    /// The role of the user changed.
    RoleChanged = "role_changed";
    /// The user's Telegram account was unlinked.
    TelegramUnlinked = "telegram_unlinked";
    /// A replaced token was used again.
    TokenReuse = "token_reuse";
    /// The user had too many sessions.
    Limit = "limit";
    /// An auto-login with the same init data began another session.
    Replaced = "replaced";
    /// The own password was entered wrong too often in the session.
    WrongPassword = "wrong_password";
}

/// Error of an unknown end reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown end reason of a session")]
pub struct UnknownEndReason;

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Time and reason of a session's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEnd {
    /// Time of the end.
    pub at: OffsetDateTime,
    /// Reason of the end.
    pub reason: EndReason,
}

impl SessionEnd {
    /// Combines a time and a reason.
    pub fn new(at: OffsetDateTime, reason: EndReason) -> Self {
        Self { at, reason }
    }
}
