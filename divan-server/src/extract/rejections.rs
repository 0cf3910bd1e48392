//! The problems of requests that cannot be read.

use divan_core::api::{MemberError, ProblemCode};

use crate::problem::Problem;

/// The largest body of a request.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// The body is not JSON.
pub(crate) fn malformed() -> Problem {
    Problem::new(ProblemCode::MalformedBody).with_detail("The body is not JSON in UTF-8.")
}

/// The body is over the limit.
pub(crate) fn too_large() -> Problem {
    Problem::new(ProblemCode::PayloadTooLarge)
        .with_detail(format!("The limit is {MAX_BODY_BYTES} bytes."))
}

/// The body is of none of the types that are read here.
pub(crate) fn unsupported<'t>(read_here: impl IntoIterator<Item = &'t str>) -> Problem {
    let types: Vec<&str> = read_here.into_iter().collect();
    let detail = format!("Send the body as {}.", types.join(" or "));
    Problem::new(ProblemCode::UnsupportedMediaType).with_detail(detail)
}

/// A member or parameter is at fault.
pub(crate) fn invalid(error: MemberError) -> Problem {
    Problem::new(ProblemCode::ValidationFailed).with_errors([error])
}
