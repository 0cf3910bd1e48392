//! The problems of requests that cannot be parsed.

use divan_core::api::{MemberError, ProblemCode};

use crate::problem::Problem;

/// The maximum size of a request body.
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

/// The maximum size of a file.
pub(crate) const MAX_FILE_BYTES: usize = 5 * 1024 * 1024;

/// The file is over the limit.
pub(crate) fn file_too_large() -> Problem {
    Problem::new(ProblemCode::PayloadTooLarge).with_detail(
        "The limit is 5 MiB: split the file, or import it with `divan-server import users`.",
    )
}

/// The body is not of the media type that the endpoint requires.
pub(crate) fn unsupported(required: &str) -> Problem {
    Problem::new(ProblemCode::UnsupportedMediaType)
        .with_detail(format!("Send the body as {required}."))
}

/// A member or parameter is at fault.
pub(crate) fn invalid(error: MemberError) -> Problem {
    Problem::new(ProblemCode::ValidationFailed).with_errors([error])
}
