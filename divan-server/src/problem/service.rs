//! Maps the errors of the sign-in service to problems of the wire contract.

use divan_core::api::{MemberError, MemberErrorCode, ProblemCode, ProofMethod};
use divan_core::password::WeakPassword;
use divan_core::service::{
    Field, InvalidField, InvalidFieldReason, SecondFactorMethod, ServiceError,
};
use divan_core::store::{InvalidSearch, StoreErrorKind, UniqueKey};
use divan_core::token::TokenError;
use divan_core::types::{InvalidMetadata, Metadata};

use super::Problem;

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let problem = Self::new(code(&error));
        match error {
            ServiceError::Invalid(fields) => {
                problem.with_errors(fields.into_iter().map(member_error).collect::<Vec<_>>())
            }
            ServiceError::NothingToChange => {
                let code = MemberErrorCode::NothingToChange;
                problem.with_errors([MemberError::new("", code, error.to_string())])
            }
            ServiceError::WeakPassword { field, reason } => {
                problem.with_errors([weak_password(field, reason)])
            }
            ServiceError::BootstrapTokenRequired => problem.with_detail(
                "Set DIVAN_BOOTSTRAP_TOKEN for the server and send the same value in the header X-Bootstrap-Token, or run \
                 `divan-server admin create` on the server's machine.",
            ),
            ServiceError::SecondFactorRequired { challenge, methods, passkey } => {
                let problem = problem.with_challenge(challenge).with_methods(proof_methods(methods));
                match passkey {
                    Some(options) => problem.with_passkey(options),
                    None => problem,
                }
            }
            ServiceError::InsufficientAuthentication { second_factor } if second_factor.is_empty() => {
                problem.with_methods([ProofMethod::Password])
            }
            ServiceError::InsufficientAuthentication { second_factor } => {
                problem.with_methods(proof_methods(second_factor))
            }
            ServiceError::Store(error) if taken(error.kind()).is_some() => problem.with_errors(
                taken(error.kind()).into_iter().map(member_error).collect::<Vec<_>>(),
            ),
            ServiceError::InsufficientScope { scope } => problem.with_scope(scope),
            ServiceError::TooManyAttempts { retry_after } => problem.with_retry_after(retry_after),
            ServiceError::InitData(error) => problem.of_init_data(error),
            ServiceError::Contact(error) => problem.of_contact(error),
            ServiceError::AutoLoginExpired { age } => problem.of_old_init_data(age),
            error if problem.body().status() >= 500 => problem.with_cause(error),
            _ => problem,
        }
    }
}

fn code(error: &ServiceError) -> ProblemCode {
    match error {
        ServiceError::InvalidCredentials => ProblemCode::InvalidCredentials,
        ServiceError::TelegramAccountMismatch => ProblemCode::TelegramAccountMismatch,
        ServiceError::TelegramAccountTaken => ProblemCode::TelegramAccountTaken,
        ServiceError::InitData(error) => ProblemCode::from_code(error.code()),
        ServiceError::Contact(error) => ProblemCode::from_code(error.code()),
        ServiceError::TelegramNotConfigured => ProblemCode::TelegramNotConfigured,
        // After the clock was set back, a token can be from the future: a refresh helps there too.
        ServiceError::Token(TokenError::Expired | TokenError::NotYetValid) => {
            ProblemCode::TokenExpired
        }
        ServiceError::Token(_) => ProblemCode::TokenInvalid,
        ServiceError::RefreshToken => ProblemCode::RefreshTokenInvalid,
        ServiceError::PasswordRequired | ServiceError::AutoLoginExpired { .. } => {
            ProblemCode::PasswordRequired
        }
        ServiceError::PasswordChangeRequired => ProblemCode::PasswordChangeRequired,
        ServiceError::PasswordExpired => ProblemCode::PasswordExpired,
        ServiceError::SecondFactorRequired { .. } => ProblemCode::SecondFactorRequired,
        ServiceError::SecondFactorInvalid => ProblemCode::SecondFactorInvalid,
        ServiceError::PasskeyInvalid => ProblemCode::PasskeyInvalid,
        ServiceError::PasskeysNotConfigured => ProblemCode::PasskeysNotConfigured,
        ServiceError::CursorExpired => ProblemCode::CursorExpired,
        ServiceError::EventsNotConfigured => ProblemCode::EventsNotConfigured,
        ServiceError::TooManyPasskeys => ProblemCode::TooManyPasskeys,
        ServiceError::InvalidClient => ProblemCode::InvalidClient,
        ServiceError::InsufficientScope { .. } => ProblemCode::InsufficientScope,
        ServiceError::ServiceNotAllowed => ProblemCode::ServiceNotAllowed,
        ServiceError::TooManyServices => ProblemCode::TooManyServices,
        ServiceError::LastServiceSecret => ProblemCode::LastServiceSecret,
        ServiceError::TooManyWebhooks => ProblemCode::TooManyWebhooks,
        ServiceError::WebhooksNotConfigured => ProblemCode::WebhooksNotConfigured,
        ServiceError::ChallengeInvalid => ProblemCode::SecondFactorChallengeInvalid,
        ServiceError::SecondFactorEnrolmentRequired => ProblemCode::SecondFactorEnrolmentRequired,
        ServiceError::InsufficientAuthentication { .. } => {
            ProblemCode::InsufficientUserAuthentication
        }
        ServiceError::NotFound => ProblemCode::NotFound,
        ServiceError::AdminRequired => ProblemCode::AdminRequired,
        ServiceError::OwnAccount => ProblemCode::OwnAccount,
        ServiceError::PromotionRequired => ProblemCode::PromotionRequired,
        ServiceError::AlreadyAdmin => ProblemCode::AlreadyAdmin,
        ServiceError::ApprovalRequired => ProblemCode::ApprovalRequired,
        ServiceError::OwnRequest => ProblemCode::OtherAdministratorRequired,
        ServiceError::TelegramNotLinked => ProblemCode::TelegramNotLinked,
        ServiceError::AlreadyBootstrapped => ProblemCode::AlreadyBootstrapped,
        ServiceError::BootstrapTokenRequired => ProblemCode::BootstrapTokenRequired,
        ServiceError::Invalid(_)
        | ServiceError::InvalidScope
        | ServiceError::UnsupportedToken
        | ServiceError::ImportConflict(_)
        | ServiceError::NothingToChange => ProblemCode::ValidationFailed,
        ServiceError::WeakPassword { .. } => ProblemCode::WeakPassword,
        ServiceError::TooManyAttempts { .. } => ProblemCode::TooManyAttempts,
        ServiceError::Overloaded => ProblemCode::Overloaded,
        ServiceError::Store(error) => store_code(error.kind()),
        _ => ProblemCode::Internal,
    }
}

fn proof_method(method: SecondFactorMethod) -> Option<ProofMethod> {
    match method {
        SecondFactorMethod::Totp => Some(ProofMethod::Code),
        SecondFactorMethod::Passkey => Some(ProofMethod::Passkey),
        SecondFactorMethod::RecoveryCode => Some(ProofMethod::RecoveryCode),
        _ => None,
    }
}

fn proof_methods(second_factor: Vec<SecondFactorMethod>) -> Vec<ProofMethod> {
    second_factor.into_iter().filter_map(proof_method).collect()
}

fn store_code(kind: StoreErrorKind) -> ProblemCode {
    match kind {
        StoreErrorKind::Conflict(UniqueKey::Email) => ProblemCode::EmailTaken,
        StoreErrorKind::Conflict(UniqueKey::Phone) => ProblemCode::PhoneTaken,
        StoreErrorKind::Conflict(UniqueKey::ExternalId) => ProblemCode::ExternalIdTaken,
        StoreErrorKind::Conflict(UniqueKey::TelegramId) => ProblemCode::TelegramAccountTaken,
        StoreErrorKind::Conflict(UniqueKey::Passkey) => ProblemCode::PasskeyTaken,
        StoreErrorKind::LastAdmin => ProblemCode::LastAdmin,
        StoreErrorKind::Unavailable | StoreErrorKind::Misconfigured => ProblemCode::Unavailable,
        _ => ProblemCode::Internal,
    }
}

/// Returns the field of a unique key that another user has.
fn taken(kind: StoreErrorKind) -> Option<InvalidField> {
    let field = match kind {
        StoreErrorKind::Conflict(UniqueKey::Email) => Field::Email,
        StoreErrorKind::Conflict(UniqueKey::Phone) => Field::Phone,
        StoreErrorKind::Conflict(UniqueKey::ExternalId) => Field::ExternalId,
        _ => return None,
    };
    Some(InvalidField::new(field, InvalidFieldReason::Taken))
}

fn member_error(error: InvalidField) -> MemberError {
    use InvalidFieldReason as Reason;
    use MemberErrorCode as Code;
    let is_password = matches!(
        error.field,
        Field::Password | Field::CurrentPassword | Field::NewPassword
    );
    let code = match error.reason {
        Reason::RequiredForRole(_) => Code::Required,
        Reason::Empty => Code::Empty,
        Reason::TooLong { .. } if is_password => Code::PasswordTooLong,
        Reason::TooLong { .. } => Code::TooLong,
        Reason::ControlCharacter if error.field == Field::ExternalId => Code::ExternalIdInvalid,
        Reason::ControlCharacter
        | Reason::Invisible
        | Reason::CombiningMarks
        | Reason::TextDirection => Code::NameInvalid,
        Reason::Email(_) => Code::EmailInvalid,
        Reason::Phone(_) => Code::PhoneInvalid,
        Reason::PasswordHash(_) => Code::PasswordHashInvalid,
        Reason::Search(InvalidSearch::TooLong) => Code::SearchTooLong,
        Reason::Search(_) => Code::SearchEmpty,
        Reason::OutOfRange { .. } if error.field == Field::Limit => Code::LimitOutOfRange,
        Reason::OutOfRange { .. } => Code::OutOfRange,
        Reason::Cursor | Reason::EventPosition(_) => Code::CursorInvalid,
        Reason::WithAfter => Code::MutuallyExclusive,
        Reason::UnknownAction | Reason::UnknownScope | Reason::UnknownEventType => {
            Code::UnknownValue
        }
        Reason::OwnAccount => Code::OwnAccount,
        Reason::GeneratedOnly => Code::PasswordGeneratedOnly,
        Reason::Metadata(InvalidMetadata::TooLarge) => Code::MetadataTooLarge,
        Reason::Metadata(_) => Code::WrongType,
        Reason::Taken | Reason::SameAsLine { .. } => Code::Taken,
        _ => Code::Invalid,
    };
    let member = MemberError::new(pointer(error.field), code, error.reason.to_string());
    match error.reason {
        Reason::TooLong { max } => member.with_max(max),
        Reason::Metadata(InvalidMetadata::TooLarge) => member.with_max(Metadata::MAX_BYTES),
        Reason::OutOfRange { min, max } => member.with_min(min).with_max(max),
        Reason::WithAfter => member.with_other("/after"),
        _ => member,
    }
}

fn weak_password(field: Field, reason: WeakPassword) -> MemberError {
    use MemberErrorCode as Code;
    let code = match reason {
        WeakPassword::TooShort { .. } => Code::PasswordTooShort,
        WeakPassword::Common => Code::PasswordTooCommon,
        WeakPassword::Breached => Code::PasswordBreached,
        WeakPassword::Unchanged => Code::PasswordUnchanged,
        WeakPassword::Personal => Code::PasswordPersonal,
        _ => Code::Invalid,
    };
    let member = MemberError::new(pointer(field), code, reason.to_string());
    match reason {
        WeakPassword::TooShort { min_chars } => member.with_min(min_chars),
        _ => member,
    }
}

/// Returns the JSON pointer of the member that carries the field.
fn pointer(field: Field) -> String {
    match field {
        Field::Query => "/q".to_owned(),
        field => format!("/{field}"),
    }
}
