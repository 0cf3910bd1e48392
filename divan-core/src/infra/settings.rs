use super::env::Env;
use super::variable::{Section, Variable, Visibility};

/// The effective value of a variable, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Name of the variable.
    pub variable: &'static str,
    /// The value, if it is set and may be shown. URLs are shown without the password.
    pub value: Option<String>,
    /// The value is set but hidden.
    pub is_hidden: bool,
    /// Source of the value: `environment`, `.env line 3`, `X_FILE (environment)`, or `default`.
    pub source: String,
    /// Default value or effect of an unset variable.
    pub when_unset: &'static str,
}

impl Env<'_> {
    /// Returns the settings of these sections without secrets. Call it after reading: a value that
    /// was not read, or is invalid, is hidden, because it may be a secret under the wrong name.
    ///
    /// ```
    /// use divan_core::infra::{Env, Section, Variable};
    ///
    /// static KEY: Variable = Variable::new("APP_KEY", "API key", "the-key").secret();
    /// static RETRIES: Variable = Variable::new("APP_RETRIES", "number of retries", "5");
    /// static SECTION: Section = Section::new("Other service", "", &[&KEY, &RETRIES]);
    ///
    /// let variables = |name: &str| Some(if name == "APP_KEY" { "pa$word" } else { "4" }.to_owned());
    /// let mut env = Env::new(&variables);
    /// let _config = (env.secret(&KEY), env.parsed(&RETRIES, 3_u8));
    /// let settings = env.settings(&[&SECTION]);
    /// assert_eq!((settings[0].is_hidden, settings[0].value.as_deref()), (true, None));
    /// assert_eq!((settings[1].value.as_deref(), settings[1].source.as_str()), (Some("4"), "environment"));
    /// ```
    pub fn settings(&self, sections: &[&Section]) -> Vec<Setting> {
        sections
            .iter()
            .flat_map(|section| section.variables)
            .map(|variable| self.setting(variable))
            .collect()
    }

    fn setting(&self, variable: &Variable) -> Setting {
        let mut setting = Setting {
            variable: variable.name,
            value: None,
            is_hidden: false,
            source: "default".to_owned(),
            when_unset: variable.when_unset,
        };
        if let Some(found) = self.value(variable.name) {
            setting.value = self.shown(variable, found.value.expose());
            setting.is_hidden = setting.value.is_none();
            setting.source = self.source_of(&found);
        } else if let Some(path) = self.file_path(variable) {
            setting.is_hidden = true;
            let source = self.source_of(&path);
            setting.source = format!("{} ({source})", variable.file_name());
        }
        setting
    }

    fn shown(&self, variable: &Variable, value: &str) -> Option<String> {
        match variable.visibility {
            Visibility::Open if self.is_accepted(variable) => Some(value.to_owned()),
            Visibility::Open | Visibility::Secret => None,
            Visibility::Partial(shown) => shown(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::{EnvFile, Infra};

    fn settings(source: &dyn Fn(&str) -> Option<String>, file: &str) -> Vec<Setting> {
        let mut env = Env::new(source).with_file(EnvFile::parse(file));
        Infra::read(&mut env);
        env.settings(&Infra::SECTIONS)
    }

    fn find<'s>(settings: &'s [Setting], name: &str) -> &'s Setting {
        settings
            .iter()
            .find(|setting| setting.variable == name)
            .unwrap()
    }

    #[test]
    fn settings_name_the_source_of_each_value() {
        let process = |name: &str| match name {
            "DIVAN_MINIAPP_URL" => Some("https://a".to_owned()),
            "TELEGRAM_TEST_ENVIRONMENT" => Some(String::new()),
            "TELEGRAM_BOT_TOKEN_FILE" => Some("/run/secrets/hidden".to_owned()),
            _ => None,
        };
        let settings = settings(
            &process,
            "DIVAN_MINIAPP_URL=https://b\nDIVAN_ADMIN_URL=https://c\nTELEGRAM_TEST_ENVIRONMENT=on",
        );
        let of = |name| {
            let Setting {
                value,
                is_hidden,
                source,
                ..
            } = find(&settings, name);
            (value.as_deref(), *is_hidden, source.as_str())
        };
        assert_eq!(
            of("DIVAN_MINIAPP_URL"),
            (Some("https://a"), false, "environment")
        );
        assert_eq!(
            of("DIVAN_ADMIN_URL"),
            (Some("https://c"), false, ".env line 2")
        );
        assert_eq!(
            of("TELEGRAM_TEST_ENVIRONMENT"),
            (None, false, "default"),
            "an empty variable is unset"
        );
        assert_eq!(
            of("TELEGRAM_BOT_TOKEN"),
            (None, true, "TELEGRAM_BOT_TOKEN_FILE (environment)")
        );
        assert_eq!(find(&settings, "REDIS_TLS").when_unset, "`off`");
    }

    #[test]
    fn urls_are_shown_without_password_and_invalid_urls_are_hidden() {
        let shown = |name: &'static str, value: &'static str| {
            find(
                &settings(&|asked| (asked == name).then(|| value.to_owned()), ""),
                name,
            )
            .value
            .clone()
        };
        assert_eq!(
            shown("DATABASE_URL", "postgres://u:hidden@h/d").unwrap(),
            "u@h:5432/d"
        );
        assert_eq!(shown("DATABASE_URL", "postgres://u:hid#den@h/d"), None);
        assert_eq!(
            shown("REDIS_URL", "rediss://u:hidden@h").unwrap(),
            "rediss://u@h:6379/0"
        );
        assert_eq!(
            shown("RABBITMQ_URL", "amqp://u:hidden@h").unwrap(),
            "amqp://u@h:5672/"
        );
        assert_eq!(shown("DIVAN_ADMIN_URL", "https://u:hidden@h"), None);
        assert_eq!(
            shown("TELEGRAM_API_URL", "http://localhost/bot42:hidden"),
            None
        );
        assert_eq!(shown("QDRANT_URL", "http://localhost?api-key=hidden"), None);
        assert_eq!(
            shown("DIVAN_MINIAPP_URL", "https://h/app").unwrap(),
            "https://h/app"
        );
    }
}
