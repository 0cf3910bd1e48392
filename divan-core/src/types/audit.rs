use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{AuditId, UserId};

macro_rules! audit_actions {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal;)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum AuditAction {
            $($(#[doc = $doc])* #[serde(rename = $word)] $variant,)*
            /// An action that this version does not know: the other side is newer.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl AuditAction {
            /// Every action that this version writes down.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The action's name on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* Self::Unknown => "unknown" }
            }

            /// What was done, in an English sentence.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii(),)*
                    Self::Unknown => "An action that this version does not know.",
                }
            }
        }

        impl FromStr for AuditAction {
            type Err = UnknownAction;

            fn from_str(text: &str) -> Result<Self, UnknownAction> {
                match text { $($word => Ok(Self::$variant),)* _ => Err(UnknownAction) }
            }
        }
    };
}

audit_actions! {
    /// The first administrator was created.
    Bootstrapped = "bootstrapped";
    /// A user was created.
    UserCreated = "user_created";
    /// A user was changed; `changes` names the members.
    UserUpdated = "user_updated";
    /// A user got another role, and maybe other changes.
    RoleChanged = "role_changed";
    /// A user was activated again, and maybe changed.
    UserActivated = "user_activated";
    /// A user was deactivated, and maybe changed.
    UserDeactivated = "user_deactivated";
    /// A user got a generated password.
    PasswordReset = "password_reset";
    /// A user chose another password.
    PasswordChanged = "password_changed";
    /// A sign-in bound a Telegram account to the user.
    TelegramLinked = "telegram_linked";
    /// A user's Telegram account was forgotten.
    TelegramUnlinked = "telegram_unlinked";
    /// A user signed in with the password.
    SignedIn = "signed_in";
    /// A user was signed in by Telegram alone.
    SignedInAutomatically = "signed_in_automatically";
    /// A user ended a session.
    SignedOut = "signed_out";
    /// All sessions of a user were ended.
    SignedOutEverywhere = "signed_out_everywhere";
    /// A session had to be ended because two parties held its tokens.
    TokenReuseDetected = "token_reuse_detected";
}

/// The text names no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such action")]
pub struct UnknownAction;

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// Derived, the schema would have names of variants, and the one that no server sends.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for AuditAction {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let lines = Self::ALL
            .iter()
            .map(|action| format!("- `{action}`: {}", action.description()));
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some(format!(
                "What was done:\n\n{}",
                lines.collect::<Vec<_>>().join("\n")
            )))
            .enum_values(Some(Self::ALL.iter().map(|action| action.as_str())))
            .examples([Self::PasswordReset.as_str()])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for AuditAction {}

/// One line of the audit: who did what, to whom, when, and from where. It holds no secret and no
/// value of what was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditEvent {
    /// The id of the line. Newer lines have greater ids.
    pub id: AuditId,
    /// When it was done.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:52:40.5Z"))]
    pub at: OffsetDateTime,
    /// What was done.
    pub action: AuditAction,
    /// The user who did it; absent where it was done on the server's own machine, or by nobody who
    /// can be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub actor_id: Option<UserId>,
    /// The user to whom it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub subject_id: Option<UserId>,
    /// The members that were changed, by their names. Absent where nothing was changed by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(example = json!(["phone"])))]
    pub changes: Vec<String>,
    /// The address that it was done from.
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
    /// A line that says no more than what was done to whom and when; set the rest.
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
            subject_id,
            changes: Vec::new(),
            address: None,
            request_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own_that_leads_back() {
        for &action in AuditAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        assert_eq!(
            serde_json::from_str::<AuditAction>("\"of_tomorrow\"").unwrap(),
            AuditAction::Unknown
        );
        assert_eq!("unknown".parse::<AuditAction>(), Err(UnknownAction));
    }
}
