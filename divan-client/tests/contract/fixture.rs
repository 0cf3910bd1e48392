use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
use divan_core::password::Argon2idHasher;
use divan_core::service::{AuthService, BootstrapPolicy};
use divan_core::store::SqliteStore;

use divan_core::token::{Audiences, KeyRing, SecretKey, SigningKey};
use divan_server::{AppState, HttpOptions, router};

const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "tram under the plum";
pub(crate) const PHONE: &str = "+77011234567";
pub(crate) const PASSWORD: &str = "umbrella 77";

/// The real server below a path prefix, on a clock to turn, with a client on a clock of its own.
pub(crate) struct Fixture {
    pub(crate) client: Client,
    pub(crate) bootstrap_token: Secret,
    pub(crate) folder: tempfile::TempDir,
    /// What the server signs access tokens with.
    pub(crate) signing_key: SigningKey,
    /// Where the client keeps the employee's tokens.
    pub(crate) miniapp_store: Arc<MemoryStore>,
    uri: String,
    server_clock: Arc<ManualClock>,
    client_clock: Arc<ManualClock>,
    calls: Calls,
}

/// How often each path was asked for.
type Calls = Arc<Mutex<BTreeMap<String, usize>>>;

/// The server with its administrator and one employee, both signed in.
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

/// The server without anybody.
pub(crate) async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap_token = Secret::new("the bootstrap token");
    let [server_clock, client_clock] =
        [(); 2].map(|()| Arc::new(ManualClock::at_unix(1_780_000_000)));
    let signing_key = SigningKey::generate(&SeededEntropy::new(1)).unwrap();
    let service = AuthService::builder(
        Arc::new(
            SqliteStore::open(&folder.path().join("divan.db"))
                .await
                .unwrap(),
        ),
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .telegram(BOT.parse().unwrap())
    .token_keys(KeyRing::from(&signing_key))
    .bootstrap(BootstrapPolicy::Token(bootstrap_token.clone()))
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .clock(server_clock.clone())
    .build();
    let calls = Calls::default();
    let app = axum::Router::new()
        .nest(
            "/sign-in",
            router(AppState::new(service, HttpOptions::default())),
        )
        .layer(from_fn_with_state(calls.clone(), count));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/sign-in", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let miniapp_store = Arc::new(MemoryStore::new());
    let client = settings(&uri, &client_clock)
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
        calls,
    }
}

fn settings(uri: &str, clock: &Arc<ManualClock>) -> ClientBuilder {
    Client::builder(uri)
        .clock(clock.clone())
        .retries(Retries::default().backoff(Duration::ZERO))
}

async fn count(State(calls): State<Calls>, request: Request, next: Next) -> Response {
    *calls
        .lock()
        .unwrap()
        .entry(request.uri().path().to_owned())
        .or_default() += 1;
    next.run(request).await
}

impl Fixture {
    /// The settings of another client of the same server, on the same clock as the first.
    pub(crate) fn another(&self) -> ClientBuilder {
        settings(&self.uri, &self.client_clock)
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.pass_on_the_server(time);
        self.pass_on_the_client(time);
    }

    pub(crate) fn pass_on_the_server(&self, time: Duration) {
        self.server_clock.advance(time);
    }

    pub(crate) fn pass_on_the_client(&self, time: Duration) {
        self.client_clock.advance(time);
    }

    /// How often the server was asked for this path so far.
    pub(crate) fn calls(&self, path: &str) -> usize {
        self.calls
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
        let token: BotToken = BOT.parse().unwrap();
        InitDataBuilder::new(self.server_clock.unix_seconds())
            .user(42, "First")
            .sign(&token)
    }
}
