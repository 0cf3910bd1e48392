/// The definition of an environment variable. Reader, documentation, `.env.example` and the
/// detection of misspelled names use it.
///
/// ```
/// use divan_core::infra::{Env, Section, Variable};
///
/// static WORKERS: Variable = Variable::new("APP_WORKERS", "number of concurrent jobs", "4")
///     .form("a number from 1 to 255")
///     .when_unset("`2`");
/// static SECTION: Section = Section::new("Jobs", "Background jobs.", &[&WORKERS]);
///
/// let variables = |name: &str| (name == "APP_WORKERS").then(|| "many".to_owned());
/// let mut env = Env::new(&variables);
/// let workers = env.parsed(&WORKERS, 2_u8);
/// let errors = env.finish().unwrap_err();
/// assert_eq!(workers, 2);
/// assert_eq!(
///     errors.to_string(),
///     "APP_WORKERS must be a number from 1 to 255 (example: APP_WORKERS=4)"
/// );
/// # let _ = &SECTION;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) example: &'static str,
    pub(super) form: &'static str,
    pub(super) when_unset: &'static str,
    pub(super) synonyms: &'static [&'static str],
    pub(super) visibility: Visibility,
    pub(super) or_file: bool,
    /// The value may contain line breaks.
    pub(super) lines: bool,
}

/// The part of a value that may be shown to operators.
#[derive(Clone, Copy, Debug)]
pub(super) enum Visibility {
    /// The whole value.
    Open,
    /// Nothing.
    Secret,
    /// The result of this function, such as a URL without its password.
    Partial(fn(&str) -> Option<String>),
}

impl Variable {
    /// A variable whose value may be shown.
    ///
    /// `description` is a noun phrase in Markdown without a full stop. `example` is a value as it
    /// may appear in `.env`.
    pub const fn new(name: &'static str, description: &'static str, example: &'static str) -> Self {
        Self {
            name,
            description,
            example,
            form: "valid",
            when_unset: "",
            synonyms: &[],
            visibility: Visibility::Open,
            or_file: false,
            lines: false,
        }
    }

    /// Completes the error `NAME must be …`: `a number from 1 to 255`. Default: `valid`.
    #[must_use]
    pub const fn form(self, form: &'static str) -> Self {
        Self { form, ..self }
    }

    /// The default value, or the effect of an unset variable, in Markdown. Default: empty.
    #[must_use]
    pub const fn when_unset(self, when_unset: &'static str) -> Self {
        Self { when_unset, ..self }
    }

    /// Names that other programs use for the same value. A set synonym is reported while this
    /// variable is unset. Default: none.
    #[must_use]
    pub const fn synonyms(self, synonyms: &'static [&'static str]) -> Self {
        Self { synonyms, ..self }
    }

    /// Never shows the value, and also accepts `X_FILE`. Default: neither.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self {
            visibility: Visibility::Secret,
            or_file: true,
            ..self
        }
    }

    /// Also accepts `X_FILE`, the path of a file with the value. Default: only secrets do.
    #[must_use]
    pub const fn or_file(self) -> Self {
        Self {
            or_file: true,
            ..self
        }
    }

    /// Accepts line breaks and tabs inside the value, as in keys in PEM form and in lists. Default:
    /// control characters are errors.
    #[must_use]
    pub const fn lines(self) -> Self {
        Self {
            lines: true,
            ..self
        }
    }

    /// Shows only the result of `shown`, such as a URL without its password. A value for which it
    /// returns `None` is hidden.
    #[must_use]
    pub const fn secret_except(self, shown: fn(&str) -> Option<String>) -> Self {
        Self {
            visibility: Visibility::Partial(shown),
            or_file: true,
            ..self
        }
    }

    /// Name of the variable.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// A value as it may appear in `.env`.
    pub const fn example(&self) -> &'static str {
        self.example
    }

    /// Name of the variable that holds the path of a file with the value.
    pub(super) fn file_name(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// An assignment as it may appear in `.env`.
    pub(super) fn example_line(&self) -> String {
        format!("{}={}", self.name, self.example)
    }

    pub(super) fn file_example(&self) -> String {
        let file = self.name.to_ascii_lowercase().replace('_', "-");
        format!("{}=/run/secrets/{file}", self.file_name())
    }

    pub(super) const fn is_secret(&self) -> bool {
        !matches!(self.visibility, Visibility::Open)
    }
}

/// Related variables: a chapter of the documentation.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) variables: &'static [&'static Variable],
}

impl Section {
    /// A chapter with a title, an introduction in Markdown (may be empty), and its variables in
    /// reading order.
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

    /// The variables of the section.
    pub const fn variables(&self) -> &'static [&'static Variable] {
        self.variables
    }
}

/// Declares a [`Section`] and its [`Variable`]s, in reading order. The arguments are those of
/// [`Section::new`] and [`Variable::new`]; the methods are those of [`Variable`]. Variables that are
/// declared elsewhere come first, as in `static SECTION = "Jobs", "", [QUEUE_URL];`.
///
/// ```
/// use divan_core::infra::{Env, section};
///
/// section! {
///     static SECTION = "Jobs", "Background jobs.";
///
///     WORKERS = ("APP_WORKERS", "number of concurrent jobs", "4").when_unset("`2`");
///     KEY = ("APP_KEY", "key of the queue", "from-its-settings").secret();
/// }
///
/// let names: Vec<&str> = SECTION.variables().iter().map(|variable| variable.name()).collect();
/// assert_eq!(names, ["APP_WORKERS", "APP_KEY"]);
/// assert_eq!(Env::new(&|_| None).parsed(&WORKERS, 2), 2);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __section {
    (
        $section_vis:vis static $section:ident = $title:expr, $about:expr $(, [$($other:ident),+])?;
        $(
            $(#[$meta:meta])*
            $vis:vis $variable:ident = ($($argument:expr),+ $(,)?)
            $(.$method:ident($($value:expr),*))*;
        )+
    ) => {
        $(
            $(#[$meta])*
            $vis static $variable: $crate::infra::Variable =
                $crate::infra::Variable::new($($argument),+)$(.$method($($value),*))*;
        )+

        $section_vis static $section: $crate::infra::Section =
            $crate::infra::Section::new($title, $about, &[$($(&$other,)+)? $(&$variable),+]);
    };
}

#[doc(inline)]
pub use __section as section;
