//! The checklist of an embedding application: own routes, extractors, error responses, store, clock,
//! verifier, tables and migrations.

#[path = "../custom_store/store.rs"]
mod custom_store;

use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use custom_store::PublishingStore;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::service::UpdateUserCommand;
use divan_core::store::MemoryStore;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::*;

const NOW: u64 = 1_780_000_000;

/// A clock of the application, stopped at [`NOW`].
#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }
}

#[tokio::test]
async fn an_application_shares_its_database_with_the_sign_in_service() {
    let folder = tempfile::tempdir().unwrap();
    let (pool, store) = open(&folder.path().join("app.db")).await.unwrap();
    let service = service(Arc::new(store), Arc::new(StoppedClock)).unwrap();
    use_all_routes(App {
        service,
        pool: pool.clone(),
    })
    .await;
    for table in ["_sqlx_migrations", "divan_migrations", "orders"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
        assert!(rows > 0, "{table}");
    }
}

#[tokio::test]
async fn an_application_brings_its_own_store() {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    migrations().run(&pool).await.unwrap();
    let (store, mut deactivated) = PublishingStore::new(MemoryStore::new());
    let service = service(Arc::new(store), Arc::new(StoppedClock)).unwrap();
    use_all_routes(App {
        service: service.clone(),
        pool,
    })
    .await;

    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let service = service.as_admin(&operator, &client);
    let employee = service.find_user("+77011234567").await.unwrap();
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    service.update_user(employee.id, &deactivate).await.unwrap();
    assert_eq!(deactivated.recv().await.unwrap().id, employee.id);
}

/// An administrator creates an employee, who signs in and orders.
async fn use_all_routes(app: App) {
    let admin = CreateUserCommand::admin("Administrator", "admin@example.com");
    let admin = admin.password("tram under the plum");
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let service = app.service.as_admin(&operator, &client);
    service.create_user(&admin).await.unwrap();
    let router = routes::router(app.clone());

    let body = json!({"email": "admin@example.com", "password": "tram under the plum"});
    let (status, admin) = post(&router, "/admin/sign-in", "", &body.to_string()).await;
    assert_eq!(status, 200, "{admin}");
    let employee = json!({"name": "First", "phone": "87011234567", "password": "umbrella 77"});
    let employee = employee.to_string();
    let (status, text) = post(&router, "/admin/employees", &admin, &employee).await;
    assert_eq!(status, 201, "{text}");
    let conflict = post(&router, "/admin/employees", &admin, &employee).await;
    assert_eq!(conflict.0, 409, "{}", conflict.1);

    let token = sign_in(&router, STAFF_BOT).await;
    sign_in(&router, WAREHOUSE_BOT).await;
    assert_eq!(get(&router, "/sessions", &token).await.1, "2");
    assert_eq!(post(&router, "/orders", &token, "tea").await.0, 201);
    assert_eq!(get(&router, "/orders", &token).await.1, r#"["tea"]"#);
    assert_eq!(get(&router, "/orders", &admin).await.1, "[]");
    assert_eq!(get(&router, "/orders", "").await.0, 401);
    let forbidden = post(&router, "/admin/employees", &token, &employee).await;
    assert_eq!(
        forbidden,
        (
            403,
            "the caller must be an administrator who is signed in to the admin panel".to_owned()
        )
    );
}

async fn sign_in(router: &Router, bot: &str) -> String {
    let bot: BotToken = bot.parse().unwrap();
    let init_data = InitDataBuilder::new(NOW).user(42, "First").sign(&bot);
    let body = json!({"phone": "+77011234567", "password": "umbrella 77", "init_data": init_data});
    let (status, token) = post(router, "/sign-in", "", &body.to_string()).await;
    assert_eq!(status, 200, "{token}");
    token
}

async fn get(router: &Router, path: &str, token: &str) -> (u16, String) {
    send(router, Request::get(path), token, "").await
}

async fn post(router: &Router, path: &str, token: &str, body: &str) -> (u16, String) {
    let request = Request::post(path).header("content-type", "application/json");
    send(router, request, token, body).await
}

async fn send(
    router: &Router,
    request: axum::http::request::Builder,
    token: &str,
    body: &str,
) -> (u16, String) {
    let request = request.header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
