mod names;
mod reading;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::deployment::DATABASE_URL;
use super::env_file::EnvFile;
use super::error::{ConfigError, ConfigErrors, ConfigWarning};
use super::exposure::is_readable_by_others;
use super::variable::Variable;
use crate::secret::Secret;

use names::NearMiss;

/// Hint for a secret that is shorter than expected. It follows a semicolon.
pub const COMPOSE_HINT: &str = "if the value comes from a compose file, write `$` as `$$`";

/// The warning about a file.
const EXPOSED: &str = "can be read by other users: run `chmod 600` on it";

/// Placeholder for a value that is not UTF-8. No environment variable can contain it.
const NOT_UNICODE: &str = "\0";

/// Reads variables and collects all errors. Continue reading after an error, and call
/// [`finish`](Self::finish) at the end.
///
/// The environment of the process has precedence over the `.env` file. An empty variable counts as
/// unset and hides the value of the file. White space at both ends of a value is removed.
///
/// ```
/// use divan_core::infra::{Env, EnvFile, Variable};
///
/// static API_KEY: Variable = Variable::new("APP_API_KEY", "API key", "from-its-settings").secret();
/// static RETRIES: Variable = Variable::new("APP_RETRIES", "number of retries", "5").when_unset("3");
///
/// let variables = |name: &str| (name == "APP_RETRIES").then(|| "4".to_owned());
/// let file = EnvFile::parse("APP_API_KEY='pa$word'\nAPP_RETRIES=9");
/// let mut env = Env::new(&variables).with_file(file);
/// let (key, retries) = (env.secret(&API_KEY), env.parsed(&RETRIES, 3_u32));
/// env.finish()?;
/// assert_eq!((key.unwrap().expose(), retries), ("pa$word", 4));
/// # Ok::<(), divan_core::infra::ConfigErrors>(())
/// ```
pub struct Env<'s> {
    /// The variables that have precedence over the file.
    source: &'s dyn Fn(&str) -> Option<String>,
    /// Names that the source has values for.
    names: BTreeSet<String>,
    file: EnvFile,
    near_misses: Vec<NearMiss>,
    errors: Vec<ConfigError>,
    warnings: Vec<ConfigWarning>,
    /// Variables whose value was returned to a reader.
    read: BTreeSet<&'static str>,
    /// Variables with an error.
    rejected: BTreeSet<&'static str>,
}

/// A value and its source.
pub(super) struct Found {
    pub(super) value: Secret,
    /// Line of the file, if the value comes from the file.
    pub(super) line: Option<usize>,
}

impl Env<'static> {
    /// Reads the environment of this process, then `.env` in the working directory.
    pub fn of_process() -> Self {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        Self::new(&process_variable)
            .with_names(names)
            .with_file(EnvFile::of_working_directory())
    }
}

impl<'s> Env<'s> {
    /// Reads from a function. Pass its names to [`with_names`](Self::with_names) to detect
    /// misspelled ones.
    pub fn new(source: &'s dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            source,
            names: BTreeSet::new(),
            file: EnvFile::default(),
            near_misses: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            read: BTreeSet::new(),
            rejected: BTreeSet::new(),
        }
    }

    /// Names that the function of [`new`](Self::new) has values for. Default: none.
    #[must_use]
    pub fn with_names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// Replaces the `.env` file. Its errors are added to the errors of this reader.
    #[must_use]
    pub fn with_file(mut self, mut file: EnvFile) -> Self {
        self.errors = file.take_errors();
        self.file = file;
        self
    }

    /// `DATABASE_URL` is set: this is a deployment, which rejects placeholders.
    pub fn is_deployment(&self) -> bool {
        self.is_set(&DATABASE_URL)
    }

    /// Records an error. `reason` continues the name of the variable and must not contain the
    /// value.
    pub fn error(&mut self, variable: &Variable, reason: impl Into<String>) {
        self.rejected.insert(variable.name);
        let is_file = self.value(variable.name).is_none() && self.file_path(variable).is_some();
        let (name, example) = if is_file {
            (variable.file_name(), variable.file_example())
        } else {
            (variable.name.to_owned(), variable.example_line())
        };
        self.push_error(name, reason.into(), example);
    }

    /// Records an error unless the variable is set. A probable misspelling of its name is reported
    /// instead.
    pub fn require(&mut self, variable: &Variable, reason: &str) {
        if self.is_set(variable) || self.report_near_miss(variable) {
            return;
        }
        // A value that consisted of `$name` is empty after interpolation.
        let reason = if self.find(variable.name).is_some() {
            format!("is empty, and {reason}; {COMPOSE_HINT}")
        } else {
            format!("is not set, and {reason}")
        };
        self.push_error(variable.name.to_owned(), reason, variable.example_line());
    }

    /// Records a warning. `reason` continues the name of the variable and must not contain the
    /// value.
    pub fn warn(&mut self, variable: &Variable, reason: impl Into<String>) {
        self.push_warning(variable.name, reason.into());
    }

    /// Records a warning if other users can read a file with secrets, on Unix. The warning contains the
    /// path.
    pub fn check_private(&mut self, path: &Path) {
        if is_readable_by_others(path) {
            self.push_warning(&path.display().to_string(), EXPOSED.to_owned());
        }
    }

    /// Returns `true` if there are no errors so far.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Warnings so far.
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All errors so far. They are returned once.
    pub fn finish(&mut self) -> Result<(), ConfigErrors> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors(std::mem::take(&mut self.errors)))
        }
    }

    /// The value of a name, which may be empty. The process has precedence over the file.
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        match (self.source)(name).map(Secret::new) {
            Some(value) => Some(Found {
                value: trimmed(&value),
                line: None,
            }),
            None => self.file.get(name).map(|entry| Found {
                value: trimmed(&entry.value),
                line: Some(entry.line),
            }),
        }
    }

    /// Returns `true` if the process has a value.
    pub(super) fn is_in_process(&self, name: &str) -> bool {
        (self.source)(name).is_some()
    }

    /// The value of a name, unless it is empty.
    pub(super) fn value(&self, name: &str) -> Option<Found> {
        self.find(name)
            .filter(|found| !found.value.expose().is_empty())
    }

    /// The value of `X_FILE`.
    pub(super) fn file_path(&self, variable: &Variable) -> Option<Found> {
        let name = variable.or_file.then(|| variable.file_name())?;
        self.value(&name)
    }

    /// The file that `X_FILE` names.
    pub(super) fn path_of_file(&self, variable: &Variable) -> Option<PathBuf> {
        let path = self.file_path(variable)?;
        Some(PathBuf::from(path.value.expose()))
    }

    /// Description of the source of a value.
    pub(super) fn source_of(&self, found: &Found) -> String {
        found
            .line
            .map_or_else(|| "environment".to_owned(), |line| self.file.location(line))
    }

    /// A reader received the value and found no error.
    pub(super) fn is_accepted(&self, variable: &Variable) -> bool {
        self.read.contains(variable.name) && !self.rejected.contains(variable.name)
    }

    /// Some variables are read twice, so equal errors are recorded once.
    fn push_error(&mut self, variable: String, reason: String, example: String) {
        let error = ConfigError {
            variable,
            reason,
            example,
        };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn push_warning(&mut self, variable: &str, reason: String) {
        let warning = ConfigWarning {
            variable: variable.to_owned(),
            reason,
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Names set in the process or in the file.
    fn names(&self) -> BTreeSet<String> {
        let mut names = self.names.clone();
        names.extend(self.file.names().map(str::to_owned));
        names
    }
}

/// A value without white space and byte order marks at both ends, so that a value means the same in
/// the environment, in `.env` and in a file that ends with a line feed.
pub(super) fn trimmed(value: &Secret) -> Secret {
    let is_margin = |c: char| c.is_whitespace() || c == '\u{feff}';
    Secret::new(value.expose().trim_matches(is_margin))
}

fn process_variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.into_string();
    Some(value.unwrap_or_else(|_| NOT_UNICODE.to_owned()))
}

#[cfg(test)]
mod tests;
