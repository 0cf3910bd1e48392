/// A variable, defined once: the reader, the documentation, `.env.example` and the guesses at
/// misspelt names all go by this.
///
/// ```
/// use divan_core::infra::{Env, Section, Variable};
///
/// static WORKERS: Variable = Variable::new("APP_WORKERS", "how many jobs run at a time", "4")
///     .form("a number from 1 to 255")
///     .when_unset("2");
/// static SECTION: Section = Section::new("Jobs", "What runs behind the scenes.", &[&WORKERS]);
///
/// let variables = |name: &str| (name == "APP_WORKERS").then(|| "many".to_owned());
/// let mut env = Env::new(&variables);
/// let workers = env.parsed(&WORKERS, 2_u8);
/// let errors = env.finish().unwrap_err();
/// assert_eq!(workers, 2);
/// assert_eq!(
///     errors.to_string(),
///     "APP_WORKERS is not a number from 1 to 255 (example: APP_WORKERS=4)"
/// );
/// # let _ = &SECTION;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) example: &'static str,
    pub(super) form: &'static str,
    pub(super) when_unset: &'static str,
    pub(super) also_called: &'static [&'static str],
    pub(super) exposure: Exposure,
    pub(super) or_file: bool,
}

/// How much of a value may be shown to the people who run the program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exposure {
    /// All of it.
    Open,
    /// Nothing.
    Secret,
    /// What this makes of it, where it makes something.
    Partly(fn(&str) -> Option<String>),
}

impl Variable {
    /// A variable whose value may be shown.
    ///
    /// `what` is the rest of a sentence, in Markdown, without a full stop. `example` is a value as
    /// it may stand in `.env`.
    pub const fn new(name: &'static str, what: &'static str, example: &'static str) -> Self {
        Self {
            name,
            what,
            example,
            form: "of a form that is understood",
            when_unset: "",
            also_called: &[],
            exposure: Exposure::Open,
            or_file: false,
        }
    }

    /// What a value that cannot be read is told not to be: `a number from 1 to 255`. Default:
    /// `of a form that is understood`.
    #[must_use]
    pub const fn form(self, form: &'static str) -> Self {
        Self { form, ..self }
    }

    /// The default value, or what goes on without one, in Markdown. Default: nothing is said.
    #[must_use]
    pub const fn when_unset(self, when_unset: &'static str) -> Self {
        Self { when_unset, ..self }
    }

    /// What others call it: whoever sets such a name, and not this one, is asked about it. Default:
    /// nothing.
    #[must_use]
    pub const fn also_called(self, also_called: &'static [&'static str]) -> Self {
        Self {
            also_called,
            ..self
        }
    }

    /// The value is never shown, and may come from a file that `X_FILE` names. Default: neither.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self {
            exposure: Exposure::Secret,
            or_file: true,
            ..self
        }
    }

    /// The value may come from a file that `X_FILE` names. Default: it may not, unless it is
    /// secret.
    #[must_use]
    pub const fn or_file(self) -> Self {
        Self {
            or_file: true,
            ..self
        }
    }

    /// The value is secret, but for what `shown` makes of it: an address without its password. What
    /// it makes nothing of is not shown at all.
    #[must_use]
    pub const fn secret_but(self, shown: fn(&str) -> Option<String>) -> Self {
        Self {
            exposure: Exposure::Partly(shown),
            or_file: true,
            ..self
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the variable that may name a file with the value instead.
    pub(super) fn file_name(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// An assignment as it may stand in `.env`.
    pub(super) fn example_line(&self) -> String {
        format!("{}={}", self.name, self.example)
    }

    pub(super) fn file_example(&self) -> String {
        let file = self.name.to_ascii_lowercase().replace('_', "-");
        format!("{}=/run/secrets/{file}", self.file_name())
    }

    pub(super) const fn is_secret(&self) -> bool {
        !matches!(self.exposure, Exposure::Open)
    }
}

/// Variables that belong together: a chapter of the documentation.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) variables: &'static [&'static Variable],
}

impl Section {
    /// A chapter with a title, a few sentences in Markdown (or none), and the variables in the
    /// order of reading.
    pub const fn new(
        title: &'static str,
        about: &'static str,
        variables: &'static [&'static Variable],
    ) -> Self {
        Self {
            title,
            about,
            variables,
        }
    }

    /// Its variables.
    pub const fn variables(&self) -> &'static [&'static Variable] {
        self.variables
    }
}
