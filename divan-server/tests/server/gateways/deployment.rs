use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use divan_core::clock::{Clock, ManualClock, SystemClock};
use divan_core::token::{Audience, Audiences, SigningKey, TokenIssuer, TokenSubject};
use divan_core::types::Role;
use divan_testing::Forwarder;
use serde_json::{Value, json};

use crate::failover::http_client;
use crate::harness::{
    ADMIN_ORIGIN, BOT, MINIAPP_ORIGIN, PASSWORD, PHONE, bootstrap_request, employee_request,
};
use crate::process::{KEY, Running, program, run, start};

const BOOTSTRAP_TOKEN: &str = "the bootstrap token";
const X_AUTH: [&str; 5] = [
    "x-auth-user",
    "x-auth-role",
    "x-auth-name",
    "x-auth-telegram-id",
    "x-auth-session",
];

/// A server on SQLite that signs with ES256, an employee, and a service to protect.
pub(super) struct Deployment {
    pub(super) client: reqwest::Client,
    server: Option<Running>,
    /// The address that programs know, also when the server was started again.
    front: Forwarder,
    service: Service,
    folder: tempfile::TempDir,
}

/// The tokens of a session.
pub(super) struct Token(Value);

impl Token {
    pub(super) fn access(&self) -> &str {
        self.0["access_token"].as_str().unwrap()
    }

    fn claims(&self) -> Value {
        let claims = self.access().split('.').nth(1).unwrap();
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    }
}

impl Deployment {
    pub(super) async fn start() -> Self {
        let folder = crate::process::private_folder();
        let new_key = ["keys", "generate", "--algorithm", "es256", "--out"];
        for name in ["a.pem", "b.pem"] {
            let generated = run(program(folder.path()).args(new_key).arg(name));
            assert_eq!(generated.0, 0, "{generated:?}");
        }
        let server = start(&mut server(&folder, "a.pem", None));
        let deployment = Self {
            client: http_client(Duration::from_secs(10)),
            front: Forwarder::start(server.port),
            server: Some(server),
            service: Service::start().await,
            folder,
        };
        let bootstrap = deployment
            .client
            .post(deployment.url("/auth/admin/bootstrap"));
        let bootstrap = bootstrap
            .header("x-bootstrap-token", BOOTSTRAP_TOKEN)
            .json(&bootstrap_request());
        assert_eq!(bootstrap.send().await.unwrap().status(), 201);
        deployment.create(&employee_request()).await;
        deployment
    }

    /// Replaces the addresses of the guide.
    pub(super) fn localized(&self, configuration: &str) -> String {
        configuration
            .replace(
                "127.0.0.1:8000",
                &format!("127.0.0.1:{}", self.front.port()),
            )
            .replace(
                "127.0.0.1:3000",
                &format!("127.0.0.1:{}", self.service.port),
            )
    }

    /// The port that programs know.
    pub(super) fn port(&self) -> u16 {
        self.front.port()
    }

    pub(super) fn service_port(&self) -> u16 {
        self.service.port
    }

    /// Returns the public key that signs, in PEM.
    pub(super) fn public_key(&self) -> String {
        run(program(self.folder.path()).args(["keys", "show", "--pem", "a.pem"])).1
    }

    /// Creates a credential, and returns its id and secret.
    pub(super) fn create_service(&self, scope: &str) -> (String, String) {
        let create = [
            "service", "create", "--name", "Gateway", "--json", "--scope", scope,
        ];
        let (code, created, error) = run(server(&self.folder, "a.pem", None).args(create));
        assert_eq!(code, 0, "{error}");
        let created: Value = serde_json::from_str(&created).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&created["service"]["id"]), text(&created["secret"]))
    }

    pub(super) async fn sign_in(&self) -> Token {
        self.sign_in_with(PHONE, PASSWORD, 42).await
    }

    pub(super) async fn sign_in_as_admin(&self) -> Token {
        Token(self.post("/auth/admin/login", &bootstrap_request()).await)
    }

    pub(super) async fn refresh(&self, token: &Token) -> Token {
        let body = json!({"refresh_token": token.0["refresh_token"]});
        Token(self.post("/auth/refresh", &body).await)
    }

    pub(super) async fn sign_out(&self, token: &Token) {
        let request = self
            .client
            .post(self.url("/auth/logout"))
            .bearer_auth(token.access());
        assert_eq!(request.json(&json!({})).send().await.unwrap().status(), 204);
    }

    /// Returns a token that expired a minute ago, of a session that lives.
    pub(super) fn expired(&self, token: &Token) -> Token {
        let pem = std::fs::read_to_string(self.folder.path().join("a.pem")).unwrap();
        let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
        let claims = token.claims();
        let id = |name: &str| claims[name].as_str().unwrap().to_owned();
        let subject = TokenSubject::new(
            id("sub").parse().unwrap(),
            Role::Employee,
            Audience::MiniApp,
            id("sid").parse().unwrap(),
            claims["gen"].as_u64().unwrap(),
        );
        let clock = ManualClock::at_unix(SystemClock.unix_seconds() - 16 * 60);
        let issuer = TokenIssuer::new(
            &SigningKey::from_pem(&pem).unwrap(),
            ADMIN_ORIGIN,
            audiences,
        );
        let expired = issuer.clock(Arc::new(clock)).issue(&subject).unwrap();
        Token(json!({"access_token": expired.token.expose()}))
    }

    /// Returns a token that is limited to changing the password.
    pub(super) async fn limited(&self) -> Token {
        let phone = "+77011234568";
        let created = self
            .create(&json!({"full_name": "Second", "phone": phone}))
            .await;
        let password = created["generated_password"].as_str().unwrap();
        self.sign_in_with(phone, password, 43).await
    }

    /// Starts the server with another key. It accepts tokens of the old one.
    pub(super) fn rotate_key(&mut self) {
        self.stop();
        let server = start(&mut server(&self.folder, "b.pem", Some("a.pem")));
        self.front.set_target(server.port);
        self.server = Some(server);
    }

    /// Stops the server. Connections to it are closed.
    pub(super) fn stop(&mut self) {
        drop(self.server.take());
        self.front.reset();
    }

    /// Sends requests with headers that only the program may set, and checks what the service gets.
    pub(super) async fn check_headers(&self, url: &str, token: &Token, names_user: bool) {
        let me = self
            .client
            .get(self.url("/auth/me"))
            .bearer_auth(token.access());
        let me: Value = me.send().await.unwrap().json().await.unwrap();
        let removal = ("connection", "close, x-auth-user, X-Auth-Role");
        for (method, spelling, connection) in [
            ("GET", str::to_owned as fn(&str) -> String, None),
            ("POST", str::to_owned, None),
            ("OPTIONS", str::to_owned, None),
            ("GET", |name| name.replace('-', "_"), None),
            ("GET", |name| name.replace('-', "."), None),
            ("GET", |name| name.replace("x-", "x_"), Some(removal)),
            ("GET", |name| name.replace("h-", "h_"), Some(removal)),
        ] {
            let mut request = self
                .client
                .request(method.parse().unwrap(), url)
                .bearer_auth(token.access());
            for name in X_AUTH {
                request = request.header(spelling(name), "forged");
            }
            if let Some((name, value)) = connection {
                request = request.header(name, value);
            }
            assert_eq!(request.send().await.unwrap().status(), 200, "{method}");
            let received = self.service.received.lock().unwrap().take().unwrap();
            if names_user {
                // As programs read headers that get them as variables (RFC 3875 §4.1.18), and PHP.
                let values = |name: &str| -> Vec<&HeaderValue> {
                    let named =
                        |found: &HeaderName| found.as_str().replace(['_', '.'], "-") == name;
                    let all = received.iter().filter(|(found, _)| named(found));
                    all.map(|(_, value)| value).collect()
                };
                assert_eq!(values("x-auth-user"), [me["id"].as_str().unwrap()]);
                assert_eq!(values("x-auth-role"), ["employee"]);
                for name in X_AUTH {
                    assert!(
                        !values(name).iter().any(|value| *value == "forged"),
                        "{received:?}"
                    );
                }
                assert!(values("authorization").is_empty());
            }
        }
    }

    /// Sends a request for another protocol, and checks that the service gets it.
    pub(super) async fn check_upgrade(&self, url: &str, token: &Token) {
        let request = self
            .client
            .get(url)
            .bearer_auth(token.access())
            .header("connection", "upgrade, x-auth-user")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(request.send().await.unwrap().status(), 200);
        let received = self.service.received.lock().unwrap().take().unwrap();
        assert_eq!(received["upgrade"], "websocket");
        assert!(received.contains_key("x-auth-user"), "{received:?}");
    }

    async fn create(&self, user: &Value) -> Value {
        let admin = self.sign_in_as_admin().await;
        let request = self
            .client
            .post(self.url("/auth/admin/users"))
            .bearer_auth(admin.access())
            .json(user);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 201);
        response.json().await.unwrap()
    }

    async fn sign_in_with(&self, phone: &str, password: &str, telegram_id: i64) -> Token {
        let token: divan_core::init_data::BotToken = BOT.parse().unwrap();
        let init_data = divan_core::init_data::InitDataBuilder::new(SystemClock.unix_seconds())
            .user(telegram_id, "First")
            .sign(&token);
        let body = json!({"phone": phone, "password": password, "init_data": init_data});
        Token(self.post("/auth/telegram/login", &body).await)
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let response = self
            .client
            .post(self.url(path))
            .json(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    fn url(&self, path: &str) -> String {
        self.server.as_ref().unwrap().url(path)
    }
}

fn server(folder: &tempfile::TempDir, signing: &str, accepted: Option<&str>) -> Command {
    let mut command = program(folder.path());
    command
        .env("DATABASE_URL", "sqlite:divan.db")
        .env("SECRET_KEY", KEY)
        .env("TELEGRAM_BOT_TOKEN", BOT)
        .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
        .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN)
        .env("DIVAN_BOOTSTRAP_TOKEN", BOOTSTRAP_TOKEN)
        .env("DIVAN_SIGNING_KEY_FILE", signing);
    if let Some(accepted) = accepted {
        command.env("DIVAN_VERIFYING_KEY_FILES", accepted);
    }
    command
}

/// The protected service, which keeps the headers of the last request.
struct Service {
    port: u16,
    received: Arc<Mutex<Option<HeaderMap>>>,
}

impl Service {
    async fn start() -> Self {
        let received = Arc::new(Mutex::new(None));
        let router = Router::new()
            .fallback(
                async |State(last): State<Arc<Mutex<Option<HeaderMap>>>>, headers: HeaderMap| {
                    *last.lock().unwrap() = Some(headers);
                },
            )
            .with_state(received.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { port, received }
    }
}
