mod found;
mod names;
mod reading;

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::database::DATABASE_URL;
use super::env_file::EnvFile;
use super::error::{ConfigError, ConfigErrors, ConfigWarning};
use super::variable::Variable;

use names::NearMiss;

/// Reads variables, and collects everything that is wrong with them: a caller reads on after an
/// error, and asks
/// [`finish`](Self::finish) at the end.
///
/// The variables of the process (or of any function) come first and the lines of an `.env` file
/// second. A variable that is set to nothing is an unset one, and hides the file's.
///
/// ```
/// use divan_core::infra::{Env, EnvFile, Variable};
///
/// static API_KEY: Variable = Variable::new("APP_API_KEY", "the key of the other service", "from-its-settings").secret();
/// static RETRIES: Variable = Variable::new("APP_RETRIES", "how often to try again", "5").when_unset("3");
///
/// let variables = |name: &str| (name == "APP_RETRIES").then(|| "4".to_owned());
/// let mut env = Env::new(&variables).with_file(EnvFile::parse("APP_API_KEY='pa$word'\nAPP_RETRIES=9"));
/// let (key, retries) = (env.secret(&API_KEY), env.parsed(&RETRIES, 3_u32));
/// env.finish()?;
/// assert_eq!((key.unwrap().expose(), retries), ("pa$word", 4));
/// # Ok::<(), divan_core::infra::ConfigErrors>(())
/// ```
pub struct Env<'s> {
    source: Source<'s>,
    file: EnvFile,
    near_misses: Vec<NearMiss>,
    errors: Vec<ConfigError>,
    warnings: Vec<ConfigWarning>,
    /// The variables whose text was handed to a reader.
    read: BTreeSet<&'static str>,
    /// The variables that something was wrong with.
    refused: BTreeSet<&'static str>,
}

/// Where the variables come from that a file does not override.
enum Source<'s> {
    /// The process.
    Process,
    /// A function, and the names that it is known to have a value for.
    Function(&'s dyn Fn(&str) -> Option<String>, Vec<String>),
}

impl Env<'static> {
    /// The variables of this process, over those of `.env` in the current folder.
    pub fn of_process() -> Self {
        Self::over(Source::Process).with_file(EnvFile::of_working_directory())
    }
}

impl<'s> Env<'s> {
    /// Any source of variables.
    ///
    /// A function cannot tell what else it has; give the names to [`with_names`](Self::with_names)
    /// to have misspelt ones found.
    pub fn new(source: &'s dyn Fn(&str) -> Option<String>) -> Self {
        Self::over(Source::Function(source, Vec::new()))
    }

    fn over(source: Source<'s>) -> Self {
        Self {
            source,
            file: EnvFile::default(),
            near_misses: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            read: BTreeSet::new(),
            refused: BTreeSet::new(),
        }
    }

    /// The names that the function of [`new`](Self::new) has a value for. Default: none are known.
    #[must_use]
    pub fn with_names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        if let Source::Function(_, known) = &mut self.source {
            known.extend(names);
        }
        self
    }

    /// Reads what is not set from this file, in place of any other. Its errors become errors here.
    #[must_use]
    pub fn with_file(mut self, mut file: EnvFile) -> Self {
        self.errors = file.take_errors();
        self.file = file;
        self
    }

    /// Whether this is a deployment: `DATABASE_URL` is set. Placeholders are refused in one.
    pub fn is_deployment(&self) -> bool {
        self.is_set(&DATABASE_URL)
    }

    /// Records that something is wrong with a variable. `reason` is the rest of a sentence and must
    /// not hold the value.
    pub fn wrong(&mut self, variable: &Variable, reason: impl Into<String>) {
        self.refused.insert(variable.name);
        // Whoever gave a file is told about the file.
        if self.value(variable.name).is_none()
            && variable.or_file
            && self.value(&variable.file_name()).is_some()
        {
            self.push(variable.file_name(), reason.into(), variable.file_example());
        } else {
            self.push(
                variable.name.to_owned(),
                reason.into(),
                variable.example_line(),
            );
        }
    }

    /// Records that a variable has to be set, and why. A near miss of its name is named instead.
    pub fn missing(&mut self, variable: &Variable, why: &str) {
        if self.blame_near_miss(variable) {
            return;
        }
        let reason = if self.found(variable.name).is_some() {
            // A value that was all `$name` is nothing afterwards.
            format!("is set to nothing, and {why}; {COMPOSE_HINT}")
        } else {
            format!("is not set, and {why}")
        };
        self.push(variable.name.to_owned(), reason, variable.example_line());
    }

    /// Records something that is probably not meant. `reason` is the rest of a sentence and must
    /// not hold the value.
    pub fn odd(&mut self, variable: &Variable, reason: impl Into<String>) {
        self.warn(variable.name, reason.into());
    }

    fn warn(&mut self, variable: &str, reason: String) {
        let warning = ConfigWarning {
            variable: variable.to_owned(),
            reason,
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn push(&mut self, variable: String, reason: String, example: String) {
        let error = ConfigError {
            variable,
            reason,
            example,
        };
        // Some variables are read twice.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Whether a reader has taken the value of a variable, and found nothing wrong with it.
    pub(super) fn has_taken(&self, variable: &Variable) -> bool {
        self.read.contains(variable.name) && !self.refused.contains(variable.name)
    }

    /// Whether nothing is wrong so far.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// What is odd so far.
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All that was wrong. They are handed out once.
    pub fn finish(&mut self) -> Result<(), ConfigErrors> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors(std::mem::take(&mut self.errors)))
        }
    }

    /// The names that are set, in the process and in the file.
    fn names(&self) -> Vec<String> {
        let mut names = match &self.source {
            Source::Process => std::env::vars_os()
                .filter_map(|(name, _)| OsString::into_string(name).ok())
                .collect(),
            Source::Function(_, names) => names.clone(),
        };
        names.extend(self.file.names().map(str::to_owned));
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What to say of a secret that is shorter than it should be: a compose file may have taken a part
/// of it for the name of a variable.
pub const COMPOSE_HINT: &str = "in a compose file a `$` is written `$$`";

#[cfg(test)]
mod tests;
