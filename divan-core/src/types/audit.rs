use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{AuditId, ServiceId, UserId, WebhookId};

open_enum! {
    /// The action of an audit event.
    pub enum AuditAction {
        /// The first administrator was created.
        Bootstrapped = "bootstrapped",
        /// A user was created.
        UserCreated = "user_created",
        /// A user was changed; `changes` names the members.
        UserUpdated = "user_updated",
        /// A user's role was changed, possibly with other members.
        RoleChanged = "role_changed",
        /// A user was activated, possibly with other changes.
        UserActivated = "user_activated",
        /// A user was deactivated, possibly with other changes.
        UserDeactivated = "user_deactivated",
        /// A user was deleted with all personal data.
        UserDeleted = "user_deleted",
        /// A user's password was replaced with a generated one.
        PasswordReset = "password_reset",
        /// A user changed the password.
        PasswordChanged = "password_changed",
        /// A sign-in linked a Telegram account to the user.
        TelegramLinked = "telegram_linked",
        /// A user's Telegram account was unlinked.
        TelegramUnlinked = "telegram_unlinked",
        /// A user signed in with the password or a passkey.
        SignedIn = "signed_in",
        /// A user signed in with init data alone (auto-login).
        SignedInAutomatically = "signed_in_automatically",
        /// A user ended a session.
        SignedOut = "signed_out",
        /// All sessions of a user were ended.
        SignedOutEverywhere = "signed_out_everywhere",
        /// A session was ended because two parties held its tokens.
        TokenReuseDetected = "token_reuse_detected",
        /// A sign-in failed; recorded at most once an hour for each account.
        SignInFailed = "sign_in_failed",
        /// A hundred untrusted or a hundred trusted sign-ins failed in a row. Untrusted ones are
        /// refused until a trusted sign-in, an unlock or a reset; trusted ones until an unlock or a
        /// reset.
        SignInClosed = "sign_in_closed",
        /// The password was correct, but the user is linked to another Telegram account: unlink it
        /// from `subject_id`.
        TelegramMismatch = "telegram_mismatch",
        /// The password was correct, but the Telegram account is linked to another user: unlink it from
        /// `actor_id`.
        TelegramTaken = "telegram_taken",
        /// A session was ended because a wrong current password or code was entered in it ten times.
        WrongPasswordSignOut = "wrong_password_sign_out",
        /// A user was unlocked: the failed sign-ins were cleared.
        UserUnlocked = "user_unlocked",
        /// A device token was issued on the command line.
        DeviceTokenIssued = "device_token_issued",
        /// A known device was removed.
        DeviceRemoved = "device_removed",
        /// An administrator turned the second factor on, or replaced the authenticator app.
        SecondFactorEnabled = "second_factor_enabled",
        /// An administrator turned the second factor off.
        SecondFactorDisabled = "second_factor_disabled",
        /// The second factor of an administrator was reset by another one, or on the command line.
        SecondFactorReset = "second_factor_reset",
        /// The password was correct, but the code or passkey of the second factor was wrong.
        SecondFactorFailed = "second_factor_failed",
        /// An administrator proved the own identity again, for critical operations.
        IdentityProved = "identity_proved",
        /// A recovery code was used instead of a one-time code.
        RecoveryCodeUsed = "recovery_code_used",
        /// An administrator replaced all recovery codes.
        RecoveryCodesReplaced = "recovery_codes_replaced",
        /// An administrator requested the promotion of an employee, which another administrator must approve.
        PromotionRequested = "promotion_requested",
        /// An administrator declined a promotion, or withdrew the request.
        PromotionDeclined = "promotion_declined",
        /// An administrator added a passkey.
        PasskeyAdded = "passkey_added",
        /// An administrator renamed a passkey.
        PasskeyRenamed = "passkey_renamed",
        /// An administrator removed a passkey.
        PasskeyRemoved = "passkey_removed",
        /// The signature of a passkey was correct, but its counter did not increase: the passkey may have
        /// been copied by someone else.
        PasskeyCopied = "passkey_copied",
        /// A service credential was created.
        ServiceCreated = "service_created",
        /// A service credential was changed; `changes` names the members.
        ServiceUpdated = "service_updated",
        /// A service credential got a new secret.
        ServiceSecretRotated = "service_secret_rotated",
        /// A secret of a service credential was removed.
        ServiceSecretRemoved = "service_secret_removed",
        /// A service credential was deleted.
        ServiceDeleted = "service_deleted",
        /// A webhook was created.
        WebhookCreated = "webhook_created",
        /// A webhook was changed or enabled, or sends events again; `changes` names the members.
        WebhookUpdated = "webhook_updated",
        /// A webhook was disabled by an administrator, or by the server after a day of failures.
        WebhookDisabled = "webhook_disabled",
        /// A webhook was deleted.
        WebhookDeleted = "webhook_deleted",
        /// The secret of a webhook was replaced.
        WebhookSecretRotated = "webhook_secret_rotated",
        /// The first administrator was not created, because the bootstrap token was missing or wrong.
        BootstrapRefused = "bootstrap_refused",
        /// Old audit events were deleted.
        AuditPurged = "audit_purged",
    }
}

impl AuditAction {
    /// Returns `true` for a change of a service credential: the event names the one that was changed.
    pub fn is_of_service(self) -> bool {
        matches!(
            self,
            Self::ServiceCreated
                | Self::ServiceUpdated
                | Self::ServiceSecretRotated
                | Self::ServiceSecretRemoved
                | Self::ServiceDeleted
        )
    }
}

// A derived schema would list `unknown`, which no server sends.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for AuditAction {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let lines = Self::ALL
            .iter()
            .map(|action| format!("- `{}`: {}", action.as_str(), action.description()));
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some(format!(
                "The action of an audit event:\n\n{}",
                lines.collect::<Vec<_>>().join("\n")
            )))
            .enum_values(Some(Self::ALL.iter().map(|action| action.as_str())))
            .examples([Self::PasswordReset.as_str()])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for AuditAction {}

/// An audit event: actor, action, subject, time and origin. It contains neither secrets nor changed
/// values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditEvent {
    /// The event's id. Newer events have greater ids.
    pub id: AuditId,
    /// The time.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:52:40.5Z"))]
    pub at: OffsetDateTime,
    /// The action.
    pub action: AuditAction,
    /// The user who acted; absent for the command line, services, failed sign-ins and bootstrap. With
    /// `telegram_taken`, the user who is linked to the Telegram account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub actor_id: Option<UserId>,
    /// The present name of the user who acted. Absent without such a user, and after the user was
    /// deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "Administrator")
    )]
    pub actor_name: Option<String>,
    /// The service credential that acted. With `service_created`, `service_updated`,
    /// `service_secret_rotated`, `service_secret_removed` and `service_deleted`, the one that was
    /// affected. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub service_id: Option<ServiceId>,
    /// The name of that service credential at the time of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "HR system"))]
    pub service_name: Option<String>,
    /// The user who was affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub subject_id: Option<UserId>,
    /// The present name of the user who was affected. Absent without such a user, and after the user
    /// was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "First Last"))]
    pub subject_name: Option<String>,
    /// Only for a failed sign-in on an account that does not exist: a digest of the phone number or
    /// e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "6f1b2c93e04d5a7f8890a1b2c3d4e5f6")
    )]
    pub account: Option<String>,
    /// The Telegram id of the bot whose init data was sent. Absent without init data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 1_234_567_890))]
    pub bot_id: Option<i64>,
    /// The names of the changed members. Absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = json!(["phone"])))]
    pub changes: Vec<String>,
    /// The webhook that was affected. Absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub webhook_id: Option<WebhookId>,
    /// The IP address of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "203.0.113.7"))]
    pub address: Option<IpAddr>,
    /// The id of the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "5d2c1f0e9b8a47d6a3c4e5f60718293a")
    )]
    pub request_id: Option<String>,
}

impl AuditEvent {
    /// Creates an event without actor, changes and origin; set the rest.
    pub fn new(
        id: AuditId,
        at: OffsetDateTime,
        action: AuditAction,
        subject_id: Option<UserId>,
    ) -> Self {
        Self {
            id,
            at,
            action,
            actor_id: None,
            actor_name: None,
            service_id: None,
            service_name: None,
            subject_id,
            subject_name: None,
            account: None,
            bot_id: None,
            changes: Vec::new(),
            webhook_id: None,
            address: None,
            request_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_names_are_unique_and_parse_back() {
        for &action in AuditAction::ALL {
            assert_eq!(AuditAction::from_code(action.as_str()), action);
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        assert_eq!(
            serde_json::from_str::<AuditAction>("\"of_tomorrow\"").unwrap(),
            AuditAction::Unknown
        );
        assert_eq!(AuditAction::from_code("unknown"), AuditAction::Unknown);
    }
}
