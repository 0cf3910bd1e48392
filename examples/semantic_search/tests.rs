//! Tests with a Qdrant in this process, over gRPC, and a mock Divan server.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use divan_client::test_util::MockDivan;
use divan_testing::QdrantServer;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

/// The service between both, and the tokens of an employee and of another user.
struct Scene {
    qdrant: QdrantServer,
    _divan: MockDivan,
    service: Router,
    employee: Secret,
    other: Secret,
}

async fn scene() -> Scene {
    let (qdrant, divan) = (QdrantServer::start(), MockDivan::start().await);
    let (employee, other) = (divan.client().miniapp(), divan.client().admin());
    employee.login(&divan.employee_login()).await.unwrap();
    other.login(&divan.admin_login()).await.unwrap();
    let service = app(divan.client(), Notes::open(client(&qdrant)).await.unwrap());
    let [employee, other] = [
        employee.access_token().await.unwrap(),
        other.access_token().await.unwrap(),
    ];
    Scene {
        qdrant,
        _divan: divan,
        service,
        employee,
        other,
    }
}

fn client(qdrant: &QdrantServer) -> qdrant_client::Qdrant {
    let grpc = format!("http://127.0.0.1:{}", qdrant.port());
    let mut config = QdrantConfig::new(
        "http://127.0.0.1:6333".parse().unwrap(),
        grpc.parse().unwrap(),
    );
    config.api_key = Some(Secret::new(QdrantServer::API_KEY));
    config.client().unwrap()
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

    async fn keep(&self, token: &Secret, text: &str) {
        let note = serde_json::to_string(&Note {
            text: text.to_owned(),
        })
        .unwrap();
        assert_eq!(
            self.answer(Request::post("/notes"), token, note).await.0,
            201
        );
    }

    async fn found(&self, token: &Secret, about: &str) -> Vec<String> {
        let request = Request::get(format!("/notes?about={about}"));
        let (status, body) = self.answer(request, token, String::new()).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

#[tokio::test]
async fn the_most_similar_note_is_first_and_a_repeated_note_is_stored_once() {
    let scene = scene().await;
    for text in [
        "The invoices of March",
        "Water the plants",
        "Holidays begin in August",
        "Water the plants",
    ] {
        scene.keep(&scene.employee, text).await;
    }
    let found = scene.found(&scene.employee, "watering%20plants").await;
    assert_eq!((found.len(), found[0].as_str()), (3, "Water the plants"));
    assert_eq!(
        scene.found(&scene.employee, "invoice").await[0],
        "The invoices of March"
    );
}

#[tokio::test]
async fn search_returns_notes_of_the_user_only() {
    let scene = scene().await;
    for number in 0..20 {
        scene
            .keep(&scene.other, &format!("salary of colleague {number}"))
            .await;
    }
    scene.keep(&scene.employee, "Water the plants").await;
    assert_eq!(
        scene.found(&scene.employee, "salary").await,
        ["Water the plants"]
    );
    assert_eq!(scene.found(&scene.other, "salary").await.len(), 5);
}

#[tokio::test]
async fn an_invalid_token_is_rejected() {
    let scene = scene().await;
    let invalid = Secret::new("x");
    let note = r#"{"text": "a"}"#.to_owned();
    assert_eq!(
        scene
            .answer(Request::post("/notes"), &invalid, note)
            .await
            .0,
        401
    );
    assert_eq!(
        scene
            .answer(Request::get("/notes?about=a"), &invalid, String::new())
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn a_second_instance_uses_the_collection_and_a_lost_qdrant_returns_503() {
    let mut scene = scene().await;
    scene.keep(&scene.employee, "Water the plants").await;
    Notes::open(client(&scene.qdrant)).await.unwrap();
    assert_eq!(
        scene.found(&scene.employee, "plants").await,
        ["Water the plants"]
    );
    scene.qdrant.stop();
    let request = Request::get("/notes?about=plants");
    assert_eq!(
        scene
            .answer(request, &scene.employee, String::new())
            .await
            .0,
        503
    );
}
