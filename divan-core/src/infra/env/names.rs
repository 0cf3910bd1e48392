use strsim::damerau_levenshtein;

use super::Env;
use crate::infra::foreign;
use crate::infra::variable::{Section, Variable};

/// A name that is set and unknown, and the variable that it probably means.
pub(super) struct NearMiss {
    set: String,
    meant: &'static Variable,
    /// Whether it is rather the variable's `X_FILE`.
    as_file: bool,
    /// Whether it is among the errors already.
    told: bool,
}

/// How sure it is that a name is meant for this program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guess {
    /// A slip of the keyboard.
    Typo,
    /// A name that others use for the same thing.
    Synonym,
}

/// What a name is nearest to.
#[derive(Clone, Copy)]
struct Near {
    meant: &'static Variable,
    as_file: bool,
    guess: Guess,
}

impl Env<'_> {
    /// Looks for names that are set and that nobody reads: misspelt ones above all. To be called
    /// first, with all sections that are going to be read.
    ///
    /// An error is
    /// - every unknown name with the prefix of the program, as `DIVAN_`: it can be meant for nobody
    ///   else;
    /// - a slip of the keyboard, as `MINIO_ACESS_KEY`, in a deployment or in the `.env` file; and
    ///   anywhere in `DATABASE_URL`, for without it there would silently be no deployment.
    ///
    /// A warning is a slip elsewhere, and a name that others use, as `BOT_TOKEN`. Both only count
    /// while the variable that they look like is not set. Set to nothing, it says that the other
    /// name is meant for somebody else.
    pub fn check_names(&mut self, sections: &[&Section], prefix: &str) {
        let known: Vec<&'static Variable> = sections
            .iter()
            .flat_map(|section| section.variables.iter().copied())
            .collect();
        for name in self.names() {
            let is_known = known.iter().any(|variable| {
                variable.name == name || variable.or_file && variable.file_name() == name
            });
            if is_known {
                self.wonder_at_nothing(&name);
            }
            if is_known
                || self
                    .value(&name)
                    .is_none_or(|found| foreign::is(&name, found.value.expose()))
            {
                continue;
            }
            let is_ours = name.starts_with(prefix);
            match nearest(&name, &known, is_ours) {
                Some(near)
                    if is_ours
                        || self.found(near.meant.name).is_none() && !self.is_set(near.meant) =>
                {
                    self.near_miss(name, near, is_ours);
                }
                _ if is_ours => {
                    let reason = "is not known here, nor like anything that is".to_owned();
                    let example = format!("unset {name}");
                    self.push(name, reason, example);
                }
                _ => {}
            }
        }
    }

    /// Wonders at a variable that is set to nothing and hides what the file sets it to:
    /// `environment: X: ${X}` in a compose file does so.
    fn wonder_at_nothing(&mut self, name: &str) {
        let is_nothing = self
            .found(name)
            .is_some_and(|found| found.value.expose().is_empty());
        if is_nothing
            && self
                .value_in_file(name)
                .is_some_and(|value| !value.is_empty())
        {
            let reason =
                "is set to nothing in the environment, which hides its value in the file; unset it there"
                    .to_owned();
            self.warn(name, reason);
        }
    }

    fn near_miss(&mut self, set: String, near: Near, is_ours: bool) {
        let in_file = self.value(&set).is_some_and(|found| found.line.is_some());
        let is_decisive = near.meant.name == super::DATABASE_URL.name;
        let is_typo = near.guess == Guess::Typo && (in_file || is_decisive || self.is_deployment());
        let miss = NearMiss {
            set,
            meant: near.meant,
            as_file: near.as_file,
            told: is_ours || is_typo,
        };
        if miss.told {
            self.push(miss.set.clone(), miss.reason(), miss.example());
        } else {
            self.warn(&miss.set, miss.reason());
        }
        self.near_misses.push(miss);
    }

    /// Makes an error of the near miss that explains why a variable is missing. Tells whether there
    /// is one.
    pub(super) fn blame_near_miss(&mut self, variable: &Variable) -> bool {
        let Some(miss) = self
            .near_misses
            .iter_mut()
            .find(|miss| miss.meant.name == variable.name)
        else {
            return false;
        };
        if !std::mem::replace(&mut miss.told, true) {
            let (set, reason, example) = (miss.set.clone(), miss.reason(), miss.example());
            self.warnings.retain(|warning| warning.variable != set);
            self.push(set, reason, example);
        }
        true
    }
}

impl NearMiss {
    fn reason(&self) -> String {
        let file = if self.as_file { "_FILE" } else { "" };
        format!("is not known here; did you mean {}{file}?", self.meant.name)
    }

    fn example(&self) -> String {
        if self.as_file {
            self.meant.file_example()
        } else {
            self.meant.example_line()
        }
    }
}

fn nearest(name: &str, known: &[&'static Variable], is_ours: bool) -> Option<Near> {
    let name = name.to_ascii_uppercase().replace('-', "_");
    if let Some(meant) = known
        .iter()
        .find(|variable| variable.also_called.contains(&name.as_str()))
    {
        return Some(Near {
            meant,
            as_file: false,
            guess: Guess::Synonym,
        });
    }
    let limit = match name.len() {
        _ if is_ours => 3,
        ..14 => 1,
        _ => 2,
    };
    let names = known.iter().flat_map(|meant| {
        let file = meant.or_file.then(|| (meant.file_name(), *meant, true));
        [Some((meant.name.to_owned(), *meant, false)), file]
            .into_iter()
            .flatten()
    });
    let (distance, meant, as_file) = names
        .map(|(known, meant, as_file)| (damerau_levenshtein(&name, &known), meant, as_file))
        .min_by_key(|(distance, ..)| *distance)?;
    (distance <= limit).then_some(Near {
        meant,
        as_file,
        guess: Guess::Typo,
    })
}
