//! Every endpoint that checks a secret refuses a flood, on both databases, by the client's address.

use std::ops::RangeInclusive;
use std::path::Path;

use divan_core::api::{AttemptLimit, Auth, ENDPOINTS, EndpointDescription};
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, BOT, bootstrap_request};
use crate::openapi::{document, operation};
use crate::process::{KEY, Running, no_tls, program, start};

const BOOTSTRAP_TOKEN: &str = "the bootstrap token";

/// Members of requests that a caller could guess.
const SECRETS: [&str; 7] = [
    "password",
    "current_password",
    "refresh_token",
    "init_data",
    "code",
    "challenge",
    "passkey",
];

fn checks_a_secret(endpoint: &EndpointDescription) -> bool {
    // An administrator who is signed in sets the passwords of others, which are compared with none.
    if matches!(endpoint.auth, Auth::Admin | Auth::AdminOrService(_)) {
        return false;
    }
    let schema = &operation(endpoint)["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    let members = name.map(|name| &document()["components"]["schemas"][name]["properties"]);
    let has_secret =
        members.is_some_and(|members| SECRETS.iter().any(|secret| members.get(secret).is_some()));
    has_secret || matches!(endpoint.auth, Auth::InitData | Auth::BootstrapToken)
}

#[test]
fn every_endpoint_that_checks_a_secret_has_a_limit() {
    for endpoint in ENDPOINTS {
        assert_eq!(
            endpoint.limit.is_some(),
            checks_a_secret(endpoint),
            "{}",
            endpoint.operation
        );
    }
    let token = &document()["paths"]["/auth/token"]["post"]["responses"];
    assert!(
        token["429"]["headers"]["Retry-After"].is_object(),
        "{token}"
    );
}

/// A server behind a proxy on this machine, so that one test can play many clients.
struct Proxied {
    server: Running,
    http: reqwest::Client,
}

#[derive(Debug)]
struct Response {
    status: u16,
    retry_after: Option<u64>,
    body: Value,
}

impl Proxied {
    fn start(database: &str, folder: &Path) -> Self {
        let mut command = program(folder);
        command
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", KEY)
            .env("TELEGRAM_BOT_TOKEN", BOT)
            .env("DIVAN_BOOTSTRAP_TOKEN", BOOTSTRAP_TOKEN)
            .env("DIVAN_TRUSTED_PROXIES", "127.0.0.1")
            .env("DIVAN_METRICS_LISTEN", "off");
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .build()
            .unwrap();
        Self {
            server: start(&mut command),
            http,
        }
    }

    fn request(&self, path: &str, from: &str) -> reqwest::RequestBuilder {
        let request = self.http.post(self.server.url(path));
        request.header("x-forwarded-for", from)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let response = request.send().await.unwrap();
        let retry_after = response.headers().get("retry-after");
        Response {
            status: response.status().as_u16(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().parse().unwrap()),
            body: response.json().await.unwrap(),
        }
    }

    /// Creates the first administrator, and returns an access token.
    async fn administrator(&self) -> String {
        let bootstrap = self
            .request("/auth/admin/bootstrap", "198.51.100.1")
            .header("x-bootstrap-token", BOOTSTRAP_TOKEN)
            .json(&bootstrap_request());
        let created = self.send(bootstrap).await;
        assert_eq!(created.status, 201, "{created:?}");
        self.login().await
    }

    /// Signs the administrator in, and returns an access token.
    async fn login(&self) -> String {
        let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
        let login = self
            .request("/auth/admin/login", "198.51.100.1")
            .json(&login);
        let session = self.send(login).await.body;
        session["access_token"].as_str().unwrap().to_owned()
    }

    /// Repeats a wrong request until it is refused, and returns the number of attempts before.
    async fn flood(&self, name: &str, wrong: reqwest::RequestBuilder) -> (usize, u64) {
        for n in 0..100 {
            let response = self.send(wrong.try_clone().unwrap()).await;
            if response.status == 429 {
                assert_eq!(response.body["code"], "too_many_attempts", "{name}");
                return (n, response.retry_after.unwrap());
            }
            assert!(
                matches!(response.status, 400 | 401 | 403 | 404),
                "{name} {response:?}"
            );
        }
        panic!("{name} was never refused");
    }
}

fn init_data(telegram_id: i64) -> String {
    let token: BotToken = BOT.parse().unwrap();
    InitDataBuilder::new(SystemClock.unix_seconds())
        .user(telegram_id, "First")
        .sign(&token)
}

/// Returns the attempts that a limit allows, and the bounds of `Retry-After`. Buckets refill during a
/// flood.
fn bounds(limit: AttemptLimit) -> (RangeInclusive<usize>, RangeInclusive<u64>) {
    match limit {
        AttemptLimit::SignIn => (3..=3, 30..=30),
        AttemptLimit::AutoLogin => (30..=31, 30..=60),
        AttemptLimit::OwnPassword => (5..=6, 1..=16),
        AttemptLimit::Refresh => (60..=80, 30..=30),
        AttemptLimit::Bootstrap => (5..=5, 30..=720),
        limit => panic!("no bounds for {limit:?}"),
    }
}

/// Returns a request with a wrong secret, from an address of its own.
fn wrong(
    proxied: &Proxied,
    operation: &str,
    path: &str,
    access_token: &str,
) -> reqwest::RequestBuilder {
    let from = format!("203.0.113.{}", operation.len());
    let request = proxied.request(path, &from);
    match operation {
        "telegram_login" => request.json(&json!({
            "phone": "+77019990000", "password": "a wrong password", "init_data": init_data(900)
        })),
        "auto_login" => request.json(&json!({"init_data": init_data(901)})),
        "admin_login" => {
            request.json(&json!({"email": "a@example.com", "password": "a wrong password"}))
        }
        "bootstrap" => request
            .header("x-bootstrap-token", "a wrong token")
            .json(&bootstrap_request()),
        "refresh" | "logout" => request.json(&json!({"refresh_token": "garbage"})),
        "complete_admin_login" => request.json(&json!({"challenge": "garbage", "code": "123456"})),
        "passkey_login" => request.json(&json!({"passkey": {}})),
        "step_up" => request
            .bearer_auth(access_token)
            .json(&json!({"password": "a wrong password"})),
        "confirm_second_factor" => request
            .bearer_auth(access_token)
            .json(&json!({"code": "123456"})),
        "change_password" => request.bearer_auth(access_token).json(&json!({
            "current_password": "a wrong password", "new_password": "plum over the tram"
        })),
        other => panic!("no wrong request for {other}: add one"),
    }
}

async fn every_limit_refuses_a_flood(database: &str) {
    let folder = tempfile::tempdir().unwrap();
    let proxied = Proxied::start(database, folder.path());
    proxied.administrator().await;
    for endpoint in ENDPOINTS {
        let Some(limit) = endpoint.limit else {
            continue;
        };
        let name = endpoint.operation;
        // The limit of a session counts all proofs in it.
        let access_token = proxied.login().await;
        if name == "confirm_second_factor" {
            // Without an enrolment no code is compared, and none is counted.
            let begin = proxied
                .request("/auth/admin/me/second-factor", "198.51.100.1")
                .bearer_auth(&access_token);
            assert_eq!(proxied.send(begin).await.status, 200);
        }
        let wrong = wrong(&proxied, name, endpoint.path, &access_token);
        let (attempts, retry_after) = proxied.flood(name, wrong).await;
        let (allowed, wait) = bounds(limit);
        assert!(allowed.contains(&attempts), "{name}: {attempts} attempts");
        assert!(wait.contains(&retry_after), "{name}: {retry_after} s");
    }
    for (limit, form) in [
        (
            AttemptLimit::SignIn,
            "grant_type=password&username=b%40example.com&password=x",
        ),
        (
            AttemptLimit::Refresh,
            "grant_type=refresh_token&refresh_token=x",
        ),
    ] {
        let request = proxied
            .request("/auth/token", "203.0.113.99")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let (attempts, retry_after) = proxied.flood(form, request).await;
        let (allowed, wait) = bounds(limit);
        assert!(allowed.contains(&attempts), "{form}: {attempts} attempts");
        assert!(wait.contains(&retry_after), "{form}: {retry_after} s");
    }
    // Another address is not affected.
    let elsewhere = proxied
        .request("/auth/refresh", "198.51.100.2")
        .json(&json!({"refresh_token": "garbage"}));
    assert_eq!(proxied.send(elsewhere).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_refuses_a_flood_on_sqlite() {
    every_limit_refuses_a_flood("sqlite:divan.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_refuses_a_flood_on_postgres() {
    let database = TestDatabase::create().await;
    every_limit_refuses_a_flood(database.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_forwarded_addresses_share_the_limit_of_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let proxied = Proxied::start("sqlite:divan.db", folder.path());
    let absurd = [
        "x".repeat(10 * 1024),
        ", ".repeat(1_000),
        format!("{}garbage", "198.51.100.7, ".repeat(1_000)),
        "a,".repeat(10_000),
        "999.999.999.999".to_owned(),
        "[::1".to_owned(),
        "fe80::1%eth0".to_owned(),
        "[fe80::1%25eth0]:80".to_owned(),
        "203.0.113.5:99999".to_owned(),
        "203.0.113.5:".to_owned(),
    ];
    let mut statuses = Vec::new();
    for from in absurd.iter().cycle().take(90) {
        let request = proxied.request("/auth/refresh", from);
        let request = request.json(&json!({"refresh_token": "garbage"}));
        statuses.push(proxied.send(request).await.status);
    }
    assert!(
        statuses.iter().all(|status| matches!(status, 401 | 429)),
        "{statuses:?}"
    );
    let allowed = statuses.iter().filter(|&&status| status == 401).count();
    assert!((60..=80).contains(&allowed), "{statuses:?}");

    // Of 1,000 hops, the last one counts.
    let hops = format!("{}198.51.100.8", "198.51.100.7, ".repeat(1_000));
    let request = proxied.request("/auth/refresh", &hops);
    let request = request.json(&json!({"refresh_token": "garbage"}));
    assert_eq!(proxied.send(request).await.status, 401);
    // 10,000 addresses exceed the limit of the head.
    let request = proxied.request("/auth/refresh", &"198.51.100.7,".repeat(10_000));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 431);
}

/// Two servers on one database are raced by guesses at one account, from many networks.
async fn two_servers_allow_no_further_guess(database: &str) {
    let folder = tempfile::tempdir().unwrap();
    let servers = [(); 2].map(|()| Proxied::start(database, folder.path()));
    servers[0].administrator().await;
    let guesses = (0..60).map(|n| {
        let proxied = &servers[n % 2];
        let request = proxied.request("/auth/admin/login", &format!("203.0.{n}.7"));
        let guess = json!({"email": ADMIN_EMAIL, "password": "a wrong password"});
        proxied.send(request.json(&guess))
    });
    let responses = futures_util::future::join_all(guesses).await;
    let count = |status| {
        let of_status = |response: &&Response| response.status == status;
        responses.iter().filter(of_status).count()
    };
    assert_eq!((count(401), count(429)), (10, 50), "{responses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_allow_no_further_guess_on_sqlite() {
    two_servers_allow_no_further_guess("sqlite:divan.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_allow_no_further_guess_on_postgres() {
    let database = TestDatabase::create().await;
    two_servers_allow_no_further_guess(database.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_within_an_ipv6_network_has_one_limit() {
    let folder = tempfile::tempdir().unwrap();
    let proxied = Proxied::start("sqlite:divan.db", folder.path());
    let guess = |from: String, n: usize| {
        let email = format!("user{n}@example.com");
        let request = proxied.request("/auth/admin/login", &from);
        proxied.send(request.json(&json!({"email": email, "password": "a wrong password"})))
    };
    let mut allowed = 0;
    for n in 0..300 {
        let response = guess(format!("2001:db8:7:{n:x}::{n:x}"), n).await;
        if response.status == 429 {
            assert!(
                response.retry_after.is_some_and(|wait| wait == 30),
                "{response:?}"
            );
            break;
        }
        assert_eq!(response.status, 401, "{response:?}");
        allowed += 1;
    }
    // The limit of a network, and the attempts that it regains during the test.
    assert!((240..=260).contains(&allowed), "{allowed}");
    let other_network = guess("2001:db8:8::1".to_owned(), 1_000).await;
    assert_eq!(other_network.status, 401, "{other_network:?}");
}
