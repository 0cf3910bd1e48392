//! Properties of all variables, their names and their values.

use std::cell::RefCell;
use std::collections::BTreeSet;

use divan_core::infra::EnvFile;
use proptest::prelude::*;

use super::*;

#[test]
fn the_variables_that_are_read_are_those_that_are_documented() {
    let asked = RefCell::new(BTreeSet::new());
    let parts = [
        ("REDIS_HOST", "cache"),
        ("RABBITMQ_HOST", "queue"),
        ("MINIO_BUCKET", "divan"),
        ("QDRANT_API_KEY", "k"),
    ];
    let urls = [
        ("DATABASE_URL", "sqlite:a.db"),
        ("REDIS_URL", "redis://cache"),
        ("RABBITMQ_URL", "amqp://queue"),
    ];
    for set in [parts.as_slice(), urls.as_slice()] {
        let source = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let _ = Config::check(&mut Env::new(&source), "127.0.0.1:8000".parse().unwrap());
    }
    let asked = asked.into_inner();
    let documented: BTreeSet<&str> = SECTIONS
        .iter()
        .flat_map(|section| section.variables())
        .map(|variable| variable.name())
        .collect();
    let unread: Vec<_> = documented
        .iter()
        .filter(|name| !asked.contains(**name))
        .collect();
    assert!(unread.is_empty(), "documented, and not read: {unread:?}");
    let is_documented =
        |name: &str| documented.contains(name.strip_suffix("_FILE").unwrap_or(name));
    let unrelated = "MINIO_ROOT_USER";
    let undocumented: Vec<_> = asked
        .iter()
        .filter(|name| !is_documented(name) && *name != unrelated)
        .collect();
    assert!(
        undocumented.is_empty(),
        "read, and not documented: {undocumented:?}"
    );
}

#[test]
fn a_misspelled_name_is_reported_before_files_are_created() {
    let source =
        |name: &str| (name == "DIVAN_ADMINURL").then(|| "https://sec.example.com".to_owned());
    let mut env = Env::new(&source).with_names(["DIVAN_ADMINURL".to_owned()]);
    let errors = Config::from_env(&mut env, "127.0.0.1:8000".parse().unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        errors.starts_with("DIVAN_ADMINURL is not a known variable; did you mean DIVAN_ADMIN_URL?"),
        "{errors}"
    );
    assert!(!std::path::Path::new("divan-data").exists());
}

#[test]
fn an_empty_or_short_key_gets_the_compose_hint() {
    for key in ["", "short"] {
        let errors = read(&with(&[("SECRET_KEY", key)])).unwrap_err().to_string();
        assert!(
            errors.contains("in a compose file, write `$` as `$$`"),
            "{errors}"
        );
    }
}

#[test]
fn a_deployment_refuses_placeholders_and_examples() {
    for (variable, value) in [
        ("SECRET_KEY", "changethischangethischangethischangethis"),
        ("SECRET_KEY", "<the output of openssl rand -hex 32>"),
        ("DIVAN_BOOTSTRAP_TOKEN", "your-secret-token-here"),
        (
            "TELEGRAM_BOT_TOKEN",
            "1234567890:the-35-characters-that-BotFather-gave",
        ),
        (
            "DATABASE_URL",
            "postgresql://divan:password@db.example.com/divan",
        ),
    ] {
        let errors = read(&with(&[(variable, value)])).unwrap_err();
        assert_eq!(
            (errors.0.len(), errors.0[0].variable.as_str()),
            (1, variable)
        );
        assert!(
            errors.to_string().contains("contains a placeholder"),
            "{errors}"
        );
    }
    assert!(
        read(&[
            ("SECRET_KEY", "changethischangethischangethischangethis"),
            ("DIVAN_DOCS", "x")
        ])
        .unwrap_err()
        .0
        .len()
            == 1
    );
}

proptest! {
    #[test]
    fn errors_and_settings_contain_no_invalid_value(before in "[a-z0-9$@:/#?% ]{0,5}", after in "[a-z0-9$@:/#?% ]{0,5}", in_file: bool) {
        const CORE: &str = "Zq7xVw3k";
        // Variables that accept any text.
        const ANY: [&str; 10] = ["DIVAN_ISSUER", "DIVAN_PASSWORD_WORDS", "RUST_LOG", "MINIO_ACCESS_KEY", "MINIO_REGION", "REDIS_HOST", "REDIS_USER",
            "RABBITMQ_HOST", "RABBITMQ_USER", "RABBITMQ_VHOST"];
        let names = SECTIONS.iter().flat_map(|section| section.variables()).map(|variable| variable.name());
        let variables: HashMap<&str, String> = names
            .filter(|name| !ANY.contains(name))
            .flat_map(|name| [(name, format!("{before}{CORE}{after}"))])
            .collect();
        let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        let file = lines.join("\n");
        let source = |name: &str| if in_file { None } else { variables.get(name).cloned() };
        let mut env = Env::new(&source).with_file(EnvFile::parse(if in_file { &file } else { "" }));
        let errors = Config::check(&mut env, "127.0.0.1:8000".parse().unwrap()).unwrap_err();
        let settings = env.settings(&SECTIONS);
        let seen = format!("{errors}\n{errors:?}\n{:?}\n{settings:?}", env.warnings());
        prop_assert!(errors.0.len() > 20 && !seen.contains(CORE), "{}", seen);
        let hidden = settings.iter().filter(|setting| setting.is_hidden).count();
        prop_assert!(hidden >= 10, "{:?}", settings);
    }
}
