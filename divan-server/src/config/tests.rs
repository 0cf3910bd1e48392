mod definitions;

use std::collections::HashMap;
use std::net::SocketAddr;

use divan_core::entropy::SeededEntropy;
use divan_core::password::{Password, PasswordPolicy, WeakPassword};
use divan_core::service::BootstrapPolicy;
use divan_core::token::{SigningAlgorithm, SigningKey};

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let listen: SocketAddr = "127.0.0.1:8000".parse().unwrap();
    Config::read(&|name| variables.get(name).cloned(), listen)
}

const KEY: &str = "0123456789abcdef0123456789abcdef";
const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const GOOD: [(&str, &str); 3] = [
    ("DATABASE_URL", "sqlite:///tmp/divan.db"),
    ("SECRET_KEY", KEY),
    ("TELEGRAM_BOT_TOKEN", BOT),
];

fn with(change: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = GOOD
        .into_iter()
        .filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    kept.chain(change.iter().copied()).collect()
}

#[test]
fn a_deployment_requires_a_database_and_a_key() {
    let config = read(&GOOD).unwrap();
    assert!(config.development.is_none());
    assert_eq!(config.database.to_string(), "/tmp/divan.db");
    assert!(
        matches!(config.bootstrap, BootstrapPolicy::Closed),
        "a deployment is closed without a token"
    );
    assert_eq!(config.addresses.issuer, "http://sec.localhost:8000");
    assert!(config.docs && config.addresses.are_local());
}

#[test]
fn messages_are_on_with_a_bot_token_only() {
    let is_on = |variables: &[(&str, &str)]| read(variables).unwrap().notifications;
    assert!(is_on(&GOOD) && is_on(&with(&[("DIVAN_NOTIFICATIONS", "on")])));
    assert!(!is_on(&GOOD[..2]) && !is_on(&with(&[("DIVAN_NOTIFICATIONS", "off")])));
    let without_bot = [GOOD[0], GOOD[1], ("DIVAN_NOTIFICATIONS", "on")];
    let errors = read(&without_bot).unwrap_err().to_string();
    assert!(
        errors.contains("DIVAN_NOTIFICATIONS requires TELEGRAM_BOT_TOKEN"),
        "{errors}"
    );
}

#[test]
fn password_words_are_a_list() {
    let config = read(&with(&[("DIVAN_PASSWORD_WORDS", "acme, Сары-Арка")])).unwrap();
    let check = |text: &str| {
        let password = Password::new(&text.into()).unwrap();
        PasswordPolicy::SECOND_FACTOR.check(&password, &[], &config.blocklist)
    };
    for text in ["@CME-2026!", "сарыарка7", "sary-arka-7"] {
        assert_eq!(check(text), Err(WeakPassword::Common), "{text}");
    }
    for words in ["ab", "acme,,other", "--- "] {
        let errors = read(&with(&[("DIVAN_PASSWORD_WORDS", words)])).unwrap_err();
        assert!(
            errors.to_string().contains("DIVAN_PASSWORD_WORDS"),
            "{errors}"
        );
    }
}

#[test]
fn the_previous_key_is_another_long_key() {
    let previous = |key| read(&with(&[("SECRET_KEY_PREVIOUS", key)]));
    assert!(read(&GOOD).unwrap().previous_secret_key.is_none());
    let config = previous("fedcba9876543210fedcba9876543210").unwrap();
    assert!(config.previous_secret_key.is_some());
    for (key, reason) in [
        (KEY, "must differ from SECRET_KEY"),
        ("a short secret", "is too short"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "must be random"),
    ] {
        let errors = previous(key).unwrap_err().0;
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].variable, "SECRET_KEY_PREVIOUS");
        let text = errors[0].to_string();
        assert!(text.contains(reason) && !text.contains(key), "{text}");
    }
}

#[test]
fn all_errors_are_reported_at_once_without_the_values() {
    let errors = read(&[
        ("DATABASE_URL", "mysql://user:hidden-password@host/db"),
        ("SECRET_KEY", "hidden-key"),
        ("TELEGRAM_BOT_TOKEN", "hidden token"),
        ("DIVAN_MINIAPP_URL", "ftp://example.com"),
        (
            "DIVAN_ADMIN_URL",
            "https://user:hidden-password@example.com",
        ),
        ("DIVAN_BOOTSTRAP_TOKEN", "hidden"),
        ("DIVAN_PHONE_REGION", "Kazakhstan"),
        ("DIVAN_ARGON2_MEMORY_KIB", "1024"),
        ("DIVAN_DOCS", "maybe"),
    ])
    .unwrap_err();
    let named: Vec<&str> = errors
        .0
        .iter()
        .map(|error| error.variable.as_str())
        .collect();
    assert_eq!(
        named,
        [
            "DATABASE_URL",
            "TELEGRAM_BOT_TOKEN",
            "DIVAN_MINIAPP_URL",
            "DIVAN_ADMIN_URL",
            "SECRET_KEY",
            "DIVAN_BOOTSTRAP_TOKEN",
            "DIVAN_PHONE_REGION",
            "DIVAN_ARGON2_MEMORY_KIB",
            "DIVAN_DOCS",
        ]
    );
    assert!(!errors.to_string().contains("hidden"), "{errors}");
}

#[test]
fn an_argon2id_variable_out_of_range_is_reported_under_its_name() {
    for (name, value, range) in [
        ("DIVAN_ARGON2_MEMORY_KIB", "19455", "from 19456 to 262144"),
        ("DIVAN_ARGON2_MEMORY_KIB", "1000000", "from 19456 to 262144"),
        ("DIVAN_ARGON2_ITERATIONS", "1", "from 2 to 16"),
        ("DIVAN_ARGON2_LANES", "0", "from 1 to 16"),
        ("DIVAN_ARGON2_LANES", "many", "from 1 to 16"),
    ] {
        let errors = read(&with(&[(name, value)])).unwrap_err().0;
        let reported: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let expected = format!("{name} must be a number {range} (example: {name}=");
        assert!(
            reported.len() == 1 && reported[0].starts_with(&expected),
            "{reported:?}"
        );
    }
    let largest = [
        ("DIVAN_ARGON2_MEMORY_KIB", "262144"),
        ("DIVAN_ARGON2_ITERATIONS", "16"),
        ("DIVAN_ARGON2_LANES", "16"),
    ];
    assert!(read(&with(&largest)).is_ok());
}

#[test]
fn a_truncated_bot_token_is_an_error() {
    for token in ["123:abc", "1234567890:the-34-characters-that-were-copie"] {
        let errors = read(&with(&[("TELEGRAM_BOT_TOKEN", token)])).unwrap_err();
        assert!(
            errors
                .to_string()
                .starts_with("TELEGRAM_BOT_TOKEN is incomplete"),
            "{errors}"
        );
        assert!(!errors.to_string().contains(token), "{errors}");
    }
}

#[test]
fn a_deployment_without_a_key_is_an_error() {
    let errors = read(&[("DATABASE_URL", "sqlite:divan.db")]).unwrap_err();
    assert_eq!(errors.0.len(), 1);
    assert!(
        errors.to_string().starts_with("SECRET_KEY is not set"),
        "{errors}"
    );
}

#[test]
fn a_key_that_is_not_random_is_distinguished_from_a_short_one() {
    for (key, reason) in [
        (
            "0".repeat(32),
            "must be random: it repeats 1 different characters",
        ),
        (
            "abcde".repeat(13),
            "must be random: it repeats 5 different characters",
        ),
        ("0".repeat(31), "is too short"),
    ] {
        let errors =
            read(&[("DATABASE_URL", "sqlite:divan.db"), ("SECRET_KEY", &key)]).unwrap_err();
        assert!(
            errors
                .to_string()
                .starts_with(&format!("SECRET_KEY {reason}")),
            "{errors}"
        );
    }
}

#[test]
fn a_sqlite_url_contains_a_file_and_no_parameters() {
    for (url, path) in [
        ("sqlite:divan.db", "divan.db"),
        ("sqlite://divan.db", "divan.db"),
        ("sqlite:///a/b.db", "/a/b.db"),
    ] {
        assert_eq!(
            read(&with(&[("DATABASE_URL", url)]))
                .unwrap()
                .database
                .to_string(),
            path,
            "{url}"
        );
    }
    for url in [
        "sqlite:",
        "sqlite://",
        "sqlite:a.db?mode=ro",
        "postgres://host/db",
        "mysql://u@host/db",
        "divan.db",
    ] {
        let errors = read(&with(&[("DATABASE_URL", url)])).unwrap_err();
        assert_eq!(errors.0[0].variable, "DATABASE_URL", "{url}");
    }
}

#[test]
fn the_two_audiences_must_have_different_hosts() {
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
    assert_eq!(
        addresses.origins(),
        ["https://a.example.com", "https://b.example.com:8443"]
    );
    assert_eq!(addresses.issuer, "https://b.example.com:8443");
    assert!(addresses.are_https() && !addresses.are_local());
}

#[test]
fn the_issuer_is_a_url_and_kept_character_by_character() {
    for issuer in [
        "https://sec.example.com",
        "https://SEC.example.com:443/a/",
        "http://sec.localhost:8000",
    ] {
        let config = read(&with(&[("DIVAN_ISSUER", issuer)])).unwrap();
        assert_eq!(config.addresses.issuer, issuer);
    }
    for issuer in [
        "divan",
        "sec.example.com",
        "ftp://sec.example.com",
        "https://sec.example.com?a=b",
        "https://sec.example.com#a",
        "https://a@sec.example.com",
        "https://",
    ] {
        let errors = read(&with(&[("DIVAN_ISSUER", issuer)])).unwrap_err();
        let found: Vec<&str> = errors.0.iter().map(|error| &*error.variable).collect();
        assert_eq!(found, ["DIVAN_ISSUER"], "{issuer}");
    }
}

#[test]
fn a_secret_and_its_file_are_mutually_exclusive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{KEY}\n")).unwrap();
    let path = path.to_str().unwrap();
    let from_file = [
        ("DATABASE_URL", "sqlite:divan.db"),
        ("SECRET_KEY_FILE", path),
    ];
    assert!(read(&from_file).is_ok());

    let twice = [from_file[0], from_file[1], ("SECRET_KEY", KEY)];
    assert!(
        read(&twice)
            .unwrap_err()
            .to_string()
            .contains("mutually exclusive")
    );
    let missing = read(&[
        ("DATABASE_URL", "sqlite:divan.db"),
        ("SECRET_KEY_FILE", "/nowhere"),
    ])
    .unwrap_err();
    assert_eq!(missing.0[0].variable, "SECRET_KEY_FILE");
    assert!(
        !missing.to_string().contains("nowhere"),
        "the path may be the secret itself: {missing}"
    );
    std::fs::write(path, "\n").unwrap();
    assert!(
        read(&from_file)
            .unwrap_err()
            .to_string()
            .contains("an empty file")
    );
}

#[test]
fn a_bootstrap_token_must_be_a_valid_header_value() {
    for token in [
        "short",
        "длинный токен из слов",
        "a token with a tab\t in it",
    ] {
        let errors = read(&with(&[("DIVAN_BOOTSTRAP_TOKEN", token)])).unwrap_err();
        assert_eq!(errors.0[0].variable, "DIVAN_BOOTSTRAP_TOKEN", "{token}");
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let config = read(&with(&[("TELEGRAM_BOT_TOKEN", ""), ("DIVAN_DOCS", "")])).unwrap();
    assert!(config.bot_token.is_none() && config.docs);
}

#[test]
fn debug_output_contains_no_secret() {
    let config = read(&with(&[(
        "DIVAN_BOOTSTRAP_TOKEN",
        "a-long-bootstrap-token",
    )]))
    .unwrap();
    let shown = format!("{config:?}");
    for secret in [KEY, "1:abc", "a-long-bootstrap-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn ages_of_init_data_are_bounded() {
    let ages = |variables: &[(&'static str, &'static str)]| {
        read(&with(variables)).map(|config| config.init_data_ages)
    };
    let default = ages(&[]).unwrap();
    let hours = Duration::from_hours;
    assert_eq!((default.sign_in, default.auto_login), (hours(24), hours(1)));
    let longest = [
        ("DIVAN_SIGN_IN_MAX_AGE", "30d"),
        ("DIVAN_AUTO_LOGIN_MAX_AGE", "24h"),
    ];
    let longest = ages(&longest).unwrap();
    assert_eq!(
        (longest.sign_in, longest.auto_login),
        (hours(720), hours(24))
    );
    let short = ages(&[("DIVAN_SIGN_IN_MAX_AGE", "5m")]).unwrap();
    assert_eq!(short.auto_login, Duration::from_mins(5));
    for (name, value, rule) in [
        (
            "DIVAN_SIGN_IN_MAX_AGE",
            "299s",
            "must be from 5 minutes to 30 days",
        ),
        (
            "DIVAN_SIGN_IN_MAX_AGE",
            "31d",
            "must be from 5 minutes to 30 days",
        ),
        (
            "DIVAN_AUTO_LOGIN_MAX_AGE",
            "59s",
            "must be from 1 minute to 24 hours",
        ),
        (
            "DIVAN_AUTO_LOGIN_MAX_AGE",
            "25h",
            "must be from 1 minute to 24 hours",
        ),
    ] {
        let errors = ages(&[(name, value)]).unwrap_err().to_string();
        assert!(errors.contains(&format!("{name} {rule}")), "{errors}");
    }
    let reversed = [
        ("DIVAN_SIGN_IN_MAX_AGE", "1h"),
        ("DIVAN_AUTO_LOGIN_MAX_AGE", "2h"),
    ];
    let errors = ages(&reversed).unwrap_err().to_string();
    let rule = "DIVAN_AUTO_LOGIN_MAX_AGE must not be longer than DIVAN_SIGN_IN_MAX_AGE";
    assert!(errors.contains(rule), "{errors}");
}

#[test]
fn session_lifetimes_must_be_consistent_durations() {
    let config = read(&with(&[
        ("DIVAN_ADMIN_SESSION_IDLE", "20m"),
        ("DIVAN_SESSION_RETENTION", "1d"),
    ]))
    .unwrap();
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
        assert_eq!(
            (errors.0.len(), errors.0[0].variable.as_str()),
            (1, variable),
            "{value}"
        );
    }
}

/// Returns a folder with two private keys, the public half of the first, and an invalid key.
fn keys() -> (tempfile::TempDir, SigningKey) {
    let (folder, key) = (
        tempfile::tempdir().unwrap(),
        SigningKey::generate(SigningAlgorithm::EdDsa, &SeededEntropy::new(1)).unwrap(),
    );
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("private.pem", key.to_pem().expose());
    write("public.pem", &key.verifying_key().to_pem());
    write(
        "next.pem",
        SigningKey::generate(SigningAlgorithm::EdDsa, &SeededEntropy::new(2))
            .unwrap()
            .to_pem()
            .expose(),
    );
    write("none.pem", "hidden");
    (folder, key)
}

#[test]
fn signing_and_verifying_keys_are_read_from_files() {
    let (folder, key) = keys();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let kids = |variables: &[(&str, &str)]| -> Vec<String> {
        let config = read(&[&GOOD, variables].concat()).unwrap();
        config
            .token_keys
            .jwks()
            .keys
            .into_iter()
            .filter_map(|key| key.kid)
            .collect()
    };
    let (private, public, next) = (path("private.pem"), path("public.pem"), path("next.pem"));
    let (kid, pem) = (key.verifying_key().kid(), key.to_pem());
    assert_eq!(kids(&[]), [""; 0], "HS256 has no public key");
    assert_eq!(kids(&[("DIVAN_SIGNING_KEY_FILE", &private)]), [kid]);
    assert_eq!(kids(&[("DIVAN_SIGNING_KEY", pem.expose())]), [kid]);
    assert_eq!(kids(&[("DIVAN_VERIFYING_KEY_FILES", &public)]), [kid]);
    for list in [
        format!("{public},{next}"),
        format!("{private}:{next}:"),
        format!(" {public} , {next} "),
    ] {
        let kids = kids(&[
            ("DIVAN_SIGNING_KEY_FILE", &next),
            ("DIVAN_VERIFYING_KEY_FILES", &list),
        ]);
        assert_eq!(
            (kids.len(), kids[1].as_str()),
            (2, kid),
            "the one that signs comes first, and once: {list}"
        );
    }
    let dated = [
        ("DIVAN_SIGNING_KEY_FILE", private.as_str()),
        ("DIVAN_ACCEPT_HS256_UNTIL", "2030-01-31T17:00:00+05:00"),
    ];
    assert_eq!(kids(&dated), [kid]);
}

#[test]
fn all_invalid_keys_are_reported_at_once_without_their_paths() {
    let (folder, _) = keys();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (public, none, nowhere) = (path("public.pem"), path("none.pem"), path("nowhere.pem"));
    let list = format!("{public},{none},{nowhere}");
    let many = format!("{public},").repeat(32);
    for (variables, expected) in [
        (
            vec![
                ("DIVAN_SIGNING_KEY_FILE", &*public),
                ("DIVAN_VERIFYING_KEY_FILES", &list),
            ],
            vec![
                "DIVAN_SIGNING_KEY_FILE must be an Ed25519 or P-256 private key: it contains a public key, and signing requires a private key (example: ",
                "DIVAN_VERIFYING_KEY_FILES must name files with keys: file 2 is not usable: it does not contain a key in PEM (PKCS#8) (example: ",
                "DIVAN_VERIFYING_KEY_FILES must name files with keys: file 3 does not exist (example: ",
            ],
        ),
        (
            vec![("DIVAN_SIGNING_KEY", "hidden")],
            vec![
                "DIVAN_SIGNING_KEY must be an Ed25519 or P-256 private key: it does not contain a key in PEM",
            ],
        ),
        (
            vec![("DIVAN_SIGNING_KEY_FILE", &nowhere)],
            vec!["DIVAN_SIGNING_KEY_FILE names a file that does not exist"],
        ),
        (
            vec![("DIVAN_VERIFYING_KEY_FILES", &many)],
            vec!["DIVAN_VERIFYING_KEY_FILES must name at most 31 files"],
        ),
        (
            vec![("DIVAN_ACCEPT_HS256_UNTIL", "2030-01-31T12:00:00Z")],
            vec!["DIVAN_ACCEPT_HS256_UNTIL requires DIVAN_SIGNING_KEY_FILE"],
        ),
        (
            vec![
                ("DIVAN_SIGNING_KEY_FILE", &none),
                ("DIVAN_ACCEPT_HS256_UNTIL", "tomorrow"),
            ],
            vec![
                "DIVAN_SIGNING_KEY_FILE must be an Ed25519 or P-256 private key",
                "DIVAN_ACCEPT_HS256_UNTIL must be a time in RFC 3339 form",
            ],
        ),
    ] {
        let errors = read(&[&GOOD, variables.as_slice()].concat())
            .unwrap_err()
            .to_string();
        let lines: Vec<&str> = errors.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{errors}");
        assert!(
            lines
                .iter()
                .zip(expected)
                .all(|(line, start)| line.starts_with(start)),
            "{errors}"
        );
        assert!(
            !errors.contains("hidden") && !errors.contains("nowhere"),
            "{errors}"
        );
    }
}
