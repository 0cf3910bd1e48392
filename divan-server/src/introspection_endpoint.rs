//! The parts of introspection and revocation that the document needs.

use divan_core::api::ProblemCode;

/// The path of introspection. It is no [`Endpoint`](divan_core::api::Endpoint) of the contract, because RFC 7662
/// defines its requests and errors.
pub(crate) const INTROSPECT: &str = "/auth/introspect";

/// The path of revocation (RFC 7009).
pub(crate) const REVOKE: &str = "/auth/revoke";

/// The problems that are not errors of RFC 6749, in addition to those of any request.
pub(crate) const PROBLEMS: &[ProblemCode] = &[
    ProblemCode::InsufficientScope,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::TooManyAttempts,
];
