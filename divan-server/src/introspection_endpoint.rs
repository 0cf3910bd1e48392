//! The parts of introspection and revocation that the document needs.

use divan_core::api::ProblemCode;

/// The problems that are not errors of RFC 6749, in addition to those of any request.
pub(crate) const PROBLEMS: &[ProblemCode] = &[
    ProblemCode::InsufficientScope,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::TooManyAttempts,
];
