use serde::{Deserialize, Serialize};

named_enum! {
    /// Reason why a session was ended before its expiry.
    #[derive(Serialize, Deserialize)]
    #[cfg_attr(
        feature = "openapi",
        derive(utoipa::ToSchema),
        schema(description = "Reason why a session was ended before its expiry.")
    )]
    #[serde(rename_all = "snake_case")]
    pub enum EndReason {
        /// The user signed out, here or from another session.
        SignedOut = "signed_out",
        /// An administrator signed the user out.
        SignedOutByAdmin = "signed_out_by_admin",
        /// The user changed the password.
        PasswordChanged = "password_changed",
        /// An administrator reset the password.
        PasswordReset = "password_reset",
        /// The user was deactivated.
        Deactivated = "deactivated",
        /// The role of the user changed.
        RoleChanged = "role_changed",
        /// The user changed their own e-mail address in another session.
        EmailChanged = "email_changed",
        /// The second factor of the user was turned on, replaced, turned off or reset.
        SecondFactorChanged = "second_factor_changed",
        /// The user's Telegram account was unlinked.
        TelegramUnlinked = "telegram_unlinked",
        /// A replaced token was used again.
        TokenReuse = "token_reuse",
        /// The user had too many sessions.
        Limit = "limit",
        /// An auto-login with the same init data began another session.
        Replaced = "replaced",
        /// A wrong current password or code was entered too often in the session.
        WrongPassword = "wrong_password",
    }

    UnknownEndReason = "unknown end reason of a session"
}
