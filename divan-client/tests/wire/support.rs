use std::error::Error as _;
use std::sync::Arc;

use divan_client::api::{Audience, Problem, User};
use divan_client::clock::ManualClock;
use divan_client::{
    CasResult, Client, ClientBuilder, Error, MemoryStore, MiniApp, Retries, Secret, TokenStore,
    Tokens,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Time of the manual clock.
pub(crate) const NOW: u64 = 1_780_000_000;

pub(crate) const TOKEN: &str = "header.payload.signature";
pub(crate) const REFRESH_TOKEN: &str = "dvr1.c29tZSBnZW5lcmF0aW9u";

/// Starts a server that expects one kind of request and panics on any other.
pub(crate) async fn server(verb: &str, at: &str, response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method(verb))
        .and(path(at))
        .respond_with(response)
        .mount(&server)
        .await;
    let expected = format!("expected {verb} {at}");
    Mock::given(any())
        .respond_with(move |request: &Request| -> ResponseTemplate {
            panic!("{expected}, got {} {}", request.method, request.url.path())
        })
        .with_priority(u8::MAX)
        .mount(&server)
        .await;
    server
}

/// Calls `GET /auth/me` on a server with this response.
pub(crate) async fn me_with_response(response: ResponseTemplate) -> Result<User, Error> {
    let server = server("GET", "/auth/me", response).await;
    client(&server.uri()).me(&token()).await
}

/// Calls `GET /auth/me` on a socket that writes these bytes and closes.
pub(crate) async fn me_with_raw_response(bytes: &'static str) -> Result<User, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let serve = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
        stream.write_all(bytes.as_bytes()).await.unwrap();
    });
    let response = client(&uri).me(&token()).await;
    serve.await.unwrap();
    response
}

/// Creates a client without retries.
pub(crate) fn client(uri: &str) -> Client {
    Client::builder(uri)
        .retries(Retries::off())
        .build()
        .unwrap()
}

/// Creates a client without retries, on a stopped clock, with tokens for both audiences.
pub(crate) async fn client_with_tokens(uri: &str) -> Client {
    let [miniapp, admin] =
        [Audience::MiniApp, Audience::Admin].map(|audience| tokens(uri, audience));
    Client::builder(uri)
        .retries(Retries::off())
        .clock(clock())
        .miniapp_store(store_with(&miniapp).await)
        .admin_store(store_with(&admin).await)
        .build()
        .unwrap()
}

/// Creates a handle whose access token has expired by the clock.
pub(crate) fn miniapp_with_expired_tokens(uri: &str, store: impl TokenStore + 'static) -> MiniApp {
    builder_with_expired_tokens(uri)
        .miniapp_store(store)
        .build()
        .unwrap()
        .miniapp()
}

pub(crate) fn builder_with_expired_tokens(uri: &str) -> ClientBuilder {
    let clock = clock();
    clock.set_unix(NOW + 3600);
    Client::builder(uri).retries(Retries::off()).clock(clock)
}

/// Creates a clock stopped at [`NOW`].
pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at_unix(NOW))
}

/// Creates tokens for this server, obtained a minute ago; the access token expires after 15
/// minutes.
pub(crate) fn tokens(server: &str, audience: Audience) -> Tokens {
    tokens_with(server, audience, REFRESH_TOKEN)
}

/// As [`tokens`], with this refresh token.
pub(crate) fn tokens_with(server: &str, audience: Audience, refresh_token: &str) -> Tokens {
    let server = if server.matches('/').count() == 2 {
        format!("{server}/")
    } else {
        server.to_owned()
    };
    let text = json!({
        "version": 1,
        "server": server,
        "audience": audience,
        "access_token": TOKEN,
        "refresh_token": refresh_token,
        "obtained_at": (NOW - 60) * 1000,
        "expires_at": (NOW + 840) * 1000,
    });
    Tokens::from_text(&Secret::new(text.to_string())).unwrap()
}

/// Creates a store with these tokens.
pub(crate) async fn store_with(tokens: &Tokens) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    assert!(matches!(
        store.compare_and_swap(None, Some(tokens)).await.unwrap(),
        CasResult::Swapped
    ));
    store
}

pub(crate) fn token() -> Secret {
    Secret::new(TOKEN)
}

pub(crate) fn user() -> Value {
    json!({
        "id": "01920000-0000-7000-8000-000000000001",
        "role": "admin",
        "full_name": "First Last",
        "email": "admin@example.com",
        "is_active": true,
        "password_change_required": false,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
    })
}

pub(crate) fn session() -> Value {
    json!({
        "access_token": TOKEN,
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": REFRESH_TOKEN,
        "user": user(),
    })
}

pub(crate) fn json_response(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

pub(crate) fn problem_response(problem: &Problem) -> ResponseTemplate {
    let body = serde_json::to_vec(problem).unwrap();
    ResponseTemplate::new(problem.status()).set_body_raw(body, "application/problem+json")
}

/// A request as it sender, without what HTTP itself adds.
#[derive(Debug, PartialEq)]
pub(crate) struct ReceivedRequest {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl ReceivedRequest {
    pub(crate) fn new(line: &str) -> Self {
        Self {
            line: line.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self.header("content-type", "application/json")
        }
    }
}

/// Returns the only request that the server received.
pub(crate) async fn single_request(server: &MockServer) -> ReceivedRequest {
    let requests = server.received_requests().await.unwrap();
    let [request] = requests.as_slice() else {
        panic!("{} requests instead of one", requests.len())
    };
    let url = &request.url[url::Position::BeforePath..];
    let ignored = ["accept", "content-length", "host", "user-agent"];
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .filter(|(name, _)| !ignored.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let body = (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap());
    ReceivedRequest {
        line: format!("{} {url}", request.method),
        headers,
        body,
    }
}

/// Formats an error and all its sources in every way.
pub(crate) fn full_text(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}\n{error}\n{error:?}");
        cause = error.source();
    }
    text
}
