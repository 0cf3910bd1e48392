//! `divan-server init-data`.

use std::path::Path;

use divan_core::api::ProblemCode;

use crate::process::{program, run, run_with_input, start};

/// Returns a folder in which a server in development mode has generated its bot token.
fn folder_of_a_server() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    drop(start(&mut program(folder.path())));
    folder
}

#[test]
fn the_command_line_signs_and_verifies_init_data() {
    let folder = folder_of_a_server();
    let sign = [
        "init-data",
        "sign",
        "--user-id",
        "42",
        "--username",
        "first_last",
        "--start-param",
        "a b",
    ];
    let (code, raw, stderr) = run(program(folder.path()).args(sign));
    assert_eq!((code, stderr.as_str()), (0, ""));

    let verify = |max_age: &str, raw: &str, token: Option<&str>| {
        let mut command = program(folder.path());
        command.args(["init-data", "verify", "--max-age", max_age]);
        if let Some(token) = token {
            command.env("TELEGRAM_BOT_TOKEN", token);
        }
        let (code, stdout, _) = run_with_input(&mut command, raw);
        (code, stdout)
    };
    let (code, fields) = verify("3600", &raw, None);
    let fields: serde_json::Value = serde_json::from_str(&fields).unwrap();
    assert_eq!(code, 0);
    assert_eq!(
        (&fields["user"]["id"], &fields["start_param"]),
        (&42.into(), &"a b".into())
    );

    let invalid = ProblemCode::InitDataInvalid.as_str();
    for (raw, token, expected) in [
        (raw.replace("42", "43"), None, invalid),
        (
            raw.clone(),
            Some("1:AAnotherFakeTokenForDivanTestVectors"),
            invalid,
        ),
        (String::new(), None, ProblemCode::InitDataMissing.as_str()),
        (
            old_init_data(folder.path()),
            None,
            ProblemCode::InitDataExpired.as_str(),
        ),
    ] {
        assert_eq!(verify("3600", &raw, token), (1, format!("{expected}\n")));
    }
}

/// Signs data, verifies it, and returns the result of the verification.
fn sign_and_verify(folder: &Path, sign: &[&str], verify: &[&str]) -> (i32, String) {
    let (code, raw, stderr) = run(program(folder)
        .args(["init-data", "sign", "--user-id", "42"])
        .args(sign));
    assert_eq!(code, 0, "{stderr}");
    let mut command = program(folder);
    command
        .args(["init-data", "verify", "--max-age", "60"])
        .args(verify);
    let (code, stdout, _) = run_with_input(&mut command, &raw);
    (code, stdout)
}

#[test]
fn each_kind_of_signed_data_verifies_only_as_its_kind() {
    let folder = folder_of_a_server();
    let key = folder.path().join("secret-key");
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    let public_key = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    let kinds = [
        (vec!["--kind", "hmac"], vec!["--kind", "hmac"]),
        (
            vec![
                "--kind",
                "ed25519",
                "--bot-id",
                "7",
                "--secret-key-file",
                key.to_str().unwrap(),
            ],
            vec![
                "--kind",
                "ed25519",
                "--bot-id",
                "7",
                "--public-key",
                public_key,
            ],
        ),
        (
            vec!["--kind", "contact", "--phone", "77011234567"],
            vec!["--kind", "contact"],
        ),
        (
            vec!["--kind", "widget", "--username", "first"],
            vec!["--kind", "widget"],
        ),
    ];
    for (signed, (sign, _)) in kinds.iter().enumerate() {
        for (checked, (_, verify)) in kinds.iter().enumerate() {
            let (code, stdout) = sign_and_verify(folder.path(), sign, verify);
            // A contact has the signature of init data, but no user.
            let passes = signed == checked || (signed, checked) == (2, 0);
            assert_eq!(code, i32::from(!passes), "{sign:?} {verify:?}: {stdout}");
            assert_eq!(stdout.contains("42"), passes, "{stdout}");
        }
    }
    for verify in [
        vec![
            "--kind",
            "ed25519",
            "--bot-id",
            "8",
            "--public-key",
            public_key,
        ],
        vec![
            "--kind",
            "ed25519",
            "--bot-id",
            "7",
            "--environment",
            "production",
        ],
        vec![
            "--kind",
            "ed25519",
            "--bot-id",
            "7",
            "--environment",
            "test",
        ],
        vec!["--kind", "ed25519", "--bot-id", "7"],
    ] {
        assert_eq!(
            sign_and_verify(folder.path(), &kinds[1].0, &verify),
            (1, "init_data_invalid\n".to_owned())
        );
    }
}

#[test]
fn contradictory_arguments_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, about) in [
        (
            vec!["sign", "--user-id", "1", "--kind", "contact"],
            "--phone",
        ),
        (
            vec![
                "verify",
                "--max-age",
                "1",
                "--kind",
                "hmac",
                "--public-key",
                "07",
            ],
            "64 hex digits",
        ),
        (vec!["verify", "--max-age", "1", "--kind", "other"], "other"),
    ] {
        let (code, _, stderr) = run(program(folder.path()).arg("init-data").args(arguments));
        assert!(code != 0 && stderr.contains(about), "{stderr}");
    }
}

/// Init data of the year 2001, signed by the bot of development mode.
fn old_init_data(folder: &Path) -> String {
    let token = std::fs::read_to_string(folder.join("divan-data/bot-token"))
        .unwrap()
        .parse()
        .unwrap();
    divan_core::init_data::InitDataBuilder::new(1_000_000_000)
        .user(42, "First")
        .sign(&token)
}
