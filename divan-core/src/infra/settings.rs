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
    /// Where the value is from: `environment`, `.env line 3`,
    /// `the file that X_FILE names (environment)`, or `default`.
    pub origin: String,
    /// What goes for an unset variable.
    pub when_unset: &'static str,
}

impl Env<'_> {
    /// What the variables of these sections are set to, without secrets. To be called when they
    /// were read: a value that nobody has read, or that is wrong, is not shown, since it may be a
    /// secret under the wrong name.
    ///
    /// ```
    /// use divan_core::infra::{Env, Section, Variable};
    ///
    /// static KEY: Variable = Variable::new("APP_KEY", "the key", "the-key").secret();
    /// static RETRIES: Variable = Variable::new("APP_RETRIES", "how often to try again", "5");
    /// static SECTION: Section = Section::new("Other service", "", &[&KEY, &RETRIES]);
    ///
    /// let variables = |name: &str| Some(if name == "APP_KEY" { "pa$word" } else { "4" }.to_owned());
    /// let mut env = Env::new(&variables);
    /// let _config = (env.secret(&KEY), env.parsed(&RETRIES, 3_u8));
    /// let settings = env.settings(&[&SECTION]);
    /// assert_eq!((settings[0].is_hidden, settings[0].value.as_deref()), (true, None));
    /// assert_eq!((settings[1].value.as_deref(), settings[1].origin.as_str()), (Some("4"), "environment"));
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
            origin: "default".to_owned(),
            when_unset: variable.when_unset,
        };
        let file = if variable.or_file {
            self.value(&variable.file_name())
        } else {
            None
        };
        if let Some(found) = self.value(variable.name) {
            setting.value = self.shown(variable, found.value.expose());
            setting.is_hidden = setting.value.is_none();
            setting.origin = self.place(&found);
        } else if let Some(path) = file {
            setting.is_hidden = true;
            setting.origin = format!(
                "the file that {} names ({})",
                variable.file_name(),
                self.place(&path)
            );
        }
        setting
    }

    fn shown(&self, variable: &Variable, value: &str) -> Option<String> {
        match variable.exposure {
            Exposure::Open if self.has_taken(variable) => Some(value.to_owned()),
            Exposure::Open | Exposure::Secret => None,
            Exposure::Partly(shown) => shown(value),
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
    fn each_value_has_its_origin() {
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
                origin,
                ..
            } = find(&settings, name);
            (value.as_deref(), *is_hidden, origin.as_str())
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
            "set to nothing is unset"
        );
        assert_eq!(
            of("TELEGRAM_BOT_TOKEN"),
            (
                None,
                true,
                "the file that TELEGRAM_BOT_TOKEN_FILE names (environment)"
            )
        );
        assert_eq!(find(&settings, "REDIS_TLS").when_unset, "`off`");
    }

    #[test]
    fn an_address_is_shown_without_its_password_and_not_at_all_where_it_cannot_be_read() {
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
