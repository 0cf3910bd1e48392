//! Properties of all variables, their names and their values.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use divan_core::infra::EnvFile;
use divan_core::infra::probe::check_all;
use proptest::prelude::*;

use super::*;
use crate::dependencies::{Buckets, Dependencies};

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
            errors.contains("if the value comes from a compose file, write `$` as `$$`"),
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
        assert!(errors.to_string().contains("a placeholder"), "{errors}");
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
        const ANY: [&str; 13] = ["DIVAN_CORS_HEADERS", "DIVAN_VERIFY_COOKIE", "DIVAN_EVENTS_EXCHANGE", "TELEGRAM_BOT_USERNAME", "DIVAN_PASSWORD_WORDS", "RUST_LOG", "MINIO_ACCESS_KEY", "MINIO_REGION", "REDIS_HOST", "REDIS_USER",
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

/// A valid value of each variable of a deployment with all dependencies, none of which runs.
const ALL: [(&str, &str); 20] = [
    (
        "DATABASE_URL",
        "postgres://divan:of-no-user@127.0.0.1:9/divan?sslmode=require",
    ),
    ("SECRET_KEY", KEY),
    ("TELEGRAM_BOT_TOKEN", "1:abc"),
    ("MINIO_ENDPOINT", "http://127.0.0.1:9"),
    ("MINIO_ACCESS_KEY", "divan"),
    ("MINIO_SECRET_KEY", "of-no-user"),
    ("MINIO_BUCKET", "divan"),
    ("MINIO_REGION", "us-east-1"),
    ("QDRANT_URL", "http://127.0.0.1:9"),
    ("QDRANT_API_KEY", "of-no-user"),
    ("REDIS_HOST", "127.0.0.1"),
    ("REDIS_PORT", "9"),
    ("REDIS_USER", "divan"),
    ("REDIS_PASSWORD", "of-no-user"),
    ("RABBITMQ_HOST", "127.0.0.1"),
    ("RABBITMQ_PORT", "9"),
    ("RABBITMQ_USER", "divan"),
    ("RABBITMQ_PASSWORD", "of-no-user"),
    ("RABBITMQ_VHOST", "divan"),
    ("DIVAN_REQUIRED", "s3,redis"),
];

/// Checks a deployment in which one variable has this value, and the clients that it creates.
fn check_with(runtime: &tokio::runtime::Runtime, name: &str, value: &str) {
    let source = |asked: &str| {
        if asked == name {
            return Some(value.to_owned());
        }
        let known = ALL.iter().find(|(known, _)| *known == asked);
        known.map(|(_, value)| (*value).to_owned())
    };
    let mut env = Env::new(&source);
    let Ok(config) = Config::check(&mut env, "127.0.0.1:8000".parse().unwrap()) else {
        return;
    };
    let _ = (
        env.settings(&SECTIONS),
        config.infra.database.libpq_settings(&env),
    );
    let probes = Dependencies::new(&config.infra, &config.required, Buckets::ReportMissing);
    // A random host name would be looked up.
    if ["URL", "ENDPOINT", "HOST"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        return;
    }
    let reports = runtime.block_on(check_all(&probes.probes(), Duration::from_millis(10)));
    for report in reports {
        let text = format!("{:?}", report.outcome);
        assert!(!text.contains("panic"), "{name}={value:?}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Valid examples with something in them are more often accepted than random text.
    #[test]
    fn no_value_of_a_variable_makes_the_server_panic(
        variable in 0..SECTIONS.iter().map(|section| section.variables().len()).sum::<usize>(),
        text in "(?s).{0,12}",
        at in 0..24_usize,
        replaces: bool,
    ) {
        let mut variables = SECTIONS.iter().flat_map(|section| section.variables());
        let variable = variables.nth(variable).unwrap();
        let valid = ALL.iter().find(|(name, _)| *name == variable.name());
        let base = valid.map_or_else(|| variable.example().to_owned(), |(_, value)| (*value).to_owned());
        let at = base.char_indices().map(|(at, _)| at).nth(at).unwrap_or(base.len());
        let value = if replaces { text.clone() } else { format!("{}{text}{}", &base[..at], &base[at..]) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        check_with(&runtime, variable.name(), &value);
    }
}

#[test]
fn values_that_libraries_do_not_accept_are_errors_or_harmless() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let long = "9".repeat(400);
    for text in [
        "a\nb",
        "a\u{7f}b",
        "\u{1b}[31m",
        "ключ",
        "a\u{2028}b",
        "\u{0}",
        "a b",
        "%",
        "%zz",
        "18446744073709551616",
        "-1",
        "NaN",
        "99999999999y",
        long.as_str(),
    ] {
        for variable in SECTIONS.iter().flat_map(|section| section.variables()) {
            check_with(&runtime, variable.name(), text);
        }
    }
}

#[test]
fn a_duration_of_more_than_a_century_is_an_error() {
    for name in [
        "DIVAN_MINIAPP_SESSION_LIFE",
        "DIVAN_SESSION_RETENTION",
        "DIVAN_AUDIT_RETENTION",
    ] {
        assert!(read(&with(&[(name, "36500d")])).is_ok(), "{name}");
        let errors = read(&with(&[(name, "36501d")])).unwrap_err().to_string();
        assert!(errors.contains("of at most `36500d`"), "{errors}");
    }
}

/// Names that a user may misspell, and the variables that they mean.
const MISSPELT: [(&str, &str); 22] = [
    ("DIVAN_ADMINURL", "DIVAN_ADMIN_URL"),
    ("DIVAN_ADMIN_URI", "DIVAN_ADMIN_URL"),
    ("DIVAN_MINI_APP_URL", "DIVAN_MINIAPP_URL"),
    ("DIVAN_TRUSTED_PROXY", "DIVAN_TRUSTED_PROXIES"),
    ("DIVAN_BOOTSTRAP_TOKN", "DIVAN_BOOTSTRAP_TOKEN"),
    ("DIVAN_METRIC_LISTEN", "DIVAN_METRICS_LISTEN"),
    ("DIVAN_ARGON2_MEMORY_KB", "DIVAN_ARGON2_MEMORY_KIB"),
    ("DIVAN_AUDIT_RETENTON", "DIVAN_AUDIT_RETENTION"),
    (
        "DIVAN_DATABASE_MAX_CONNECTION",
        "DIVAN_DATABASE_MAX_CONNECTIONS",
    ),
    ("DIVAN_REQUIERD", "DIVAN_REQUIRED"),
    ("DIVAN_ISUER", "DIVAN_ISSUER"),
    ("DIVAN_DOC", "DIVAN_DOCS"),
    ("DATABSE_URL", "DATABASE_URL"),
    ("SECRETKEY", "SECRET_KEY"),
    ("SECRET_KEY_PREVIUOS", "SECRET_KEY_PREVIOUS"),
    ("MINIO_ACESS_KEY", "MINIO_ACCESS_KEY"),
    ("TELEGRAM_BOTTOKEN", "TELEGRAM_BOT_TOKEN"),
    ("TELEGRAM_BOT_TOKEN_FIEL", "TELEGRAM_BOT_TOKEN_FILE"),
    ("TELEGRAM_TEST_ENVIROMENT", "TELEGRAM_TEST_ENVIRONMENT"),
    ("RABITMQ_HOST", "RABBITMQ_HOST"),
    ("REDIS_PASSWROD", "REDIS_PASSWORD"),
    ("REDIS_POST", "REDIS_PORT"),
];

/// Names that mean no variable of the server.
const UNRELATED: [&str; 24] = [
    "DIVAN_LOG",
    "DIVAN_HOST",
    "DIVAN_PORT",
    "DIVAN_MODE",
    "DIVAN_HOME",
    "DIVAN_USER",
    "DIVAN_DATA",
    "DIVAN_TLS",
    "DIVAN_DB",
    "DIVAN_COLOUR",
    "DIVAN_MAIL_URL",
    "DIVAN_ADMIN_EMAIL",
    "DIVAN_LOG_LEVEL",
    "DIVAN_PHONE_NUMBER",
    "SECRET_KEY_BASE",
    "DATABASE_SSL",
    "DATABASE_USER",
    "MINIO_HOST",
    "MINIO_DOMAIN",
    "REDIS_ROOT",
    "REDIS_CERT",
    "RABBITMQ_SSL_PORT",
    "TELEGRAM_BOT_NAME",
    "TELEGRAM_API_KEY",
];

/// Returns the reports about a name that is set to some value.
fn reports(name: &str) -> String {
    let source = |asked: &str| (asked == name).then(|| "x".to_owned());
    let mut env = Env::new(&source).with_names([name.to_owned()]);
    env.check_names(&SECTIONS, PREFIX);
    let warnings = env.warnings().iter().map(ToString::to_string);
    let mut reports: Vec<String> = warnings.collect();
    reports.extend(env.finish().err().map(|errors| errors.to_string()));
    reports.join("\n")
}

#[test]
fn a_misspelt_name_suggests_the_variable_that_it_means_and_an_unrelated_one_none() {
    for (name, meant) in MISSPELT {
        let reports = reports(name);
        assert!(
            reports.contains(&format!(
                "{name} is not a known variable; did you mean {meant}?"
            )),
            "{name}: {reports}"
        );
    }
    for name in UNRELATED {
        let reports = reports(name);
        assert!(!reports.contains("did you mean"), "{reports}");
        assert_eq!(name.starts_with(PREFIX), !reports.is_empty(), "{reports}");
    }
}
