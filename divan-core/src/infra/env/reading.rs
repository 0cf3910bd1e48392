use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use super::{EXPOSED, Env, Found, NOT_UNICODE, trimmed};
use crate::infra::exposure::is_readable_by_others;
use crate::infra::interpolation::{Interpolation, interpolated, is_quoted};
use crate::infra::placeholder::is_placeholder;
use crate::infra::text_file::read_text;
use crate::infra::variable::{Variable, Visibility};
use crate::secret::Secret;

impl Env<'_> {
    /// Returns `true` if `X` or, where it is accepted, `X_FILE` has a value.
    pub fn is_set(&self, variable: &Variable) -> bool {
        self.value(variable.name).is_some() || self.file_path(variable).is_some()
    }

    /// The text of a variable. An empty variable counts as unset.
    ///
    /// White space and byte order marks at both ends are removed. A control character inside is an
    /// error, unless the variable has [`lines`](Variable::lines). No error contains the path of an
    /// `X_FILE`: it may be the secret itself, set under the wrong name.
    pub fn text(&mut self, variable: &Variable) -> Option<String> {
        self.any_text(variable).map(|text| text.expose().to_owned())
    }

    /// The text of a secret. Placeholders are refused in a deployment.
    pub fn secret(&mut self, variable: &Variable) -> Option<Secret> {
        let text = self.any_text(variable)?;
        // Of a URL only the password is secret, and the reader of the URL checks that.
        let is_whole = matches!(variable.visibility, Visibility::Secret);
        let is_valid = !is_whole || self.check_placeholder(variable, text.expose());
        is_valid.then_some(text)
    }

    /// A parsed value. An unset or invalid one is the default. The error does not use the message of
    /// the type, because many messages contain the value.
    pub fn parsed<T: FromStr>(&mut self, variable: &Variable, default: T) -> T {
        let Some(text) = self.text(variable) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            self.error(variable, format!("must be {}", variable.form));
            default
        })
    }

    /// The result of `read` for the text. Its error continues the name of the variable (`is too
    /// short`) and must not contain the value.
    pub fn checked<T, E: Display>(
        &mut self,
        variable: &Variable,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = if variable.is_secret() {
            self.secret(variable)?
        } else {
            self.any_text(variable)?
        };
        read(text.expose())
            .map_err(|reason| self.error(variable, reason.to_string()))
            .ok()
    }

    /// `on` or `off`.
    pub fn switch(&mut self, variable: &Variable, default: bool) -> bool {
        let read = |text: &str| match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("must be `on` or `off`"),
        };
        self.checked(variable, read).unwrap_or(default)
    }

    /// Records an error if a password in the value is a placeholder, in a deployment. Returns `true`
    /// if it is acceptable.
    pub(in crate::infra) fn check_placeholder(
        &mut self,
        variable: &Variable,
        password: &str,
    ) -> bool {
        let is_refused = self.is_deployment() && is_placeholder(password, variable.example);
        if is_refused {
            let reason = if matches!(variable.visibility, Visibility::Secret) {
                "is a placeholder: set the real value"
            } else {
                "contains a placeholder as its password: set the real password"
            };
            self.error(variable, reason);
        }
        !is_refused
    }

    /// Returns the first variable that is set. Returns `None` and records an error if the section needs
    /// a feature that is not compiled in.
    pub(in crate::infra) fn first_set(
        &mut self,
        variables: &[&'static Variable],
        feature: &str,
        is_enabled: bool,
    ) -> Option<&'static Variable> {
        let first = variables.iter().find(|variable| self.is_set(variable))?;
        self.check_feature(first, feature, is_enabled)
            .then_some(*first)
    }

    /// Records an error unless the feature that the section needs is compiled in.
    pub(in crate::infra) fn check_feature(
        &mut self,
        variable: &Variable,
        feature: &str,
        is_enabled: bool,
    ) -> bool {
        if !is_enabled {
            let reason = format!(
                "requires the Cargo feature `{feature}`, and this binary was built without it"
            );
            self.error(variable, reason);
        }
        is_enabled
    }

    fn any_text(&mut self, variable: &Variable) -> Option<Secret> {
        let text = match (self.value(variable.name), self.file_path(variable)) {
            (Some(value), Some(path)) => {
                let (value, path) = (self.source_of(&value), self.source_of(&path));
                let file = variable.file_name();
                let reason = format!("({value}) and {file} ({path}) are mutually exclusive");
                self.error(variable, reason);
                None
            }
            (Some(value), None) => self.checked_value(variable, value),
            (None, Some(path)) => self.file_content(variable, path.value.expose()),
            (None, None) => None,
        }?;
        if !self.check_characters(variable, &text) || !self.check_interpolation(variable, &text) {
            return None;
        }
        self.read.insert(variable.name);
        Some(text)
    }

    /// Refuses a value that another program changed on the way, and warns about quotes, which
    /// docker's `--env-file` keeps.
    fn checked_value(&mut self, variable: &Variable, found: Found) -> Option<Secret> {
        let value = found.value.expose();
        if value == NOT_UNICODE {
            self.error(variable, "must be UTF-8");
            return None;
        }
        let is_from_process = found.line.is_none();
        let original = self.file.get(variable.name).filter(|_| is_from_process);
        if original
            .and_then(|entry| interpolated(entry.value.expose()))
            .is_some_and(|text| text.trim() == value)
        {
            let reason = "is incomplete: compose replaced the text after `$`; write `$$`, or put the value in .env \
                          between single quotes";
            self.error(variable, reason);
            return None;
        }
        if is_from_process && is_quoted(value) {
            let reason = "contains quotes at both ends, which are part of the value (docker's `--env-file` \
                          keeps them)";
            self.warn(variable, reason);
        }
        Some(found.value)
    }

    fn file_content(&mut self, variable: &Variable, path: &str) -> Option<Secret> {
        let content = read_text(Path::new(path))
            .map_err(|error| self.error(variable, format!("names a file that {error}")))
            .ok()?;
        let text = trimmed(&content);
        if text.expose().is_empty() {
            self.error(variable, "names an empty file");
            return None;
        }
        if variable.is_secret() && is_readable_by_others(Path::new(path)) {
            let reason = format!("names a file that {EXPOSED}");
            self.push_warning(&variable.file_name(), reason);
        }
        Some(text)
    }

    /// Refuses a line break or another control character inside a value: protocols cannot transport it.
    fn check_characters(&mut self, variable: &Variable, value: &Secret) -> bool {
        let is_allowed =
            |c: char| !c.is_control() || variable.lines && matches!(c, '\n' | '\r' | '\t');
        let is_valid = value.expose().chars().all(is_allowed);
        if !is_valid {
            self.error(
                variable,
                "contains a line break or another control character",
            );
        }
        is_valid
    }

    /// Refuses a value that still contains a variable or a command of a shell.
    fn check_interpolation(&mut self, variable: &Variable, value: &Secret) -> bool {
        let reason = match Interpolation::of(value.expose()) {
            Interpolation::Variable => {
                "contains `${…}`, which this program does not replace: set the value"
            }
            Interpolation::Command => {
                "contains a shell command, which this program does not run: set its output"
            }
            Interpolation::Escaped if variable.is_secret() => {
                let reason = "contains `$$`, which this program does not replace by `$`: write `$` here, and `$$` only in a \
                              compose file";
                self.warn(variable, reason);
                return true;
            }
            Interpolation::Escaped | Interpolation::None => return true,
        };
        self.error(variable, reason);
        false
    }
}
