//! Shared code of the section tests.

use std::collections::HashMap;

use super::env::Env;
use super::error::ConfigErrors;

/// Returns the result of `read`, the errors and the warnings.
pub(super) fn outcome<T>(
    variables: &[(&str, &str)],
    read: impl FnOnce(&mut Env<'_>) -> T,
) -> (T, Vec<String>, Vec<String>) {
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let source = |name: &str| variables.get(name).cloned();
    let mut env = Env::new(&source).with_names(variables.keys().cloned());
    let read = read(&mut env);
    let warnings = env.warnings().iter().map(ToString::to_string).collect();
    let ConfigErrors(errors) = env.finish().err().unwrap_or_default();
    (
        read,
        errors.iter().map(ToString::to_string).collect(),
        warnings,
    )
}

/// Returns the result of `read` for valid variables.
pub(super) fn read<T>(variables: &[(&str, &str)], read: impl FnOnce(&mut Env<'_>) -> T) -> T {
    let (read, errors, warnings) = outcome(variables, read);
    assert_eq!((errors, warnings), (vec![], vec![]));
    read
}

/// Returns the errors of these variables.
pub(super) fn errors<T>(
    variables: &[(&str, &str)],
    read: impl FnOnce(&mut Env<'_>) -> T,
) -> Vec<String> {
    outcome(variables, read).1
}

/// Asserts that the errors have these prefixes.
#[track_caller]
pub(super) fn assert_starts(errors: &[String], starts: &[&str]) {
    let matches = errors.len() == starts.len()
        && errors
            .iter()
            .zip(starts)
            .all(|(error, start)| error.starts_with(start));
    assert!(matches, "{errors:#?} do not start with {starts:#?}");
}
