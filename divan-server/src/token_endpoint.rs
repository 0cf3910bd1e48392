//! The parts of the token endpoint that the document, the metrics and the middleware need.

use divan_core::api::ProblemCode;

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
