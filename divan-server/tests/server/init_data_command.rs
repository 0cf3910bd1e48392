//! `divan-server init-data`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use divan_core::api::ProblemCode;
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitData, InitDataBuilder, InitDataRejection, Verifier};
use divan_core::secret::Secret;
use divan_core::service::{AuthService, ClientInfo, ServiceError};
use divan_core::store::MemoryStore;
use divan_core::token::{Audiences, SecretKey};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::harness::{App, BOT, PASSWORD, PHONE};
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
            let passes = signed == checked;
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

/// Strings and the code that refuses them, `None` if they are accepted. `divan-client` tests the same
/// strings in `init_data_has_the_same_answer_as_in_the_service`.
fn strings(now: u64) -> Vec<(String, Option<&'static str>)> {
    let bot: BotToken = BOT.parse().unwrap();
    let other: BotToken = "1:AAFakeTokenForDivanTestVectorsOnly_0000".parse().unwrap();
    let of_age = |age: u64| InitDataBuilder::new(now - age);
    let good = of_age(0).user(42, "First").sign(&bot);
    let missing = Some("init_data_missing");
    let invalid = Some("init_data_invalid");
    let mut strings = vec![
        (good.clone(), None),
        (of_age(0).field("user", r#"{"id":42}"#).sign(&bot), None),
        (
            of_age(0)
                .user(42, "First")
                .field("receiver", "x")
                .sign(&bot),
            None,
        ),
        (of_age(0).user(42, "First").sign(&other), invalid),
        (of_age(0).sign(&bot), invalid),
        (of_age(0).field("user", "{}").sign(&bot), invalid),
        (of_age(0).contact(42, PHONE, "First").sign(&bot), invalid),
        (of_age(0).user(42, "First").encode(), invalid),
        (format!("?{good}"), invalid),
        (format!("{good}&{good}"), invalid),
        (format!("x y&{good}"), invalid),
        ("a".repeat(9000), invalid),
        (
            of_age(86_500).user(42, "First").sign(&bot),
            Some("init_data_expired"),
        ),
        (of_age(86_500).sign(&bot), Some("init_data_expired")),
    ];
    let absent = ["", " ", "\u{A0}", "undefined", "null", "None", "NaN", "nil"];
    let objects = [
        "[object Object]",
        "[object Null]",
        "[object Undefined]",
        " null ",
    ];
    strings.extend(
        absent
            .iter()
            .chain(&objects)
            .map(|text| ((*text).to_owned(), missing)),
    );
    strings
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_strings_have_one_answer_in_command_extractor_service_and_http() {
    let folder = tempfile::tempdir().unwrap();
    let (app, service) = (App::with_users().await, service());
    let now = SystemClock.unix_seconds();
    for ((raw, expected), (at_app, _)) in strings(now)
        .into_iter()
        .zip(strings(app.clock.unix_seconds()))
    {
        let expected = expected.unwrap_or("accepted");
        let mut command = program(folder.path());
        command.env("TELEGRAM_BOT_TOKEN", BOT);
        let (code, stdout, _) = run_with_input(
            command.args(["init-data", "verify", "--max-age", "86400"]),
            &raw,
        );
        let by_command = if code == 0 { "accepted" } else { stdout.trim() };
        assert_eq!(by_command, expected, "command: {raw}");
        assert_eq!(by_extractor(&raw).await, expected, "extractor: {raw}");
        assert_eq!(by_service(&service, &raw).await, expected, "service: {raw}");
        let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": at_app});
        let response = app.post("/auth/telegram/login", &body).await.json();
        let by_http = response["code"].as_str().unwrap_or("accepted");
        assert_eq!(by_http, expected, "HTTP: {raw}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_have_one_answer_in_command_and_http() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::with_users().await;
    let bot: BotToken = BOT.parse().unwrap();
    let cases = |now: u64| {
        let contact = |phone: &str| InitDataBuilder::new(now).contact(42, phone, "First");
        let old = InitDataBuilder::new(now - 86_500).contact(42, PHONE, "First");
        [
            (contact(PHONE).sign(&bot), "accepted"),
            (contact("12").sign(&bot), "contact_invalid"),
            (contact("8 701 123 45 67").sign(&bot), "contact_invalid"),
            (contact(PHONE).encode(), "contact_invalid"),
            (old.sign(&bot), "contact_expired"),
            (
                InitDataBuilder::new(now).user(42, "First").sign(&bot),
                "contact_invalid",
            ),
            ("[object Undefined]".to_owned(), "contact_missing"),
        ]
    };
    let (now, at_app) = (SystemClock.unix_seconds(), app.clock.unix_seconds());
    for ((raw, expected), (contact, _)) in cases(now).into_iter().zip(cases(at_app)) {
        let mut command = program(folder.path());
        let arguments = [
            "init-data",
            "verify",
            "--max-age",
            "86400",
            "--kind",
            "contact",
        ];
        command.env("TELEGRAM_BOT_TOKEN", BOT).args(arguments);
        let (code, stdout, _) = run_with_input(&mut command, &raw);
        let by_command = if code == 0 { "accepted" } else { stdout.trim() };
        assert_eq!(by_command, expected, "command: {raw}");
        let body =
            json!({"contact": contact, "password": PASSWORD, "init_data": app.init_data(42)});
        let response = app.post("/auth/telegram/login", &body).await.json();
        let by_http = response["code"].as_str().unwrap_or("accepted");
        assert_eq!(by_http, expected, "HTTP: {raw}");
    }
}

async fn by_extractor(raw: &str) -> String {
    async fn handler(data: InitData<'static>) -> Result<&'static str, InitDataRejection> {
        data.require_user()?;
        Ok("accepted")
    }
    let verifier = Verifier::new(BOT.parse().unwrap(), Duration::from_hours(24));
    let app = Router::new().route("/", get(handler)).with_state(verifier);
    let request = Request::get("/").header("x-telegram-init-data", raw.as_bytes());
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(problem) => problem["code"].as_str().unwrap().to_owned(),
        Err(_) => String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Returns a service at the time of the system, without users.
fn service() -> AuthService {
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    let key = SecretKey::new([7; 32]).unwrap();
    AuthService::builder(
        Arc::new(MemoryStore::new()),
        &key,
        "https://sec.example.com",
        audiences,
    )
    .telegram(BOT.parse().unwrap())
    .auto_login_max_age(Duration::from_hours(24))
    .build()
}

async fn by_service(service: &AuthService, raw: &str) -> &'static str {
    let client = ClientInfo::unknown();
    let signed_in = service
        .for_client(&client)
        .auto_login(&Secret::from(raw))
        .await;
    match signed_in.map(drop).unwrap_err() {
        // No user is linked to the Telegram account.
        ServiceError::PasswordRequired => "accepted",
        ServiceError::InitData(error) => error.code(),
        error => panic!("{error}"),
    }
}
