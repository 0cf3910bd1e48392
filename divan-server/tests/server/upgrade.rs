//! Rolling upgrade: servers of the previous and of this version on one database at the same time.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::InitDataBuilder;
use divan_testing::PostgresServer;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::harness::{
    ADMIN_ORIGIN, BOT, MINIAPP_ORIGIN, PASSWORD, PHONE, bootstrap_request, employee_request,
};
use crate::process::{KEY, Running, no_tls, program, start};

/// Variable with the program of the previous version.
const PREVIOUS: &str = "DIVAN_PREVIOUS_SERVER";

/// `cargo xtask upgrade` builds the previous version and runs this.
#[tokio::test(flavor = "multi_thread")]
async fn the_previous_and_this_version_serve_one_database() {
    let previous = std::env::var(PREVIOUS).expect("DIVAN_PREVIOUS_SERVER names a program");
    let database = PostgresServer::start();
    let folder = tempfile::tempdir().unwrap();
    let old = Server::start(with_settings(
        Command::new(previous),
        folder.path(),
        &database,
    ));
    let created = old
        .send(
            Method::POST,
            "/auth/admin/bootstrap",
            None,
            &bootstrap_request(),
        )
        .await;
    assert_eq!(created.0, 201, "{}", created.1);
    let admin = old.sign_in_admin().await;
    let employee = old.create(&admin, &employee_request()).await;
    let session = old.sign_in_employee().await;

    // This version migrates the database of the running previous version.
    let new = Server::start(with_settings(
        program(folder.path()),
        folder.path(),
        &database,
    ));
    for server in [&old, &new, &old] {
        let ready = server
            .send(Method::GET, "/health/ready", None, &Value::Null)
            .await;
        assert_eq!(ready.0, 200, "{}", ready.1);
    }

    sessions_are_shared(&old, &new, session).await;
    users_are_shared(&old, &new, &admin, employee["id"].as_str().unwrap()).await;
}

/// Either version accepts the tokens of the other one.
async fn sessions_are_shared(old: &Server, new: &Server, mut session: Value) {
    for server in [new, old, new, old] {
        let token = session["access_token"].as_str();
        let me = server
            .send(Method::GET, "/auth/me", token, &Value::Null)
            .await;
        assert_eq!(me.0, 200, "{}", me.1);
        let refresh = json!({"refresh_token": session["refresh_token"]});
        let refreshed = server
            .send(Method::POST, "/auth/refresh", None, &refresh)
            .await;
        assert_eq!(refreshed.0, 200, "{}", refreshed.1);
        session = refreshed.1;
    }
    assert!(new.sign_in_employee().await["access_token"].is_string());
    assert!(old.sign_in_employee().await["access_token"].is_string());
}

/// Each version reads users of the other one, and keeps attributes that it does not know.
async fn users_are_shared(old: &Server, new: &Server, admin: &Value, employee: &str) {
    let token = admin["access_token"].as_str();
    let path = format!("/auth/admin/users/{employee}");
    let attributes = json!({"external_id": "A1", "metadata": {"floor": 3}});
    let changed = new.send(Method::PATCH, &path, token, &attributes).await;
    assert_eq!(changed.0, 200, "{}", changed.1);
    let renamed = old
        .send(
            Method::PATCH,
            &path,
            token,
            &json!({"full_name": "Other Name"}),
        )
        .await;
    assert_eq!(renamed.0, 200, "{}", renamed.1);
    let found = new
        .send(
            Method::GET,
            &format!("{path}?include=metadata"),
            token,
            &Value::Null,
        )
        .await;
    assert_eq!(found.0, 200, "{}", found.1);
    assert_eq!(found.1["full_name"], "Other Name");
    assert_eq!(found.1["external_id"], "A1");
    assert_eq!(found.1["metadata"], json!({"floor": 3}));

    for (number, (creator, reader)) in [(old, new), (new, old)].into_iter().enumerate() {
        let phone = format!("+7701000000{number}");
        let request = json!({"full_name": "First Last", "phone": phone, "password": PASSWORD});
        let created = creator.create(admin, &request).await;
        let path = format!("/auth/admin/users/{}", created["id"].as_str().unwrap());
        let found = reader.send(Method::GET, &path, token, &Value::Null).await;
        assert_eq!((found.0, &found.1["phone"]), (200, &json!(phone)));
        let deactivate = json!({"is_active": false});
        let deactivated = reader.send(Method::PATCH, &path, token, &deactivate).await;
        assert_eq!(deactivated.0, 200, "{}", deactivated.1);
        let found = creator.send(Method::GET, &path, token, &Value::Null).await;
        assert_eq!(found.1["is_active"], false);
    }
    let deleted = new.send(Method::DELETE, &path, token, &Value::Null).await;
    assert_eq!(deleted.0, 204, "{}", deleted.1);
    let missing = old.send(Method::GET, &path, token, &Value::Null).await;
    assert_eq!(missing.0, 404, "{}", missing.1);
}

fn with_settings(mut command: Command, folder: &Path, database: &PostgresServer) -> Command {
    command
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .env("DATABASE_URL", database.url("postgres"))
        .env("SECRET_KEY", KEY)
        .env("TELEGRAM_BOT_TOKEN", BOT)
        .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
        .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN)
        .env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token");
    command
}

struct Server {
    running: Running,
    http: Client,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let http = Client::builder()
            .tls_backend_preconfigured(no_tls())
            .timeout(Duration::from_mins(1));
        Self {
            running: start(&mut command),
            http: http.build().unwrap(),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> (u16, Value) {
        let mut request = self
            .http
            .request(method, self.running.url(path))
            .header("x-bootstrap-token", "the bootstrap token");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn sign_in_admin(&self) -> Value {
        let request = bootstrap_request();
        let (status, tokens) = self
            .send(Method::POST, "/auth/admin/login", None, &request)
            .await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn sign_in_employee(&self) -> Value {
        let init_data = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First");
        let init_data = init_data.sign(&BOT.parse().unwrap());
        let request = json!({"phone": PHONE, "password": PASSWORD, "init_data": init_data});
        let (status, tokens) = self
            .send(Method::POST, "/auth/telegram/login", None, &request)
            .await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn create(&self, admin: &Value, request: &Value) -> Value {
        let token = admin["access_token"].as_str();
        let (status, created) = self
            .send(Method::POST, "/auth/admin/users", token, request)
            .await;
        assert_eq!(status, 201, "{created}");
        created["user"].clone()
    }
}
