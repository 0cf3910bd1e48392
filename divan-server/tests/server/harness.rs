//! A server in this process, with its own database and a manual clock.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use divan_core::clock::{Clock, ManualClock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::passkey::RelyingParty;
use divan_core::password::Argon2idHasher;
use divan_core::service::{AuthService, BootstrapPolicy};
use divan_core::store::{SqliteStore, Store};
use divan_core::token::{Audiences, SecretKey};
use divan_core::webhook::target::WebhookTargets;
use divan_core::webhook::{WebhookFailure, WebhookRequest, WebhookResponse, WebhookTransport};
use divan_server::{AppState, HttpOptions, Pages, StrictTransport, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::openapi_examples::assert_documented;

pub(crate) const ADMIN_EMAIL: &str = "admin@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "tram under the plum";
pub(crate) const PHONE: &str = "+77011234567";
pub(crate) const PASSWORD: &str = "umbrella 77";
pub(crate) const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
pub(crate) const MINIAPP_ORIGIN: &str = "https://divan.example.com";
pub(crate) const ADMIN_ORIGIN: &str = "https://sec.example.com";

pub(crate) struct App<S = SqliteStore> {
    pub(crate) router: Router,
    pub(crate) service: AuthService,
    pub(crate) state: AppState,
    pub(crate) store: S,
    pub(crate) clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl TestResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that this is a problem with this code and the code's status, as
    /// `application/problem+json`.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("urn:divan:problem:{code}"));
        assert_eq!(body["request_id"].is_string(), status >= 500);
        assert_documented(&body);
        body
    }

    /// Asserts that this is a `validation_failed` with exactly this member error.
    #[track_caller]
    pub(crate) fn assert_invalid(&self, pointer: &str) {
        let body = self.assert_problem(422, "validation_failed");
        assert_eq!(body["errors"][0]["pointer"], pointer, "{body}");
        assert_eq!(body["errors"].as_array().unwrap().len(), 1, "{body}");
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(BootstrapPolicy::OpenToAnyone).await
    }

    pub(crate) async fn start_with(bootstrap: BootstrapPolicy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("divan.db"))
            .await
            .unwrap();
        Self::on(store, bootstrap, folder)
    }

    /// Starts a server without a bot token.
    pub(crate) async fn without_bot(bootstrap: BootstrapPolicy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("divan.db"))
            .await
            .unwrap();
        Self::on_with_bot(store, bootstrap, folder, None)
    }

    /// Starts a server that writes no events.
    pub(crate) async fn without_events() -> Self {
        let app = Self::start().await;
        let service = AuthService::builder(
            Arc::new(app.store.clone()),
            &SecretKey::new([7; 32]).unwrap(),
            ADMIN_ORIGIN,
            Audiences::new("divan.example.com", "sec.example.com").unwrap(),
        );
        let service = service
            .bootstrap(BootstrapPolicy::OpenToAnyone)
            .telegram(BOT.parse().unwrap())
            .build();
        let state = AppState::new(service.clone(), HttpOptions::default());
        Self {
            router: router(state.clone()),
            service,
            state,
            ..app
        }
    }

    /// Starts a server with an administrator and one employee.
    pub(crate) async fn with_users() -> Self {
        let app = Self::start().await;
        app.add_users().await;
        app
    }
}

impl<S: Store + Clone + 'static> App<S> {
    pub(crate) fn on(store: S, bootstrap: BootstrapPolicy, folder: tempfile::TempDir) -> Self {
        Self::on_with_bot(store, bootstrap, folder, Some(BOT))
    }

    fn on_with_bot(
        store: S,
        bootstrap: BootstrapPolicy,
        folder: tempfile::TempDir,
        bot: Option<&str>,
    ) -> Self {
        let clock = Arc::new(ManualClock::at_unix(SystemClock.unix_seconds()));
        let mut builder = AuthService::builder(
            Arc::new(store.clone()),
            &SecretKey::new([7; 32]).unwrap(),
            ADMIN_ORIGIN,
            Audiences::new("divan.example.com", "sec.example.com").unwrap(),
        )
        .passkeys(RelyingParty::new(ADMIN_ORIGIN).unwrap())
        .bootstrap(bootstrap)
        .messages(true)
        .events(true)
        .webhooks(WebhookTargets::public(), Arc::new(Accepting))
        .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
        .clock(clock.clone());
        if let Some(bot) = bot {
            builder = builder.telegram(bot.parse().unwrap());
        }
        let service = builder.build();
        let mut http = HttpOptions::default();
        http.allowed_origins = [MINIAPP_ORIGIN, ADMIN_ORIGIN]
            .map(HeaderValue::from_static)
            .to_vec();
        http.allowed_headers = vec![HeaderName::from_static("sentry-trace")];
        http.strict_transport = StrictTransport::Host;
        http.miniapp_url = MINIAPP_ORIGIN.parse().ok();
        http.admin_url = ADMIN_ORIGIN.parse().ok();
        http.pages = Pages::All;
        let state = AppState::new(service.clone(), http);
        Self {
            service,
            router: router(state.clone()),
            state,
            store,
            clock,
            _folder: folder,
        }
    }

    pub(crate) async fn add_users(&self) {
        let response = self
            .post("/auth/admin/bootstrap", &bootstrap_request())
            .await;
        assert_eq!(response.status, 201, "{response:?}");
        let token = self.admin_token().await;
        let response = self
            .post_as(&token, "/auth/admin/users", &employee_request())
            .await;
        assert_eq!(response.status, 201, "{response:?}");
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> TestResponse {
        send_to(&self.router, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> TestResponse {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Polls readiness until it has this status: the state of dependencies may be a second old.
    pub(crate) async fn ready_when(&self, status: u16) -> TestResponse {
        for _ in 0..200 {
            let response = self.get("/health/ready").await;
            if response.status == status {
                return response;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("readiness never became {status}");
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> TestResponse {
        let request = Request::get(path).header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> TestResponse {
        self.post_raw(path, None, "application/json", body.to_string())
            .await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: &Value) -> TestResponse {
        self.post_raw(path, Some(token), "application/json", body.to_string())
            .await
    }

    pub(crate) async fn patch_as(&self, token: &str, path: &str, body: &Value) -> TestResponse {
        let body = body.to_string();
        self.send_raw(Method::PATCH, path, Some(token), "application/json", body)
            .await
    }

    pub(crate) async fn delete_as(&self, token: &str, path: &str) -> TestResponse {
        let request = Request::delete(path).header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post_raw(
        &self,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: impl Into<Body>,
    ) -> TestResponse {
        self.send_raw(Method::POST, path, token, content_type, body)
            .await
    }

    pub(crate) async fn send_raw(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        body: impl Into<Body>,
    ) -> TestResponse {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, content_type);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn admin_token(&self) -> String {
        let body = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
        let response = self.post("/auth/admin/login", &body).await;
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn employee_token(&self) -> String {
        let response = self
            .post("/auth/telegram/login", &self.login_request(42))
            .await;
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn login_request(&self, telegram_id: i64) -> Value {
        json!({"phone": PHONE, "password": PASSWORD, "init_data": self.init_data(telegram_id)})
    }

    pub(crate) fn init_data(&self, telegram_id: i64) -> String {
        let token: BotToken = BOT.parse().unwrap();
        InitDataBuilder::new(self.clock.unix_seconds())
            .user(telegram_id, "First")
            .sign(&token)
    }
}

/// Sends a request to a router.
pub(crate) async fn send_to(router: &Router, request: Request<Body>) -> TestResponse {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    TestResponse {
        status: parts.status,
        headers: parts.headers,
        text,
    }
}

/// A receiver of webhooks that accepts all events.
#[derive(Debug)]
struct Accepting;

#[async_trait]
impl WebhookTransport for Accepting {
    async fn send(&self, _: &WebhookRequest) -> Result<WebhookResponse, WebhookFailure> {
        Ok(WebhookResponse::new(204, None))
    }
}

pub(crate) fn bootstrap_request() -> Value {
    json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
}

pub(crate) fn employee_request() -> Value {
    json!({"full_name": "First Last", "phone": PHONE, "password": PASSWORD})
}

/// Encodes every byte of a text for a URL.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}
