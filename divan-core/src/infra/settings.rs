use super::env::Env;
use super::variable::{Exposure, Section, Variable};

/// A variable as it is set, for the people who run the program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// The variable.
    pub variable: &'static str,
    /// Its value, where there is one and it may be shown. Of an address, all but the password.
    pub value: Option<String>,
    /// Whether there is a value that is not shown.
    pub is_hidden: bool,
    /// Where the value is from: `environment`, `.env line 3`, `the file that X_FILE names (environment)`, or `default`.
    pub origin: String,
    /// What goes for an unset variable.
    pub when_unset: &'static str,
}

impl Env<'_> {
    /// What the variables of these sections are set to, without secrets.
    ///
    /// ```
    /// use divan_core::infra::{Env, Section, Variable};
    ///
    /// static KEY: Variable = Variable::new("APP_KEY", "the key", "the-key").secret();
    /// static SECTION: Section = Section::new("Other service", "", &[&KEY]);
    ///
    /// let variables = |_: &str| Some("pa$word".to_owned());
    /// let setting = &Env::new(&variables).settings(&[&SECTION])[0];
    /// assert_eq!((setting.variable, setting.is_hidden, &setting.value), ("APP_KEY", true, &None));
    /// assert_eq!(setting.origin, "environment");
    /// ```
    pub fn settings(&self, sections: &[&Section]) -> Vec<Setting> {
        sections.iter().flat_map(|section| section.variables).map(|variable| self.setting(variable)).collect()
    }

    fn setting(&self, variable: &Variable) -> Setting {
        let mut setting = Setting {
            variable: variable.name,
            value: None,
            is_hidden: false,
            origin: "default".to_owned(),
            when_unset: variable.when_unset,
        };
        let file = if variable.or_file { self.value(&variable.file_name()) } else { None };
        if let Some(found) = self.value(variable.name) {
            setting.value = shown(variable, found.value.expose());
            setting.is_hidden = setting.value.is_none();
            setting.origin = self.place(&found);
        } else if let Some(path) = file {
            setting.is_hidden = true;
            setting.origin = format!("the file that {} names ({})", variable.file_name(), self.place(&path));
        }
        setting
    }
}

fn shown(variable: &Variable, value: &str) -> Option<String> {
    let text = match variable.exposure {
        Exposure::Open => without_credentials(value),
        Exposure::Secret => None,
        Exposure::Partly(shown) => shown(value),
    }?;
    // It is printed to a terminal.
    Some(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
}

/// A value that should hold no password, unless it looks as if it did.
fn without_credentials(value: &str) -> Option<String> {
    if value.contains('@') { None } else { Some(value.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::{EnvFile, Infra};

    fn settings(source: &dyn Fn(&str) -> Option<String>, file: &str) -> Vec<Setting> {
        Env::new(source).with_file(EnvFile::parse(file)).settings(&Infra::SECTIONS)
    }

    fn find<'s>(settings: &'s [Setting], name: &str) -> &'s Setting {
        settings.iter().find(|setting| setting.variable == name).unwrap()
    }

    #[test]
    fn each_value_has_its_origin() {
        let process = |name: &str| match name {
            "REDIS_HOST" => Some("cache".to_owned()),
            "REDIS_DB" => Some(String::new()),
            "TELEGRAM_BOT_TOKEN_FILE" => Some("/run/secrets/hidden".to_owned()),
            _ => None,
        };
        let settings = settings(&process, "REDIS_HOST=other\nREDIS_PORT=6380\nREDIS_DB=3");
        let of = |name| {
            let Setting { value, is_hidden, origin, .. } = find(&settings, name);
            (value.as_deref(), *is_hidden, origin.as_str())
        };
        assert_eq!(of("REDIS_HOST"), (Some("cache"), false, "environment"));
        assert_eq!(of("REDIS_PORT"), (Some("6380"), false, ".env line 2"));
        assert_eq!(of("REDIS_DB"), (None, false, "default"), "set to nothing is unset");
        assert_eq!(
            of("TELEGRAM_BOT_TOKEN"),
            (None, true, "the file that TELEGRAM_BOT_TOKEN_FILE names (environment)")
        );
        assert_eq!(find(&settings, "REDIS_TLS").when_unset, "`off`");
    }

    #[test]
    fn an_address_is_shown_without_its_password_and_not_at_all_where_it_cannot_be_read() {
        let shown = |name: &'static str, value: &'static str| {
            find(&settings(&|asked| (asked == name).then(|| value.to_owned()), ""), name).value.clone()
        };
        assert_eq!(shown("DATABASE_URL", "postgres://u:hidden@h/d").unwrap(), "u@h:5432/d");
        assert_eq!(shown("DATABASE_URL", "postgres://u:hid#den@h/d"), None);
        assert_eq!(shown("REDIS_URL", "rediss://u:hidden@h").unwrap(), "rediss://u@h:6379/0");
        assert_eq!(shown("RABBITMQ_URL", "amqp://u:hidden@h").unwrap(), "amqp://u@h:5672/");
        assert_eq!(shown("DIVAN_ADMIN_URL", "https://u:hidden@h"), None);
        assert_eq!(shown("REDIS_HOST", "a\u{1b}[2Jb").unwrap(), "a\u{fffd}[2Jb");
    }
}
