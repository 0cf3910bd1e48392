//! Several bots on one server: a replaced token, and further bots.

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::InitDataBuilder;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::process::{no_tls, program, run, run_with_input, start};

const CURRENT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const PREVIOUS: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0009";
const FURTHER: &str = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0001";
const STRANGER: &str = "1234567892:AAFakeTokenForDivanTestVectorsOnly_0002";

const FURTHER_PREVIOUS: &str = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0008";
const FURTHER_TOKENS: &str = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0001,\
                              1234567891:AAFakeTokenForDivanTestVectorsOnly_0008";

const TOKENS: [(&str, &str); 3] = [
    ("TELEGRAM_BOT_TOKEN", CURRENT),
    ("TELEGRAM_BOT_TOKEN_PREVIOUS", PREVIOUS),
    ("TELEGRAM_BOT_TOKENS", FURTHER_TOKENS),
];

fn init_data(token: &str) -> String {
    InitDataBuilder::new(SystemClock.unix_seconds())
        .user(42, "First")
        .sign(&token.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn init_data_of_every_configured_token_signs_in_and_shows_its_bot() {
    let folder = tempfile::tempdir().unwrap();
    let password = "umbrella 77";
    let create = [
        "user",
        "create",
        "--phone",
        "+77011234567",
        "--name",
        "First Last",
        "--generate",
    ];
    let (code, stdout, stderr) = run(program(folder.path()).args(create));
    assert_eq!(code, 0, "{stderr}");
    let generated = stdout.split("Password: ").nth(1).unwrap();
    let generated = generated.split(" (valid").next().unwrap();

    let server = start(program(folder.path()).envs(TOKENS));
    let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    let http = http.build().unwrap();
    let post = async |path: &str, token: &str, body: Value| {
        let call = http.post(server.url(path)).bearer_auth(token).json(&body);
        let response: Value = call.send().await.unwrap().json().await.unwrap();
        response
    };
    let login = async |token: &str, password: &str| {
        let body =
            json!({"phone": "+77011234567", "password": password, "init_data": init_data(token)});
        post("/auth/telegram/login", "", body).await
    };
    let first = login(CURRENT, generated).await;
    let change = json!({"current_password": generated, "new_password": password});
    let limited = first["access_token"].as_str().unwrap();
    let changed = post("/auth/me/password", limited, change).await;
    assert_eq!(
        bot_of_current(&http, &server, &changed).await,
        1_234_567_890
    );
    for (token, bot) in [
        (CURRENT, 1_234_567_890_i64),
        (PREVIOUS, 1_234_567_890),
        (FURTHER, 1_234_567_891),
        (FURTHER_PREVIOUS, 1_234_567_891),
    ] {
        let tokens = login(token, password).await;
        assert_eq!(bot_of_current(&http, &server, &tokens).await, bot);
    }
    assert_eq!(login(STRANGER, password).await["code"], "init_data_invalid");
    let list = ["user", "sessions", "+77011234567"];
    let (_, sessions, _) = run(program(folder.path()).args(list));
    for expected in ["BOT", "1234567890", "1234567891"] {
        assert!(sessions.contains(expected), "{sessions}");
    }
}

/// Both are signed for accepted bots and the same person, but the contact was not shared in this Mini App.
#[tokio::test(flavor = "multi_thread")]
async fn a_contact_of_another_configured_bot_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).envs(TOKENS));
    let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    let http = http.build().unwrap();
    let login = async |token: &str| {
        let contact = InitDataBuilder::new(SystemClock.unix_seconds())
            .contact(42, "77011234567", "First")
            .sign(&token.parse().unwrap());
        let body =
            json!({"contact": contact, "password": "umbrella 77", "init_data": init_data(CURRENT)});
        let call = http.post(server.url("/auth/telegram/login")).json(&body);
        let response: Value = call.send().await.unwrap().json().await.unwrap();
        response
    };
    for token in [FURTHER, FURTHER_PREVIOUS] {
        let problem = login(token).await;
        assert_eq!(problem["code"], "contact_mismatch");
        let detail = "The contact was shared with another bot than the one that opened the Mini App: share it again.";
        assert_eq!(problem["detail"], detail);
        let error = json!({"pointer": "/contact", "code": "invalid", "detail": "must be shared with the bot of the init data"});
        assert_eq!(problem["errors"], json!([error]));
    }
    // A replaced token is one of the same bot.
    assert_eq!(login(PREVIOUS).await["code"], "invalid_credentials");
    assert_eq!(login(STRANGER).await["code"], "contact_invalid");
    drop(server);
}

#[test]
fn the_summary_of_the_configuration_lists_each_bot_once() {
    let folder = tempfile::tempdir().unwrap();
    let (_, stdout, stderr) = run(program(folder.path())
        .envs(TOKENS)
        .args(["config", "check"]));
    let telegram = stdout.lines().find(|line| line.starts_with("Telegram"));
    let telegram = telegram.unwrap_or_else(|| panic!("{stdout}{stderr}"));
    assert!(
        telegram.ends_with("bot 1234567890, bot 1234567891"),
        "{telegram}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_named_and_the_other_bots_are_checked() {
    let server = MockServer::start().await;
    let refusal = json!({"ok": false, "error_code": 401, "description": "Unauthorized"});
    let refusal = ResponseTemplate::new(401).set_body_json(refusal);
    let me = json!({"id": 1_234_567_892_i64, "username": "third_bot", "has_main_web_app": true});
    let button = json!({"type": "web_app", "text": "Open", "web_app": {"url": "https://divan.example.com/"}});
    for (method, result) in [("getMe", me), ("getChatMenuButton", button)] {
        let response = json!({"ok": true, "result": result});
        let called = Mock::given(path(format!("/bot{STRANGER}/{method}")));
        let response = ResponseTemplate::new(200).set_body_json(response);
        called.respond_with(response).mount(&server).await;
    }
    let other = Mock::given(wiremock::matchers::any());
    let other = other.respond_with(refusal).with_priority(200);
    other.mount(&server).await;
    let folder = tempfile::tempdir().unwrap();
    for (command, code) in [(vec!["telegram", "check"], 1), (vec!["doctor"], 1)] {
        let mut program = program(folder.path());
        program.envs(TOKENS).env("TELEGRAM_API_URL", server.uri());
        program.env("TELEGRAM_BOT_TOKENS", format!("{FURTHER},{STRANGER}"));
        program
            .env("DIVAN_MINIAPP_URL", "https://divan.example.com/")
            .env("DIVAN_ADMIN_URL", "https://sec.example.com/");
        let (found, stdout, stderr) = run(program.args(&command));
        let output = format!("{stdout}{stderr}");
        assert_eq!(found, code, "{output}");
        let rule = "Telegram does not accept this token: check";
        for expected in [
            format!("bot 1234567890: {rule} TELEGRAM_BOT_TOKEN,"),
            format!("bot 1234567891: {rule} TELEGRAM_BOT_TOKENS,"),
            "@third_bot (1234567892) opens the Mini App".to_owned(),
        ] {
            assert!(output.contains(&expected), "{output}");
        }
    }
}

async fn bot_of_current(
    http: &reqwest::Client,
    server: &crate::process::Running,
    tokens: &Value,
) -> i64 {
    let access = tokens["access_token"].as_str().unwrap();
    let call = http.get(server.url("/auth/sessions")).bearer_auth(access);
    let sessions: Value = call.send().await.unwrap().json().await.unwrap();
    let mut items = sessions["items"].as_array().unwrap().iter();
    let current = items.find(|session| session["is_current"] == true).unwrap();
    current["telegram"]["bot_id"].as_i64().unwrap()
}

#[test]
fn the_command_line_verifies_init_data_of_every_configured_token() {
    let folder = tempfile::tempdir().unwrap();
    let verify = |kind: &str, raw: &str| {
        let mut command = program(folder.path());
        command.envs(TOKENS);
        let args = ["init-data", "verify", "--max-age", "3600", "--kind", kind];
        run_with_input(command.args(args), raw)
    };
    for token in [CURRENT, PREVIOUS, FURTHER, FURTHER_PREVIOUS] {
        assert_eq!(verify("hmac", &init_data(token)).0, 0);
    }
    let (code, stdout, _) = verify("hmac", &init_data(STRANGER));
    assert_eq!((code, stdout.as_str()), (1, "init_data_invalid\n"));
    // The bot id comes from the configured token, so the data is only refused for its signature.
    let (code, stdout, stderr) = verify("ed25519", "auth_date=1&signature=AA");
    assert_eq!(
        (code, stdout.as_str()),
        (1, "init_data_invalid\n"),
        "{stderr}"
    );
    for absent in ["", "undefined", "null", "[object Object]"] {
        assert_eq!(verify("hmac", absent).1, "init_data_missing\n");
        assert_eq!(verify("contact", absent).1, "contact_missing\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_and_check_cover_each_bot() {
    let server = MockServer::start().await;
    // The replaced tokens are not among them: Telegram refuses those.
    for (token, name) in [(CURRENT, "first_bot"), (FURTHER, "second_bot")] {
        let id: i64 = token.split(':').next().unwrap().parse().unwrap();
        let me = json!({"id": id, "username": name, "has_main_web_app": name == "first_bot"});
        let button = json!({"type": "default"});
        for (method, result) in [
            ("getMe", me),
            ("getChatMenuButton", button),
            ("setChatMenuButton", json!(true)),
        ] {
            let response = json!({"ok": true, "result": result});
            let called = Mock::given(path(format!("/bot{token}/{method}")));
            let response = ResponseTemplate::new(200).set_body_json(response);
            called.respond_with(response).mount(&server).await;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.envs(TOKENS).env("TELEGRAM_API_URL", server.uri());
    command
        .env("DIVAN_MINIAPP_URL", "https://divan.example.com/?v=2")
        .env("DIVAN_ADMIN_URL", "https://sec.example.com/");
    let (code, stdout, stderr) = run(command.args(["telegram", "setup"]));
    assert_eq!((code, stderr.as_str()), (1, ""), "{stdout}");
    assert!(
        stdout.contains("@first_bot (1234567890) opens the Mini App."),
        "{stdout}"
    );
    assert!(
        stdout.contains("problem: @second_bot (1234567891): no Main Mini App"),
        "{stdout}"
    );
    let step = "/mybots, @second_bot, Bot Settings, Configure Mini App, Enable Mini App: https://divan.example.com/?v=2";
    assert!(stdout.contains(step), "{stdout}");
    assert!(
        !stdout.contains("/setdomain") && !stdout.contains("@first_bot, Bot"),
        "{stdout}"
    );
}
