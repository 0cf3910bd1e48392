//! `divan-server admin`, `divan-server user` and `divan-server audit`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use divan_core::clock::{Clock, SystemClock};
use divan_core::second_factor::TotpSecret;
use serde_json::{Value, json};

use crate::process::{Running, no_tls, program, run, run_with_input, start};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "tram under the plum";
const PHONE: &str = "+77011234567";

pub(crate) fn divan(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(program(folder).args(arguments))
}

/// Runs a command that must succeed and returns its output.
pub(crate) fn output(folder: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = divan(folder, arguments);
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    stdout
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    let stdout = output(folder, &[arguments, &["--json"]].concat());
    serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("not JSON: {stdout}"))
}

fn create_admin(folder: &Path) {
    let create = ["admin", "create", "--email", EMAIL, "--password-stdin"];
    let input = format!("{PASSWORD}\r\nnot this\n");
    let (code, stdout, stderr) = run_with_input(program(folder).args(create), &input);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(
        stdout.contains(EMAIL) && !stdout.contains(PASSWORD),
        "{stdout}"
    );
}

async fn post(server: &Running, path: &str, body: Value) -> (u16, Value) {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let response = client
        .post(server.url(path))
        .json(&body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_create_closes_the_bootstrap() {
    let folder = tempfile::tempdir().unwrap();
    create_admin(folder.path());
    let server = start(&mut program(folder.path()));
    let other = json!({"email": "other@example.com", "password": "plum over the tram"});
    assert_eq!(post(&server, "/auth/admin/bootstrap", other).await.0, 409);
    let login = json!({"email": EMAIL, "password": PASSWORD});
    assert_eq!(post(&server, "/auth/admin/login", login).await.0, 200);

    // Deactivated and recovered while the server runs.
    let reset = json_of(folder.path(), &["admin", "reset-password", EMAIL]);
    let login = json!({"email": EMAIL, "password": reset["generated_password"]});
    let (status, session) = post(&server, "/auth/admin/login", login).await;
    assert_eq!(
        (status, &session["user"]["password_change_required"]),
        (200, &json!(true))
    );
}

/// Sets up the second factor of [`EMAIL`]. `code` computes the code from the shown key. Returns exit code,
/// output, and the end of the standard error.
fn set_up_second_factor(
    folder: &Path,
    code: impl Fn(&TotpSecret) -> String,
) -> (i32, String, String) {
    let mut command = program(folder);
    command.args(["admin", "second-factor", "set-up", EMAIL, "--json"]);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !shown.ends_with(b"Type the code of the app:\n") {
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{shown:?}");
        shown.push(byte[0]);
    }
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains('▄'), "{shown}");
    let (_, key) = shown.split_once("type the key: ").unwrap();
    let secret = key.lines().next().unwrap().parse().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", code(&secret)).unwrap();
    drop(stdin);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), stdout, rest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_and_reset_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    create_admin(folder.path());
    let doctor = || run(program(folder.path()).arg("doctor")).1;
    let missing = "1 of 1 active administrators have none";
    assert!(doctor().contains(missing), "{}", doctor());

    for (typed, expected) in [
        ("1\n2\n3", "the code is wrong: nothing was changed"),
        (
            "1\n2",
            "standard input contains no code: nothing was changed",
        ),
    ] {
        let (code, _, stderr) = set_up_second_factor(folder.path(), |_| typed.to_owned());
        assert_eq!(code, 1);
        assert!(stderr.contains(expected), "{stderr}");
    }
    assert!(doctor().contains(missing));

    let now = SystemClock.unix_seconds() / TotpSecret::STEP_SECONDS;
    let (code, stdout, stderr) =
        set_up_second_factor(folder.path(), |secret| format!("1\n{}", secret.code(now)));
    assert_eq!(code, 0, "{stderr}");
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    let codes = shown["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    assert!(doctor().contains("all active administrators have one"));
    let server = start(&mut program(folder.path()));
    let login = json!({"email": EMAIL, "password": PASSWORD});
    let (status, problem) = post(&server, "/auth/admin/login", login.clone()).await;
    assert_eq!(
        (status, &problem["code"]),
        (401, &json!("second_factor_required"))
    );
    let body = json!({"challenge": problem["challenge"], "recovery_code": codes[0]});
    let (status, _) = post(&server, "/auth/admin/login/second-factor", body).await;
    assert_eq!(status, 200);

    let reset = ["admin", "second-factor", "reset", EMAIL];
    let (code, stdout, stderr) = run(program(folder.path()).args(reset));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let (status, _) = post(&server, "/auth/admin/login", login).await;
    assert_eq!(status, 200);
    let (code, _, stderr) = run(program(folder.path()).args(reset));
    assert_eq!(code, 1);
    assert!(stderr.contains("has no second factor"), "{stderr}");
}

#[test]
fn users_are_created_listed_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    create_admin(folder);
    let create = [
        "user",
        "create",
        "--name",
        "Қасым First",
        "--phone",
        "8 701 123 45 67",
        "--generate",
    ];
    let created = json_of(folder, &create);
    assert_eq!(created["user"]["phone"], PHONE);
    assert_eq!(created["generated_password"].as_str().unwrap().len(), 19);
    let id = created["user"]["id"].as_str().unwrap();

    let table = output(folder, &["user", "list", "касым"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].starts_with("ID ") && lines[0].ends_with(" NAME"),
        "{table}"
    );
    assert!(
        lines[1].starts_with(id) && lines[1].ends_with("Қасым First") && lines.len() == 2,
        "{table}"
    );
    assert_eq!(
        json_of(folder, &["user", "list"]).as_array().unwrap().len(),
        2
    );
    assert_eq!(
        json_of(folder, &["user", "list", "--role", "admin"])[0]["email"],
        EMAIL
    );

    let shown = output(folder, &["user", "reset-password", PHONE]);
    assert!(
        shown.starts_with("Password: ") && shown.contains("72 hours"),
        "{shown}"
    );
    let promoted = json_of(
        folder,
        &["user", "promote", id, "--email", "second@example.com"],
    );
    assert_eq!(promoted["generated_password"].as_str().unwrap().len(), 19);
    assert_eq!(
        json_of(folder, &["user", "list", "second@example.com"])[0]["role"],
        "admin"
    );
    assert_eq!(
        json_of(folder, &["user", "sessions", id, "--end"]),
        json!([])
    );
    assert_eq!(
        json_of(folder, &["user", "deactivate", "8 (701) 123-45-67"])["is_active"],
        false
    );
    assert_eq!(
        json_of(folder, &["user", "list", "--inactive"])[0]["id"],
        id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_user_is_shown_and_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    create_admin(folder.path());
    // Development mode does not limit loopback addresses, but it limits accounts to ten attempts.
    let server = start(&mut program(folder.path()));
    let wrong = json!({"email": EMAIL, "password": "a wrong password"});
    for _ in 0..10 {
        assert_eq!(
            post(&server, "/auth/admin/login", wrong.clone()).await.0,
            401
        );
    }
    assert_eq!(
        post(&server, "/auth/admin/login", wrong.clone()).await.0,
        429
    );

    let shown = json_of(folder.path(), &["user", "show", EMAIL]);
    assert_eq!(shown["user"]["email"], EMAIL);
    assert_eq!(shown["failed_sign_ins"]["untrusted"], 10);
    assert_eq!(shown["failed_sign_ins"]["is_untrusted_refused"], true);
    let table = output(folder.path(), &["user", "show", EMAIL]);
    assert!(
        table.contains("\nuntrusted        10        yes"),
        "{table}"
    );

    // A known device is not affected.
    let token = json_of(folder.path(), &["admin", "device-token", EMAIL]);
    let login =
        json!({"email": EMAIL, "password": PASSWORD, "device_token": token["device_token"]});
    let (status, session) = post(&server, "/auth/admin/login", login).await;
    assert_eq!(
        (status, session["user"]["role"].as_str()),
        (200, Some("admin"))
    );
    let line = output(folder.path(), &["admin", "device-token", EMAIL]);
    assert!(line.starts_with("Device token: dvd1."), "{line}");

    assert_eq!(
        json_of(folder.path(), &["user", "unlock", EMAIL])["email"],
        EMAIL
    );
    let shown = json_of(folder.path(), &["user", "show", EMAIL]);
    assert_eq!(shown["failed_sign_ins"]["untrusted"], 0);
    assert_eq!(post(&server, "/auth/admin/login", wrong).await.0, 401);

    let admin = session["access_token"].as_str().unwrap();
    let events = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap()
        .get(server.url("/auth/admin/audit"))
        .bearer_auth(admin)
        .send()
        .await
        .unwrap();
    let events: Value = events.json().await.unwrap();
    let count = |action: &str| {
        let items = events["items"].as_array().unwrap();
        items
            .iter()
            .filter(|event| event["action"] == action)
            .count()
    };
    assert_eq!(
        (count("user_unlocked"), count("device_token_issued")),
        (1, 2),
        "{events}"
    );
}

#[test]
fn a_closed_pipe_is_success_and_a_full_disk_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    create_admin(folder.path());
    for arguments in [
        &["user", "list"][..],
        &["user", "list", "--json"],
        &["openapi"],
        &["export", "users"],
    ] {
        let (reader, hung_up) = std::io::pipe().unwrap();
        drop(reader);
        let ended = program(folder.path())
            .args(arguments)
            .stdout(hung_up)
            .output()
            .unwrap();
        assert_eq!(
            (ended.status.code(), ended.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{arguments:?}"
        );

        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ended = program(folder.path())
            .args(arguments)
            .stdout(full)
            .output()
            .unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (ended.status.code(), stderr.lines().count()),
            (Some(1), 1),
            "{arguments:?}: {stderr}"
        );
        assert!(
            stderr.starts_with("divan-server: cannot write "),
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
fn audit_list_shows_the_events_of_a_time_with_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    output(
        folder,
        &[
            "user",
            "create",
            "--name",
            "First Last",
            "--phone",
            "+77011234567",
            "--generate",
        ],
    );
    output(folder, &["user", "deactivate", "+77011234567"]);
    let list = |arguments: &[&str]| output(folder, &[&["audit", "list"], arguments].concat());
    let all = list(&["--user", "+77011234567"]);
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines[0].starts_with("TIME"), "{all}");
    assert!(
        lines[1].contains("user_deactivated  -      First Last"),
        "{all}"
    );
    assert!(
        lines[2].contains("user_created") && lines.len() == 3,
        "{all}"
    );
    let since = list(&[
        "--from",
        "2020-01-01T00:00:00+05:00",
        "--action",
        "user_created",
        "--json",
    ]);
    let since: Value = serde_json::from_str(&since).unwrap();
    assert_eq!(since[0]["subject_name"], "First Last");
    assert_eq!(since.as_array().unwrap().len(), 1);
    assert_eq!(list(&["--to", "2020-01-01T00:00:00Z"]).lines().count(), 1);
    assert_eq!(list(&["--limit", "1"]).lines().count(), 2);
    for invalid in [
        ["--from", "yesterday"],
        ["--action", "unknown"],
        ["--user", "+77010000009"],
    ] {
        let (code, _, stderr) = divan(folder, &[&["audit", "list"][..], &invalid].concat());
        assert_ne!((code, stderr.as_str()), (0, ""), "{invalid:?}");
    }
}

#[test]
fn audit_purge_deletes_events_by_age() {
    let folder = tempfile::tempdir().unwrap();
    create_admin(folder.path());
    let purge = |age| output(folder.path(), &["audit", "purge", "--older-than", age]);
    assert_eq!(purge("365d"), "0 audit events deleted\n");
    std::thread::sleep(std::time::Duration::from_millis(2));
    assert_eq!(purge("1ms"), "1 audit events deleted\n");
    let (code, _, stderr) = divan(folder.path(), &["audit", "purge", "--older-than", "always"]);
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn a_failed_command_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    create_admin(folder);
    json_of(
        folder,
        &[
            "user",
            "create",
            "--name",
            "First",
            "--phone",
            PHONE,
            "--generate",
        ],
    );
    for (arguments, expected) in [
        (
            &["user", "deactivate", "+77019999999"][..],
            "there is no user +77019999999",
        ),
        (
            &["user", "deactivate", "unknown"],
            "there is no user unknown",
        ),
        (
            &["user", "deactivate", EMAIL],
            "the last active administrator cannot be deactivated",
        ),
        (
            &["admin", "reset-password", PHONE],
            "+77011234567 is not an administrator",
        ),
        (
            &["admin", "device-token", PHONE],
            "+77011234567 is not an administrator",
        ),
        (&["user", "unlock", "unknown"], "there is no user unknown"),
        (
            &["admin", "create", "--email", "b@example.com"],
            "pass --generate or --password-stdin",
        ),
        (
            &["admin", "create", "--email", "no address", "--generate"],
            "email ",
        ),
        (
            &["admin", "create", "--email", EMAIL, "--generate"],
            "another user has this",
        ),
        (
            &["user", "create", "--name", "A", "--generate"],
            "phone is required",
        ),
        (
            &["user", "list", "!!!"],
            "query must contain a letter or a digit",
        ),
    ] {
        let (code, stdout, stderr) = divan(folder, arguments);
        assert_eq!(
            (code, stdout.as_str(), stderr.lines().count()),
            (1, "", 1),
            "{arguments:?}: {stderr}"
        );
        assert!(
            stderr.starts_with("divan-server: ") && stderr.contains(expected),
            "{arguments:?}: {stderr}"
        );
    }
    let weak = run_with_input(
        program(folder).args([
            "admin",
            "create",
            "--email",
            "b@example.com",
            "--password-stdin",
        ]),
        "password\n",
    );
    assert!(weak.0 == 1 && weak.2.contains("15 characters"), "{weak:?}");
    let empty = run_with_input(
        program(folder).args([
            "admin",
            "create",
            "--email",
            "b@example.com",
            "--password-stdin",
        ]),
        "",
    );
    assert!(
        empty.0 == 1 && empty.2.contains("standard input contains no password"),
        "{empty:?}"
    );
}
