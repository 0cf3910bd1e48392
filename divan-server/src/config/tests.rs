use std::collections::HashMap;
use std::net::SocketAddr;

use divan_core::service::BootstrapPolicy;

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let variables: HashMap<String, String> =
        variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let listen: SocketAddr = "127.0.0.1:8000".parse().unwrap();
    Config::read(&|name| variables.get(name).cloned(), listen)
}

const KEY: &str = "0123456789abcdef0123456789abcdef";
const GOOD: [(&str, &str); 3] =
    [("DATABASE_URL", "sqlite:///tmp/divan.db"), ("SECRET_KEY", KEY), ("TELEGRAM_BOT_TOKEN", "1:abc")];

fn with(change: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = GOOD.into_iter().filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    kept.chain(change.iter().copied()).collect()
}

#[test]
fn a_deployment_needs_a_database_and_a_key() {
    let config = read(&GOOD).unwrap();
    assert!(config.development.is_none());
    assert_eq!(config.database.to_string(), "/tmp/divan.db");
    assert!(matches!(config.bootstrap, BootstrapPolicy::Closed), "a deployment is closed without a token");
    assert_eq!(config.addresses.issuer, "http://sec.localhost:8000");
    assert!(config.docs && config.addresses.are_local());
}

#[test]
fn everything_that_is_wrong_is_told_at_once_without_the_values() {
    let errors = read(&[
        ("DATABASE_URL", "mysql://user:hidden-password@host/db"),
        ("SECRET_KEY", "hidden-key"),
        ("TELEGRAM_BOT_TOKEN", "hidden token"),
        ("DIVAN_MINIAPP_URL", "ftp://example.com"),
        ("DIVAN_ADMIN_URL", "https://user:hidden-password@example.com"),
        ("DIVAN_BOOTSTRAP_TOKEN", "hidden"),
        ("DIVAN_PHONE_REGION", "Kazakhstan"),
        ("DIVAN_ARGON2_MEMORY_KIB", "1024"),
        ("DIVAN_DOCS", "maybe"),
    ])
    .unwrap_err();
    let named: Vec<&str> = errors.0.iter().map(|error| error.variable.as_str()).collect();
    assert_eq!(
        named,
        [
            "DATABASE_URL",
            "SECRET_KEY",
            "TELEGRAM_BOT_TOKEN",
            "DIVAN_MINIAPP_URL",
            "DIVAN_ADMIN_URL",
            "DIVAN_BOOTSTRAP_TOKEN",
            "DIVAN_ARGON2_MEMORY_KIB",
            "DIVAN_PHONE_REGION",
            "DIVAN_DOCS",
        ]
    );
    assert!(!errors.to_string().contains("hidden"), "{errors}");
}

#[test]
fn a_deployment_without_a_key_is_told_so() {
    let errors = read(&[("DATABASE_URL", "sqlite:divan.db")]).unwrap_err();
    assert_eq!(errors.0.len(), 1);
    assert!(errors.to_string().starts_with("SECRET_KEY is not set"), "{errors}");
}

#[test]
fn an_address_of_a_database_names_a_file_and_nothing_else() {
    for (url, path) in
        [("sqlite:divan.db", "divan.db"), ("sqlite://divan.db", "divan.db"), ("sqlite:///a/b.db", "/a/b.db")]
    {
        assert_eq!(read(&with(&[("DATABASE_URL", url)])).unwrap().database.to_string(), path, "{url}");
    }
    for url in
        ["sqlite:", "sqlite://", "sqlite:a.db?mode=ro", "postgres://host/db", "mysql://u@host/db", "divan.db"]
    {
        let errors = read(&with(&[("DATABASE_URL", url)])).unwrap_err();
        assert_eq!(errors.0[0].variable, "DATABASE_URL", "{url}");
    }
}

#[test]
fn the_two_surfaces_need_two_hosts() {
    let same = with(&[
        ("DIVAN_MINIAPP_URL", "https://a.example.com/app"),
        ("DIVAN_ADMIN_URL", "https://A.example.com/"),
    ]);
    assert_eq!(read(&same).unwrap_err().0[0].variable, "DIVAN_ADMIN_URL");

    let two = with(&[
        ("DIVAN_MINIAPP_URL", "https://a.example.com/"),
        ("DIVAN_ADMIN_URL", "https://b.example.com:8443/"),
    ]);
    let addresses = read(&two).unwrap().addresses;
    assert_eq!(addresses.origins(), ["https://a.example.com", "https://b.example.com:8443"]);
    assert_eq!(addresses.issuer, "https://b.example.com:8443");
    assert!(addresses.are_https() && !addresses.are_local());
}

#[test]
fn a_secret_may_come_from_a_file_but_not_from_two_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{KEY}\n")).unwrap();
    let path = path.to_str().unwrap();
    let from_file = [("DATABASE_URL", "sqlite:divan.db"), ("SECRET_KEY_FILE", path)];
    assert!(read(&from_file).is_ok());

    let twice = [from_file[0], from_file[1], ("SECRET_KEY", KEY)];
    assert!(read(&twice).unwrap_err().to_string().contains("both set"));
    let missing = read(&[("DATABASE_URL", "sqlite:divan.db"), ("SECRET_KEY_FILE", "/nowhere")]).unwrap_err();
    assert_eq!(missing.0[0].variable, "SECRET_KEY_FILE");
    assert!(!missing.to_string().contains("nowhere"), "the path may be the secret itself: {missing}");
    std::fs::write(path, "\n").unwrap();
    assert!(read(&from_file).unwrap_err().to_string().contains("an empty file"));
}

#[test]
fn a_bootstrap_token_is_one_that_a_header_can_carry() {
    for token in ["short", "длинный токен из слов", " a token with a space in front"] {
        let errors = read(&with(&[("DIVAN_BOOTSTRAP_TOKEN", token)])).unwrap_err();
        assert_eq!(errors.0[0].variable, "DIVAN_BOOTSTRAP_TOKEN", "{token}");
    }
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let config = read(&with(&[("TELEGRAM_BOT_TOKEN", ""), ("DIVAN_DOCS", "")])).unwrap();
    assert!(config.bot_token.is_none() && config.docs);
}

#[test]
fn debug_output_holds_no_secret() {
    let config = read(&with(&[("DIVAN_BOOTSTRAP_TOKEN", "a-long-bootstrap-token")])).unwrap();
    let shown = format!("{config:?}");
    for secret in [KEY, "1:abc", "a-long-bootstrap-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_lives_of_sessions_are_spans_that_fit_together() {
    let config =
        read(&with(&[("DIVAN_ADMIN_SESSION_IDLE", "20m"), ("DIVAN_SESSION_RETENTION", "1d")])).unwrap();
    assert_eq!(config.sessions.admin.idle.as_secs(), 20 * 60);
    assert_eq!(config.sessions.admin.absolute.as_secs(), 12 * 3600);
    assert_eq!(config.sessions.miniapp.idle.as_secs(), 30 * 86_400);
    assert_eq!(config.sessions.retention.as_secs(), 86_400);
    for (variable, value) in [
        ("DIVAN_ADMIN_SESSION_IDLE", "19m"),
        ("DIVAN_ADMIN_SESSION_IDLE", "13h"),
        ("DIVAN_MINIAPP_SESSION_IDLE", "91d"),
        ("DIVAN_MINIAPP_SESSION_LIFE", "a while"),
        ("DIVAN_SESSION_RETENTION", "30"),
    ] {
        let errors = read(&with(&[(variable, value)])).unwrap_err();
        assert_eq!((errors.0.len(), errors.0[0].variable.as_str()), (1, variable), "{value}");
    }
}
