named_enum! {
    /// The change that a message reports.
    pub enum MessageKind {
        /// A sign-in linked the Telegram account to the user.
        TelegramLinked = "telegram_linked",
        /// The user signed in on a new device.
        NewDevice = "new_device",
        /// An administrator replaced the password with a generated one.
        PasswordReset = "password_reset",
        /// The user turned the second factor on, or replaced the authenticator app.
        SecondFactorEnabled = "second_factor_enabled",
        /// The user turned the second factor off.
        SecondFactorDisabled = "second_factor_disabled",
        /// An administrator turned the second factor of the user off.
        SecondFactorReset = "second_factor_reset",
        /// The user added a passkey.
        PasskeyAdded = "passkey_added",
        /// The user removed a passkey.
        PasskeyRemoved = "passkey_removed",
        /// The user replaced all recovery codes.
        RecoveryCodesReplaced = "recovery_codes_replaced",
        /// A recovery code was used instead of a one-time code.
        RecoveryCodeUsed = "recovery_code_used",
        /// A session ended because two parties held its tokens.
        SessionStolen = "session_stolen",
    }

    UnknownMessageKind = "unknown kind of a message"
}
