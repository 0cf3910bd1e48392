//! A made-up Divan server for the tests of programs that use this client.
//!
//! With the feature `test-util`, among the dev-dependencies:
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
//! let employee = miniapp.login(&MockDivan::employee_login()).await?;
//! assert_eq!(employee, divan.employee());
//!
//! // An access token that is over is renewed, and nobody notices.
//! divan.expire_access_tokens();
//! assert_eq!(miniapp.me().await?, employee);
//! assert_eq!((divan.request_count::<Refresh>(), divan.request_count::<Me>()), (1, 2));
//!
//! // A session that is over is told.
//! divan.end_sessions();
//! assert!(miniapp.me().await.is_err_and(|error| error.is_signed_out()));
//!
//! // What does your program do when the server is busy?
//! divan.fail::<TelegramLogin>(ProblemCode::Overloaded);
//! let error = miniapp.login(&MockDivan::employee_login()).await.unwrap_err();
//! assert_eq!(error.code(), Some(ProblemCode::Overloaded));
//! # Ok(())
//! # }
//! ```

mod accounts;
mod answers;
mod server;
mod sessions;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use divan_core::api::{
    AdminLoginRequest, AutoLoginRequest, Endpoint, ProblemCode, TelegramLoginRequest,
};
use divan_core::clock::ManualClock;
use divan_core::types::User;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use self::server::{Respondent, State};
use crate::{Client, ClientBuilder, Retries};

const EMPLOYEE_PASSWORD: &str = "umbrella 77";
const ADMIN_PASSWORD: &str = "tram under the plum";

/// A made-up Divan server on a port of this machine, gone when it is dropped.
///
/// It knows every endpoint, one employee and one administrator, and keeps its state: who is signed
/// in, with which tokens, who was created. Its refresh follows the rules of the real one, a stolen
/// token included. What it does not do is check: passwords are compared and nothing more, init data
/// has to be there, tokens are not signed.
///
/// Its time stands still. It goes on with [`pass`](Self::pass), for the server and for the clients
/// that it makes.
pub struct MockDivan {
    server: MockServer,
    respondent: Respondent,
    clock: Arc<ManualClock>,
}

impl MockDivan {
    /// Starts the server.
    pub async fn start() -> Self {
        let clock = Arc::new(ManualClock::at_unix(1_780_000_000));
        let respondent = Respondent::new(Arc::clone(&clock));
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(respondent.clone())
            .mount(&server)
            .await;
        Self {
            server,
            respondent,
            clock,
        }
    }

    /// The address of the server.
    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// A client of this server. Nobody is signed in; further calls make clients that share nothing
    /// with it.
    ///
    /// # Panics
    /// When no HTTP client can be made.
    #[expect(
        clippy::expect_used,
        reason = "the settings are known, and a test may panic"
    )]
    pub fn client(&self) -> Client {
        self.builder().build().expect("a client of loopback")
    }

    /// The settings of a client of this server: on its clock, and without pauses before it sends
    /// again.
    pub fn builder(&self) -> ClientBuilder {
        let retries = Retries::default().backoff(Duration::ZERO);
        Client::builder(&self.uri())
            .clock(self.clock.clone())
            .retries(retries)
    }

    /// The employee who is there from the start.
    pub fn employee(&self) -> User {
        self.state().accounts.employee()
    }

    /// The administrator who is there from the start.
    pub fn admin(&self) -> User {
        self.state().accounts.admin()
    }

    /// What signs [`employee`](Self::employee) in.
    pub fn employee_login() -> TelegramLoginRequest {
        TelegramLoginRequest::new(accounts::PHONE, EMPLOYEE_PASSWORD, "init data")
    }

    /// What signs the last employee who signed in with the password in again.
    pub fn employee_auto_login() -> AutoLoginRequest {
        AutoLoginRequest::new("init data")
    }

    /// What signs [`admin`](Self::admin) in.
    pub fn admin_login() -> AdminLoginRequest {
        AdminLoginRequest::new(accounts::EMAIL, ADMIN_PASSWORD)
    }

    /// Lets time pass, for the server and its clients. Access tokens live for 15 minutes.
    pub fn advance_clock(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Ends the life of all access tokens: they are answered with `token_expired`.
    ///
    /// The clients do not know, and go on to send them. So that they may refresh, a minute passes.
    pub fn expire_access_tokens(&self) {
        self.state().sessions.expire_access_tokens();
        self.advance_clock(Duration::from_mins(1));
    }

    /// Ends all sessions: access tokens are answered with `token_invalid`, refresh tokens with
    /// `refresh_token_invalid`. A minute passes, as in
    /// [`expire_access_tokens`](Self::expire_access_tokens).
    pub fn end_sessions(&self) {
        self.state().sessions.end_all();
        self.advance_clock(Duration::from_mins(1));
    }

    /// From now on an operation is answered with this problem, and nothing is done.
    pub fn fail<E: Endpoint>(&self, code: ProblemCode) {
        self.state().refusals.insert(E::OPERATION, (code, None));
    }

    /// The same for the next few calls of it.
    pub fn fail_times<E: Endpoint>(&self, times: usize, code: ProblemCode) {
        self.state()
            .refusals
            .insert(E::OPERATION, (code, Some(times)));
    }

    /// Ends a [`refuse`](Self::refuse).
    pub fn recover<E: Endpoint>(&self) {
        self.state().refusals.remove(E::OPERATION);
    }

    /// How often an operation was called so far, refused calls included.
    pub fn request_count<E: Endpoint>(&self) -> usize {
        self.state()
            .calls
            .get(E::OPERATION)
            .copied()
            .unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.respondent.state()
    }
}

impl fmt::Debug for MockDivan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockDivan")
            .field("uri", &self.uri())
            .finish_non_exhaustive()
    }
}

/// The `index`th id of its kind.
#[expect(clippy::expect_used, reason = "it is written as it has to be")]
fn made_up_id<T: FromStr<Err: fmt::Debug>>(kind: usize, index: usize) -> T {
    format!("01920000-0000-7000-800{kind}-{:012x}", index + 1)
        .parse()
        .expect("a UUID")
}
