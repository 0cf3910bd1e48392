use std::cmp::Reverse;

use strsim::damerau_levenshtein;

use super::{EXPOSED, Env};
use crate::infra::deployment::DATABASE_URL;
use crate::infra::unrelated;
use crate::infra::variable::{Section, Variable};

/// An unknown name, and the variable that it probably means.
#[derive(Clone)]
pub(super) struct NearMiss {
    name: String,
    intended: &'static Variable,
    /// `X_FILE` is intended.
    as_file: bool,
    /// Other programs use this name, so it is no misspelling.
    is_synonym: bool,
    /// It was recorded as an error.
    is_reported: bool,
}

impl Env<'_> {
    /// Detects names that are set but unknown. Call it first, with all sections that will be read.
    ///
    /// Errors:
    /// - any unknown name with the prefix of the program, such as `DIVAN_`;
    /// - a misspelling, such as `MINIO_ACESS_KEY`, in a deployment or in the `.env` file;
    /// - a misspelling of `DATABASE_URL`, which would otherwise select development mode.
    ///
    /// Warnings: any other misspelling, and names that other programs use, such as `BOT_TOKEN`.
    /// Neither is reported while the intended variable is set or empty.
    pub fn check_names(&mut self, sections: &[&Section], prefix: &str) {
        let known: Vec<&'static Variable> = sections
            .iter()
            .flat_map(|section| section.variables.iter().copied())
            .collect();
        self.warn_of_exposed_file(&known);
        for name in self.names() {
            let is_known = known
                .iter()
                .any(|v| v.name == name || v.or_file && v.file_name() == name);
            let Some(found) = self.value(&name) else {
                if is_known {
                    self.warn_empty_override(&name);
                }
                continue;
            };
            if is_known || unrelated::matches(&name, found.value.expose()) {
                continue;
            }
            let is_prefixed = name.starts_with(prefix);
            let prefix_len = if is_prefixed { prefix.len() } else { 0 };
            let near = nearest(&name, &known, prefix_len).filter(|near| {
                let intended = near.intended;
                is_prefixed || self.find(intended.name).is_none() && !self.is_set(intended)
            });
            match near {
                Some(near) => self.add_near_miss(near, found.line.is_some(), is_prefixed),
                None if is_prefixed => {
                    let reason = "is not a known variable: remove it".to_owned();
                    self.push_error(name, reason, String::new());
                }
                None => {}
            }
        }
    }

    /// Warns about a file with secrets that other users can read.
    fn warn_of_exposed_file(&mut self, known: &[&'static Variable]) {
        let is_set = |name: &str| {
            let entry = self.file.get(name);
            entry.is_some_and(|entry| !entry.value.expose().is_empty())
        };
        let mut secrets = known.iter().filter(|variable| variable.is_secret());
        let has_secrets = secrets.any(|variable| is_set(variable.name));
        if let Some(name) = self.file.exposed_name().filter(|_| has_secrets) {
            let name = name.to_owned();
            self.push_warning(&name, EXPOSED.to_owned());
        }
    }

    /// Warns about an empty variable that hides the value of the file: `environment: X: ${X}` in a
    /// compose file has this effect.
    fn warn_empty_override(&mut self, name: &str) {
        if self
            .file
            .get(name)
            .is_some_and(|entry| !entry.value.expose().is_empty())
        {
            let reason = "is empty in the environment, which hides its value in the file: unset the empty variable";
            self.push_warning(name, reason.to_owned());
        }
    }

    fn add_near_miss(&mut self, mut near: NearMiss, is_in_file: bool, is_prefixed: bool) {
        let is_database = near.intended.name == DATABASE_URL.name;
        let is_severe = is_in_file || is_database || self.is_deployment();
        near.is_reported = is_prefixed || !near.is_synonym && is_severe;
        if near.is_reported {
            self.push_error(near.name.clone(), near.reason(), near.example());
        } else {
            self.push_warning(&near.name, near.reason());
        }
        self.near_misses.push(near);
    }

    /// Turns the near miss that explains a missing variable into an error. Returns `true` if there is
    /// one.
    pub(super) fn report_near_miss(&mut self, variable: &Variable) -> bool {
        let mut misses = self.near_misses.iter_mut();
        let Some(near) = misses.find(|near| near.intended.name == variable.name) else {
            return false;
        };
        if !std::mem::replace(&mut near.is_reported, true) {
            let near = near.clone();
            self.warnings
                .retain(|warning| warning.variable != near.name);
            self.push_error(near.name.clone(), near.reason(), near.example());
        }
        true
    }
}

impl NearMiss {
    fn reason(&self) -> String {
        let suffix = if self.as_file { "_FILE" } else { "" };
        let intended = self.intended.name;
        format!("is not a known variable; did you mean {intended}{suffix}?")
    }

    fn example(&self) -> String {
        if self.as_file {
            self.intended.file_example()
        } else {
            self.intended.example_line()
        }
    }
}

/// Returns the known variable that `name` probably means. `prefix_len` is the length of the prefix
/// of the program, 0 if the name has another one.
fn nearest(name: &str, known: &[&'static Variable], prefix_len: usize) -> Option<NearMiss> {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    let near_miss = |intended, as_file, is_synonym| NearMiss {
        name: name.to_owned(),
        intended,
        as_file,
        is_synonym,
        is_reported: false,
    };
    if let Some(intended) = known.iter().find(|v| v.synonyms.contains(&&*upper)) {
        return Some(near_miss(intended, false, true));
    }
    let max_distance = max_distance(upper.len(), prefix_len);
    let names = known.iter().map(|v| (v.name.to_owned(), *v, false));
    let files = known.iter().filter(|v| v.or_file);
    let files = files.map(|v| (v.file_name(), *v, true));
    let ((distance, _), intended, as_file) = names
        .chain(files)
        .map(|(name, intended, as_file)| (distance(&upper, &name), intended, as_file))
        .min_by_key(|(distance, ..)| *distance)?;
    (distance <= max_distance).then(|| near_miss(intended, as_file, false))
}

/// Returns the number of edits between two names. Among equal numbers, the name with the longer common
/// start is nearer: `REDIS_POST` means `REDIS_PORT` and not `REDIS_HOST`.
fn distance(name: &str, known: &str) -> (usize, Reverse<usize>) {
    let common = name.bytes().zip(known.bytes());
    let common = common.take_while(|(a, b)| a == b).count();
    (damerau_levenshtein(name, known), Reverse(common))
}

/// Returns the number of edits up to which a name is a misspelling. In a short name, two edits lead
/// to unrelated words: `DIVAN_LOG` to `DIVAN_DOCS`. An unknown name with the prefix of the program is
/// an error anyway, so the rule for it is more generous.
const fn max_distance(name_len: usize, prefix_len: usize) -> usize {
    match (name_len - prefix_len, prefix_len) {
        (12.., 1..) => 3,
        (8.., 1..) | (14.., 0) => 2,
        _ => 1,
    }
}
