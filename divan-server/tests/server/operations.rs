//! Operation of the server: metrics, traces, client addresses behind a proxy, `health`, `telegram`.

use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::process::{no_tls, program, run, start, wait_for};

pub(crate) const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap()
}

/// Returns an address without a listener.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

fn credentials() -> Value {
    json!({"email": "admin@example.com", "password": "tram under the plum"})
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_on_a_separate_listener() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let server = start(program(folder.path()).env("DIVAN_METRICS_LISTEN", &address));
    let client = client();
    client
        .post(server.url("/auth/admin/bootstrap"))
        .json(&credentials())
        .send()
        .await
        .unwrap();
    client
        .post(server.url("/auth/admin/login"))
        .json(&credentials())
        .send()
        .await
        .unwrap();

    let response = client
        .get(format!("http://{address}/metrics"))
        .send()
        .await
        .unwrap();
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = response.text().await.unwrap();
    assert!(
        text.contains("divan_sign_ins_total{method=\"admin_login\",outcome=\"success\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("divan_database_connections_max 5\n"),
        "{text}"
    );
    // A page that resolves its own name to this machine.
    let foreign = client.get(format!("http://{address}/metrics"));
    let foreign = foreign.header("host", "evil.example.com").send().await;
    assert_eq!(foreign.unwrap().status(), 421);
    assert_eq!(
        client
            .get(server.url("/metrics"))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    for path in ["/", "/auth/me", "/docs"] {
        assert_eq!(
            client
                .get(format!("http://{address}{path}"))
                .send()
                .await
                .unwrap()
                .status(),
            404
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_metrics_still_serves() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let server = start(program(folder.path()).env("DIVAN_METRICS_LISTEN", address));
    wait_for(&server.log, "cannot serve metrics", || true);
    assert_eq!(
        client()
            .get(server.url("/health/ready"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn store_events_carry_the_request_id() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(
        program(folder.path())
            .env("RUST_LOG", "divan_server=info,divan_core::store=debug")
            .env("DIVAN_TRUSTED_PROXIES", "127.0.0.1")
            .env("DIVAN_LOG_FORMAT", "json"),
    );
    let call = client()
        .post(server.url("/auth/admin/login"))
        .header("x-request-id", "traced-1");
    call.json(&credentials()).send().await.unwrap();
    let line = wait_for(&server.log, "account_by_email", || true);
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["call"], "account_by_email");
    assert_eq!(line["span"]["id"], "traced-1", "{line}");
    assert!(line["micros"].is_u64(), "{line}");
    assert!(!line.to_string().contains("admin@example.com"), "{line}");
}

/// Signs in with this `X-Forwarded-For` and returns the client address of the new session.
async fn address_behind_a_proxy(trusted: &str, forwarded: &str) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("DIVAN_TRUSTED_PROXIES", trusted));
    let client = client();
    // Development mode refuses a bootstrap through a proxy.
    let bootstrap = client.post(server.url("/auth/admin/bootstrap"));
    let created = bootstrap.json(&credentials()).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let login = client
        .post(server.url("/auth/admin/login"))
        .header("x-forwarded-for", forwarded)
        .json(&credentials());
    let session: Value = login.send().await.unwrap().json().await.unwrap();
    let token = session["access_token"].as_str().unwrap();
    let sessions = client
        .get(server.url("/auth/sessions"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let sessions: Value = sessions.json().await.unwrap();
    let warned = server
        .log
        .lock()
        .unwrap()
        .matches("DIVAN_TRUSTED_PROXIES")
        .count();
    assert!(warned < 2, "said once");
    (
        sessions["items"][0]["address"].as_str().unwrap().to_owned(),
        warned == 1,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_address_is_read_from_trusted_proxies_only() {
    let forwarded = "198.51.100.1, 203.0.113.9";
    assert_eq!(
        address_behind_a_proxy("127.0.0.0/8", forwarded).await,
        ("203.0.113.9".to_owned(), false)
    );
    assert_eq!(
        address_behind_a_proxy("10.0.0.1", forwarded).await,
        ("127.0.0.1".to_owned(), false)
    );
    assert_eq!(
        address_behind_a_proxy("", forwarded).await,
        ("127.0.0.1".to_owned(), true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_exits_with_the_state_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let health = |url: &str| run(program(folder.path()).args(["health", "--url", url]));
    let (code, _, stderr) = health(&format!("http://{}", free_address()));
    assert_eq!(
        (code, stderr.contains("the server does not respond")),
        (1, true),
        "{stderr}"
    );
    let server = start(&mut program(folder.path()));
    assert_eq!(health(&server.url("/")), (0, String::new(), String::new()));

    let without_database = MockServer::start().await;
    for (asked, status) in [("/health/live", 200), ("/health/ready", 503)] {
        Mock::given(path(asked))
            .respond_with(ResponseTemplate::new(status))
            .mount(&without_database)
            .await;
    }
    let (code, _, stderr) = health(&without_database.uri());
    assert_eq!(
        (
            code,
            stderr.contains("the server is not ready: it returned 503")
        ),
        (1, true),
        "{stderr}"
    );
    let live =
        run(program(folder.path()).args(["health", "--live", "--url", &without_database.uri()]));
    assert_eq!(live, (0, String::new(), String::new()));
}

fn ok(result: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"ok": true, "result": result}))
}

/// Mocks a Bot API with one bot, which has this menu button.
pub(crate) async fn bot_api(button: &Value) -> MockServer {
    let server = MockServer::start().await;
    let me = json!({"id": 1_234_567_890, "username": "divan_bot", "has_main_web_app": true});
    let responses = [
        ("getMe", ok(&me)),
        ("getChatMenuButton", ok(button)),
        ("setChatMenuButton", ok(&json!(true))),
    ];
    for (method, response) in responses {
        Mock::given(path(format!("/bot{BOT}/{method}")))
            .respond_with(response)
            .mount(&server)
            .await;
    }
    server
}

fn telegram(folder: &Path, api: &str, command: &str) -> (i32, String, String) {
    let mut program = program(folder);
    program
        .env("TELEGRAM_BOT_TOKEN", BOT)
        .env("TELEGRAM_API_URL", api);
    program
        .env("DIVAN_MINIAPP_URL", "https://divan.example.com/")
        .env("DIVAN_ADMIN_URL", "https://sec.example.com/");
    run(program.args(["telegram", command]))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_configures_and_checks_the_bot() {
    let folder = tempfile::tempdir().unwrap();
    let configured = json!({"type": "web_app", "text": "Open", "web_app": {"url": "https://divan.example.com/"}});
    let api = bot_api(&configured).await;
    for command in ["setup", "check"] {
        let (code, stdout, stderr) = telegram(folder.path(), &api.uri(), command);
        assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
        assert!(
            stdout.contains("@divan_bot (1234567890) opens the Mini App."),
            "{stdout}"
        );
        assert!(!stdout.contains("@BotFather"), "no step is open: {stdout}");
    }

    let api = bot_api(&json!({"type": "default"})).await;
    let (code, stdout, _) = telegram(folder.path(), &api.uri(), "check");
    assert_eq!(
        (code, stdout.contains("run `divan-server telegram setup`")),
        (1, true),
        "{stdout}"
    );
    let (_, stdout, _) = telegram(folder.path(), &api.uri(), "setup");
    let set = "@divan_bot (1234567890): the menu button is set.\n";
    assert!(stdout.starts_with(set), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_telegram_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let busy = MockServer::start().await;
    let response = json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 1}});
    let wait = Mock::given(path(format!("/bot{BOT}/getMe")));
    let response = ResponseTemplate::new(429).set_body_json(response);
    wait.respond_with(response)
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&busy)
        .await;
    let me = json!({"id": 1_234_567_890, "username": "divan_bot", "has_main_web_app": true});
    Mock::given(path(format!("/bot{BOT}/getMe")))
        .respond_with(ok(&me))
        .mount(&busy)
        .await;
    let button = json!({"type": "default"});
    Mock::given(path(format!("/bot{BOT}/getChatMenuButton")))
        .respond_with(ok(&button))
        .mount(&busy)
        .await;
    let (_, stdout, stderr) = telegram(folder.path(), &busy.uri(), "check");
    assert!(
        stdout.contains("run `divan-server telegram setup`"),
        "{stdout}{stderr}"
    );
    assert!(
        stderr.contains("waiting after 429 from Telegram") && stderr.contains("seconds=1"),
        "{stderr}"
    );
    assert!(!stderr.contains("AAFakeToken"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_bot_api_is_one_line_without_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = MockServer::start().await;
    let response = json!({"ok": false, "error_code": 401, "description": "Unauthorized"});
    let refuse = Mock::given(wiremock::matchers::any());
    refuse
        .respond_with(ResponseTemplate::new(401).set_body_json(response))
        .mount(&refusing)
        .await;
    let closed = format!("http://{}", free_address());
    for (api, expected) in [
        (
            refusing.uri(),
            "bot 1234567890: Telegram does not accept this token: check TELEGRAM_BOT_TOKEN",
        ),
        (closed, "cannot be reached"),
    ] {
        let (code, stdout, stderr) = telegram(folder.path(), &api, "check");
        assert_eq!(
            (code, stdout.as_str(), stderr.lines().count()),
            (1, "", 1),
            "{stderr}"
        );
        assert!(
            stderr.contains(expected) && !stderr.contains("AAFakeToken"),
            "{stderr}"
        );
    }
    let (code, _, stderr) = run(program(folder.path()).args(["telegram", "check"]));
    assert_eq!(
        (code, stderr.as_str()),
        (
            78,
            "divan-server: TELEGRAM_BOT_TOKEN is not set, and this command requires it (example: \
             TELEGRAM_BOT_TOKEN=1234567890:the-35-characters-that-BotFather-gave)\n"
        )
    );
}
