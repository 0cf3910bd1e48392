//! Errors inside other errors.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

/// Finds an error of this type among the sources, and inside `io::Error` and `Arc`, which do not
/// return the wrapped error as their source.
pub(crate) fn find<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(found) = wrapped_error(error).and_then(find) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Returns the error inside an `io::Error` or `Arc`.
fn wrapped_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.get_ref().map(|inner| inner as _);
    }
    if let Some(error) = error.downcast_ref::<Arc<io::Error>>() {
        return Some(&**error);
    }
    error
        .downcast_ref::<Arc<dyn StdError + Send + Sync>>()
        .map(|inner| &**inner as _)
}
