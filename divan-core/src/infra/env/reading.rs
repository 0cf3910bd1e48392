use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use super::super::suspicion::{Dollars, eaten, is_placeholder, is_quoted};
use super::{COMPOSE_HINT, Env};
use crate::infra::text_file::read_text;
use crate::infra::variable::{Exposure, Variable};
use crate::secret::Secret;

impl Env<'_> {
    /// Whether `X` or, where it may come from a file, `X_FILE` has a value.
    pub fn is_set(&self, variable: &Variable) -> bool {
        self.value(variable.name).is_some()
            || variable.or_file && self.value(&variable.file_name()).is_some()
    }

    /// The text of a variable; an empty one counts as unset.
    ///
    /// Where the variable may come from a file, this is what the file holds, without line feeds at
    /// its end or a byte order mark. No error repeats the file's path: it may be the secret itself,
    /// given under the wrong name.
    pub fn text(&mut self, variable: &Variable) -> Option<String> {
        self.secret_text(variable)
            .map(|text| text.expose().to_owned())
    }

    /// [`text`](Self::text) that must not be seen. In a deployment a placeholder is refused.
    pub fn secret(&mut self, variable: &Variable) -> Option<Secret> {
        let text = self.secret_text(variable)?;
        // Of an address the password alone is secret, and who reads the address asks about that.
        let is_whole = matches!(variable.exposure, Exposure::Secret);
        let is_good = !is_whole || self.refuse_placeholder(variable, text.expose());
        is_good.then_some(text)
    }

    /// A value with a default, which also stands for one that is wrong. The error does not use the
    /// words of the type: many repeat the value.
    pub fn parsed<T: FromStr>(&mut self, variable: &Variable, default: T) -> T {
        let Some(text) = self.text(variable) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            self.wrong(variable, format!("is not {}", variable.form));
            default
        })
    }

    /// What `read` makes of the text. Its error is the rest of a sentence, `is too short`, and must
    /// not repeat the value.
    pub fn checked<T, E: Display>(
        &mut self,
        variable: &Variable,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = if variable.is_secret() {
            self.secret(variable)?
        } else {
            self.secret_text(variable)?
        };
        match read(text.expose()) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.wrong(variable, reason.to_string());
                None
            }
        }
    }

    /// `on` or `off`.
    pub fn switch(&mut self, variable: &Variable, default: bool) -> bool {
        let read = |text: &str| match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("is neither `on` nor `off`"),
        };
        self.checked(variable, read).unwrap_or(default)
    }

    /// Refuses a password that somebody was meant to replace, which stands in the value of this
    /// variable; only in a deployment. Tells whether it is none.
    pub(in crate::infra) fn refuse_placeholder(
        &mut self,
        variable: &Variable,
        password: &str,
    ) -> bool {
        let refused = self.is_deployment() && is_placeholder(password, variable.example);
        if refused {
            self.wrong(
                variable,
                "holds a placeholder, which everybody knows: put in a secret of your own",
            );
        }
        !refused
    }

    /// Records an error, unless the feature that the section needs was compiled in.
    pub(in crate::infra) fn built_with(
        &mut self,
        variable: &Variable,
        feature: &str,
        built: bool,
    ) -> bool {
        if !built {
            let reason =
                format!("is set, but this program was built without the feature `{feature}`");
            self.wrong(variable, reason);
        }
        built
    }

    fn secret_text(&mut self, variable: &Variable) -> Option<Secret> {
        let text = self.text_as_given(variable)?;
        self.read.insert(variable.name);
        Some(text)
    }

    fn text_as_given(&mut self, variable: &Variable) -> Option<Secret> {
        let file = if variable.or_file {
            self.value(&variable.file_name())
        } else {
            None
        };
        match (self.value(variable.name), file) {
            (Some(value), Some(path)) => {
                let (here, there) = (self.place(&value), self.place(&path));
                let file_name = variable.file_name();
                let reason = format!("({here}) and {file_name} ({there}) are both set; keep one");
                self.wrong(variable, reason);
                None
            }
            (Some(value), None) if !value.is_unicode() => {
                self.wrong(variable, "is not UTF-8");
                None
            }
            (Some(value), None) => {
                let is_good =
                    self.as_somebody_wrote_it(variable, &value.value, value.line.is_none())
                        && self.as_it_was_meant(variable, &value.value);
                is_good.then_some(value.value)
            }
            (None, Some(path)) => self.read_file(variable, path.value.expose()),
            (None, None) => None,
        }
    }

    fn read_file(&mut self, variable: &Variable, path: &str) -> Option<Secret> {
        match read_text(Path::new(path)) {
            Ok(text) => {
                let text = text
                    .expose()
                    .trim_start_matches('\u{feff}')
                    .trim_end_matches(['\r', '\n']);
                if text.is_empty() {
                    self.wrong(variable, "names an empty file");
                    return None;
                }
                let text = Secret::new(text);
                self.as_it_was_meant(variable, &text).then_some(text)
            }
            Err(error) => {
                self.wrong(variable, format!("names a file that {error}"));
                None
            }
        }
    }

    /// Refuses what shows that a `$` was replaced between the person who wrote it and here; and
    /// wonders at quotes, which docker's `--env-file` keeps.
    fn as_somebody_wrote_it(
        &mut self,
        variable: &Variable,
        value: &Secret,
        in_process: bool,
    ) -> bool {
        let in_file = if in_process {
            self.value_in_file(variable.name)
        } else {
            None
        };
        if in_file.is_some_and(|original| eaten(original).as_deref() == Some(value.expose())) {
            let reason = "is what is left of the value in .env without what follows a `$`: a compose file took that for \
                          a variable; write `$$` there, or put the value in .env between single quotes";
            self.wrong(variable, reason);
            return false;
        }
        if in_process && is_quoted(value.expose()) {
            self.odd(
                variable,
                "stands between quotes, which are part of it (docker's `--env-file` keeps them)",
            );
        }
        true
    }

    /// Refuses what was to be replaced by something else, and was not.
    fn as_it_was_meant(&mut self, variable: &Variable, value: &Secret) -> bool {
        let reason = match Dollars::in_text(value.expose()) {
            Dollars::Unfilled => "still has `${…}` in it, and nothing fills that in here",
            Dollars::NotRun => "is a command, and nothing runs that here: put in what it prints",
            Dollars::Doubled if variable.is_secret() => {
                let reason = format!(
                    "has `$$` in it, and here that stays two ({COMPOSE_HINT}, elsewhere it is not)"
                );
                self.odd(variable, reason);
                return true;
            }
            _ => return true,
        };
        self.wrong(variable, reason);
        false
    }
}
