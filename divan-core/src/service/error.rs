use std::error::Error;
use std::time::Duration;

use super::{Field, ImportError, InvalidField, SecondFactorMethod};
use crate::entropy::NoEntropy;
use crate::init_data::{ContactError, InitDataError};
use crate::password::{HashQueueError, WeakPassword};
use crate::second_factor::UnreadableSecret;
use crate::secret::Secret;
use crate::store::{StoreError, StoreErrorKind};
use crate::token::TokenError;
use crate::types::{PasskeyOptions, ServiceScope};

/// Errors of the sign-in service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Unknown phone number or e-mail address, wrong password, inactive user or wrong role.
    #[error("the phone number, e-mail address or password is wrong")]
    InvalidCredentials,
    /// The password is correct, but the user is linked to another Telegram account: unlink it from
    /// this user.
    #[error("the user is linked to another Telegram account")]
    TelegramAccountMismatch,
    /// The password is correct, but this Telegram account is linked to another user. Unlink it from
    /// that user, whom the audit event names.
    #[error("this Telegram account is linked to another user")]
    TelegramAccountTaken,
    /// The init data is not valid.
    #[error(transparent)]
    InitData(#[from] InitDataError),
    /// The shared contact does not prove the phone number of the user who opened the Mini App.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// The service has no init-data verifier.
    #[error("Telegram sign-in is not configured")]
    TelegramNotConfigured,
    /// The access token is not valid, or its session has ended.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The refresh token is not valid, was replaced, or its session has ended.
    #[error("the refresh token is not valid, was replaced, or its session has ended")]
    RefreshToken,
    /// Auto-login is not possible now.
    #[error("auto-login is not possible: sign in with the password")]
    PasswordRequired,
    /// The init data is too old for auto-login, but not for a sign-in with the password.
    #[error("the init data is too old for auto-login: sign in with the password")]
    AutoLoginExpired {
        /// Time since the `auth_date` of the init data.
        age: Duration,
    },
    /// The caller must change the password first.
    #[error("the password must be changed first")]
    PasswordChangeRequired,
    /// The password is correct, and a second factor is on: complete the sign-in with
    /// [`complete_admin_login`](super::ClientService::complete_admin_login).
    #[error("the password is correct: a code of the second factor is required")]
    SecondFactorRequired {
        /// Names the sign-in for five minutes, and at most five codes.
        challenge: Secret,
        /// The ways in which it can be completed.
        methods: Vec<SecondFactorMethod>,
        /// The options for the browser, if a passkey can complete it.
        passkey: Option<PasskeyOptions>,
    },
    /// The sign-in to complete is unknown, was completed, has expired or was tried too often, or the
    /// account changed since: sign in with the password again.
    #[error("the sign-in cannot be completed any more: sign in with the password again")]
    ChallengeInvalid,
    /// The code or passkey of the second factor is wrong, or was used before.
    #[error("the code or passkey is wrong, or was used before")]
    SecondFactorInvalid,
    /// The passkey is unknown, belongs to an account that cannot sign in, or its signature is wrong, too
    /// old or for another address.
    #[error("the passkey is unknown, or its signature is wrong or too old")]
    PasskeyInvalid,
    /// The service has no address of the admin panel for which browsers have passkeys.
    #[error("passkeys are not configured")]
    PasskeysNotConfigured,
    /// Events after the position were deleted, or the database was restored: read all users again.
    #[error("events after the position no longer exist")]
    CursorExpired,
    /// The service writes no events.
    #[error("events are off")]
    EventsNotConfigured,
    /// The user has ten passkeys: remove one first.
    #[error("a user has at most {} passkeys", crate::store::MAX_PASSKEYS)]
    TooManyPasskeys,
    /// The id or the secret of another service is wrong or has expired, or the address is not allowed.
    #[error("the service is unknown, or its secret or address is not accepted")]
    InvalidClient,
    /// The service has not been granted the permission for this operation.
    #[error("the service needs the scope {}", .scope.as_str())]
    InsufficientScope {
        /// The permission.
        scope: ServiceScope,
    },
    /// A requested permission is unknown, or the service has not been granted it.
    #[error("`scope` must contain scopes of the service, separated by spaces")]
    InvalidScope,
    /// The token has no session that could be ended.
    #[error("an access token of a service has no session: delete or rotate its credential")]
    UnsupportedToken,
    /// Other services act on employees only, and cannot manage credentials.
    #[error("services act on employees only, and cannot manage credentials")]
    ServiceNotAllowed,
    /// There are a hundred service credentials: delete one first.
    #[error("there are at most {} service credentials", crate::store::MAX_SERVICES)]
    TooManyServices,
    /// The service credential has no other valid secret: rotate it, or delete the credential.
    #[error("the service credential has no other valid secret")]
    LastServiceSecret,
    /// The service delivers no webhooks.
    #[error("webhooks are not configured")]
    WebhooksNotConfigured,
    /// There are 20 webhooks: delete one first.
    #[error("there are at most {} webhooks", crate::store::MAX_WEBHOOKS)]
    TooManyWebhooks,
    /// The caller must set up a second factor first.
    #[error("a second factor must be set up first")]
    SecondFactorEnrolmentRequired,
    /// The caller proved the own identity too long ago, or not with the second factor, for this
    /// operation: [step up](super::CallerService::step_up) first.
    #[error("the operation requires a new proof of identity")]
    InsufficientAuthentication {
        /// The second factors, one of which proves it. Empty if the password does.
        second_factor: Vec<SecondFactorMethod>,
    },
    /// The password is correct, but too old. A generated password must be changed within 72 hours, and
    /// one that an administrator chose must be used within 72 hours.
    #[error("the password has expired: it was not changed or used within 72 hours")]
    PasswordExpired,
    /// The user, session, device, passkey, service credential or webhook does not exist, or belongs to another user.
    #[error("the user, session, device, passkey, service credential or webhook does not exist")]
    NotFound,
    /// The caller is not an administrator, or not signed in to the admin panel.
    #[error("the caller must be an administrator who is signed in to the admin panel")]
    AdminRequired,
    /// Only the operator of the server can do this, on the command line.
    #[error("only the operator can set up the second factor of an administrator")]
    OperatorRequired,
    /// The command resets the password of the administrator who sends it, or unlinks, deletes or unlocks
    /// their account. Another administrator must do that.
    #[error(
        "administrators cannot reset their own password, or unlink, delete or unlock their own account: ask another administrator"
    )]
    OwnAccount,
    /// The command changes the role of an employee to administrator.
    #[error("`role` cannot be changed from employee to admin: promote the user")]
    PromotionRequired,
    /// The user to promote is an administrator.
    #[error("the user is already an administrator")]
    AlreadyAdmin,
    /// New administrators need the approval of a second administrator: create an employee, and
    /// [promote](super::AdminService::promote_user) the user.
    #[error(
        "new administrators need the approval of a second administrator: create an employee, and promote the user"
    )]
    ApprovalRequired,
    /// The administrator who requested the promotion cannot approve it.
    #[error("another administrator than the one who requested the promotion must approve it")]
    OwnRequest,
    /// The user has no linked Telegram account.
    #[error("the user has no linked Telegram account")]
    TelegramNotLinked,
    /// The first administrator already exists.
    #[error("the first administrator already exists")]
    AlreadyBootstrapped,
    /// The bootstrap token is missing or wrong, or the service does not allow bootstrap.
    #[error("the bootstrap token is missing or wrong, or the service does not allow bootstrap")]
    BootstrapTokenRequired,
    /// Fields of the command or query are not valid; all of them are listed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<InvalidField>),
    /// Other users have unique values of an import: they were stored after its check. The lines are in
    /// order.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    ImportConflict(Vec<ImportError>),
    /// The command changes no field.
    #[error("the request changes nothing")]
    NothingToChange,
    /// The new password breaks a rule.
    #[error("{field} {reason}")]
    WeakPassword {
        /// The field that holds the password.
        field: Field,
        /// The rule.
        reason: WeakPassword,
    },
    /// There were too many attempts. No password was compared.
    #[error("too many attempts: wait before the next one")]
    TooManyAttempts {
        /// Time to wait, at most an hour. After 100 failures in a row, waiting does not help: an administrator
        /// must unlock the user or reset the password. A refusal of [untrusted](crate::throttle) attempts
        /// also ends with a trusted sign-in.
        retry_after: Duration,
    },
    /// The queue of password hashes is full.
    #[error("too many passwords are waiting to be hashed")]
    Overloaded,
    /// The database failed or refused the change. [`StoreError::kind`] returns the reason, such as a phone
    /// number that another user has, or the last active administrator.
    #[error(transparent)]
    Store(StoreError),
    /// Hashing or randomness failed. The cause is for the log.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error.into_rejection() {
            Ok(error) => error,
            Err(error) if error.kind() == StoreErrorKind::PasskeyChanged => {
                Self::SecondFactorInvalid
            }
            Err(error) => Self::Store(error),
        }
    }
}

/// Wraps an error inside an [`UpdateFn`](crate::store::UpdateFn). Converting the [`StoreError`] back
/// returns the same [`ServiceError`].
impl From<ServiceError> for StoreError {
    fn from(error: ServiceError) -> Self {
        Self::rejected(error)
    }
}

impl From<HashQueueError> for ServiceError {
    fn from(error: HashQueueError) -> Self {
        match error {
            HashQueueError::Overloaded => Self::Overloaded,
            HashQueueError::Hash(error) => Self::Internal(error.into()),
        }
    }
}

impl From<UnreadableSecret> for ServiceError {
    fn from(error: UnreadableSecret) -> Self {
        Self::Internal(error.into())
    }
}

impl From<NoEntropy> for ServiceError {
    fn from(error: NoEntropy) -> Self {
        Self::Internal(error.into())
    }
}
