use std::fmt::Display;
use std::str::FromStr;

use divan_core::secret::Secret;

use super::error::{ConfigError, ConfigErrors};

/// What stands for a value that is not UTF-8. No variable of a process can hold it.
const NOT_UNICODE: &str = "\0";

/// The variables of this process.
pub(crate) fn of_process(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.into_string().unwrap_or_else(|_| NOT_UNICODE.to_owned()))
}

/// Reads variables and collects what is wrong with them.
pub(crate) struct Env<'s> {
    source: &'s dyn Fn(&str) -> Option<String>,
    errors: Vec<ConfigError>,
}

impl<'s> Env<'s> {
    pub(crate) fn new(source: &'s dyn Fn(&str) -> Option<String>) -> Self {
        Self { source, errors: Vec::new() }
    }

    /// Whether `name` or `name_FILE` has a value.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.raw(name).is_some() || self.raw(&format!("{name}_FILE")).is_some()
    }

    /// The value of a variable; an empty one counts as unset.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.raw(name)?;
        if value == NOT_UNICODE {
            self.wrong(name, "is not UTF-8", "plain-text");
            return None;
        }
        Some(value)
    }

    fn raw(&self, name: &str) -> Option<String> {
        (self.source)(name).filter(|value| !value.is_empty())
    }

    /// A secret: the value of `name`, or what the file at `name_FILE` holds without its last line feed.
    ///
    /// No error repeats the path: it may be the secret itself, given under the wrong name.
    pub(crate) fn secret(&mut self, name: &str, example: &str) -> Option<Secret> {
        const FILE_EXAMPLE: &str = "/run/secrets/name";
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.wrong(name, format!("and {file_name} are both set; keep one"), example);
                None
            }
            (Some(value), None) => Some(Secret::new(value)),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) if !text.trim_end_matches(['\r', '\n']).is_empty() => {
                    Some(Secret::new(text.trim_end_matches(['\r', '\n'])))
                }
                Ok(_) => {
                    self.wrong(&file_name, "names an empty file", FILE_EXAMPLE);
                    None
                }
                Err(error) => {
                    self.wrong(
                        &file_name,
                        format!("names a file that cannot be read: {}", error.kind()),
                        FILE_EXAMPLE,
                    );
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// A value with a default.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str, default: T, example: &str) -> T {
        match self.text(name).map(|value| value.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.wrong(name, format!("is wrong: {error}"), example);
                default
            }
        }
    }

    /// `on` or `off`.
    pub(crate) fn switch(&mut self, name: &str, default: bool) -> bool {
        match self.text(name).as_deref() {
            None => default,
            Some("on") => true,
            Some("off") => false,
            Some(_) => {
                self.wrong(name, "is neither `on` nor `off`", "off");
                default
            }
        }
    }

    pub(crate) fn wrong(&mut self, variable: &str, reason: impl Into<String>, example: &str) {
        self.errors.push(ConfigError {
            variable: variable.to_owned(),
            reason: reason.into(),
            example: example.to_owned(),
        });
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn into_errors(self) -> Option<ConfigErrors> {
        (!self.is_valid()).then_some(ConfigErrors(self.errors))
    }
}
