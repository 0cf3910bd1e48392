//! Every endpoint of the contract through the client, against the real server on a real socket.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;

use divan_client::api::{
    AdminLoginRequest, Auth, BootstrapRequest, CreateUserRequest, ENDPOINTS, EndpointDescription,
    HealthStatus, ProblemCode, Role, TelegramLoginRequest,
};
use divan_client::{Client, Error, Secret};
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::password::Argon2idHasher;
use divan_core::service::{AuthService, BootstrapPolicy};
use divan_core::store::SqliteStore;
use divan_core::token::{SecretKey, Surfaces};
use divan_server::{AppState, HttpOptions, router};

const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const EMAIL: &str = "admin@example.com";
const ADMIN_PASSWORD: &str = "tram under the plum";
const PHONE: &str = "+77011234567";
const PASSWORD: &str = "umbrella 77";

struct Fixture {
    client: Client,
    bootstrap_token: Secret,
    _folder: tempfile::TempDir,
}

/// A server below a path prefix, with an administrator and one employee.
async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap_token = Secret::new("the bootstrap token");
    let service = AuthService::builder(
        Arc::new(SqliteStore::open(&folder.path().join("divan.db")).await.unwrap()),
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Surfaces::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .telegram(BOT.parse().unwrap())
    .bootstrap(BootstrapPolicy::Token(bootstrap_token.clone()))
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .build();
    let app = axum::Router::new().nest("/sign-in", router(AppState::new(service, HttpOptions::default())));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}/sign-in", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Fixture { client, bootstrap_token, _folder: folder }
}

impl Fixture {
    async fn bootstrap(&self) -> Result<divan_client::api::User, Error> {
        let request = BootstrapRequest::new(EMAIL, ADMIN_PASSWORD);
        self.client.bootstrap(Some(&self.bootstrap_token), &request).await
    }

    async fn admin_token(&self) -> Secret {
        let request = AdminLoginRequest::new(EMAIL, ADMIN_PASSWORD);
        self.client.admin_login(&request).await.unwrap().access_token
    }

    async fn create_employee(&self, token: &Secret) -> Result<divan_client::api::User, Error> {
        let request = CreateUserRequest::employee("First Last", PHONE, PASSWORD);
        Ok(self.client.create_user(token, &request).await?.user)
    }

    fn login(password: &str) -> TelegramLoginRequest {
        let token: BotToken = BOT.parse().unwrap();
        let raw = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First").sign(&token);
        TelegramLoginRequest::new(PHONE, password, raw)
    }
}

#[tokio::test]
async fn every_endpoint_answers_the_client() {
    let f = fixture().await;
    let mut called = Vec::new();
    // The order in which the endpoints make sense.
    for operation in ["live", "ready", "bootstrap", "admin_login", "create_user", "telegram_login", "me"] {
        call(&f, operation).await;
        called.push(operation);
    }
    for endpoint in ENDPOINTS {
        assert!(called.contains(&endpoint.operation), "{} is not called here", endpoint.operation);
    }
}

async fn call(f: &Fixture, operation: &str) {
    match operation {
        "live" => assert_eq!(f.client.live().await.unwrap().status, HealthStatus::Live),
        "ready" => assert_eq!(f.client.ready().await.unwrap().status, HealthStatus::Ready),
        "bootstrap" => assert_eq!(f.bootstrap().await.unwrap().role, Role::Admin),
        "admin_login" => assert!(!f.admin_token().await.expose().is_empty()),
        "create_user" => {
            let user = f.create_employee(&f.admin_token().await).await.unwrap();
            assert_eq!((user.role, user.full_name.as_str()), (Role::Employee, "First Last"));
        }
        "telegram_login" => {
            let session = f.client.telegram_login(&Fixture::login(PASSWORD)).await.unwrap();
            assert_eq!(session.expires_in, 900);
        }
        "me" => {
            let session = f.client.telegram_login(&Fixture::login(PASSWORD)).await.unwrap();
            assert_eq!(f.client.me(&session.access_token).await.unwrap(), session.user);
        }
        other => panic!("the client has no call for {other}: add one"),
    }
}

#[tokio::test]
async fn a_token_is_asked_for_where_the_contract_says_so() {
    let f = fixture().await;
    f.bootstrap().await.unwrap();
    let bad = Secret::new("not.a.token");
    let guarded = |endpoint: &&EndpointDescription| matches!(endpoint.auth, Auth::Bearer | Auth::Admin);
    for endpoint in ENDPOINTS.iter().filter(guarded) {
        let refused = match endpoint.operation {
            "create_user" => f.create_employee(&bad).await.unwrap_err(),
            "me" => f.client.me(&bad).await.unwrap_err(),
            other => panic!("the client has no call for {other}: add one"),
        };
        assert!(refused.is_unauthorized(), "{}", endpoint.operation);
        assert_eq!(refused.code(), Some(ProblemCode::TokenInvalid), "{}", endpoint.operation);
    }
}

#[tokio::test]
async fn refusals_of_the_server_are_problems_of_the_client() {
    let f = fixture().await;
    let without_token = f.client.bootstrap(None, &BootstrapRequest::new(EMAIL, ADMIN_PASSWORD)).await;
    assert_eq!(without_token.unwrap_err().code(), Some(ProblemCode::BootstrapTokenRequired));
    f.bootstrap().await.unwrap();
    assert_eq!(f.bootstrap().await.unwrap_err().code(), Some(ProblemCode::AlreadyBootstrapped));

    let token = f.admin_token().await;
    f.create_employee(&token).await.unwrap();
    assert_eq!(f.create_employee(&token).await.unwrap_err().code(), Some(ProblemCode::PhoneTaken));
    let wrong = f.client.telegram_login(&Fixture::login("wrong password")).await.unwrap_err();
    assert!(wrong.is_invalid_credentials());
    let session = f.client.telegram_login(&Fixture::login(PASSWORD)).await.unwrap();
    let forbidden = f.create_employee(&session.access_token).await.unwrap_err();
    assert_eq!((forbidden.status(), forbidden.code()), (Some(403), Some(ProblemCode::AdminRequired)));

    let weak = CreateUserRequest::employee("First Last", "+77010000002", "password");
    let weak = f.client.create_user(&token, &weak).await.unwrap_err();
    assert_eq!(weak.problem().unwrap().errors[0].pointer, "/password");
}
