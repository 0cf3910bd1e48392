//! Development mode: pages of further origins, and messages that name the fault.

use serde_json::{Value, json};

use crate::process::{Running, no_tls, program, run, start};

const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const ORIGIN: &str = "http://localhost:5173";

async fn post(server: &Running, path: &str, origin: &str, body: &Value) -> (u16, String, Value) {
    let client = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    let call = client.build().unwrap().post(server.url(path));
    let response = call.header("origin", origin).json(body).send().await;
    let response = response.unwrap();
    let allowed = response.headers().get("access-control-allow-origin");
    let allowed = allowed
        .map_or("", |origin| origin.to_str().unwrap())
        .to_owned();
    (
        response.status().as_u16(),
        allowed,
        response.json().await.unwrap(),
    )
}

#[tokio::test]
async fn pages_of_development_origins_may_call_and_create_the_first_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    // A token of Telegram's test environment.
    command
        .env("DIVAN_DEV_ORIGINS", ORIGIN)
        .env("TELEGRAM_BOT_TOKEN", BOT);
    let server = start(&mut command);
    let bootstrap = json!({"email": "admin@example.com", "password": "tram under the plum"});
    let path = "/auth/admin/bootstrap";
    let (status, allowed, _) = post(&server, path, "http://localhost:5174", &bootstrap).await;
    assert_eq!((status, allowed.as_str()), (403, ""));
    let (status, allowed, user) = post(&server, path, ORIGIN, &bootstrap).await;
    assert_eq!((status, allowed.as_str()), (201, ORIGIN), "{user}");
}

/// A tunnel may forward requests that look like direct ones.
#[tokio::test]
async fn an_origin_of_another_machine_closes_the_bootstrap_of_development_mode() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.env(
        "DIVAN_DEV_ORIGINS",
        format!("{ORIGIN},https://tunnel.example.com"),
    );
    let server = start(&mut command);
    let bootstrap = json!({"email": "admin@example.com", "password": "tram under the plum"});
    let (status, _, problem) = post(&server, "/auth/admin/bootstrap", ORIGIN, &bootstrap).await;
    assert_eq!(
        (status, &problem["code"]),
        (403, &json!("bootstrap_token_required"))
    );
    let user = json!({"telegram_id": 42});
    let (status, ..) = post(&server, "/auth/telegram/test-init-data", ORIGIN, &user).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_wrong_signature_names_the_expected_bot_in_development_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut sign = program(folder.path());
    sign.env("TELEGRAM_BOT_TOKEN", BOT);
    let (_, init_data, _) = run(sign.args(["init-data", "sign", "--user-id", "42"]));
    let login =
        json!({"init_data": init_data.trim(), "phone": "+77011234567", "password": "umbrella 77"});
    let detail = async |server: &Running| {
        let (status, _, problem) = post(server, "/auth/telegram/login", "null", &login).await;
        assert_eq!(status, 403, "{problem}");
        let own = server.url("");
        let (_, _, problem) = post(server, "/auth/telegram/login", &own, &login).await;
        assert_eq!(problem["code"], "init_data_invalid", "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let development = start(&mut program(folder.path()));
    let text = detail(&development).await;
    assert!(
        text.ends_with("This server expects data of the bot 1000000000."),
        "{text}"
    );
    let mut deployment = program(folder.path());
    deployment
        .env("DATABASE_URL", "sqlite:divan.db")
        .env("SECRET_KEY", crate::process::KEY)
        .env(
            "TELEGRAM_BOT_TOKEN",
            "987654321:AAFakeTokenForDivanTestVectorsOnly_0000",
        );
    let text = detail(&start(&mut deployment)).await;
    assert!(!text.contains("987654321"), "{text}");
}

#[test]
fn signing_creates_nothing_in_a_folder_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut sign = program(folder.path());
    let (code, stdout, stderr) = run(sign.args(["init-data", "sign", "--user-id", "42"]));
    assert_eq!((code, stdout.as_str()), (78, ""), "{stderr}");
    let file = folder.path().join("divan-data/bot-token");
    assert!(stderr.contains(&file.display().to_string()), "{stderr}");
    assert!(!folder.path().join("divan-data").exists());
}
