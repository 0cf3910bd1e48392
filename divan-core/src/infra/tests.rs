//! Tests of all sections together.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn all() -> Vec<&'static Variable> {
    Infra::SECTIONS
        .iter()
        .flat_map(|section| section.variables().iter().copied())
        .collect()
}

/// Returns all output for these variables: result, errors, warnings and settings.
fn output(variables: &HashMap<String, String>, file: &str) -> String {
    let source = |name: &str| variables.get(name).cloned();
    let mut env = Env::new(&source)
        .with_names(variables.keys().cloned())
        .with_file(EnvFile::parse(file));
    env.check_names(&Infra::SECTIONS, "DIVAN_");
    let infra = Infra::read(&mut env);
    let settings = env.settings(&Infra::SECTIONS);
    let warnings = env.warnings().to_vec();
    let errors = env.finish().err().unwrap_or_default();
    format!("{infra:?}\n{errors}\n{errors:?}\n{warnings:?}\n{settings:?}")
}

/// Passwords with special characters around a core that is searched for in the output.
fn password() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9$@:/#?%&+ !\\\\{}\"'=-]{0,6}".prop_flat_map(|before| {
        "[a-zA-Z0-9$@:/#?%&+ !\\\\{}\"'=-]{0,6}"
            .prop_map(move |after| format!("{before}{CORE}{after}"))
    })
}

const CORE: &str = "Zq7xVw3k";

/// Variables that accept any text and are printed.
const ANY_TEXT: [&str; 9] = [
    "TELEGRAM_BOT_USERNAME",
    "DIVAN_CORS_HEADERS",
    "MINIO_ACCESS_KEY",
    "MINIO_REGION",
    "REDIS_HOST",
    "REDIS_USER",
    "RABBITMQ_HOST",
    "RABBITMQ_USER",
    "RABBITMQ_VHOST",
];

proptest! {
    #[test]
    fn a_secret_in_any_variable_is_never_printed(secret in password(), in_file: bool, deployment: bool) {
        let variables: HashMap<String, String> = all()
            .into_iter()
            .map(Variable::name)
            .filter(|name| !ANY_TEXT.contains(name) && (deployment || *name != DATABASE_URL.name()))
            .map(|name| (name.to_owned(), secret.clone()))
            .collect();
        let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let output = if in_file { output(&HashMap::new(), &lines.join("\n")) } else { output(&variables, "") };
        prop_assert!(!output.contains(CORE), "{}", output);
    }

    #[test]
    fn a_password_in_a_url_is_never_printed(secret in password(), encoded: bool) {
        let secret = if encoded {
            percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string()
        } else {
            secret
        };
        let variables = [
            ("DATABASE_URL", format!("postgresql://divan:{secret}@db.example.com/divan")),
            ("REDIS_URL", format!("redis://:{secret}@cache.example.com")),
            ("RABBITMQ_URL", format!("amqp://divan:{secret}@queue.example.com/")),
            ("QDRANT_URL", format!("http://divan:{secret}@q.example.com")),
            ("MINIO_ENDPOINT", format!("http://divan:{secret}@minio.example.com")),
            ("DIVAN_ADMIN_URL", format!("https://divan:{secret}@sec.example.com")),
            ("TELEGRAM_API_URL", format!("https://divan:{secret}@telegram.example.com")),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let output = output(&variables, "");
        prop_assert!(!output.contains(CORE), "{}", output);
    }
}

#[test]
fn every_variable_has_a_description_and_an_example() {
    for variable in all() {
        let name = variable.name();
        assert!(
            !variable.description.is_empty()
                && !variable.description.ends_with('.')
                && !variable.description.contains('|'),
            "{name}"
        );
        assert!(
            !variable.example.is_empty()
                && !variable.example.contains('`')
                && !variable.when_unset.ends_with('.'),
            "{name}"
        );
    }
}

#[test]
fn the_commented_examples_are_valid() {
    let text = env_example(&Infra::SECTIONS);
    let is_assignment = |line: &&str| {
        all()
            .iter()
            .any(|variable| *line == variable.example_line())
    };
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(is_assignment)
        .collect();
    let file = EnvFile::parse(&lines.join("\n"));
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    assert_eq!(file.names().count(), all().len());
}
