//! `divan-server config`: its reports, and the files generated from the same definitions.

use std::path::Path;

use serde_json::Value;

use crate::process::{KEY, private_folder, program, run};

/// Ten invalid lines with their errors. `hidden` marks values that no output may contain.
const INVALID: [(&str, &str); 10] = [
    ("this is hidden", ".env line 1 must contain `=`"),
    (
        "DIVAN_ADMINURL=https://hidden.example.com/",
        "DIVAN_ADMINURL is not a known variable; did you mean DIVAN_ADMIN_URL?",
    ),
    (
        "MINIO_ACESS_KEY=hidden",
        "MINIO_ACESS_KEY is not a known variable; did you mean MINIO_ACCESS_KEY?",
    ),
    (
        "DATABASE_URL=postgresql://divan:changethis@db.example.com/divan",
        "DATABASE_URL contains a placeholder",
    ),
    (
        "TELEGRAM_BOT_TOKEN=hidden",
        "TELEGRAM_BOT_TOKEN must be a bot token",
    ),
    (
        "DIVAN_MINIAPP_URL=hidden.example.com",
        "DIVAN_MINIAPP_URL must start with `http://` or `https://`",
    ),
    (
        "QDRANT_API_KEY=hidden-one",
        "QDRANT_API_KEY contradicts QDRANT__SERVICE__API_KEY",
    ),
    (
        "REDIS_PORT=tcp://10.0.0.1:6379",
        "REDIS_PORT contains the address that Kubernetes sets",
    ),
    (
        "RABBITMQ_URL=amqp://divan:@queue.example.com",
        "RABBITMQ_URL must not contain an empty password; if the value comes from a compose file, write `$`",
    ),
    ("SECRET_KEY=hidden", "SECRET_KEY is too short"),
];

/// Valid lines of the same file.
const VALID: &str = "MINIO_ENDPOINT=http://localhost:9000\nMINIO_SECRET_KEY='pa$word'\nMINIO_BUCKET=divan\n\
                     QDRANT_URL=http://localhost:6333\nQDRANT__SERVICE__API_KEY=hidden-two\nREDIS_HOST=localhost\n";

fn config(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(program(folder).arg("config").args(arguments))
}

fn is_empty(folder: &Path) -> bool {
    let names = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names.filter(|name| name != ".env").count() == 0
}

#[test]
fn ten_errors_are_ten_lines() {
    let folder = private_folder();
    let lines: Vec<&str> = INVALID.iter().map(|(line, _)| *line).collect();
    std::fs::write(folder.path().join(".env"), lines.join("\n") + "\n" + VALID).unwrap();
    for command in [
        &["config", "check"][..],
        &["serve", "--port", "0"],
        &["migrate"],
    ] {
        let (code, stdout, stderr) = run(program(folder.path()).args(command));
        assert_eq!((code, stdout.as_str()), (78, ""), "{stderr}");
        let reported: Vec<&str> = stderr.lines().collect();
        assert_eq!(reported.len(), INVALID.len(), "{stderr}");
        for (line, (_, expected)) in reported.iter().zip(INVALID) {
            assert!(
                line.starts_with(&format!("divan-server: {expected}")),
                "{expected}\n{stderr}"
            );
            assert!(line.contains("(example: "), "{line}");
        }
        assert!(
            !stderr.contains("hidden") && !stderr.contains("changethis"),
            "{stderr}"
        );
        assert!(is_empty(folder.path()), "no file was created");
    }
}

#[test]
fn an_empty_configuration_is_valid_and_check_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = config(folder.path(), &["check"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(
        stdout.starts_with("the configuration is valid\n") && stdout.contains("development mode"),
        "{stdout}"
    );
    assert!(is_empty(folder.path()));
}

#[test]
fn check_prints_the_configured_parts_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        (
            "DATABASE_URL",
            "postgresql+asyncpg://divan:hidden-one@db.example.com/divan?sslmode=verify-full",
        ),
        ("SECRET_KEY", KEY),
        (
            "TELEGRAM_BOT_TOKEN",
            "42:hidden-AAFakeTokenForDivanTestVectorsOnly",
        ),
        ("MINIO_ENDPOINT", "http://minio:9000"),
        ("MINIO_ACCESS_KEY", "divan"),
        ("MINIO_SECRET_KEY", "hidden-two"),
        ("MINIO_BUCKET", "files"),
        ("QDRANT_URL", "http://qdrant:6333"),
        ("QDRANT_API_KEY", "hidden-three"),
        ("REDIS_URL", "rediss://:hidden-four@cache"),
        ("RABBITMQ_URL", "amqp://divan:hidden-five@queue"),
        ("BOT_TOKEN", "hidden-but-not-read"),
        ("QDRANT_GRPC_URI", ""),
    ];
    let mut command = program(folder.path());
    let (code, stdout, stderr) = run(command.envs(variables).args(["config", "check"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    for part in [
        "deployment",
        "divan@db.example.com:5432/divan",
        "bot 42",
        "http://minio:9000/ files",
        "http://qdrant:6333/ gRPC http://qdrant:6334/",
        "rediss://cache:6379/0",
        "amqp://divan@queue:5672/",
    ] {
        assert!(stdout.contains(part), "{part} in {stdout}");
    }
    assert!(
        !stdout.contains("hidden") && !stdout.contains(KEY),
        "{stdout}"
    );
}

#[test]
fn check_prints_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = run(program(folder.path())
        .env("BOT_TOKEN", "hidden")
        .args(["config", "check"]));
    assert_eq!(code, 0);
    let reported = "divan-server: warning: BOT_TOKEN is not a known variable; did you mean TELEGRAM_BOT_TOKEN?\n";
    assert_eq!(stderr, reported);
    assert!(stdout.contains("the configuration is valid"));
}

#[test]
fn show_prints_every_value_with_its_source() {
    let folder = private_folder();
    let key = folder.path().join("unseen-key");
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    let file = folder.path().join("some.env");
    std::fs::write(
        &file,
        "# one\nDATABASE_URL=postgres://divan:unseen@db/divan?sslmode=verify-full\nDIVAN_DOCS=on\n",
    )
    .unwrap();
    let show = |arguments: &[&str]| {
        let mut command = program(folder.path());
        command
            .env("SECRET_KEY_FILE", &key)
            .env("DIVAN_DOCS", "off");
        run(command
            .args(["config", "show", "--env-file", file.to_str().unwrap()])
            .args(arguments))
    };
    let (code, stdout, stderr) = show(&["--json"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(
        !stdout.contains("unseen") && !stdout.contains(KEY),
        "{stdout}"
    );
    let settings: Value = serde_json::from_str(&stdout).unwrap();
    let of = |name: &str| {
        let settings = settings.as_array().unwrap();
        let setting = settings
            .iter()
            .find(|setting| setting["variable"] == name)
            .unwrap();
        (
            setting["value"].as_str(),
            setting["is_hidden"].as_bool().unwrap(),
            setting["source"].as_str().unwrap(),
        )
    };
    let line = format!("{} line 2", file.display());
    assert_eq!(
        of("DATABASE_URL"),
        (Some("divan@db:5432/divan"), false, line.as_str())
    );
    assert_eq!(
        of("SECRET_KEY"),
        (None, true, "SECRET_KEY_FILE (environment)")
    );
    assert_eq!(of("DIVAN_DOCS"), (Some("off"), false, "environment"));
    assert_eq!(of("DIVAN_PHONE_REGION"), (None, false, "default"));

    let (code, stdout, _) = show(&[]);
    let row = |name: &str| {
        stdout
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap()
    };
    assert_eq!(code, 0);
    assert!(
        row("SECRET_KEY").contains("(set, not shown)") && !stdout.contains("unseen-key"),
        "{stdout}"
    );
    assert!(
        row("DIVAN_PHONE_REGION").contains("KZ") && row("DIVAN_PHONE_REGION").ends_with("default")
    );
}

#[test]
fn show_reports_errors_and_hides_invalid_values() {
    let folder = private_folder();
    std::fs::write(
        folder.path().join(".env"),
        "DIVAN_DOCS=maybe\nSECRET_KEY=hidden\n",
    )
    .unwrap();
    let (code, stdout, stderr) = config(folder.path(), &["show"]);
    assert_eq!((code, stderr.lines().count()), (78, 2), "{stderr}");
    let row = stdout
        .lines()
        .find(|line| line.starts_with("DIVAN_DOCS "))
        .unwrap();
    assert!(
        row.contains("(set, not shown)") && row.ends_with(".env line 1"),
        "{row}"
    );
    assert!(
        !stdout.contains("maybe") && !stdout.contains("hidden"),
        "{stdout}"
    );
    let (code, _, stderr) = config(folder.path(), &["check", "--env-file", "missing.env"]);
    assert_eq!(code, 78);
    assert!(
        stderr.starts_with("divan-server: missing.env does not exist"),
        "{stderr}"
    );
}

#[test]
fn the_environment_has_precedence_over_the_env_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "DATABASE_URL=sqlite:from-file.db\nSECRET_KEY={KEY}\nDIVAN_PHONE_REGION=Kazakhstan\n"
    );
    std::fs::write(folder.path().join(".env"), text).unwrap();
    let (code, _, stderr) = run(program(folder.path()).arg("migrate"));
    assert_eq!(code, 78);
    assert!(
        stderr.contains("DIVAN_PHONE_REGION must be a two-letter country code"),
        "{stderr}"
    );
    let (code, stdout, stderr) = run(program(folder.path())
        .env("DIVAN_PHONE_REGION", "KZ")
        .arg("migrate"));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(folder.path().join("from-file.db").exists());
}

#[test]
fn the_generated_files_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = tempfile::tempdir().unwrap();
    for (file, command) in [
        (".env.example", "example"),
        ("docs/guide/src/reference/configuration.md", "docs"),
    ] {
        let (code, stdout, _) = config(folder.path(), &[command]);
        assert_eq!(code, 0);
        let copy = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(
            copy == stdout,
            "{file} is out of date: cargo run -p divan-server -- config {command} > {file}"
        );
    }
}

#[test]
fn the_example_file_leaves_all_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let (_, example, _) = config(folder.path(), &["example"]);
    std::fs::write(folder.path().join(".env"), example).unwrap();
    let (code, stdout, stderr) = config(folder.path(), &["check"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("development mode"), "{stdout}");
}

#[test]
fn variables_of_libpq_are_listed_with_their_effect() {
    let folder = private_folder();
    let mut command = program(folder.path());
    let (code, stdout, stderr) = run(command
        .args(["config", "show"])
        .env(
            "DATABASE_URL",
            "postgres://divan@localhost/divan?sslmode=verify-full",
        )
        .env("SECRET_KEY", KEY)
        .env("PGPASSWORD", "hidden")
        .env("PGSSLMODE", "disable")
        .env("PGSSLROOTCERT", "/hidden/ca.pem"));
    assert_eq!(code, 0, "{stderr}");
    let line = |name: &str| stdout.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("PGPASSWORD").contains("takes effect"), "{stdout}");
    assert!(line("PGSSLROOTCERT").contains("takes effect"), "{stdout}");
    assert!(
        line("PGSSLMODE").contains("no effect: write it in DATABASE_URL"),
        "{stdout}"
    );
    assert!(
        !stdout.contains("PGHOST") && !stdout.contains("hidden"),
        "{stdout}"
    );
}

#[test]
fn parameters_of_the_database_url_without_effect_are_warnings() {
    let folder = private_folder();
    let url = "postgresql://u:of-no-user@ep-1.neon.tech/neondb?sslmode=verify-full&channel_binding=require";
    let (code, _, stderr) = run(program(folder.path())
        .args(["config", "check"])
        .env("DATABASE_URL", url)
        .env("SECRET_KEY", KEY));
    assert_eq!(code, 0, "{stderr}");
    let expected =
        "warning: DATABASE_URL contains the parameter `channel_binding`, which has no effect";
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn a_file_without_certificates_is_a_configuration_error() {
    let folder = private_folder();
    std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
    let url = "postgres://divan@db/divan?sslmode=verify-full&sslrootcert=ca.pem";
    let (code, _, stderr) = run(program(folder.path())
        .args(["config", "check"])
        .env("DATABASE_URL", url)
        .env("SECRET_KEY", KEY));
    assert_eq!(code, 78, "{stderr}");
    let expected =
        "DATABASE_URL names a file in `sslrootcert` that contains no certificate in PEM form";
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn a_key_with_a_line_feed_is_the_same_key_as_in_a_file() {
    let folder = private_folder();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let check = |name: &str, value: &str| {
        let (code, stdout, stderr) = run(program(folder.path())
            .args(["config", "check"])
            .env("DATABASE_URL", "sqlite:divan.db")
            .env(name, value)
            .env("SECRET_KEY_PREVIOUS", KEY));
        (code, stdout, stderr)
    };
    // A previous key that equals the current one is an error.
    for (name, value) in [
        ("SECRET_KEY", KEY.to_owned()),
        ("SECRET_KEY", format!("{KEY}\n")),
        ("SECRET_KEY", format!(" {KEY} ")),
        ("SECRET_KEY_FILE", file.display().to_string()),
    ] {
        let (code, _, stderr) = check(name, &value);
        assert_eq!(code, 78, "{stderr}");
        assert!(
            stderr.contains("SECRET_KEY_PREVIOUS must differ from SECRET_KEY"),
            "{stderr}"
        );
    }
}

#[test]
fn an_argument_given_twice_is_an_error() {
    let folder = private_folder();
    for arguments in [
        &["serve", "--port", "0", "--port", "1"][..],
        &["serve", "--host", "127.0.0.1", "--host", "::1"],
        &["config", "check", "--env-file", "a", "--env-file", "b"],
        &["audit", "purge", "--older-than", "1d", "--older-than", "2d"],
    ] {
        let (code, _, stderr) = run(program(folder.path()).args(arguments));
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains("cannot be used multiple times"), "{stderr}");
    }
}
