//! Tests with a store in this process that verifies signatures, and a mock Divan server.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use divan_client::test_util::MockDivan;
use divan_core::clock::{Clock, ManualClock};
use divan_testing::S3Server;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::*;

/// The service between both, and the tokens of an employee and of another user.
struct Scene {
    store: S3Server,
    divan: MockDivan,
    service: Router,
    employee: Secret,
    other: Secret,
}

/// Content of the uploaded document.
const DOCUMENT: &[u8] = b"%PDF-1.7 salem";

async fn scene(clock: Arc<dyn Clock>) -> Scene {
    let (store, divan) = (S3Server::start(), MockDivan::start().await);
    let (employee, other) = (divan.client().miniapp(), divan.client().admin());
    employee.login(&divan.employee_login()).await.unwrap();
    other.login(&divan.admin_login()).await.unwrap();
    let (url, key) = (store.url().parse().unwrap(), S3Server::SECRET_KEY.into());
    let config = S3Config::new(url, S3Server::ACCESS_KEY, key, "documents");
    let service = app(
        divan.client(),
        Documents::open(&config, clock).await.unwrap(),
    );
    let [employee, other] = [
        employee.access_token().await.unwrap(),
        other.access_token().await.unwrap(),
    ];
    Scene {
        store,
        divan,
        service,
        employee,
        other,
    }
}

impl Scene {
    async fn answer(&self, request: Builder, token: &Secret, body: String) -> (u16, String) {
        let request = request.header("authorization", format!("Bearer {}", token.expose()));
        let request = request
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = self.service.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn asked(&self, name: &str, content_type: &str, size: usize) -> (u16, String) {
        let document =
            json!({"name": name, "content_type": content_type, "size": size}).to_string();
        self.answer(Request::post("/documents"), &self.employee, document)
            .await
    }

    async fn permitted(&self, name: &str) -> Upload {
        let (status, body) = self.asked(name, "application/pdf", DOCUMENT.len()).await;
        assert_eq!(status, 201, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn listed(&self, token: &Secret) -> String {
        self.answer(Request::get("/documents"), token, String::new())
            .await
            .1
    }

    /// Sends a document with these headers, as a browser would.
    async fn put(&self, url: &str, headers: &[(String, String)], body: &[u8]) -> String {
        let address = self.store.url().replace("http://", "");
        let path = url.strip_prefix(&self.store.url()).unwrap();
        let line = format!("PUT {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        let headers = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = [line].into_iter().chain(headers).collect::<String>();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(&[head.as_bytes(), b"\r\n", body].concat())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

fn now() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

#[tokio::test]
async fn an_uploaded_document_is_visible_to_its_owner_only() {
    let scene = scene(now()).await;
    let upload = scene.permitted("vacation request.pdf").await;
    assert_eq!(scene.listed(&scene.employee).await, "[]");
    let answer = scene.put(&upload.url, &upload.headers, DOCUMENT).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(
        scene.listed(&scene.employee).await,
        r#"["vacation request.pdf"]"#
    );
    assert_eq!(scene.listed(&scene.other).await, "[]");
}

#[tokio::test]
async fn an_upload_with_invalid_size_type_or_name_is_rejected() {
    let scene = scene(now()).await;
    for (name, content_type, size, status) in [
        ("a.pdf", "application/pdf", 10 * 1024 * 1024 + 1, 413),
        ("a.pdf", "application/pdf", 0, 413),
        ("a.html", "text/html", 10, 415),
        ("../a.pdf", "application/pdf", 10, 422),
        ("another/a.pdf", "application/pdf", 10, 422),
        (".hidden", "application/pdf", 10, 422),
        ("", "application/pdf", 10, 422),
    ] {
        assert_eq!(
            scene.asked(name, content_type, size).await.0,
            status,
            "{name} {content_type} {size}"
        );
    }
}

#[tokio::test]
async fn an_invalid_token_is_rejected() {
    let scene = scene(now()).await;
    let invalid = Secret::new("x");
    assert_eq!(
        scene
            .answer(Request::get("/documents"), &invalid, String::new())
            .await
            .0,
        401
    );
    let document =
        json!({"name": "a.pdf", "content_type": "application/pdf", "size": 1}).to_string();
    assert_eq!(
        scene
            .answer(Request::post("/documents"), &invalid, document)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn an_expired_upload_url_is_rejected_by_the_store() {
    let six_minutes_ago = ManualClock::at_unix(SystemClock.unix_seconds() - 360);
    let scene = scene(Arc::new(six_minutes_ago)).await;
    let upload = scene.permitted("a.pdf").await;
    let answer = scene.put(&upload.url, &upload.headers, DOCUMENT).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(scene.listed(&scene.employee).await, "[]");
}

#[tokio::test]
async fn an_upload_url_is_valid_for_one_document_only() {
    let scene = scene(now()).await;
    let Upload { url, headers } = scene.permitted("a.pdf").await;
    let with = |name: &str, value: &str| -> Vec<_> {
        let others = headers
            .iter()
            .filter(|(header, _)| !header.eq_ignore_ascii_case(name));
        others
            .cloned()
            .chain([(name.to_owned(), value.to_owned())])
            .collect()
    };
    let longer = [DOCUMENT, b"!"].concat();
    let tampered = [
        (url.replace("a.pdf", "b.pdf"), headers.clone(), DOCUMENT),
        (
            url.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
            headers.clone(),
            DOCUMENT,
        ),
        (
            url.clone(),
            with("content-length", &longer.len().to_string()),
            longer.as_slice(),
        ),
        (url.clone(), with("content-type", "text/html"), DOCUMENT),
    ];
    for (tampered_url, tampered_headers, body) in tampered {
        assert!(
            (&tampered_url, &tampered_headers) != (&url, &headers),
            "the request must differ"
        );
        let answer = scene.put(&tampered_url, &tampered_headers, body).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
    assert_eq!(scene.listed(&scene.employee).await, "[]");
    assert!(
        scene
            .put(&url, &headers, DOCUMENT)
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_user_who_must_change_the_password_cannot_upload() {
    let scene = scene(now()).await;
    let (admin, employee) = (scene.divan.client().admin(), scene.divan.client().miniapp());
    admin.login(&scene.divan.admin_login()).await.unwrap();
    let mut login = scene.divan.employee_login();
    login.password = admin
        .reset_password(scene.divan.employee().await.id)
        .await
        .unwrap()
        .generated_password;
    employee.login(&login).await.unwrap();
    let token = employee.access_token().await.unwrap();
    let document =
        json!({"name": "a.pdf", "content_type": "application/pdf", "size": 14}).to_string();
    assert_eq!(
        scene
            .answer(Request::post("/documents"), &token, document)
            .await
            .0,
        401
    );
}
