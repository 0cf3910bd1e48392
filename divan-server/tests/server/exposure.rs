//! Warnings about files that other users can read and about connections that others can read, and
//! the header that forbids plain HTTP.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use divan_testing::absent_port;
use serde_json::Value;

use crate::process::{KEY, no_tls, program, run, start};

const EXPOSED: &str = "can be read by other users: run `chmod 600` on it";

fn chmod(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A deployment with its secret key in a file and its database in `.env`, in a folder that other users
/// can enter.
fn deployment(folder: &Path) -> Command {
    chmod(folder, 0o755);
    let mut command = program(folder);
    command.env("SECRET_KEY_FILE", "key");
    command
}

fn warnings_of_doctor(command: &mut Command) -> Vec<String> {
    let (_, stdout, _) = run(command.args(["doctor", "--json"]));
    let findings: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    let warnings = findings
        .iter()
        .filter(|finding| finding["subject"] == "configuration" && finding["state"] == "warning");
    warnings
        .map(|warning| warning["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn files_with_secrets_that_other_users_can_read_are_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let files = [".env", "key", "divan.db", "divan.db-wal", "divan.db-shm"];
    std::fs::write(
        folder.join(".env"),
        "DATABASE_URL=sqlite:divan.db\nTELEGRAM_BOT_TOKEN=1234567890:AAFakeTokenForDivanTestVectorsOnly_0000",
    )
    .unwrap();
    std::fs::write(folder.join("key"), KEY).unwrap();
    for file in [".env", "key"] {
        chmod(&folder.join(file), 0o600);
    }
    let server = start(&mut deployment(folder));
    assert!(!server.log().contains("other users"), "{}", server.log());
    for file in files {
        let mode = folder.join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(warnings_of_doctor(&mut deployment(folder)), [""; 0]);

    for file in files {
        chmod(&folder.join(file), 0o640);
    }
    let expected = [
        format!(".env {EXPOSED}"),
        format!("SECRET_KEY_FILE names a file that {EXPOSED}"),
        format!("divan.db {EXPOSED}"),
        format!("divan.db-wal {EXPOSED}"),
        format!("divan.db-shm {EXPOSED}"),
    ];
    assert_eq!(warnings_of_doctor(&mut deployment(folder)), expected);
    let (code, _, stderr) = run(deployment(folder).args(["config", "check"]));
    assert_eq!((code, stderr.lines().count()), (0, 5), "{stderr}");
    drop(server);
    let log = start(&mut deployment(folder)).log();
    for warning in &expected[..3] {
        assert!(log.contains(warning), "{warning}\n{log}");
    }

    // Other users cannot reach the files.
    chmod(folder, 0o700);
    let mut command = program(folder);
    command.env("SECRET_KEY_FILE", "key");
    assert_eq!(warnings_of_doctor(&mut command), [""; 0]);
}

#[test]
fn an_env_file_without_secrets_may_be_readable() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join(".env"),
        "DIVAN_PHONE_REGION=KZ\nTELEGRAM_BOT_TOKEN=\n",
    )
    .unwrap();
    chmod(folder.path(), 0o755);
    let (code, _, stderr) = run(program(folder.path()).args(["config", "check"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
}

#[test]
fn a_database_connection_that_does_not_verify_the_server_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let port = absent_port();
    let doctor = |url: &str| {
        let mut command = program(folder.path());
        command.env("DATABASE_URL", url).env("SECRET_KEY", KEY);
        command.env("DIVAN_DATABASE_ACQUIRE_SECONDS", "1");
        warnings_of_doctor(&mut command)
    };
    // An address of this machine that is not known as one.
    let warnings = doctor(&format!("postgres://u:of-no-user@0.0.0.0:{port}/d"));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("add `sslmode=verify-full`"),
        "{warnings:?}"
    );
    for url in [
        format!("postgres://u:of-no-user@127.0.0.1:{port}/d?sslmode=disable"),
        format!("postgres://u:of-no-user@0.0.0.0:{port}/d?sslmode=verify-full"),
    ] {
        assert_eq!(doctor(&url), [""; 0], "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_transport_covers_subdomains_when_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let client = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    let client = client.build().unwrap();
    for (setting, header) in [
        ("off", "max-age=31536000"),
        ("on", "max-age=31536000; includeSubDomains"),
    ] {
        let mut command = program(folder.path());
        command
            .env("DIVAN_MINIAPP_URL", "https://divan.example.com/")
            .env("DIVAN_ADMIN_URL", "https://sec.example.com/")
            .env("DIVAN_HSTS_SUBDOMAINS", setting);
        let server = start(&mut command);
        let response = client.get(server.url("/health/live")).send().await.unwrap();
        assert_eq!(response.headers()["strict-transport-security"], header);
    }
}
