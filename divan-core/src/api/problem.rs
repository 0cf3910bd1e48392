use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{MemberError, ProblemCode, ProofMethod};
use crate::secret::{self, Secret};
use crate::types::PasskeyOptions;

/// The body of every error response: RFC 9457 `application/problem+json`.
///
/// Front ends decide and translate by `code`; `title` and `detail` are English for developers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI of the problem: `urn:divan:problem:` followed by the code.
    #[serde(rename = "type", default)]
    #[cfg_attr(
        feature = "openapi",
        schema(example = "urn:divan:problem:invalid_credentials")
    )]
    type_uri: Cow<'static, str>,
    /// A short English title.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "Wrong credentials"))]
    title: Cow<'static, str>,
    /// The HTTP status.
    #[cfg_attr(feature = "openapi", schema(example = 401))]
    status: u16,
    /// The stable code to decide and translate by. Later versions may add codes: fall back on the
    /// status.
    #[cfg_attr(feature = "openapi", schema(value_type = super::ProblemCode))]
    code: Cow<'static, str>,
    /// The cause or the remedy, if the title is not sufficient. For developers, not for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "Send the body as application/json.")
    )]
    detail: Option<String>,
    /// The invalid members of the request. Present with `validation_failed`, `weak_password`,
    /// `email_taken`, `phone_taken`, `external_id_taken`, `not_ready`, and the codes of a contact or of init
    /// data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<MemberError>,
    /// The sign-in to complete. Present with `second_factor_required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "dvc1.mX0b9kq3Yw…"))]
    challenge: Option<Challenge>,
    /// The accepted proofs. Present with `second_factor_required` and
    /// `insufficient_user_authentication`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<ProofMethod>,
    /// The argument of `PublicKeyCredential.parseRequestOptionsFromJSON()`. Present with
    /// `second_factor_required` if `methods` contains `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>, nullable = false))]
    passkey: Option<PasskeyOptions>,
    /// The id of the request in the server's log, which contains the cause. Present with status 500
    /// and higher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "5d2c1f0e9b8a47d6a3c4e5f60718293a")
    )]
    request_id: Option<String>,
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
            challenge: None,
            methods: Vec::new(),
            passkey: None,
            request_id: None,
        }
    }

    /// Sets the `detail`. Default: none.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets the invalid members of the request. Default: none.
    #[must_use]
    pub fn with_errors(mut self, errors: impl Into<Vec<MemberError>>) -> Self {
        self.errors = errors.into();
        self
    }

    /// Sets the sign-in to complete. Default: none.
    #[must_use]
    pub fn with_challenge(mut self, challenge: Secret) -> Self {
        self.challenge = Some(Challenge(challenge));
        self
    }

    /// Sets the accepted proofs. Default: none.
    #[must_use]
    pub fn with_methods(mut self, methods: impl Into<Vec<ProofMethod>>) -> Self {
        self.methods = methods.into();
        self
    }

    /// Sets the options for the browser to use a passkey. Default: none.
    #[must_use]
    pub fn with_passkey(mut self, options: PasskeyOptions) -> Self {
        self.passkey = Some(options);
        self
    }

    /// Sets the request id. Default: none.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// The `type`: a URI of the problem.
    pub fn type_uri(&self) -> &str {
        &self.type_uri
    }

    /// The English title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The code, or [`ProblemCode::Unknown`] for one of a newer server: see
    /// [`code_str`](Self::code_str).
    pub fn code(&self) -> ProblemCode {
        ProblemCode::from_code(&self.code)
    }

    /// The code as the server sent it.
    pub fn code_str(&self) -> &str {
        &self.code
    }

    /// The cause or the remedy, in English for developers.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The invalid members of the request.
    pub fn errors(&self) -> &[MemberError] {
        &self.errors
    }

    /// The sign-in to complete.
    pub fn challenge(&self) -> Option<&Secret> {
        self.challenge.as_ref().map(|challenge| &challenge.0)
    }

    /// The accepted proofs.
    pub fn methods(&self) -> &[ProofMethod] {
        &self.methods
    }

    /// The options for the browser to use a passkey.
    pub fn passkey(&self) -> Option<&PasskeyOptions> {
        self.passkey.as_ref()
    }

    /// The id of the request in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// A secret that can be compared, as the rest of a problem.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Challenge(#[serde(serialize_with = "secret::expose")] Secret);

impl PartialEq for Challenge {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for Challenge {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_a_newer_server_is_read() {
        let newer = r#"{"type":"x","title":"y","status":418,"code":"of_tomorrow","hint":"new"}"#;
        let problem: Problem = serde_json::from_str(newer).unwrap();
        assert_eq!(
            (problem.code(), problem.code_str()),
            (ProblemCode::Unknown, "of_tomorrow")
        );
    }
}
