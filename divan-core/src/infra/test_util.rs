//! What the tests of the sections share.

use std::collections::HashMap;

use super::env::Env;
use super::error::ConfigErrors;

/// What `read` makes of these variables, and what is wrong with them, each error on its line.
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

/// What `read` makes of variables that nothing is wrong with.
pub(super) fn read<T>(variables: &[(&str, &str)], read: impl FnOnce(&mut Env<'_>) -> T) -> T {
    let (read, errors, warnings) = outcome(variables, read);
    assert_eq!((errors, warnings), (vec![], vec![]));
    read
}

/// What is wrong with these variables.
pub(super) fn errors<T>(
    variables: &[(&str, &str)],
    read: impl FnOnce(&mut Env<'_>) -> T,
) -> Vec<String> {
    outcome(variables, read).1
}

/// That each error begins like this, and that there is no other.
#[track_caller]
pub(super) fn assert_starts(errors: &[String], starts: &[&str]) {
    let fits = errors.len() == starts.len()
        && errors
            .iter()
            .zip(starts)
            .all(|(error, start)| error.starts_with(start));
    assert!(fits, "{errors:#?} do not begin like {starts:#?}");
}
