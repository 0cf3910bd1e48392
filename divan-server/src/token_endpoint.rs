//! The parts of the token endpoint that the document, the metrics and the middleware need.

use divan_core::api::ProblemCode;

/// The path of the token endpoint. It is no [`Endpoint`](divan_core::api::Endpoint) of the contract,
/// because RFC 6749 defines its requests and errors.
pub(crate) const PATH: &str = "/auth/token";

/// The problems that are not errors of RFC 6749, in addition to those of any request.
pub(crate) const PROBLEMS: &[ProblemCode] = &[
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::TooManyAttempts,
    ProblemCode::Overloaded,
];

/// Marks the response to a refresh, which the metrics do not count as a sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotASignIn;
