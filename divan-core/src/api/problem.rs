use std::borrow::Cow;

use serde::{Deserialize, Serialize};

macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// Everything that can go wrong, as a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProblemCode {
            $($(#[doc = $doc])* $variant,)*
            /// A word that this version does not know: the other side is newer.
            Unknown,
        }

        impl ProblemCode {
            /// Every code that a server of this version answers with.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* Self::Unknown => "unknown" }
            }

            /// The word as a URI: `urn:divan:problem:` and the word.
            pub const fn type_uri(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("urn:divan:problem:", $code),)*
                    Self::Unknown => "urn:divan:problem:unknown",
                }
            }

            /// The HTTP status that it comes with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Unknown => 500 }
            }

            /// What it is, in a few English words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* Self::Unknown => "Unknown problem" }
            }

            /// What it means and what to do about it, in English sentences.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim_ascii(),)*
                    Self::Unknown => "A word that this version does not know.",
                }
            }

            /// The code of a word.
            pub fn from_word(word: &str) -> Self {
                match word { $($code => Self::$variant,)* _ => Self::Unknown }
            }
        }
    };
}

problem_codes! {
    /// The body is not JSON (or not a form), or not UTF-8.
    MalformedBody = "malformed_body", 400, "Malformed body";
    /// The request carries two init data that differ.
    InitDataConflict = "init_data_conflict", 400, "Two different init data";
    /// The init data is empty: the Mini App was opened in a way that carries none.
    InitDataMissing = "init_data_missing", 401, "Init data is empty";
    /// The init data is not signed by this bot's Telegram, or is not sign-in data.
    InitDataInvalid = "init_data_invalid", 401, "Init data is not valid";
    /// The init data is too old: reopen the Mini App.
    InitDataExpired = "init_data_expired", 401, "Init data has expired";
    /// Name and password do not open an account. Which of the two is wrong is not told.
    InvalidCredentials = "invalid_credentials", 401, "Wrong credentials";
    /// The request has no access token: send `Authorization: Bearer …`.
    TokenMissing = "token_missing", 401, "Access token missing";
    /// The access token is not one of this service, or its session has ended: sign in again.
    TokenInvalid = "token_invalid", 401, "Access token not valid";
    /// The access token's life is over: refresh, and send the request again.
    TokenExpired = "token_expired", 401, "Access token expired";
    /// The refresh token is not one of this service, was replaced, or its session has ended: sign
    /// in again.
    RefreshTokenInvalid = "refresh_token_invalid", 401, "Refresh token not valid";
    /// Telegram alone does not sign this person in now: sign in with phone number and password.
    PasswordRequired = "password_required", 401, "Password required";
    /// The user has to change the password before anything else: `POST /auth/me/password`.
    PasswordChangeRequired = "password_change_required", 403, "Password change required";
    /// The password was right, but it was generated too long ago: ask an administrator for another
    /// one.
    PasswordExpired = "password_expired", 403, "Generated password expired";
    /// The endpoint is for administrators signed in to the admin panel.
    AdminRequired = "admin_required", 403, "Administrators only";
    /// The first administrator can be created only with the bootstrap token.
    BootstrapTokenRequired = "bootstrap_token_required", 403, "Bootstrap token required";
    /// The account belongs to another Telegram account, or that Telegram account to another
    /// account. An administrator can unlink it.
    TelegramAccountMismatch = "telegram_account_mismatch", 403, "Another Telegram account";
    /// There is nothing at this address.
    NotFound = "not_found", 404, "Not found";
    /// The address does not know this method.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The request took too long to arrive or to be answered.
    RequestTimeout = "request_timeout", 408, "Request timed out";
    /// The first administrator exists already: sign in.
    AlreadyBootstrapped = "already_bootstrapped", 409, "Already bootstrapped";
    /// No active administrator would be left. Nothing was changed.
    LastAdmin = "last_admin", 409, "Last administrator";
    /// Another user has this e-mail address.
    EmailTaken = "email_taken", 409, "E-mail address taken";
    /// Another user has this phone number.
    PhoneTaken = "phone_taken", 409, "Phone number taken";
    /// The body is larger than the server takes.
    PayloadTooLarge = "payload_too_large", 413, "Body too large";
    /// The body is not of a type that the endpoint reads.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported media type";
    /// Members are missing, unknown, or of the wrong form; `errors` names them.
    ValidationFailed = "validation_failed", 422, "Request not valid";
    /// The new password breaks a rule; `errors` says which.
    WeakPassword = "weak_password", 422, "Password refused";
    /// Something broke. The log has the cause under the request id.
    Internal = "internal", 500, "Internal error";
    /// Too many sign-ins wait: come back after `Retry-After` seconds.
    Overloaded = "overloaded", 503, "Too busy";
    /// The database does not answer: come back after `Retry-After` seconds.
    Unavailable = "unavailable", 503, "Temporarily unavailable";
    /// Something that the server depends on is down; `errors` names it.
    NotReady = "not_ready", 503, "Not ready";
    /// The server has no bot token, so nobody can sign in through Telegram.
    TelegramNotConfigured = "telegram_not_configured", 503, "Telegram is not configured";
}

/// The body of every answer that is not a success: RFC 9457 `application/problem+json`.
///
/// Front ends decide and translate by `code`; `title` and `detail` are English for developers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Problem {
    /// A URI of the problem: `urn:divan:problem:` and the code.
    #[serde(rename = "type", default)]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "urn:divan:problem:invalid_credentials")
    )]
    pub type_uri: Cow<'static, str>,
    /// What it is, in a few English words.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "Wrong credentials"))]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    #[cfg_attr(feature = "openapi", schema(example = 401))]
    pub status: u16,
    /// The stable word to decide by, and to translate by. There may be new ones: fall back on the
    /// status.
    #[cfg_attr(feature = "openapi", schema(example = "invalid_credentials"))]
    pub code: Cow<'static, str>,
    /// What to do about it, where there is more to say than the title does. For a developer, not
    /// for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "Send the body as application/json.")
    )]
    pub detail: Option<String>,
    /// The members that are at fault, with `validation_failed`, `weak_password` and `not_ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<MemberError>,
    /// The id that the server's log has the cause under; with every status from 500 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "5d2c1f0e9b8a47d6a3c4e5f60718293a")
    )]
    pub request_id: Option<String>,
}

/// What is wrong with one member of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberError {
    /// The member as a JSON pointer (RFC 6901); empty for the body as a whole.
    #[cfg_attr(feature = "openapi", schema(example = "/phone"))]
    pub pointer: String,
    /// What is wrong with it.
    #[cfg_attr(feature = "openapi", schema(example = "is missing"))]
    pub detail: String,
}

impl Problem {
    /// The problem of a code, with the status and title that belong to it.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            type_uri: code.type_uri().into(),
            title: code.title().into(),
            status: code.status(),
            code: code.as_str().into(),
            detail: None,
            errors: Vec::new(),
            request_id: None,
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the members that are at fault.
    #[must_use]
    pub fn errors(mut self, errors: impl Into<Vec<MemberError>>) -> Self {
        self.errors = errors.into();
        self
    }

    /// The code, or [`ProblemCode::Unknown`] for a word of a newer server.
    pub fn code(&self) -> ProblemCode {
        ProblemCode::from_word(&self.code)
    }
}

impl MemberError {
    /// What is wrong with the member that `pointer` names.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own_that_leads_back() {
        for &code in ProblemCode::ALL {
            assert_eq!(ProblemCode::from_word(code.as_str()), code);
            assert!((400..600).contains(&code.status()));
        }
        assert_eq!(ProblemCode::from_word("of_tomorrow"), ProblemCode::Unknown);
    }

    #[test]
    fn a_problem_of_a_newer_server_is_read() {
        let newer = r#"{"type":"x","title":"y","status":418,"code":"of_tomorrow","hint":"new"}"#;
        let problem: Problem = serde_json::from_str(newer).unwrap();
        assert_eq!(
            (problem.code(), &*problem.code),
            (ProblemCode::Unknown, "of_tomorrow")
        );
    }
}
