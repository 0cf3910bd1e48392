use std::collections::HashMap;

use super::*;
use crate::infra::test_util::assert_starts;
use crate::infra::{Infra, S3Config, Section, TELEGRAM_BOT_TOKEN};

static KEY: Variable = Variable::new("APP_KEY", "the key", "the-key").secret();
static NUMBER: Variable = Variable::new("APP_NUMBER", "a number", "7").form("a number");

/// Returns the errors and warnings of the names in the environment and in the file.
fn names(process: &[(&str, &str)], file: &str) -> (Vec<String>, Vec<String>) {
    let process: HashMap<&str, &str> = process.iter().copied().collect();
    let source = |name: &str| process.get(name).map(|&value| value.to_owned());
    let mut env = Env::new(&source)
        .with_names(process.keys().map(|&name| name.to_owned()))
        .with_file(EnvFile::parse(file));
    env.check_names(&Infra::SECTIONS, "DIVAN_");
    let warnings = env.warnings().iter().map(ToString::to_string).collect();
    let ConfigErrors(errors) = env.finish().err().unwrap_or_default();
    (errors.iter().map(ToString::to_string).collect(), warnings)
}

fn read<T>(
    process: &[(&str, &str)],
    file: &str,
    read: impl FnOnce(&mut Env<'_>) -> T,
) -> (T, Vec<String>, Vec<String>) {
    let process: HashMap<&str, &str> = process.iter().copied().collect();
    let source = |name: &str| process.get(name).map(|&value| value.to_owned());
    let mut env = Env::new(&source).with_file(EnvFile::parse(file));
    let read = read(&mut env);
    let warnings = env.warnings().iter().map(ToString::to_string).collect();
    let ConfigErrors(errors) = env.finish().err().unwrap_or_default();
    (
        read,
        errors.iter().map(ToString::to_string).collect(),
        warnings,
    )
}

fn key(process: &[(&str, &str)], file: &str) -> Result<Option<String>, String> {
    let (key, errors, _) = read(process, file, |env| env.secret(&KEY));
    if errors.is_empty() {
        Ok(key.map(|key| key.expose().to_owned()))
    } else {
        Err(errors.join("\n"))
    }
}

#[test]
fn the_environment_overrides_the_file_even_when_empty() {
    assert_eq!(
        key(&[("APP_KEY", "a")], "APP_KEY=b"),
        Ok(Some("a".to_owned()))
    );
    assert_eq!(key(&[], "APP_KEY=b"), Ok(Some("b".to_owned())));
    assert_eq!(key(&[("APP_KEY", "")], "APP_KEY=b"), Ok(None));
    assert_eq!(key(&[], "APP_KEY="), Ok(None));
}

#[test]
fn an_empty_variable_that_hides_a_value_of_the_file_is_a_warning() {
    let (errors, warnings) = names(
        &[("DATABASE_URL", "")],
        "DATABASE_URL=sqlite:divan.db\nREDIS_HOST=cache",
    );
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        warnings,
        [
            "DATABASE_URL is empty in the environment, which hides its value in the file: unset the empty variable"
        ]
    );
    assert_eq!(
        names(&[("DATABASE_URL", "")], "DATABASE_URL="),
        (vec![], vec![])
    );
    assert_eq!(
        names(&[("REDIS_HOST", "a")], "REDIS_HOST=b"),
        (vec![], vec![])
    );
}

#[test]
fn a_shell_command_in_a_secret_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "$(openssl rand -hex 32)\n").unwrap();
    let message = key(&[("APP_KEY_FILE", path.to_str().unwrap())], "").unwrap_err();
    assert!(
        message.starts_with("APP_KEY_FILE contains a shell command"),
        "{message}"
    );
}

#[test]
fn an_endless_file_is_an_error() {
    let message = key(&[("APP_KEY_FILE", "/dev/zero")], "").unwrap_err();
    assert!(
        message.starts_with("APP_KEY_FILE names a file that is larger than 1024 KiB"),
        "{message}"
    );
    let message = EnvFile::read(std::path::Path::new("/dev/zero")).errors()[0].to_string();
    assert!(
        message.starts_with("/dev/zero is larger than 1024 KiB"),
        "{message}"
    );
}

#[test]
fn invalid_lines_of_the_file_are_errors() {
    let (_, errors, _) = read(&[("APP_NUMBER", "x")], "APP_KEY\n", |env| {
        env.parsed(&NUMBER, 1_u8)
    });
    assert_starts(
        &errors,
        &[
            ".env line 1 must contain `=`",
            "APP_NUMBER must be a number (example: APP_NUMBER=7)",
        ],
    );
}

#[test]
fn a_secret_is_read_from_a_file_without_white_space_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let path = path.to_str().unwrap();
    for (content, expected) in [
        ("k", "k"),
        ("k\n", "k"),
        ("\u{feff}k\r\n", "k"),
        (" k \n", "k"),
        ("\tk k\n\n", "k k"),
    ] {
        std::fs::write(path, content).unwrap();
        assert_eq!(
            key(&[("APP_KEY_FILE", path)], ""),
            Ok(Some(expected.to_owned()))
        );
        assert_eq!(
            key(&[], &format!("APP_KEY_FILE={path}")),
            Ok(Some(expected.to_owned()))
        );
    }
    for content in ["", "\n", "\r\n", " \n", "\u{feff}"] {
        std::fs::write(path, content).unwrap();
        assert_eq!(
            key(&[("APP_KEY_FILE", path)], "").unwrap_err(),
            "APP_KEY_FILE names an empty file (example: APP_KEY_FILE=/run/secrets/app-key)"
        );
    }
    let message = key(&[("APP_KEY_FILE", "/nowhere/hidden")], "").unwrap_err();
    assert!(
        message.starts_with("APP_KEY_FILE names a file that does not exist"),
        "{message}"
    );
    let message = key(&[("APP_KEY", "hidden")], &format!("APP_KEY_FILE={path}")).unwrap_err();
    assert!(
        message.starts_with(
            "APP_KEY (environment) and APP_KEY_FILE (.env line 1) are mutually exclusive"
        ),
        "{message}"
    );
    assert!(!message.contains("hidden"));
}

#[test]
fn a_value_means_the_same_from_the_environment_from_env_and_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let path = path.to_str().unwrap();
    for text in [
        "k",
        "k\n",
        "k\r\n",
        " k",
        "k ",
        "\tk\t",
        "\u{feff}k",
        "k\u{a0}",
        "\nk k\n",
    ] {
        std::fs::write(path, text).unwrap();
        let expected = Ok(Some(
            text.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t', '\u{a0}'])
                .to_owned(),
        ));
        assert_eq!(key(&[("APP_KEY", text)], ""), expected, "{text:?}");
        assert_eq!(key(&[], &format!("APP_KEY='{text}'")), expected, "{text:?}");
        assert_eq!(key(&[("APP_KEY_FILE", path)], ""), expected, "{text:?}");
    }
    for text in ["a\nb", "a\rb", "a\tb", "a\u{7}b", "a\u{1b}b", "a\u{85}b"] {
        std::fs::write(path, text).unwrap();
        for (process, file) in [
            (("APP_KEY", text), String::new()),
            (("OTHER", ""), format!("APP_KEY='{text}'")),
            (("APP_KEY_FILE", path), String::new()),
        ] {
            let message = key(&[process], &file).unwrap_err();
            let reason = "contains a line break or another control character";
            assert!(message.contains(reason), "{text:?}: {message}");
        }
    }
    assert_eq!(
        key(&[("APP_KEY", " \n")], ""),
        Ok(None),
        "white space alone is no value"
    );
}

#[test]
fn a_variable_with_lines_keeps_line_breaks() {
    static LIST: Variable = Variable::new("APP_LIST", "a list", "a,b").lines();
    let (list, errors, _) = read(&[("APP_LIST", "a,\n\tb\n")], "", |env| env.text(&LIST));
    assert_eq!((list.as_deref(), errors), (Some("a,\n\tb"), vec![]));
    let (_, errors, _) = read(&[("APP_LIST", "a\u{7}")], "", |env| env.text(&LIST));
    assert_eq!(errors.len(), 1);
}

#[test]
fn only_some_variables_are_read_from_files() {
    let (number, errors, _) = read(&[("APP_NUMBER_FILE", "/nowhere")], "", |env| {
        env.parsed(&NUMBER, 1_u8)
    });
    assert_eq!((number, errors), (1, vec![]));
}

#[test]
fn placeholders_are_rejected_in_deployments_only() {
    assert!(key(&[("APP_KEY", "changethis")], "").is_ok());
    for placeholder in ["changethis", "the-key", "<key>", "your-key"] {
        let message = key(
            &[("APP_KEY", placeholder), ("DATABASE_URL", "sqlite:x.db")],
            "",
        )
        .unwrap_err();
        assert!(
            message.starts_with("APP_KEY is a placeholder") && !message.contains("changethis"),
            "{message}"
        );
    }
}

#[test]
fn interpolation_by_a_compose_file_is_detected() {
    let message = key(&[("APP_KEY", "pa")], "APP_KEY=pa$word").unwrap_err();
    assert!(
        message.contains("is incomplete") && message.contains("`$$`"),
        "{message}"
    );
    assert_eq!(
        key(&[("APP_KEY", "pa$word")], "APP_KEY='pa$word'"),
        Ok(Some("pa$word".to_owned()))
    );
    assert_eq!(
        key(&[("APP_KEY", "another")], "APP_KEY=pa$word"),
        Ok(Some("another".to_owned()))
    );
    for text in ["${APP_SECRET}", "a${B:-c}"] {
        assert!(
            key(&[], &format!("APP_KEY={text}"))
                .unwrap_err()
                .starts_with("APP_KEY contains `${…}`")
        );
    }
    let message = key(&[], "APP_KEY=$(openssl rand -hex 32)").unwrap_err();
    assert!(
        message.starts_with("APP_KEY contains a shell command, which this program does not run"),
        "{message}"
    );
    let (read_key, errors, warnings) = read(&[("APP_KEY", "pa$$word")], "", |env| env.secret(&KEY));
    assert_eq!((read_key.unwrap().expose(), errors), ("pa$$word", vec![]));
    assert_starts(
        &warnings,
        &["APP_KEY contains `$$`, which this program does not replace"],
    );
    let ((), errors, _) = read(&[("APP_KEY", "")], "", |env| {
        env.require(&KEY, "it is needed");
    });
    assert_starts(
        &errors,
        &[
            "APP_KEY is empty, and it is needed; if the value comes from a compose file, write `$` as `$$`",
        ],
    );
}

#[test]
fn quotes_in_a_value_are_a_warning() {
    for text in ["'k'", "\"k\""] {
        let (key, errors, warnings) = read(&[("APP_KEY", text)], "", |env| env.secret(&KEY));
        assert_eq!((key.unwrap().expose(), errors), (text, vec![]));
        assert_starts(
            &warnings,
            &["APP_KEY contains quotes at both ends, which are part of the value"],
        );
    }
    for text in ["'", "k'", "'k\"", "k"] {
        assert!(
            read(&[("APP_KEY", text)], "", |env| env.secret(&KEY))
                .2
                .is_empty(),
            "{text}"
        );
    }
    assert!(
        read(&[], "APP_KEY='k'", |env| env.secret(&KEY))
            .2
            .is_empty()
    );
}

#[test]
fn a_variable_that_is_read_twice_is_reported_once() {
    let (_, errors, _) = read(&[("APP_NUMBER", "x")], "", |env| {
        (env.parsed(&NUMBER, 1_u8), env.parsed(&NUMBER, 1_u8))
    });
    assert_eq!(errors.len(), 1);
}

#[test]
fn an_unknown_name_with_the_prefix_is_an_error() {
    for (name, message) in [
        ("DIVAN_ADMINURL", "did you mean DIVAN_ADMIN_URL?"),
        ("DIVAN_ADMIN_URI", "did you mean DIVAN_ADMIN_URL?"),
        (
            "DIVAN_TRUSTED_PROXYS",
            "did you mean DIVAN_TRUSTED_PROXIES?",
        ),
        ("DIVAN_COLOUR", "is not a known variable"),
    ] {
        let (errors, warnings) = names(&[(name, "x")], "");
        assert!(warnings.is_empty() && errors.len() == 1, "{errors:?}");
        assert!(
            errors[0].starts_with(&format!("{name} is not a known variable"))
                && errors[0].contains(message)
        );
    }
    assert_eq!(
        names(&[("DIVAN_COLOUR", "")], ""),
        (vec![], vec![]),
        "empty"
    );
}

#[test]
fn a_misspelled_name_is_an_error_in_deployments_and_files_and_a_warning_elsewhere() {
    const EXPECTED: [&str; 1] =
        ["MINIO_ACESS_KEY is not a known variable; did you mean MINIO_ACCESS_KEY?"];
    const DEPLOYMENT: (&str, &str) = ("DATABASE_URL", "sqlite:x.db");
    assert_starts(&names(&[("MINIO_ACESS_KEY", "x")], "").1, &EXPECTED);
    assert_starts(
        &names(&[("MINIO_ACESS_KEY", "x"), DEPLOYMENT], "").0,
        &EXPECTED,
    );
    assert_starts(&names(&[], "MINIO_ACESS_KEY=x").0, &EXPECTED);
    assert_starts(
        &names(&[], "minio_access_key=x").0,
        &["minio_access_key is not a known variable; did you mean"],
    );
    for name in ["DATABASE_URI", "DATABSE_URL", "DATABASEURL"] {
        let (errors, _) = names(&[(name, "postgres://u@h/d")], "");
        assert_starts(
            &errors,
            &[&format!(
                "{name} is not a known variable; did you mean DATABASE_URL?"
            )],
        );
    }
}

#[test]
fn a_misspelled_file_variable_suggests_the_file_variable() {
    let (errors, _) = names(&[], "TELEGRAM_BOT_TOKEN_FIEL=/run/secrets/bot");
    assert_starts(
        &errors,
        &[
            "TELEGRAM_BOT_TOKEN_FIEL is not a known variable; did you mean TELEGRAM_BOT_TOKEN_FILE? (example: \
         TELEGRAM_BOT_TOKEN_FILE=/run/secrets/telegram-bot-token)",
        ],
    );
}

#[test]
fn a_synonym_is_a_warning() {
    let (errors, warnings) = names(&[("POSTGRES_URL", "x")], "");
    assert_eq!(errors.len(), 0, "it may belong to another program");
    assert_starts(
        &warnings,
        &["POSTGRES_URL is not a known variable; did you mean DATABASE_URL?"],
    );
    let (errors, warnings) = names(
        &[("BOT_TOKEN", "x"), ("DATABASE_URL", "sqlite:x.db")],
        "S3_ENDPOINT=x",
    );
    assert!(errors.is_empty(), "{errors:?}");
    assert_starts(
        &warnings,
        &[
            "BOT_TOKEN is not a known variable; did you mean TELEGRAM_BOT_TOKEN?",
            "S3_ENDPOINT is not a known variable; did you mean MINIO_ENDPOINT?",
        ],
    );
}

#[test]
fn names_similar_to_a_set_variable_are_ignored() {
    for set in [("DATABASE_URL", "sqlite:x.db"), ("DATABASE_URL", "")] {
        assert_eq!(names(&[("DATABASE_URI", "x"), set], ""), (vec![], vec![]));
    }
    assert_eq!(
        names(&[("BOT_TOKEN", "x"), ("TELEGRAM_BOT_TOKEN_FILE", "/f")], ""),
        (vec![], vec![])
    );
}

#[test]
fn variables_of_other_programs_are_ignored() {
    let unrelated = [
        ("DIVAN_SERVICE_HOST", "10.0.0.1"),
        ("DIVAN_SERVICE_PORT", "8000"),
        ("DIVAN_SERVICE_PORT_HTTP", "8000"),
        ("DIVAN_PORT", "tcp://10.0.0.1:8000"),
        ("DIVAN_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("DIVAN_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("REDIS_PORT_6379_TCP_PROTO", "tcp"),
        ("MINIO_ROOT_USER", "root"),
        ("MINIO_ROOT_PASSWORD", "x"),
        ("QDRANT__LOG_LEVEL", "INFO"),
        ("RABBITMQ_DEFAULT_USER", "x"),
        ("TELEGRAM_API_ID", "1"),
        ("DATABASE_SSL", "on"),
        ("PATH", "/bin"),
        ("HOME", "/root"),
    ];
    assert_eq!(names(&unrelated, ""), (vec![], vec![]));
    let (errors, _) = names(&[("DIVAN_PORT", "8000"), ("DIVAN_PORT_TCP", "x")], "");
    assert_starts(
        &errors,
        &[
            "DIVAN_PORT is not a known variable",
            "DIVAN_PORT_TCP is not a known variable",
        ],
    );
}

#[test]
fn known_names_and_file_names_are_accepted() {
    for variable in Infra::SECTIONS
        .iter()
        .flat_map(|section| section.variables())
    {
        let file = variable.file_name();
        let set = if variable.or_file {
            vec![(variable.name(), "x"), (&*file, "x")]
        } else {
            vec![(variable.name(), "x")]
        };
        assert_eq!(names(&set, ""), (vec![], vec![]), "{}", variable.name());
    }
}

#[test]
fn synonyms_are_unique_and_no_known_names() {
    let all: Vec<&Variable> = Infra::SECTIONS
        .iter()
        .flat_map(|section| section.variables().iter().copied())
        .collect();
    let mut others: Vec<&str> = all
        .iter()
        .flat_map(|variable| variable.synonyms.iter().copied())
        .collect();
    assert!(
        all.iter()
            .all(|variable| !others.contains(&variable.name()))
    );
    others.sort_unstable();
    let count = others.len();
    others.dedup();
    assert_eq!(others.len(), count);
}

#[test]
fn a_similar_name_is_reported_instead_of_a_missing_variable() {
    let source = |name: &str| (name == "BOT_TOKEN").then(|| "x".to_owned());
    let mut env = Env::new(&source).with_names(["BOT_TOKEN".to_owned()]);
    env.check_names(
        &[S3Config::SECTION, &Section::new("Bot", "", BOT)],
        "DIVAN_",
    );
    assert_eq!(env.warnings().len(), 1);
    env.require(&TELEGRAM_BOT_TOKEN, "it is needed");
    assert!(env.warnings().is_empty() && !env.is_valid());
    let errors = env.finish().unwrap_err().to_string();
    assert!(
        errors.starts_with("BOT_TOKEN is not a known variable; did you mean TELEGRAM_BOT_TOKEN?"),
        "{errors}"
    );
}

const BOT: &[&Variable] = &[&TELEGRAM_BOT_TOKEN];
