//! The parts of forward authentication that the document and the middleware need.

use divan_core::api::ProblemCode;

/// The path that proxies ask. It is no [`Endpoint`](divan_core::api::Endpoint) of the contract, because its
/// result is in headers.
pub(crate) const PATH: &str = "/auth/verify";

/// The paths for proxies that append the path of the original request.
pub(crate) const BELOW: [&str; 2] = ["/auth/verify/", "/auth/verify/{*path}"];

/// The problems, in addition to those of any request.
pub(crate) const PROBLEMS: &[ProblemCode] = &[
    ProblemCode::TokenMissing,
    ProblemCode::TokenInvalid,
    ProblemCode::TokenExpired,
    ProblemCode::PasswordChangeRequired,
    ProblemCode::SecondFactorEnrolmentRequired,
    ProblemCode::AdminRequired,
    ProblemCode::ValidationFailed,
];

/// Returns `true` if a path of a request or a route is one of these, below any prefix of a nested router.
pub(crate) fn is_at(path: &str) -> bool {
    path.ends_with(PATH) || is_below(path)
}

/// Returns `true` if a path contains the path of an original request.
pub(crate) fn is_below(path: &str) -> bool {
    path.contains(BELOW[0])
}
