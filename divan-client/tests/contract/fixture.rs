use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use divan_client::api::{
    AdminLoginRequest, AutoLoginRequest, BootstrapRequest, CreateUserRequest, TelegramLoginRequest,
    User,
};
use divan_client::{Client, ClientBuilder, MemoryStore, Retries, Secret};
use divan_core::clock::{Clock, ManualClock};
use divan_core::entropy::SeededEntropy;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::passkey::RelyingParty;
use divan_core::password::Argon2idHasher;
use divan_core::service::{AuthService, BootstrapPolicy};
use divan_core::store::SqliteStore;

use divan_core::token::{Audiences, KeyRing, SecretKey, SigningAlgorithm, SigningKey};
use divan_core::webhook::target::WebhookTargets;
use divan_core::webhook::{WebhookFailure, WebhookRequest, WebhookResponse, WebhookTransport};
use divan_server::{AppState, HttpOptions, router};

pub(crate) const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "tram under the plum";
pub(crate) const ADMIN_ORIGIN: &str = "https://sec.example.com";
pub(crate) const PHONE: &str = "+77011234567";
pub(crate) const PASSWORD: &str = "umbrella 77";

/// Server below a path prefix and a client, each with its own manual clock.
pub(crate) struct Fixture {
    pub(crate) client: Client,
    pub(crate) bootstrap_token: Secret,
    pub(crate) folder: tempfile::TempDir,
    /// Key that signs access tokens.
    pub(crate) signing_key: SigningKey,
    /// Token store of the employee.
    pub(crate) miniapp_store: Arc<MemoryStore>,
    uri: String,
    server_clock: Arc<ManualClock>,
    client_clock: Arc<ManualClock>,
    request_counts: RequestCounts,
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

/// Number of requests per path.
type RequestCounts = Arc<Mutex<BTreeMap<String, usize>>>;

/// Starts the server with an administrator and an employee, both signed in.
pub(crate) async fn signed_in() -> Fixture {
    let f = fixture().await;
    f.bootstrap().await;
    f.client
        .admin()
        .login(&Fixture::admin_login())
        .await
        .unwrap();
    f.client
        .admin()
        .create_user(&Fixture::new_employee())
        .await
        .unwrap();
    f.client.miniapp().login(&f.login(PASSWORD)).await.unwrap();
    f
}

/// Starts the server without users.
pub(crate) async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap_token = Secret::new("the bootstrap token");
    let [server_clock, client_clock] =
        [(); 2].map(|()| Arc::new(ManualClock::at_unix(1_780_000_000)));
    let signing_key =
        SigningKey::generate(SigningAlgorithm::EdDsa, &SeededEntropy::new(1)).unwrap();
    let store = SqliteStore::open(&folder.path().join("divan.db")).await;
    let store = Arc::new(store.unwrap());
    let service = |approval| {
        AuthService::builder(
            store.clone(),
            &SecretKey::new([7; 32]).unwrap(),
            ADMIN_ORIGIN,
            Audiences::new("divan.example.com", "sec.example.com").unwrap(),
        )
        .passkeys(RelyingParty::new(ADMIN_ORIGIN).unwrap())
        .telegram(BOT.parse().unwrap())
        .token_keys(KeyRing::from(&signing_key))
        .bootstrap(BootstrapPolicy::Token(bootstrap_token.clone()))
        .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
        .clock(server_clock.clone())
        .admin_approval(approval)
        .events(true)
        .webhooks(WebhookTargets::public(), Arc::new(Accepting))
        .build()
    };
    let routes = |approval| router(AppState::new(service(approval), HttpOptions::default()));
    let request_counts = RequestCounts::default();
    let app = axum::Router::new()
        .nest("/sign-in", routes(false))
        .nest("/approval", routes(true))
        .layer(from_fn_with_state(request_counts.clone(), count));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/sign-in", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let miniapp_store = Arc::new(MemoryStore::new());
    let client = client_builder(&uri, &client_clock)
        .miniapp_store(Arc::clone(&miniapp_store))
        .build()
        .unwrap();
    Fixture {
        client,
        bootstrap_token,
        folder,
        signing_key,
        miniapp_store,
        uri,
        server_clock,
        client_clock,
        request_counts,
    }
}

fn client_builder(uri: &str, clock: &Arc<ManualClock>) -> ClientBuilder {
    Client::builder(uri)
        .clock(clock.clone())
        .retries(Retries::default().backoff(Duration::ZERO))
}

async fn count(
    State(request_counts): State<RequestCounts>,
    request: Request,
    next: Next,
) -> Response {
    *request_counts
        .lock()
        .unwrap()
        .entry(request.uri().path().to_owned())
        .or_default() += 1;
    next.run(request).await
}

impl Fixture {
    /// Returns the builder of another client on the client clock.
    pub(crate) fn another(&self) -> ClientBuilder {
        client_builder(&self.uri, &self.client_clock)
    }

    /// Returns a client of a server on the same database that requires approvals. The first
    /// administrator is signed in.
    pub(crate) async fn approval(&self) -> Client {
        let uri = self.uri.replace("/sign-in", "/approval");
        let client = client_builder(&uri, &self.client_clock).build().unwrap();
        client.admin().login(&Self::admin_login()).await.unwrap();
        client
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// Returns the time of the server, in seconds since the Unix epoch.
    pub(crate) fn server_time(&self) -> u64 {
        self.server_clock.unix_seconds()
    }

    pub(crate) fn advance_clocks(&self, time: Duration) {
        self.advance_server_clock(time);
        self.advance_client_clock(time);
    }

    pub(crate) fn advance_server_clock(&self, time: Duration) {
        self.server_clock.advance(time);
    }

    pub(crate) fn advance_client_clock(&self, time: Duration) {
        self.client_clock.advance(time);
    }

    /// Returns the number of requests to this path.
    pub(crate) fn request_count(&self, path: &str) -> usize {
        self.request_counts
            .lock()
            .unwrap()
            .get(&format!("/sign-in{path}"))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) async fn bootstrap(&self) -> User {
        let request = BootstrapRequest::new(EMAIL, ADMIN_PASSWORD);
        self.client
            .bootstrap(Some(&self.bootstrap_token), &request)
            .await
            .unwrap()
    }

    pub(crate) fn admin_login() -> AdminLoginRequest {
        AdminLoginRequest::new(EMAIL, ADMIN_PASSWORD)
    }

    pub(crate) fn new_employee() -> CreateUserRequest {
        CreateUserRequest::employee("First Last", PHONE).password(PASSWORD)
    }

    pub(crate) fn login(&self, password: &str) -> TelegramLoginRequest {
        TelegramLoginRequest::new(PHONE, password, self.init_data())
    }

    pub(crate) fn auto_login(&self) -> AutoLoginRequest {
        AutoLoginRequest::new(self.init_data())
    }

    fn init_data(&self) -> String {
        self.init_data_of(42)
    }

    /// Returns the init data of a Telegram account.
    pub(crate) fn init_data_of(&self, telegram_id: i64) -> String {
        let token: BotToken = BOT.parse().unwrap();
        InitDataBuilder::new(self.server_clock.unix_seconds())
            .user(telegram_id, "First")
            .sign(&token)
    }
}
