//! Requests to the examples that protect routes of other frameworks.

#[path = "test_server.rs"]
mod test_server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use divan_client::api::{CreateUserRequest, TelegramLoginRequest};
use divan_client::protect::Audiences;
use divan_client::{Client, Secret};
use divan_core::clock::{Clock, ManualClock, SystemClock};
use divan_core::init_data::InitDataBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::test_server::{BOT_TOKEN, Divan, generate_key};

const PHONE: &str = "+77011234567";
const PASSWORD: &str = "umbrella 77";
const INVALID: &str = r#"Bearer error="invalid_token""#;

/// A Divan server with an employee and an administrator, both signed in.
pub(crate) struct Scene {
    pub(crate) employee: Client,
    pub(crate) admin: Client,
    divan: Divan,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        generate_key(folder.path(), "key.pem");
        let divan = Divan::start(folder.path(), Some("key.pem"), "127.0.0.1:0").await;
        divan.bootstrap().await;
        let admin = divan.signed_in().await;
        let request = CreateUserRequest::employee("First Last", PHONE).password(PASSWORD);
        admin.admin().create_user(&request).await.unwrap();
        let employee = divan.client();
        let init_data = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First");
        let init_data = init_data.sign(&BOT_TOKEN.parse().unwrap());
        let request = TelegramLoginRequest::new(PHONE, PASSWORD, init_data);
        employee.miniapp().login(&request).await.unwrap();
        Self {
            employee,
            admin,
            divan,
            _folder: folder,
        }
    }

    /// Returns the client of a service.
    pub(crate) fn client(&self) -> Client {
        self.divan.client()
    }

    /// Returns the client of a service whose clock is ahead.
    pub(crate) fn client_in(&self, time: Duration) -> Client {
        let now = SystemClock.unix_seconds() + time.as_secs();
        let client = Client::builder(&format!("http://{}", self.divan.address));
        let clock = Arc::new(ManualClock::at_unix(now));
        client.clock(clock).build().unwrap()
    }

    /// Returns the access token of the employee.
    pub(crate) async fn token(&self) -> Secret {
        self.employee.miniapp().access_token().await.unwrap()
    }

    /// Asserts the responses of a service that shows its user as `user`.
    pub(crate) async fn assert_protected(&self, service: SocketAddr, user: &str) {
        let token = self.token().await;
        let admin = self.admin.admin().access_token().await.unwrap();
        let (employee, admin) = (bearer(&token), bearer(&admin));
        for authorization in [None, Some(employee.as_str()), Some("Bearer x")] {
            let public = get(service, "/", authorization).await;
            assert_eq!((public.status, public.challenge), (200, None));
        }
        let me = get(service, "/me", Some(&employee)).await;
        assert_eq!((me.status, me.body.as_str()), (200, user));
        let refused = get(service, "/reports", Some(&employee)).await;
        refused.assert(403, r#"Bearer error="insufficient_scope""#);
        let reports = get(service, "/reports", Some(&admin)).await;
        assert_eq!(
            (reports.status, reports.body.as_str()),
            (200, "All reports.")
        );

        let (message, _) = token.expose().rsplit_once('.').unwrap();
        let forged = format!("Bearer {message}.{}", "A".repeat(86));
        let twice = format!("{employee}\r\nAuthorization: {employee}");
        for path in ["/me", "/reports"] {
            for authorization in [None, Some("Basic YTpi")] {
                get(service, path, authorization)
                    .await
                    .assert(401, "Bearer");
            }
            for authorization in ["Bearer x", forged.as_str(), twice.as_str()] {
                let refused = get(service, path, Some(authorization)).await;
                refused.assert(401, INVALID);
            }
        }
    }

    /// Stops the Divan server and asserts that a service that has not asked it yet is unavailable.
    pub(crate) async fn assert_unavailable_without_divan(self, service: SocketAddr) {
        let token = self.token().await;
        self.divan.stop().await;
        let refused = get(service, "/me", Some(&bearer(&token))).await;
        assert_eq!((refused.status, refused.challenge), (503, None));
        assert_eq!(refused.retry_after.as_deref(), Some("5"));
    }
}

/// Returns the audiences of the server.
pub(crate) fn audiences() -> Audiences {
    Audiences::new("divan.localhost", "sec.localhost").unwrap()
}

/// Asserts that a service accepts a token.
pub(crate) async fn assert_valid(service: SocketAddr, token: &Secret) {
    let accepted = get(service, "/me", Some(&bearer(token))).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
}

/// Asserts that a service refuses a token.
pub(crate) async fn assert_invalid(service: SocketAddr, token: &Secret) {
    let refused = get(service, "/me", Some(&bearer(token))).await;
    refused.assert(401, INVALID);
}

fn bearer(token: &Secret) -> String {
    format!("Bearer {}", token.expose())
}

/// Response of a service.
#[derive(Debug)]
struct Answer {
    status: u16,
    challenge: Option<String>,
    retry_after: Option<String>,
    body: String,
}

impl Answer {
    #[track_caller]
    fn assert(&self, status: u16, challenge: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.challenge.as_deref(), Some(challenge), "{self:?}");
    }
}

/// Sends a request with this value of `Authorization`.
async fn get(service: SocketAddr, path: &str, authorization: Option<&str>) -> Answer {
    let header = authorization.map(|value| format!("Authorization: {value}\r\n"));
    let header = header.unwrap_or_default();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {service}\r\nConnection: close\r\n{header}\r\n");
    let mut stream = TcpStream::connect(service).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        challenge: header("www-authenticate"),
        retry_after: header("retry-after"),
        body: body.to_owned(),
    }
}
