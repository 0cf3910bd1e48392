//! The files in `deploy/`, tested without a container engine: Caddy serves both audiences with the
//! `Caddyfile`, and the server accepts the configuration of `compose.yaml` with the secrets of
//! `make-secrets.sh`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use divan_pages::{Coding, File, Page};
use divan_testing::CaddyServer;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::process::{Running, no_tls, program, run, run_with_input, start};

const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(file)
}

/// A server behind Caddy, with requests to its two audiences.
struct Deployed {
    _server: Running,
    caddy: CaddyServer,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

impl Deployed {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = None;
        let caddy = CaddyServer::start(&deploy("Caddyfile"), |port| {
            let mut command = program(folder.path());
            command.env(
                "DIVAN_MINIAPP_URL",
                format!("http://divan.localhost:{port}/"),
            );
            command.env("DIVAN_ADMIN_URL", format!("http://sec.localhost:{port}/"));
            command
                .env("DIVAN_TRUSTED_PROXIES", "127.0.0.1")
                .env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token");
            let running = start(command.env("TELEGRAM_BOT_TOKEN", BOT));
            let upstream = format!("127.0.0.1:{}", running.port);
            server = Some(running);
            vec![
                ("DIVAN_UPSTREAM", upstream),
                (
                    "DIVAN_MINIAPP_SITE",
                    format!("http://divan.localhost:{port}"),
                ),
                ("DIVAN_ADMIN_SITE", format!("http://sec.localhost:{port}")),
            ]
        });
        let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], caddy.port()));
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .resolve("divan.localhost", loopback)
            .resolve("sec.localhost", loopback)
            .build()
            .unwrap();
        Self {
            _server: server.unwrap(),
            caddy,
            folder,
            client,
        }
    }

    fn url(&self, audience: &str, path: &str) -> String {
        format!("http://{audience}.localhost:{}{path}", self.caddy.port())
    }

    async fn get(&self, audience: &str, path: &str) -> Response {
        self.client
            .get(self.url(audience, path))
            .send()
            .await
            .unwrap()
    }

    async fn post(&self, audience: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let call = self
            .client
            .post(self.url(audience, path))
            .bearer_auth(token)
            .json(&body);
        let response = call
            .header("x-bootstrap-token", "the bootstrap token")
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

fn header(response: &Response, name: &str) -> String {
    response
        .headers()
        .get(name)
        .map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_serves_both_audiences_and_an_employee_signs_in_through_it() {
    let deployed = Deployed::start();
    let credentials = json!({"email": "admin@example.com", "password": "tram under the plum"});
    let (status, _) = deployed
        .post("sec", "/auth/admin/bootstrap", "", credentials.clone())
        .await;
    assert_eq!(status, 201);
    let (status, session) = deployed
        .post("sec", "/auth/admin/login", "", credentials)
        .await;
    assert_eq!(status, 200, "{session}");
    let token = session["access_token"].as_str().unwrap();
    let employee =
        json!({"full_name": "First Last", "phone": "+77011234567", "password": "umbrella 77"});
    assert_eq!(
        deployed
            .post("sec", "/auth/admin/users", token, employee)
            .await
            .0,
        201
    );

    let mut sign = program(deployed.folder.path());
    let (_, init_data, _) =
        run(sign
            .env("TELEGRAM_BOT_TOKEN", BOT)
            .args(["init-data", "sign", "--user-id", "42"]));
    let login = json!({"phone": "8 701 123 45 67", "password": "umbrella 77", "init_data": init_data.trim()});
    let (status, session) = deployed
        .post("divan", "/auth/telegram/login", "", login)
        .await;
    assert_eq!(
        (status, &session["user"]["telegram_id"]),
        (200, &json!(42)),
        "{session}"
    );

    let token = session["access_token"].as_str().unwrap();
    let call = deployed
        .client
        .get(deployed.url("divan", "/auth/sessions"))
        .bearer_auth(token);
    let sessions: Value = call
        .header("x-forwarded-for", "198.51.100.1")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        sessions["items"][0]["address"], "127.0.0.1",
        "what a client makes up is not believed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_the_headers_for_telegram_and_browsers() {
    let deployed = Deployed::start();
    for (audience, page) in [("divan", Page::MiniApp), ("sec", Page::Admin)] {
        let response = deployed.get(audience, "/?v=2").await;
        for (name, value) in [
            ("content-security-policy", page.policy()),
            ("cache-control", "no-cache"),
            ("x-frame-options", ""),
            ("x-content-type-options", "nosniff"),
            ("server", ""),
        ] {
            assert_eq!(header(&response, name), value, "{audience}: {name}");
        }
        let expected = File::find(page.path()).unwrap().content(Coding::Identity);
        assert_eq!(response.bytes().await.unwrap(), expected);
        let response = deployed.get(audience, "/auth/me").await;
        assert_eq!(response.status(), 401);
        assert_eq!(
            header(&response, "content-security-policy"),
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(
            header(&response, "cross-origin-opener-policy"),
            "same-origin"
        );
        assert_eq!(header(&response, "cache-control"), "no-store");
        let preflight = deployed
            .client
            .request(Method::OPTIONS, deployed.url(audience, "/auth/me"));
        let own = format!("http://{audience}.localhost:{}", deployed.caddy.port());
        let preflight = preflight
            .header("origin", &own)
            .header("access-control-request-method", "GET");
        let response = preflight.send().await.unwrap();
        assert_eq!(header(&response, "access-control-allow-origin"), own);
    }
    let docs = deployed.get("sec", "/docs/").await;
    assert!(docs.text().await.unwrap().contains("swagger"));
    for (audience, path) in [
        ("divan", "/docs/"),
        ("divan", "/auth/admin/users"),
        ("divan", "/auth/token"),
        ("sec", "/auth/telegram/login"),
    ] {
        let response = deployed.get(audience, path).await;
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "not_found", "{audience} {path}");
    }
    for path in ["/metrics", "/health/ready", "/auth"] {
        let response = deployed.get("divan", path).await;
        assert_eq!(response.status(), 404, "{path}");
    }
    let readiness = deployed.get("sec", "/health/ready").await;
    assert_eq!(readiness.status(), 200);
    assert_eq!(deployed.get("sec", "/metrics").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_checked_hashed_files_are_kept_and_missing_files_are_not_found() {
    let deployed = Deployed::start();
    let keep = "public, max-age=31536000, immutable";
    let asset = File::all().iter().find(|file| file.is_immutable).unwrap();
    let asset = format!("/{}", asset.path);
    for audience in ["divan", "sec"] {
        for (path, status, caching) in [
            ("/", 200, "no-cache"),
            (asset.as_str(), 200, keep),
            ("/divan.js", 200, "no-cache"),
            ("/assets/missing", 404, "no-store"),
            ("/assets/user-settings.html", 404, "no-store"),
            ("/some/page", 404, "no-store"),
            ("/favicon.ico", 404, "no-store"),
        ] {
            let response = deployed.get(audience, path).await;
            let found = (
                response.status().as_u16(),
                header(&response, "cache-control"),
            );
            assert_eq!(found, (status, caching.to_owned()), "{audience} {path}");
        }
        let call = deployed.client.get(deployed.url(audience, "/"));
        let response = call.header("accept-encoding", "gzip, br").send().await;
        assert_eq!(header(&response.unwrap(), "content-encoding"), "br");
    }
}

/// Returns the variables of a service that have a line of their own.
fn environment(service: &str) -> BTreeMap<String, String> {
    let compose = fs::read_to_string(deploy("compose.yaml")).unwrap();
    let block = compose.split(&format!("\n  {service}:\n")).nth(1).unwrap();
    let block = block.split("    environment:\n").nth(1).unwrap();
    let lines = block.lines().take_while(|line| line.starts_with("      "));
    let pairs = lines.filter_map(|line| line.trim().split_once(": "));
    pairs
        .filter(|(name, _)| !name.starts_with('#'))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn compose_gives_the_server_a_valid_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(
        deploy("make-secrets.sh"),
        folder.path().join("make-secrets.sh"),
    )
    .unwrap();
    let make = |input: &str| {
        let mut command = Command::new("bash");
        command
            .arg(folder.path().join("make-secrets.sh"))
            .stdin(Stdio::piped());
        run_with_input(&mut command, input)
    };
    for no_token in ["", "\n", "Use this token: 1234567890\n"] {
        let (code, _, stderr) = make(no_token);
        assert_eq!(
            (code, stderr.contains("that is no token")),
            (1, true),
            "{stderr}"
        );
    }
    let (code, _, stderr) = make(&format!("{BOT}\n"));
    assert_eq!(code, 0, "{stderr}");
    let secrets = folder.path().join("secrets");
    let first = fs::read_to_string(secrets.join("secret_key")).unwrap();
    assert_eq!(make("").0, 0);
    assert_eq!(
        fs::read_to_string(secrets.join("secret_key")).unwrap(),
        first,
        "what is there stays"
    );

    let variables = environment("divan");
    assert!(variables.len() > 15, "{variables:?}");
    let here = secrets.display().to_string();
    let mut check = program(folder.path());
    for (name, value) in &variables {
        check.env(name, value.replace("/run/secrets", &here));
    }
    let (code, stdout, stderr) = run(check.args(["config", "check"]));
    // The network of the containers is taken for any other one.
    let warning =
        "divan-server: warning: DATABASE_URL does not verify the certificate of the server";
    assert_eq!((code, stderr.lines().count()), (0, 1), "{stderr}");
    assert!(stderr.starts_with(warning), "{stderr}");
    for part in ["object store", "Qdrant", "Redis", "RabbitMQ"] {
        assert!(stdout.contains(part), "{part} in {stdout}");
    }
    for name in fs::read_dir(&secrets).unwrap() {
        let secret = fs::read_to_string(name.unwrap().path()).unwrap();
        assert!(secret == "divan" || !stdout.contains(&secret));
    }
}

#[test]
fn make_secrets_creates_every_secret_of_compose() {
    let compose = fs::read_to_string(deploy("compose.yaml")).unwrap();
    let script = fs::read_to_string(deploy("make-secrets.sh")).unwrap();
    let named = compose
        .split("./secrets/")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap());
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 10);
    for name in named {
        assert!(script.contains(&format!("keep {name} ")), "{name}");
    }
}
