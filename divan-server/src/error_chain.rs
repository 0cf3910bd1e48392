use std::error::Error;
use std::fmt::Write as _;

/// Formats an error with its innermost cause. The causes between them only name the layers of a client.
#[cfg(feature = "cli")]
pub(crate) fn error_summary(error: &(dyn Error + 'static)) -> String {
    let (text, innermost) = (error.to_string(), innermost(error));
    if text.ends_with(&innermost) {
        text
    } else {
        format!("{text}: {innermost}")
    }
}

/// Returns the text of the innermost cause. The outer ones of an HTTP client repeat the URL and name
/// its layers.
#[cfg(feature = "cli")]
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Formats an error with all its causes in one line.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Some errors already include the text of their cause.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}
