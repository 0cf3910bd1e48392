use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;

macro_rules! end_reasons {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal;)*) => {
        /// Why a session was ended before its time.
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
    /// The user has a new password.
    PasswordChanged = "password_changed";
    /// An administrator gave the user another password.
    PasswordReset = "password_reset";
    /// The user was deactivated.
    Deactivated = "deactivated";
    /// The user has another role.
    RoleChanged = "role_changed";
    /// The user's Telegram account was unlinked.
    TelegramUnlinked = "telegram_unlinked";
    /// Two parties held tokens of the session.
    TokenReuse = "token_reuse";
    /// The user signed in elsewhere too often.
    Limit = "limit";
}

/// The text names no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such reason for the end of a session")]
pub struct UnknownEndReason;

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When and why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEnd {
    /// When.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: EndReason,
}
