//! Mock server for tests of programs that use this client.
//!
//! Enable the feature `test-util` for the dev-dependency:
//!
//! ```toml
//! [dev-dependencies]
//! divan-client = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! ```
//! use divan_client::api::{Me, ProblemCode, Refresh, TelegramLogin};
//! use divan_client::test_util::MockDivan;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), divan_client::Error> {
//! let divan = MockDivan::start().await;
//! let miniapp = divan.client().miniapp();
//!
//! let employee = miniapp.login(&divan.employee_login()).await?;
//! assert_eq!(employee, divan.employee().await);
//!
//! // An expired access token is refreshed.
//! divan.expire_access_tokens();
//! assert_eq!(miniapp.me().await?, employee);
//! assert_eq!((divan.request_count::<Refresh>(), divan.request_count::<Me>()), (1, 2));
//!
//! // An ended session is reported.
//! divan.end_sessions().await;
//! assert!(miniapp.me().await.is_err_and(|error| error.is_signed_out()));
//!
//! // Test how your program handles a busy server.
//! divan.fail::<TelegramLogin>(ProblemCode::Overloaded);
//! let error = miniapp.login(&divan.employee_login()).await.unwrap_err();
//! assert_eq!(error.code(), Some(ProblemCode::Overloaded));
//! # Ok(())
//! # }
//! ```
#![expect(clippy::expect_used, reason = "test support may panic")]

mod faults;
mod server;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use divan_core::api::{
    AdminLoginRequest, AutoLoginRequest, Endpoint, ProblemCode, TelegramLoginRequest,
};
use divan_core::clock::{Clock, ManualClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::password::Argon2idHasher;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, BootstrapCommand, BootstrapPolicy, ClientInfo, CreateUserCommand,
    ListUsersQuery,
};
use divan_core::store::MemoryStore;
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{User, UserId};
use divan_server::{AppState, HttpOptions, router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::faults::{Fault, Faults};
use crate::builder::ClientBuilder;
use crate::client::Client;
use crate::retry::Retries;

const BOT_TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const PHONE: &str = "+77011234567";
const EMAIL: &str = "admin@example.com";
const EMPLOYEE_PASSWORD: &str = "umbrella 77";
const ADMIN_PASSWORD: &str = "tram under the plum";
const TELEGRAM_ID: i64 = 42;

/// Divan server on a port of the loopback interface, stopped on drop.
///
/// It is the real server with an in-memory store, a fast and insecure password hash, one employee
/// and one administrator. Failures are injected per endpoint.
///
/// Its clock advances by one millisecond per request, so that records are in the order of the
/// requests. Advance it further with [`advance_clock`](Self::advance_clock).
pub struct MockDivan {
    address: SocketAddr,
    service: AuthService,
    server_clock: Arc<ManualClock>,
    client_clock: Arc<ManualClock>,
    faults: Arc<Faults>,
    employee: UserId,
    admin: UserId,
    server: JoinHandle<()>,
}

impl MockDivan {
    /// Starts the server.
    ///
    /// # Panics
    /// When no port is available.
    pub async fn start() -> Self {
        let [server_clock, client_clock] =
            [(); 2].map(|()| Arc::new(ManualClock::at_unix(1_780_000_000)));
        let service = service(&server_clock);
        let (admin, employee) = create_users(&service).await;
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let faults = Arc::new(Faults::default());
        let tick = Arc::clone(&server_clock);
        let router = router(AppState::new(service.clone(), HttpOptions::default())).layer(
            axum::middleware::map_request(move |request: axum::extract::Request| {
                tick.advance(Duration::from_millis(1));
                std::future::ready(request)
            }),
        );
        Self {
            address,
            service,
            server_clock,
            client_clock,
            employee,
            admin,
            server: tokio::spawn(server::serve(listener, router, Arc::clone(&faults))),
            faults,
        }
    }

    /// Returns the base URL of the server.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Creates a client of this server. No user is signed in, and clients share no tokens.
    ///
    /// # Panics
    /// When no HTTP client can be created.
    pub fn client(&self) -> Client {
        self.builder().build().expect("a client for loopback")
    }

    /// Returns the builder of a client of this server, on its clock and with retries without delay.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder(&self.uri())
            .clock(self.client_clock.clone())
            .retries(Retries::default().backoff(Duration::ZERO))
    }

    /// Returns the employee, with the changes made since the start.
    pub async fn employee(&self) -> User {
        self.user(self.employee).await
    }

    /// Returns the administrator, with the changes made since the start.
    pub async fn admin(&self) -> User {
        self.user(self.admin).await
    }

    /// Returns a request that signs [`employee`](Self::employee) in.
    pub fn employee_login(&self) -> TelegramLoginRequest {
        TelegramLoginRequest::new(PHONE, EMPLOYEE_PASSWORD, self.init_data(TELEGRAM_ID))
    }

    /// Returns a request that signs [`employee`](Self::employee) in by the Telegram account. It
    /// succeeds after a sign-in with the password.
    pub fn employee_auto_login(&self) -> AutoLoginRequest {
        AutoLoginRequest::new(self.init_data(TELEGRAM_ID))
    }

    /// Returns a request that signs [`admin`](Self::admin) in.
    pub fn admin_login(&self) -> AdminLoginRequest {
        AdminLoginRequest::new(EMAIL, ADMIN_PASSWORD)
    }

    /// Returns valid init data of a Telegram account. The employee's account is 42.
    ///
    /// # Panics
    /// Never: the bot token is a constant.
    pub fn init_data(&self, telegram_id: i64) -> String {
        InitDataBuilder::new(self.server_clock.unix_seconds())
            .user(telegram_id, "First")
            .sign(&bot_token())
    }

    /// Advances the clock of the server and its clients. An access token expires after 15 minutes.
    pub fn advance_clock(&self, time: Duration) {
        self.server_clock.advance(time);
        self.client_clock.advance(time);
    }

    /// Expires all access tokens on the server: they are rejected with `token_expired`.
    ///
    /// The clients are not aware of it: their clock advances by one minute only, so that the tokens
    /// are old enough to be refreshed.
    pub fn expire_access_tokens(&self) {
        self.server_clock.advance(Duration::from_mins(16));
        self.client_clock.advance(Duration::from_mins(1));
    }

    /// Ends all sessions: access tokens are rejected with `token_invalid`, refresh tokens with
    /// `refresh_token_invalid`. The clock advances by one minute, so that the clients try to
    /// refresh.
    ///
    /// # Panics
    /// Never: the store is in memory.
    pub async fn end_sessions(&self) {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        let mut query = ListUsersQuery::default();
        loop {
            let page = admin.list_users(&query).await.expect("a page of users");
            for user in page.items {
                let ended = admin.end_user_sessions(user.id).await;
                ended.expect("an existing user");
            }
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        self.advance_clock(Duration::from_mins(1));
    }

    /// Makes all requests to an endpoint fail with this problem, without any effect.
    pub fn fail<E: Endpoint>(&self, code: ProblemCode) {
        self.fail_times::<E>(usize::MAX, code);
    }

    /// Makes the next requests to an endpoint fail with this problem, without any effect.
    pub fn fail_times<E: Endpoint>(&self, times: usize, code: ProblemCode) {
        self.faults.set::<E>(times, Fault::Problem(code));
    }

    /// Closes the connection of the next requests to an endpoint, without any effect.
    pub fn drop_connections<E: Endpoint>(&self, times: usize) {
        self.faults.set::<E>(times, Fault::DropConnection);
    }

    /// Processes the next requests to an endpoint, and closes the connection before the response.
    pub fn lose_responses<E: Endpoint>(&self, times: usize) {
        self.faults.set::<E>(times, Fault::LoseResponse);
    }

    /// Removes the injected failure of an endpoint.
    pub fn recover<E: Endpoint>(&self) {
        self.faults.clear::<E>();
    }

    /// Returns the number of requests to an endpoint, including failed ones.
    pub fn request_count<E: Endpoint>(&self) -> usize {
        self.faults.request_count::<E>()
    }

    async fn user(&self, id: UserId) -> User {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        let user = admin.get_user(id).await;
        user.expect("an existing user")
    }
}

impl Drop for MockDivan {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for MockDivan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockDivan")
            .field("uri", &self.uri())
            .finish_non_exhaustive()
    }
}

fn bot_token() -> BotToken {
    BOT_TOKEN.parse().expect("a valid bot token")
}

fn bootstrap_token() -> Secret {
    Secret::new("mock bootstrap token")
}

fn service(clock: &Arc<ManualClock>) -> AuthService {
    AuthService::builder(
        Arc::new(MemoryStore::new()),
        &SecretKey::new([7; 32]).expect("a long enough key"),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").expect("two different audiences"),
    )
    .telegram(bot_token())
    .bootstrap(BootstrapPolicy::Token(bootstrap_token()))
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .clock(clock.clone())
    .build()
}

/// Creates the administrator and the employee.
async fn create_users(service: &AuthService) -> (UserId, UserId) {
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let mut command = BootstrapCommand::new(EMAIL, ADMIN_PASSWORD);
    command.full_name = Some("Mock Administrator".to_owned());
    command.token = Some(bootstrap_token());
    let admin = service.for_client(&client).bootstrap(&command).await;
    let command = CreateUserCommand::employee("Mock Employee", PHONE).password(EMPLOYEE_PASSWORD);
    let employee = service
        .as_admin(&operator, &client)
        .create_user(&command)
        .await;
    (
        admin.expect("the first administrator").id,
        employee.expect("a valid employee").user.id,
    )
}
