mod grammar;

use std::path::Path;

use super::error::ConfigError;
use super::exposure::is_readable_by_others;
use super::text_file::{UnreadableFile, read_text};
use crate::secret::Secret;
use grammar::statement;

/// The variables of an `.env` file. Values are not interpolated: `$` has no special meaning.
///
/// A line is blank, a comment (`#`), or `NAME=value`, optionally after `export`. An unquoted value
/// ends at the end of the line or before a `#` that follows a space. Text between single quotes is
/// literal and may span lines. Between double quotes, `\n`, `\r`, `\t`, `\\`, `\"` and `\$` are
/// escapes. A name occurs once.
///
/// ```
/// use divan_core::infra::EnvFile;
///
/// let file = EnvFile::parse("PASSWORD=pa$word # kept\nNAME='a # b'\n");
/// assert_eq!(file.names().collect::<Vec<_>>(), ["PASSWORD", "NAME"]);
/// assert!(file.errors().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct EnvFile {
    name: String,
    entries: Vec<Entry>,
    errors: Vec<ConfigError>,
    /// Other users can read the file.
    is_exposed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    name: String,
    pub(super) value: Secret,
    pub(super) line: usize,
}

impl EnvFile {
    /// Reads `.env` in the working directory. A missing file is empty.
    pub fn of_working_directory() -> Self {
        match read_text(Path::new(".env")) {
            Err(error) if error.is_missing() => Self::default(),
            outcome => Self::from_text(Path::new(".env"), outcome),
        }
    }

    /// Reads a file. A missing file is one of the [`errors`](Self::errors).
    pub fn read(path: &Path) -> Self {
        Self::from_text(path, read_text(path))
    }

    /// Parses the text of a file named `.env`.
    pub fn parse(text: &str) -> Self {
        let mut file = Self {
            name: ".env".to_owned(),
            ..Self::default()
        };
        file.parse_text(text);
        file
    }

    /// Errors of the invalid lines.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }

    /// Names with a value, which may be empty.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    pub(super) fn take_errors(&mut self) -> Vec<ConfigError> {
        std::mem::take(&mut self.errors)
    }

    /// Returns the name of the file if other users can read it.
    pub(super) fn exposed_name(&self) -> Option<&str> {
        self.is_exposed.then_some(self.name.as_str())
    }

    /// Describes a line: `.env line 3`.
    pub(super) fn location(&self, line: usize) -> String {
        format!("{} line {line}", self.name)
    }

    fn from_text(path: &Path, outcome: Result<Secret, UnreadableFile>) -> Self {
        let mut file = Self {
            name: path.display().to_string(),
            is_exposed: is_readable_by_others(path),
            ..Self::default()
        };
        match outcome {
            Ok(text) => file.parse_text(text.expose()),
            Err(error) => file.push_error(&error.to_string()),
        }
        file
    }

    fn push_error(&mut self, reason: &str) {
        let error = ConfigError {
            variable: self.name.clone(),
            reason: reason.to_owned(),
            example: "SECRET_KEY='any text'".to_owned(),
        };
        self.errors.push(error);
    }

    fn push_line_error(&mut self, line: usize, reason: &str) {
        let variable = self.location(line);
        self.push_error(reason);
        if let Some(error) = self.errors.last_mut() {
            error.variable = variable;
        }
    }

    fn parse_text(&mut self, text: &str) {
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut line = 1;
        while !rest.is_empty() {
            let (length, outcome) = statement(rest);
            match outcome {
                Ok(None) => {}
                Ok(Some((name, value))) => self.insert(name, value, line),
                Err(reason) => self.push_line_error(line, reason),
            }
            line += rest[..length].matches('\n').count();
            rest = &rest[length..];
        }
    }

    fn insert(&mut self, name: &str, value: Secret, line: usize) {
        if let Some(first) = self.get(name) {
            let reason = format!(
                "must not set {name} again (first set in line {})",
                first.line
            );
            self.push_line_error(line, &reason);
        } else {
            self.entries.push(Entry {
                name: name.to_owned(),
                value,
                line,
            });
        }
    }
}

#[cfg(test)]
mod tests;
