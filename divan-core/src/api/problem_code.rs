macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, $status:literal, $title:literal;)*) => {
        open_enum! {
            /// The stable code of a problem.
            pub enum ProblemCode {
                $($(#[doc = $doc])* $variant = $code,)*
            }
        }

        impl ProblemCode {
            /// The `type` of the problem: `urn:divan:problem:` followed by the code.
            pub const fn type_uri(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("urn:divan:problem:", $code),)*
                    Self::Unknown => "urn:divan:problem:unknown",
                }
            }

            /// The HTTP status of the response.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Unknown => 500 }
            }

            /// A short English title.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* Self::Unknown => "Unknown problem" }
            }
        }
    };
}

problem_codes! {
    /// The body is not JSON (or not a form), or not UTF-8.
    MalformedBody = "malformed_body", 400, "Malformed body";
    /// The header `Host` is missing, occurs twice, is not a valid host, or differs from the host in the
    /// request line.
    HostInvalid = "host_invalid", 400, "Invalid host";
    /// The request contains two different init data strings.
    InitDataConflict = "init_data_conflict", 400, "Conflicting init data";
    /// The request has no init data: no value, an empty one, or a text such as `undefined`. Open the Mini App
    /// from the menu button of the bot.
    InitDataMissing = "init_data_missing", 401, "Init data missing";
    /// The init data is not what Telegram signed for a bot of this server, contains no user, or is from the
    /// future. Send `window.Telegram.WebApp.initData` unchanged, and synchronize the server's clock.
    InitDataInvalid = "init_data_invalid", 401, "Invalid init data";
    /// The init data is too old, or was already used on a server that accepts it only once: reopen the Mini App. If that does not help, restart Telegram, because
    /// some clients (iOS, macOS, Desktop) keep old init data.
    InitDataExpired = "init_data_expired", 401, "Init data expired";
    /// The phone number, the e-mail address or the password is wrong, or the user is inactive.
    /// Employees cannot sign in to the admin panel, nor administrators to the Mini App. The response
    /// does not reveal the cause.
    InvalidCredentials = "invalid_credentials", 401, "Wrong credentials";
    /// The password is correct, and a second factor is on: send the `challenge` with a code or passkey to
    /// `POST /auth/admin/login/second-factor`, within five minutes. `methods` names the accepted members.
    SecondFactorRequired = "second_factor_required", 401, "Second factor required";
    /// The code or passkey is wrong, or was used before: ask for it again, with new options for a passkey.
    SecondFactorInvalid = "second_factor_invalid", 401, "Wrong code or passkey";
    /// The challenge is unknown, was used or has expired, or the password was changed: begin with the
    /// password again.
    SecondFactorChallengeInvalid = "second_factor_challenge_invalid", 401, "Sign-in expired";
    /// The passkey is unknown, or its signature is wrong or too old: ask for it again with new options, or
    /// sign in with the password.
    PasskeyInvalid = "passkey_invalid", 401, "Passkey not accepted";
    /// The operation needs a proof of identity of the last five minutes: `POST /auth/admin/step-up`, then
    /// send the request again. `methods` names the accepted members.
    InsufficientUserAuthentication = "insufficient_user_authentication", 401, "Proof of identity required";
    /// The request has no access token: send `Authorization: Bearer …`.
    TokenMissing = "token_missing", 401, "Access token missing";
    /// The access token was not issued by this service, or its session has ended: sign in again.
    TokenInvalid = "token_invalid", 401, "Invalid access token";
    /// The access token has expired: refresh, and send the request again.
    TokenExpired = "token_expired", 401, "Access token expired";
    /// The id or the secret of the service is wrong, it has expired, or the address is not allowed. The response
    /// does not reveal the cause.
    InvalidClient = "invalid_client", 401, "Service not accepted";
    /// The refresh token was not issued by this service, was replaced, or its session has ended:
    /// sign in again.
    RefreshTokenInvalid = "refresh_token_invalid", 401, "Invalid refresh token";
    /// Auto-login is not possible now: sign in with phone number and password.
    PasswordRequired = "password_required", 401, "Password required";
    /// The user must change the password first: `POST /auth/me/password`. Until then, the
    /// access token is accepted only by this endpoint, `GET /auth/me` and `POST /auth/logout`.
    PasswordChangeRequired = "password_change_required", 403, "Password change required";
    /// The administrator has to set up a second factor before anything else:
    /// `POST /auth/admin/me/second-factor`.
    SecondFactorEnrolmentRequired = "second_factor_enrolment_required", 403, "Second factor must be set up";
    /// The password is correct, but too old. A generated password must be changed within 72 hours. A
    /// password that an administrator chose must be used within 72 hours. Ask an administrator for a new one.
    PasswordExpired = "password_expired", 403, "Password expired";
    /// The endpoint is for administrators signed in to the admin panel.
    AdminRequired = "admin_required", 403, "Administrators only";
    /// The service has not been granted the scope that `WWW-Authenticate` names.
    InsufficientScope = "insufficient_scope", 403, "Insufficient scope";
    /// Services act on employees only: an administrator must do this.
    ServiceNotAllowed = "service_not_allowed", 403, "Not allowed for services";
    /// The bootstrap token is missing or wrong, or the server has no `DIVAN_BOOTSTRAP_TOKEN` and does not
    /// allow bootstrap without it.
    BootstrapTokenRequired = "bootstrap_token_required", 403, "Bootstrap token required";
    /// The password is correct, but the user is linked to another Telegram account. An administrator can
    /// unlink it from this user.
    TelegramAccountMismatch = "telegram_account_mismatch", 403, "Telegram account mismatch";
    /// The password is correct, but this Telegram account is linked to another user. An administrator can
    /// unlink it from that user, whom the audit event `telegram_taken` names as `actor_id`.
    TelegramAccountTaken = "telegram_account_taken", 403, "Telegram account taken";
    /// The origin of the page that sent the request is not allowed.
    OriginNotAllowed = "origin_not_allowed", 403, "Origin not allowed";
    /// The resource does not exist, or is not served on this host.
    NotFound = "not_found", 404, "Not found";
    /// The path does not support this method.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The request took too long to arrive or to be processed.
    RequestTimeout = "request_timeout", 408, "Request timed out";
    /// The first administrator already exists: sign in.
    AlreadyBootstrapped = "already_bootstrapped", 409, "First administrator already exists";
    /// Administrators cannot reset their own password, unlink their own Telegram account, or delete or unlock
    /// their own account: ask another administrator. To change your password, use `POST /auth/me/password`.
    OwnAccount = "own_account", 409, "Own account";
    /// The role of an employee cannot be changed to `admin` here: use
    /// `POST /auth/admin/users/{id}/promote`, which generates a new password.
    PromotionRequired = "promotion_required", 409, "Promotion required";
    /// The user is already an administrator.
    AlreadyAdmin = "already_admin", 409, "Already an administrator";
    /// This server requires a second administrator to approve each new one. Create an employee, and use
    /// `POST /auth/admin/users/{id}/promote`.
    ApprovalRequired = "approval_required", 409, "Approval required";
    /// You requested this promotion: another administrator must approve it.
    OtherAdministratorRequired = "other_administrator_required", 409, "Another administrator required";
    /// You have ten passkeys: remove one first.
    TooManyPasskeys = "too_many_passkeys", 409, "Too many passkeys";
    /// The passkey is registered already.
    PasskeyTaken = "passkey_taken", 409, "Passkey taken";
    /// There are 100 service credentials: delete one first.
    TooManyServices = "too_many_services", 409, "Too many service credentials";
    /// The service credential has no other valid secret: rotate it, or delete the credential.
    LastServiceSecret = "last_service_secret", 409, "Last secret";
    /// There are 20 webhooks: delete one first.
    TooManyWebhooks = "too_many_webhooks", 409, "Too many webhooks";
    /// The user has no linked Telegram account. Nothing was changed.
    TelegramNotLinked = "telegram_not_linked", 409, "No linked Telegram account";
    /// The last active administrator cannot be deactivated, deleted or made an employee. Nothing was
    /// changed.
    LastAdmin = "last_admin", 409, "Last administrator";
    /// Another user has this e-mail address.
    EmailTaken = "email_taken", 409, "E-mail address taken";
    /// Another user has this phone number.
    PhoneTaken = "phone_taken", 409, "Phone number taken";
    /// Another user has this external id.
    ExternalIdTaken = "external_id_taken", 409, "External id taken";
    /// Events after the cursor were deleted, or the database was restored from a backup. Read all users, and then the
    /// events that follow the newest one.
    CursorExpired = "cursor_expired", 410, "Cursor expired";
    /// The body exceeds the size limit.
    PayloadTooLarge = "payload_too_large", 413, "Body too large";
    /// The endpoint does not accept this media type.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported media type";
    /// The server does not answer to the host of this request. In development mode without
    /// `--expose-development`, it answers only to local hosts and to the hosts of the two public URLs. The
    /// metrics listener answers only to local hosts. Local hosts are `localhost`, names that end in
    /// `.localhost`, and loopback addresses.
    HostNotAllowed = "host_not_allowed", 421, "Host not allowed";
    /// Members of the request are invalid; `errors` lists them.
    ValidationFailed = "validation_failed", 422, "Invalid request";
    /// The shared contact is empty, for example because Telegram's script timed out. Ask the user to share it again,
    /// or to type the phone number.
    ContactMissing = "contact_missing", 422, "Contact missing";
    /// The shared contact is not what Telegram signed for a bot of this server, or its phone number is not in
    /// international format. Send the response of `requestContact` unchanged.
    ContactInvalid = "contact_invalid", 422, "Invalid contact";
    /// The shared contact is too old: ask the user to share it again.
    ContactExpired = "contact_expired", 422, "Contact expired";
    /// The shared contact belongs to another Telegram account than the init data, or was shared with
    /// another bot.
    ContactMismatch = "contact_mismatch", 422, "Contact of another account";
    /// The new password breaks a rule; `errors` names the rule.
    WeakPassword = "weak_password", 422, "Password refused";
    /// Too many attempts: do not retry before `Retry-After`. After 100 failures in a row, waiting
    /// does not help: ask an administrator to unlock the user or to reset the password. A sign-in from
    /// the linked Telegram account or a known device may still succeed. The response is the same for an
    /// account that does not exist.
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts";
    /// The request line and the headers are larger than 32 KiB in total.
    HeadersTooLarge = "headers_too_large", 431, "Headers too large";
    /// The server failed. Its log has the cause under the request id.
    Internal = "internal", 500, "Internal error";
    /// Too many requests are waiting, mostly for password hashes: retry after `Retry-After` seconds.
    Overloaded = "overloaded", 503, "Too busy";
    /// The database does not respond, or cannot be used as it is configured: retry after `Retry-After`
    /// seconds. The server's log has the cause.
    Unavailable = "unavailable", 503, "Temporarily unavailable";
    /// A dependency of the server is down; `errors` names it.
    NotReady = "not_ready", 503, "Not ready";
    /// The address of the admin panel has no passkeys: browsers require https and a host name, or
    /// `localhost`.
    PasskeysNotConfigured = "passkeys_not_configured", 503, "Passkeys not configured";
    /// The server writes no events: `DIVAN_EVENTS_RETENTION` is 0.
    EventsNotConfigured = "events_not_configured", 503, "Events not configured";
    /// The server delivers no webhooks, because events are switched off.
    WebhooksNotConfigured = "webhooks_not_configured", 503, "Webhooks not configured";
    /// The server has no bot token, so sign-in through Telegram is not possible.
    TelegramNotConfigured = "telegram_not_configured", 503, "Telegram not configured";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_parse_back() {
        for &code in ProblemCode::ALL {
            assert_eq!(ProblemCode::from_code(code.as_str()), code);
            assert!((400..600).contains(&code.status()));
        }
        assert_eq!(ProblemCode::from_code("of_tomorrow"), ProblemCode::Unknown);
    }
}
