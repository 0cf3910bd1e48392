//! The table of all endpoints.

use super::{
    AddPasskeyRequest, AddedPasskey, AdminLoginRequest, AttemptLimit, AuditPage, AuditRequest,
    Auth, AutoLoginRequest, BootstrapRequest, BootstrapState, ChangePasswordRequest,
    CompleteAdminLoginRequest, ConfirmSecondFactorRequest, CreateServiceRequest, CreateUserRequest,
    CreateWebhookRequest, CreatedUser, DeviceList, EnabledSecondFactor, Endpoint,
    EndpointDescription, EventPage, EventsRequest, FailedSignIns, FreshToken, GeneratedPassword,
    Health, ImportEvent, ImportPreview, ImportRequest, JwkSet, ListUsersRequest, LogoutRequest,
    MediaType, Method, MiniAppConfig, NewServiceSecret, Passkey, PasskeyCeremony, PasskeyList,
    PasskeyLoginRequest, ProblemCode, PromoteUserRequest, PromotedUser, PromotionList,
    RecoveryCodes, RefreshRequest, RenamePasskeyRequest, ReplayWebhookRequest,
    RotateServiceSecretRequest, SecondFactor, SecondFactorEnrolment, ServerMetadata,
    ServiceCredential, ServiceList, ServiceScope, SessionList, StepUpRequest, TelegramLoginRequest,
    TokenResponse, UpdateServiceRequest, UpdateUserRequest, UpdateWebhookRequest, User, UserPage,
    UserRequest, Webhook, WebhookList, WebhookTest, WebhookWithSecret,
};

/// Declares an uninhabited type for each endpoint, implements [`Endpoint`] for it, and lists all in
/// [`ENDPOINTS`].
macro_rules! endpoints {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident = $operation:literal: $method:ident $path:literal, $auth:ident $(($scope:ident))? $(limit $limit:ident)?,
        $request:ty $(as $request_type:ident)? => $status:literal $(| $accepted:literal)? $response:ty $(as $response_type:ident)?, [$($problem:ident),*];
    )*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl Endpoint for $name {
                const OPERATION: &'static str = $operation;
                const METHOD: Method = Method::$method;
                const PATH: &'static str = $path;
                const AUTH: Auth = Auth::$auth $((ServiceScope::$scope))?;
                const STATUS: u16 = $status;
                $(const ACCEPTED: Option<u16> = Some($accepted);)?
                $(const LIMIT: Option<AttemptLimit> = Some(AttemptLimit::$limit);)?
                const PROBLEMS: &'static [ProblemCode] = &[$(ProblemCode::$problem),*];
                $(const REQUEST_TYPE: MediaType = MediaType::$request_type;)?
                $(const RESPONSE_TYPE: MediaType = MediaType::$response_type;)?
                type Request = $request;
                type Response = $response;
            }
        )*

        /// Every endpoint of the contract, in the order of the documentation.
        pub const ENDPOINTS: &[EndpointDescription] =
            &[$(EndpointDescription::new::<$name>()),*];
    };
}

// Name = operation id: method and path, authentication and limit,
//     request and media type => status, response and media type, problems.
endpoints! {
    /// Signs an employee in, inside the Mini App.
    TelegramLogin = "telegram_login": Post "/auth/telegram/login", InitData limit SignIn,
        TelegramLoginRequest => 200 TokenResponse,
        [ContactMissing, ContactInvalid, ContactExpired, ContactMismatch, InvalidCredentials, TelegramAccountMismatch,
         TelegramAccountTaken, PasswordExpired, Overloaded];

    /// Signs an employee in again without the password, inside the Mini App.
    ///
    /// It works in the linked Telegram account for 30 days after a sign-in with the password. It stops
    /// earlier if the user signs out or changes the password, or if an administrator ends the user's
    /// sessions. Init data that is too old for it, but not for a sign-in with the password, returns
    /// `password_required`. Call this first when the Mini App opens.
    AutoLogin = "auto_login": Post "/auth/telegram/auto-login", InitData limit AutoLogin,
        AutoLoginRequest => 200 TokenResponse, [PasswordRequired];

    /// Returns the public configuration of the Mini App's page. It is the same for every caller.
    TelegramConfig = "telegram_config": Get "/auth/telegram/config", None,
        () => 200 MiniAppConfig, [];

    /// Signs an administrator in, in the admin panel.
    AdminLogin = "admin_login": Post "/auth/admin/login", None limit SignIn,
        AdminLoginRequest => 200 TokenResponse,
        [InvalidCredentials, SecondFactorRequired, PasswordExpired, Overloaded];

    /// Completes the sign-in of an administrator with a second factor.
    CompleteAdminLogin = "complete_admin_login": Post "/auth/admin/login/second-factor", None limit Refresh,
        CompleteAdminLoginRequest => 200 TokenResponse, [SecondFactorInvalid, SecondFactorChallengeInvalid];

    /// Begins a sign-in with a passkey. Nothing is stored.
    BeginPasskeyLogin = "begin_passkey_login": Post "/auth/admin/login/passkey/options", None,
        () => 200 PasskeyCeremony, [PasskeysNotConfigured];

    /// Signs an administrator in with a passkey alone.
    PasskeyLogin = "passkey_login": Post "/auth/admin/login/passkey", None limit Refresh,
        PasskeyLoginRequest => 200 TokenResponse,
        [PasskeyInvalid, PasswordExpired, PasskeysNotConfigured];

    /// Creates the first administrator. Succeeds once per database.
    Bootstrap = "bootstrap": Post "/auth/admin/bootstrap", BootstrapToken limit Bootstrap,
        BootstrapRequest => 201 User, [AlreadyBootstrapped, EmailTaken, WeakPassword, Overloaded];

    /// Returns whether the first administrator can be created, for the first screen of a panel.
    GetBootstrap = "get_bootstrap": Get "/auth/admin/bootstrap", None,
        () => 200 BootstrapState, [];

    /// Returns the next pair of tokens of a session.
    ///
    /// This call replaces the refresh token. For 30 seconds the previous one returns the same pair
    /// again, for a second tab or a lost response. Later, it returns the next pair if no token of
    /// the current pair was used. Otherwise it ends the session, because two parties hold it.
    Refresh = "refresh": Post "/auth/refresh", None limit Refresh,
        RefreshRequest => 200 TokenResponse, [RefreshTokenInvalid];

    /// Ends the session of the refresh token in the body or, without one, of the access token.
    Logout = "logout": Post "/auth/logout", RefreshTokenOrBearer limit Refresh,
        LogoutRequest => 204 (), [RefreshTokenInvalid];

    /// Lists the caller's live sessions.
    Sessions = "sessions": Get "/auth/sessions", Bearer,
        () => 200 SessionList, [];

    /// Ends one of the caller's sessions.
    EndSession = "end_session": Delete "/auth/sessions/{id}", Bearer,
        () => 204 (), [NotFound];

    /// Lists the caller's known devices. An attack on the account does not block sign-ins from them.
    /// Employees have none, because their linked Telegram account has the same effect.
    Devices = "devices": Get "/auth/devices", Bearer,
        () => 200 DeviceList, [];

    /// Removes one of the caller's known devices. Sessions do not end.
    RemoveDevice = "remove_device": Delete "/auth/devices/{id}", Bearer,
        () => 204 (), [NotFound];

    /// Returns the signed-in user. Also verifies a token.
    Me = "me": Get "/auth/me", BearerAnyScope,
        UserRequest => 200 User, [ValidationFailed];

    /// Changes the caller's password. Ends all sessions and returns the tokens of a new one.
    ChangePassword = "change_password": Post "/auth/me/password", BearerAnyScope limit OwnPassword,
        ChangePasswordRequest => 200 TokenResponse, [InvalidCredentials, WeakPassword, Overloaded];

    /// Proves the caller's identity again, for operations that need a recent proof.
    StepUp = "step_up": Post "/auth/admin/step-up", AdminAnyScope limit OwnPassword,
        StepUpRequest => 200 FreshToken,
        [InvalidCredentials, SecondFactorInvalid, InsufficientUserAuthentication, Overloaded];

    /// Begins a step-up with a passkey.
    BeginStepUp = "begin_step_up": Post "/auth/admin/step-up/options", AdminAnyScope,
        () => 200 PasskeyCeremony, [NotFound, PasskeysNotConfigured];

    /// Returns the state of the caller's second factor.
    GetSecondFactor = "get_second_factor": Get "/auth/admin/me/second-factor", AdminAnyScope,
        () => 200 SecondFactor, [];

    /// Begins to set up an authenticator app.
    BeginSecondFactor = "begin_second_factor": Post "/auth/admin/me/second-factor", AdminAnyScope,
        () => 200 SecondFactorEnrolment, [InsufficientUserAuthentication];

    /// Turns the second factor on with a code of the authenticator app.
    ConfirmSecondFactor = "confirm_second_factor": Post "/auth/admin/me/second-factor/confirm",
        AdminAnyScope limit OwnPassword,
        ConfirmSecondFactorRequest => 200 EnabledSecondFactor,
        [SecondFactorInvalid, NotFound];

    /// Turns the caller's second factor off.
    DisableSecondFactor = "disable_second_factor": Delete "/auth/admin/me/second-factor", AdminAnyScope,
        () => 200 FreshToken, [InsufficientUserAuthentication, NotFound];

    /// Replaces the caller's recovery codes.
    ReplaceRecoveryCodes = "replace_recovery_codes": Post "/auth/admin/me/second-factor/recovery-codes",
        AdminAnyScope,
        () => 200 RecoveryCodes, [InsufficientUserAuthentication, NotFound];

    /// Lists the caller's passkeys.
    Passkeys = "passkeys": Get "/auth/admin/me/passkeys", AdminAnyScope,
        () => 200 PasskeyList, [];

    /// Begins to register a passkey.
    BeginPasskey = "begin_passkey": Post "/auth/admin/me/passkeys/options", AdminAnyScope,
        () => 200 PasskeyCeremony, [InsufficientUserAuthentication, TooManyPasskeys, PasskeysNotConfigured];

    /// Registers a passkey.
    AddPasskey = "add_passkey": Post "/auth/admin/me/passkeys", AdminAnyScope,
        AddPasskeyRequest => 201 AddedPasskey,
        [SecondFactorInvalid, TooManyPasskeys, PasskeyTaken, PasskeysNotConfigured];

    /// Renames one of the caller's passkeys.
    RenamePasskey = "rename_passkey": Patch "/auth/admin/me/passkeys/{id}", AdminAnyScope,
        RenamePasskeyRequest => 200 Passkey, [NotFound];

    /// Removes one of the caller's passkeys.
    RemovePasskey = "remove_passkey": Delete "/auth/admin/me/passkeys/{id}", AdminAnyScope,
        () => 200 FreshToken, [InsufficientUserAuthentication, NotFound];

    /// Lists users, newest first.
    ListUsers = "list_users": Get "/auth/admin/users", AdminOrService(UsersRead),
        ListUsersRequest => 200 UserPage, [ValidationFailed];

    /// Lists users like `list_users`, with the filters in the body.
    ///
    /// URLs are kept in the logs of proxies and in the history of browsers, bodies are not. Search
    /// for names and phone numbers with this operation.
    SearchUsers = "search_users": Post "/auth/admin/users/search", AdminOrService(UsersRead),
        ListUsersRequest => 200 UserPage, [];

    /// Returns all users as comma-separated values, which an import reads.
    ExportUsers = "export_users": Get "/auth/admin/users/export", AdminOrService(UsersRead),
        () => 200 String as Csv, [];

    /// Checks a file of users, and returns what its import would do. Writes nothing.
    PreviewImport = "preview_import": Post "/auth/admin/users/import/preview", Admin,
        ImportRequest as Csv => 200 ImportPreview, [];

    /// Imports a file of users: all of them, or none if a line is invalid.
    ImportUsers = "import_users": Post "/auth/admin/users/import", Admin,
        ImportRequest as Csv => 200 ImportEvent as JsonLines, [InsufficientUserAuthentication, ApprovalRequired, Overloaded];

    /// Creates a user.
    CreateUser = "create_user": Post "/auth/admin/users", AdminOrService(UsersWrite),
        CreateUserRequest => 201 CreatedUser,
        [InsufficientUserAuthentication, ApprovalRequired, EmailTaken, PhoneTaken, ExternalIdTaken, WeakPassword, Overloaded];

    /// Returns a user.
    GetUser = "get_user": Get "/auth/admin/users/{id}", AdminOrService(UsersRead),
        UserRequest => 200 User, [NotFound, ValidationFailed];

    /// Changes a user.
    UpdateUser = "update_user": Patch "/auth/admin/users/{id}", AdminOrService(UsersWrite),
        UpdateUserRequest => 200 User,
        [InsufficientUserAuthentication, NotFound, EmailTaken, PhoneTaken, ExternalIdTaken, LastAdmin, PromotionRequired,
         ApprovalRequired];

    /// Deletes a user with all personal data, sessions and devices. The audit events stay.
    DeleteUser = "delete_user": Delete "/auth/admin/users/{id}", AdminOrService(UsersWrite),
        () => 204 (), [InsufficientUserAuthentication, NotFound, OwnAccount, LastAdmin];

    /// Replaces a user's password with a generated one and ends the user's sessions.
    ResetPassword = "reset_password": Post "/auth/admin/users/{id}/reset-password", AdminOrService(UsersWrite),
        () => 200 GeneratedPassword, [InsufficientUserAuthentication, NotFound, OwnAccount, Overloaded];

    /// Makes an employee an administrator, replaces the password with a generated one, and ends the
    /// user's sessions.
    PromoteUser = "promote_user": Post "/auth/admin/users/{id}/promote", Admin,
        PromoteUserRequest => 200 | 202 PromotedUser,
        [InsufficientUserAuthentication, NotFound, AlreadyAdmin, EmailTaken, Overloaded];

    /// Lists the promotions that wait for the approval of another administrator.
    ListPromotions = "list_promotions": Get "/auth/admin/promotions", Admin,
        () => 200 PromotionList, [];

    /// Approves a promotion that another administrator requested. The user becomes an administrator, with a
    /// generated password.
    ApprovePromotion = "approve_promotion": Post "/auth/admin/promotions/{id}/approve", Admin,
        () => 200 GeneratedPassword,
        [InsufficientUserAuthentication, NotFound, OtherAdministratorRequired, AlreadyAdmin, EmailTaken, Overloaded];

    /// Declines a promotion, or withdraws the caller's own request.
    DeclinePromotion = "decline_promotion": Delete "/auth/admin/promotions/{id}", Admin,
        () => 204 (), [NotFound];

    /// Unlinks a user's Telegram account, replaces the password with a generated one, and ends the
    /// user's sessions. The next sign-in links the Telegram account from which it is made.
    UnlinkTelegram = "unlink_telegram": Post "/auth/admin/users/{id}/unlink-telegram", AdminOrService(UsersWrite),
        () => 200 GeneratedPassword,
        [InsufficientUserAuthentication, NotFound, OwnAccount, TelegramNotLinked, Overloaded];

    /// Returns the state of a user's second factor.
    GetUserSecondFactor = "get_user_second_factor": Get "/auth/admin/users/{id}/second-factor", Admin,
        () => 200 SecondFactor, [NotFound];

    /// Turns off the second factor of another administrator, and ends the administrator's sessions.
    ResetSecondFactor = "reset_second_factor": Delete "/auth/admin/users/{id}/second-factor", Admin,
        () => 204 (), [InsufficientUserAuthentication, NotFound, OwnAccount];

    /// Lists the live sessions of a user.
    UserSessions = "user_sessions": Get "/auth/admin/users/{id}/sessions", AdminOrService(UsersRead),
        () => 200 SessionList, [NotFound];

    /// Ends all sessions of a user.
    EndUserSessions = "end_user_sessions": Delete "/auth/admin/users/{id}/sessions", AdminOrService(UsersWrite),
        () => 204 (), [NotFound];

    /// Returns the failed sign-ins of a user.
    GetFailedSignIns = "get_failed_sign_ins": Get "/auth/admin/users/{id}/failed-sign-ins", Admin,
        () => 200 FailedSignIns, [NotFound];

    /// Clears the failed sign-ins and the limits of a user's account. The limits of Telegram accounts
    /// and addresses stay.
    UnlockUser = "unlock_user": Post "/auth/admin/users/{id}/unlock", AdminOrService(UsersWrite),
        () => 204 (), [InsufficientUserAuthentication, NotFound, OwnAccount];

    /// Lists the credentials of other services, newest first.
    ListServices = "list_services": Get "/auth/admin/services", Admin,
        () => 200 ServiceList, [];

    /// Creates a credential of another service, with a generated secret.
    CreateService = "create_service": Post "/auth/admin/services", Admin,
        CreateServiceRequest => 201 NewServiceSecret, [InsufficientUserAuthentication, TooManyServices];

    /// Returns a service credential.
    GetService = "get_service": Get "/auth/admin/services/{id}", Admin,
        () => 200 ServiceCredential, [NotFound];

    /// Changes a service credential.
    UpdateService = "update_service": Patch "/auth/admin/services/{id}", Admin,
        UpdateServiceRequest => 200 ServiceCredential, [InsufficientUserAuthentication, NotFound];

    /// Deletes a service credential. The audit events stay.
    DeleteService = "delete_service": Delete "/auth/admin/services/{id}", Admin,
        () => 204 (), [InsufficientUserAuthentication, NotFound];

    /// Adds a generated secret to a service credential. The previous one stays valid for some time.
    RotateServiceSecret = "rotate_service_secret": Post "/auth/admin/services/{id}/secrets", Admin,
        RotateServiceSecretRequest => 201 NewServiceSecret, [InsufficientUserAuthentication, NotFound];

    /// Removes a secret of a service credential.
    RemoveServiceSecret = "remove_service_secret": Delete "/auth/admin/services/{id}/secrets/{secret_id}", Admin,
        () => 204 (), [InsufficientUserAuthentication, NotFound, LastServiceSecret];
    /// Lists the webhooks.
    ListWebhooks = "list_webhooks": Get "/auth/admin/webhooks", Admin,
        () => 200 WebhookList, [];

    /// Creates a webhook. Events that happen from now on are delivered to it.
    CreateWebhook = "create_webhook": Post "/auth/admin/webhooks", Admin,
        CreateWebhookRequest => 201 WebhookWithSecret,
        [InsufficientUserAuthentication, TooManyWebhooks, WebhooksNotConfigured];

    /// Returns a webhook.
    GetWebhook = "get_webhook": Get "/auth/admin/webhooks/{id}", Admin,
        () => 200 Webhook, [NotFound];

    /// Changes, enables or disables a webhook.
    UpdateWebhook = "update_webhook": Patch "/auth/admin/webhooks/{id}", Admin,
        UpdateWebhookRequest => 200 Webhook,
        [InsufficientUserAuthentication, NotFound, WebhooksNotConfigured];

    /// Deletes a webhook.
    DeleteWebhook = "delete_webhook": Delete "/auth/admin/webhooks/{id}", Admin,
        () => 204 (), [InsufficientUserAuthentication, NotFound];

    /// Replaces the secret of a webhook. Events are signed with both secrets for 24 hours.
    RotateWebhookSecret = "rotate_webhook_secret": Post "/auth/admin/webhooks/{id}/secret", Admin,
        () => 200 WebhookWithSecret,
        [InsufficientUserAuthentication, NotFound, WebhooksNotConfigured];

    /// Sends a test event to a webhook now.
    TestWebhook = "test_webhook": Post "/auth/admin/webhooks/{id}/test", Admin,
        () => 200 WebhookTest, [NotFound, WebhooksNotConfigured];

    /// Delivers the events since a time again.
    ReplayWebhook = "replay_webhook": Post "/auth/admin/webhooks/{id}/replay", Admin,
        ReplayWebhookRequest => 204 (),
        [InsufficientUserAuthentication, NotFound, WebhooksNotConfigured];

    /// Lists audit events, newest first.
    Audit = "audit": Get "/auth/admin/audit", AdminOrService(AuditRead),
        AuditRequest => 200 AuditPage, [ValidationFailed];

    /// Lists events about changes of users and ends of sessions, the oldest first.
    ListEvents = "list_events": Get "/auth/events", AdminOrService(EventsRead),
        EventsRequest => 200 EventPage, [ValidationFailed, CursorExpired, EventsNotConfigured];

    /// Returns the public keys with which other services verify access tokens. Empty if tokens are
    /// signed with `SECRET_KEY` only.
    Jwks = "jwks": Get "/.well-known/jwks.json", None,
        () => 200 JwkSet, [];

    /// Returns the issuer, endpoints and algorithms of the server (RFC 8414).
    AuthorizationServerMetadata = "authorization_server_metadata": Get "/.well-known/oauth-authorization-server", None,
        () => 200 ServerMetadata, [];

    /// Returns the same metadata at the address of OpenID Connect Discovery.
    OpenidConfiguration = "openid_configuration": Get "/.well-known/openid-configuration", None,
        () => 200 ServerMetadata, [];

    /// Returns 200 as long as the process runs.
    Live = "live": Get "/health/live", None,
        () => 200 Health, [];

    /// Returns 200 if all dependencies are up, else the problem `not_ready`.
    Ready = "ready": Get "/health/ready", None,
        () => 200 Health, [NotReady];
}
