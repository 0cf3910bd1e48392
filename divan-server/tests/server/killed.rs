//! Servers that are killed while they work.
//!
//! `DIVAN_KILLS` is the number of kills per database; a few by default.

use std::path::Path;
use std::time::Duration;

use divan_core::init_data::InitDataBuilder;
use divan_testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::*;
use crate::process::{KEY, Running, no_tls, program, start};

const NEXT: &str = "/auth/refresh";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_no_partial_write_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for kill in 0..kills() {
        let database = format!("sqlite:{kill}.db");
        survive_a_kill(&database, folder.path(), kill).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_no_partial_write_on_postgres() {
    for kill in 0..kills() {
        let database = TestDatabase::create().await;
        let folder = tempfile::tempdir().unwrap();
        survive_a_kill(database.url(), folder.path(), kill).await;
    }
}

fn kills() -> u64 {
    std::env::var("DIVAN_KILLS").map_or(4, |count| count.parse().unwrap())
}

/// Kills a server during the bootstrap, then one during sign-ins and refreshes, at varying moments.
#[expect(clippy::too_many_lines, reason = "one scenario, step by step")]
async fn survive_a_kill(database: &str, folder: &Path, kill: u64) {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let start_one = || {
        let mut command = program(folder);
        command
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", KEY)
            .env("TELEGRAM_BOT_TOKEN", BOT);
        command
            .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
            .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN);
        start(command.env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token"))
    };
    let bootstrap = async |server: &Running| {
        let request = client
            .post(server.url("/auth/admin/bootstrap"))
            .json(&bootstrap_request());
        response(request.header("x-bootstrap-token", "the bootstrap token")).await
    };
    let server = start_one();
    let moment = Duration::from_millis(kill * 7 % 60);
    let (first, ()) = tokio::join!(bootstrap(&server), async {
        tokio::time::sleep(moment).await;
        server.kill();
    });
    let server = start_one();
    // Either an administrator exists and can sign in, or none exists and one can be created.
    let (status, body) = bootstrap(&server).await.unwrap();
    assert!(status == 201 || status == 409, "{body}");
    assert!(
        !matches!(first, Some((201, _))) || status == 409,
        "an response that was given holds"
    );
    let login = client
        .post(server.url("/auth/admin/login"))
        .json(&bootstrap_request());
    let (status, session) = response(login).await.unwrap();
    assert_eq!(status, 200, "{session}");

    let admin = session["access_token"].as_str().unwrap();
    let create = client
        .post(server.url("/auth/admin/users"))
        .bearer_auth(admin)
        .json(&employee_request());
    assert_eq!(response(create).await.unwrap().0, 201);
    let login = |server: &Running| {
        let now = divan_core::clock::Clock::unix_seconds(&divan_core::clock::SystemClock);
        let init_data = InitDataBuilder::new(now)
            .user(42, "First")
            .sign(&BOT.parse().unwrap());
        let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": init_data});
        client.post(server.url("/auth/telegram/login")).json(&body)
    };
    let (status, mut pair) = response(login(&server)).await.unwrap();
    assert_eq!(status, 200, "{pair}");

    // A correct client continues with the last tokens that it received.
    let refresh = async |server: &Running, pair: &Value| {
        let body = json!({"refresh_token": pair["refresh_token"]});
        response(client.post(server.url(NEXT)).json(&body)).await
    };
    let ((), (), ()) = tokio::join!(
        async {
            while let Some((status, next)) = refresh(&server, &pair).await {
                assert_eq!(status, 200, "{next}");
                pair = next;
            }
        },
        async { while response(login(&server)).await.is_some() {} },
        async {
            tokio::time::sleep(Duration::from_millis(50) + moment).await;
            server.kill();
        }
    );
    let server = start_one();
    let (status, next) = refresh(&server, &pair).await.unwrap();
    assert_eq!(status, 200, "an honest client goes on: {next}");
    let token = next["access_token"].as_str().unwrap();
    let (status, list) = response(client.get(server.url("/auth/sessions")).bearer_auth(token))
        .await
        .unwrap();
    assert_eq!(status, 200);
    let sessions = list["items"].as_array().unwrap().len();
    assert!((1..=20).contains(&sessions), "{list}");
    // Every session has an audit event, and every event a session.
    let employee = next["user"]["id"].as_str().unwrap();
    for (action, lines) in [
        ("signed_in", sessions),
        ("telegram_linked", 1),
        ("user_created", 1),
    ] {
        let path = format!("/auth/admin/audit?limit=200&user={employee}&action={action}");
        let (_, audit) = response(client.get(server.url(&path)).bearer_auth(admin))
            .await
            .unwrap();
        assert_eq!(
            audit["items"].as_array().unwrap().len(),
            lines,
            "{action}: {audit}"
        );
    }
    assert_eq!(response(login(&server)).await.unwrap().0, 200);
}

/// Returns status and body of a complete response.
async fn response(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.json().await.ok()?))
}
