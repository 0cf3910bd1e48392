use std::borrow::Cow;

use serde::{Deserialize, Serialize};

macro_rules! member_error_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $code:literal, [$($param:literal),*];)*) => {
        open_enum! {
            /// The stable code of a [`MemberError`].
            pub enum MemberErrorCode {
                $($(#[doc = $doc])* $variant = $code,)*
            }
        }

        impl MemberErrorCode {
            /// The names of its parameters: members of [`MemberErrorParams`].
            pub const fn params(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($param),*],)* Self::Unknown => &[] }
            }
        }
    };
}

member_error_codes! {
    /// The member is required.
    Required = "required", [];
    /// The request does not have such a member.
    UnknownMember = "unknown_member", [];
    /// The member appears more than once.
    DuplicateMember = "duplicate_member", [];
    /// The value does not have the type and format of the API documentation; `detail` names the rule.
    WrongType = "wrong_type", [];
    /// The value is not one of the allowed values; `detail` lists them.
    UnknownValue = "unknown_value", [];
    /// The value is empty.
    Empty = "empty", [];
    /// The value has more than `max` characters.
    TooLong = "too_long", ["max"];
    /// The value is below `min` or above `max`.
    OutOfRange = "out_of_range", ["min", "max"];
    /// The page size is below `min` or above `max`.
    LimitOutOfRange = "limit_out_of_range", ["min", "max"];
    /// The cursor does not belong to this list with these filters.
    CursorInvalid = "cursor_invalid", [];
    /// The search is too long or has too many words.
    SearchTooLong = "search_too_long", [];
    /// The search has no letter and no digit.
    SearchEmpty = "search_empty", [];
    /// The name has no visible character, or contains a control character, an invisible one, or one that
    /// changes the direction of text. A letter has at most four combining marks.
    NameInvalid = "name_invalid", [];
    /// The text is not a valid phone number.
    PhoneInvalid = "phone_invalid", [];
    /// The text is not a valid e-mail address.
    EmailInvalid = "email_invalid", [];
    /// The id of another system contains a control character.
    ExternalIdInvalid = "external_id_invalid", [];
    /// The metadata has more than `max` bytes.
    MetadataTooLarge = "metadata_too_large", ["max"];
    /// Another user has this value.
    Taken = "taken", [];
    /// The password has fewer than `min` characters.
    PasswordTooShort = "password_too_short", ["min"];
    /// The password has more than `max` characters.
    PasswordTooLong = "password_too_long", ["max"];
    /// The password is a common one, or consists of common words and patterns.
    PasswordTooCommon = "password_too_common", [];
    /// The password is on the server's list of passwords that leaked from other services.
    PasswordBreached = "password_breached", [];
    /// The password consists mostly of the user's own name, e-mail address or phone number.
    PasswordPersonal = "password_personal", [];
    /// The new password is the current one.
    PasswordUnchanged = "password_unchanged", [];
    /// The password of an administrator must be generated: omit the member.
    PasswordGeneratedOnly = "password_generated_only", [];
    /// The password hash is of no supported kind.
    PasswordHashInvalid = "password_hash_invalid", [];
    /// The member and the member `other` must not be sent together.
    MutuallyExclusive = "mutually_exclusive", ["other"];
    /// Administrators cannot change this member of their own account.
    OwnAccount = "own_account", [];
    /// The request has no member to change.
    NothingToChange = "nothing_to_change", [];
    /// The dependency is down (with `not_ready`).
    DependencyDown = "dependency_down", [];
    /// The server is shutting down (with `not_ready`).
    ShuttingDown = "shutting_down", [];
    /// The value breaks another rule; `detail` names it.
    Invalid = "invalid", [];
}

/// An error of one member of a request.
///
/// Front ends translate by `code` and `params`; `detail` is English for developers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberError {
    /// The member as a JSON pointer (RFC 6901); empty for the body as a whole.
    #[cfg_attr(feature = "openapi", schema(example = "/password"))]
    pointer: String,
    /// The stable code to translate by. Later versions may add codes.
    #[cfg_attr(feature = "openapi", schema(value_type = super::MemberErrorCode))]
    code: Cow<'static, str>,
    /// The parameters of the code, for the translated sentence.
    #[serde(default, skip_serializing_if = "MemberErrorParams::is_empty")]
    params: MemberErrorParams,
    /// The rule that the member breaks, in English for developers.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "must have at least 15 characters")
    )]
    detail: String,
}

/// The parameters of a member error; its code determines which are present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct MemberErrorParams {
    /// The minimum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 15))]
    pub min: Option<u64>,
    /// The maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = 128))]
    pub max: Option<u64>,
    /// The other member, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, example = "/phone"))]
    pub other: Option<String>,
}

impl MemberErrorParams {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl MemberError {
    /// Creates an error of the member that `pointer` names.
    pub fn new(
        pointer: impl Into<String>,
        code: MemberErrorCode,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.as_str().into(),
            params: MemberErrorParams::default(),
            detail: detail.into(),
        }
    }

    /// Sets the parameter `min`. Default: none.
    #[must_use]
    pub fn with_min(mut self, min: impl TryInto<u64>) -> Self {
        self.params.min = min.try_into().ok();
        self
    }

    /// Sets the parameter `max`. Default: none.
    #[must_use]
    pub fn with_max(mut self, max: impl TryInto<u64>) -> Self {
        self.params.max = max.try_into().ok();
        self
    }

    /// Sets the parameter `other`: the pointer of another member. Default: none.
    #[must_use]
    pub fn with_other(mut self, pointer: impl Into<String>) -> Self {
        self.params.other = Some(pointer.into());
        self
    }

    /// The member as a JSON pointer (RFC 6901); empty for the body as a whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The code, or [`MemberErrorCode::Unknown`] for one of a newer server: see
    /// [`code_str`](Self::code_str).
    pub fn code(&self) -> MemberErrorCode {
        MemberErrorCode::from_code(&self.code)
    }

    /// The code as the server sent it.
    pub fn code_str(&self) -> &str {
        &self.code
    }

    /// The parameters of the code.
    pub fn params(&self) -> &MemberErrorParams {
        &self.params
    }

    /// The rule that the member breaks, in English for developers.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn codes_are_unique_and_parse_back() {
        for &code in MemberErrorCode::ALL {
            assert_eq!(MemberErrorCode::from_code(code.as_str()), code);
        }
        assert_eq!(
            MemberErrorCode::from_code("of_tomorrow"),
            MemberErrorCode::Unknown
        );
    }

    #[test]
    fn parameters_are_members_of_params_and_omitted_when_empty() {
        let short = MemberError::new("/password", MemberErrorCode::PasswordTooShort, "is short");
        let short = serde_json::to_value(short.with_min(15_usize)).unwrap();
        assert_eq!(short["params"], json!({"min": 15}));
        let taken = MemberError::new("/phone", MemberErrorCode::Taken, "belongs to another user");
        assert_eq!(serde_json::to_value(taken).unwrap()["params"], Value::Null);
    }

    #[test]
    fn an_error_of_a_newer_server_is_read() {
        let newer =
            json!({"pointer": "/x", "code": "of_tomorrow", "detail": "", "params": {"y": 1}});
        let error: MemberError = serde_json::from_value(newer).unwrap();
        assert_eq!(
            (error.code(), error.code_str()),
            (MemberErrorCode::Unknown, "of_tomorrow")
        );
    }
}
