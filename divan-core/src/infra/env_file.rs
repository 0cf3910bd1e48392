mod grammar;

use std::path::Path;

use super::error::ConfigError;
use super::text_file::{UnreadableFile, read_text};
use crate::secret::Secret;
use grammar::statement;

/// The variables of an `.env` file. Nothing in it is replaced: a `$` is a `$`.
///
/// A line is blank, a comment (`#`), or `NAME=value`, with `export` in front if need be. A value
/// ends at the end of its line or at a space followed by `#`. Between single quotes everything is
/// literal, and the value may go on over several lines; between double quotes `\n`, `\r`, `\t`,
/// `\\`, `\"` and `\$` are escapes. A name stands once.
///
/// ```
/// use divan_core::infra::EnvFile;
///
/// let file = EnvFile::parse("PASSWORD=pa$word # not replaced\nNAME='a # b'\n");
/// assert_eq!(file.names().collect::<Vec<_>>(), ["PASSWORD", "NAME"]);
/// assert!(file.errors().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct EnvFile {
    name: String,
    entries: Vec<Entry>,
    errors: Vec<ConfigError>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    name: String,
    pub(super) value: Secret,
    pub(super) line: usize,
}

impl EnvFile {
    /// Reads `.env` in the current folder, which need not be there.
    pub fn of_working_directory() -> Self {
        match read_text(Path::new(".env")) {
            Err(error) if error.is_missing() => Self::default(),
            outcome => Self::of_text(".env".to_owned(), outcome),
        }
    }

    /// Reads a file, which has to be there. That it is not is among the [`errors`](Self::errors).
    pub fn read(path: &Path) -> Self {
        Self::of_text(path.display().to_string(), read_text(path))
    }

    /// Reads the text of a file called `.env`.
    pub fn parse(text: &str) -> Self {
        let mut file = Self {
            name: ".env".to_owned(),
            ..Self::default()
        };
        file.take(text);
        file
    }

    /// What is wrong with the lines that could not be read.
    pub fn errors(&self) -> &[ConfigError] {
        &self.errors
    }

    /// The names that it gives a value, an empty one included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    pub(super) fn take_errors(&mut self) -> Vec<ConfigError> {
        std::mem::take(&mut self.errors)
    }

    /// How a line of it is called.
    pub(super) fn place(&self, line: usize) -> String {
        format!("{} line {line}", self.name)
    }

    fn of_text(name: String, outcome: Result<Secret, UnreadableFile>) -> Self {
        let mut file = Self {
            name,
            ..Self::default()
        };
        match outcome {
            Ok(text) => file.take(text.expose()),
            Err(error) => file.wrong_file(&error.to_string()),
        }
        file
    }

    fn wrong_file(&mut self, reason: &str) {
        let error = ConfigError {
            variable: self.name.clone(),
            reason: reason.to_owned(),
            example: "SECRET_KEY='any text'".to_owned(),
        };
        self.errors.push(error);
    }

    fn wrong(&mut self, line: usize, reason: &str) {
        let variable = self.place(line);
        self.wrong_file(reason);
        if let Some(error) = self.errors.last_mut() {
            error.variable = variable;
        }
    }

    fn take(&mut self, text: &str) {
        let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut line = 1;
        while !rest.is_empty() {
            let (taken, outcome) = statement(rest);
            match outcome {
                Ok(None) => {}
                Ok(Some((name, value))) => self.insert(name, value, line),
                Err(reason) => self.wrong(line, reason),
            }
            line += rest[..taken].matches('\n').count();
            rest = &rest[taken..];
        }
    }

    fn insert(&mut self, name: &str, value: Secret, line: usize) {
        if let Some(first) = self.get(name) {
            let reason = format!("sets {name} again, after line {}; keep one", first.line);
            self.wrong(line, &reason);
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
