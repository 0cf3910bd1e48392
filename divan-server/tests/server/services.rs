//! Other services: their credentials at every endpoint, tokens, introspection and revocation.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use divan_core::api::{Auth, ENDPOINTS, EndpointDescription};
use divan_core::token::ServiceSecret;
use divan_core::types::ServiceScope;
use serde_json::{Value, json};

use crate::harness::*;
use crate::process::{program, run};

const FORM: &str = "application/x-www-form-urlencoded";
const NO_ID: &str = "01920000-0000-7000-8000-000000000001";

/// Id and secret of a service.
pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Service {
    pub(crate) async fn create(app: &App, scopes: &[&str]) -> Self {
        let request = json!({"name": "HR system", "scopes": scopes});
        let admin = app.admin_token().await;
        let created = app.post_as(&admin, "/auth/admin/services", &request).await;
        assert_eq!(created.status, 201, "{created:?}");
        let (created, secret) = (created.json(), created.json()["secret"].clone());
        Self {
            id: created["service"]["id"].as_str().unwrap().to_owned(),
            secret: secret.as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn basic(&self) -> String {
        basic(&self.id, &self.secret)
    }

    async fn token(&self, app: &App) -> String {
        let form = "grant_type=client_credentials";
        let issued = post(app, "/auth/token", Some(&self.basic()), form).await;
        assert_eq!(issued.status, 200, "{issued:?}");
        issued.json()["access_token"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

async fn post(app: &App, path: &str, authorization: Option<&str>, form: &str) -> TestResponse {
    let mut request = Request::post(path).header("content-type", FORM);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    app.send(request.body(Body::from(form.to_owned())).unwrap())
        .await
}

async fn call(app: &App, endpoint: &EndpointDescription, authorization: &str) -> TestResponse {
    let path = endpoint.path.replace("{id}", NO_ID);
    let path = path.replace("{secret_id}", NO_ID);
    let request = Request::builder()
        .method(endpoint.method.as_str())
        .uri(path)
        .header("content-type", "application/json")
        .header("authorization", authorization);
    app.send(request.body(Body::from("{}")).unwrap()).await
}

async fn get(app: &App, path: &str, authorization: &str) -> TestResponse {
    let request = Request::get(path).header("authorization", authorization);
    app.send(request.body(Body::empty()).unwrap()).await
}

/// Asserts that the response is an error of RFC 6749.
#[track_caller]
fn assert_rejected(response: &TestResponse, status: u16, error: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("cache-control"), "no-store");
    let body = response.json();
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let challenge = response.header("www-authenticate");
    assert_eq!(challenge.starts_with("Basic realm="), status == 401);
}

#[tokio::test]
async fn every_endpoint_admits_a_service_only_with_its_scope() {
    let app = App::with_users().await;
    let all: Vec<&str> = ServiceScope::ALL
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    let service = Service::create(&app, &all).await;
    let bearer = format!("Bearer {}", service.token(&app).await);
    let (mut admitted, mut scopes) = (0, Vec::new());
    for endpoint in ENDPOINTS {
        let responses = [
            call(&app, endpoint, &service.basic()).await,
            call(&app, endpoint, &bearer).await,
        ];
        let name = endpoint.operation;
        match endpoint.auth {
            Auth::AdminOrService(scope) => {
                for response in responses {
                    let code = serde_json::from_str::<Value>(&response.text);
                    let code = code.unwrap_or_default()["code"].clone();
                    let is_refused = [401, 403].contains(&response.status.as_u16());
                    assert!(!is_refused, "{name} {code}");
                }
                admitted += 1;
                scopes.push(scope);
            }
            Auth::None | Auth::InitData | Auth::BootstrapToken => {}
            _ => {
                responses[0].assert_problem(401, "token_missing");
                responses[1].assert_problem(401, "token_invalid");
            }
        }
    }
    assert!(admitted >= 13, "{admitted}");
    for scope in scopes {
        let others: Vec<&str> = all
            .iter()
            .copied()
            .filter(|other| *other != scope.as_str())
            .collect();
        let service = Service::create(&app, &others).await;
        let bearer = format!("Bearer {}", service.token(&app).await);
        let endpoints = ENDPOINTS.iter();
        for endpoint in endpoints.filter(|one| one.auth == Auth::AdminOrService(scope)) {
            for authorization in [&service.basic(), &bearer] {
                let response = call(&app, endpoint, authorization).await;
                response.assert_problem(403, "insufficient_scope");
                let challenge = format!(
                    r#"Bearer error="insufficient_scope", scope="{}""#,
                    scope.as_str()
                );
                assert_eq!(response.header("www-authenticate"), challenge);
            }
        }
    }
}

#[tokio::test]
async fn a_service_that_is_not_accepted_gets_one_answer() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["users:read"]).await;
    let other = Service::create(&app, &["users:read"]).await;
    let path = "/auth/admin/users";
    let mut answers = Vec::new();
    for authorization in [
        basic(&service.id, &other.secret),
        basic(NO_ID, &service.secret),
        basic("x", "y"),
        basic(&service.id, ""),
        "Basic x".to_owned(),
        "basic".to_owned() + " " + &BASE64_STANDARD.encode("no colon"),
    ] {
        let response = get(&app, path, &authorization).await;
        response.assert_problem(401, "invalid_client");
        let challenge = response.header("www-authenticate");
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
        answers.push(response.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(get(&app, path, &service.basic()).await.status, 200);
    // Encoded as in a form (RFC 6749 §2.3.1).
    let encoded = basic(
        &percent_encoded(&service.id),
        &percent_encoded(&service.secret),
    );
    assert_eq!(get(&app, path, &encoded).await.status, 200);
}

#[tokio::test]
async fn a_service_manages_employees_only() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["users:read", "users:write"]).await;
    let token = service.token(&app).await;
    let users = app.get_as(&token, "/auth/admin/users?role=admin").await;
    let admin = users.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/auth/admin/users/{admin}");
    for response in [
        app.patch_as(&token, &path, &json!({"full_name": "A"}))
            .await,
        app.delete_as(&token, &path).await,
        app.post_as(&token, &format!("{path}/reset-password"), &json!({}))
            .await,
        app.post_as(&token, &format!("{path}/unlink-telegram"), &json!({}))
            .await,
        app.post_as(&token, &format!("{path}/unlock"), &json!({}))
            .await,
        app.delete_as(&token, &format!("{path}/sessions")).await,
    ] {
        response.assert_problem(403, "service_not_allowed");
    }
    let second = json!({"role": "admin", "full_name": "Second", "email": "b@example.com"});
    app.post_as(&token, "/auth/admin/users", &second)
        .await
        .assert_problem(403, "service_not_allowed");
    let third = json!({"full_name": "Third", "phone": "+77010000003"});
    let created = app.post_as(&token, "/auth/admin/users", &third).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["user"]["id"].as_str().unwrap().to_owned();
    let path = format!("/auth/admin/users/{id}");
    let promoted = app.patch_as(&token, &path, &json!({"role": "admin"})).await;
    promoted.assert_problem(403, "service_not_allowed");
    let changed = app
        .patch_as(&token, &path, &json!({"is_active": false}))
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let export = app.get_as(&token, "/auth/admin/users/export").await;
    assert!(export.text.contains("Third"), "{export:?}");
    assert_eq!(app.delete_as(&token, &path).await.status, 204);

    let admin = app.admin_token().await;
    let path = format!("/auth/admin/audit?user={id}");
    let events = app.get_as(&admin, &path).await.json();
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    for event in events {
        assert_eq!(event["service_id"], service.id.as_str());
        assert_eq!(event["service_name"], "HR system");
        assert_eq!(event["actor_id"], Value::Null);
    }
}

#[tokio::test]
async fn the_client_credentials_grant_returns_a_token() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["users:read", "audit:read"]).await;
    let grant = "grant_type=client_credentials";
    let in_form = format!(
        "{grant}&client_id={}&client_secret={}",
        service.id, service.secret
    );
    for (authorization, form, scope) in [
        (Some(service.basic()), grant, "users:read audit:read"),
        (
            Some(service.basic()),
            &format!("{grant}&scope=audit%3Aread"),
            "audit:read",
        ),
        (
            Some(service.basic()),
            &format!("{grant}&client_id={}", service.id),
            "users:read audit:read",
        ),
        (None, &in_form, "users:read audit:read"),
    ] {
        let issued = post(&app, "/auth/token", authorization.as_deref(), form).await;
        assert_eq!(issued.status, 200, "{issued:?}");
        assert_eq!(issued.header("cache-control"), "no-store");
        let issued = issued.json();
        assert_eq!(
            (&issued["expires_in"], &issued["scope"]),
            (&json!(600), &json!(scope))
        );
        assert_eq!(issued["token_type"], "bearer");
        assert_eq!(issued.as_object().unwrap().len(), 4, "{issued}");
        let token = issued["access_token"].as_str().unwrap();
        assert_eq!(app.get_as(token, "/auth/admin/audit").await.status, 200);
    }
    for (authorization, form, status, error) in [
        (None, grant.to_owned(), 401, "invalid_client"),
        (
            Some(basic(&service.id, "x")),
            grant.to_owned(),
            401,
            "invalid_client",
        ),
        (
            Some(basic(&service.id, &format!("{}&x", service.secret))),
            grant.to_owned(),
            401,
            "invalid_client",
        ),
        (
            Some(basic(&format!("{}&x", service.id), &service.secret)),
            grant.to_owned(),
            401,
            "invalid_client",
        ),
        (
            Some(basic(NO_ID, &service.secret)),
            grant.to_owned(),
            401,
            "invalid_client",
        ),
        (
            None,
            format!("{grant}&client_id={}", service.id),
            401,
            "invalid_client",
        ),
        (
            Some(service.basic()),
            in_form.clone(),
            400,
            "invalid_request",
        ),
        (
            Some(service.basic()),
            format!("{grant}&client_id={NO_ID}"),
            400,
            "invalid_request",
        ),
        (
            Some(service.basic()),
            format!("{grant}&scope=introspect"),
            400,
            "invalid_scope",
        ),
        (
            Some(service.basic()),
            format!("{grant}&scope=x"),
            400,
            "invalid_scope",
        ),
    ] {
        let refused = post(&app, "/auth/token", authorization.as_deref(), &form).await;
        assert_rejected(&refused, status, error);
    }
}

#[tokio::test]
async fn a_token_of_a_service_is_refused_where_users_sign_in() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["introspect", "users:read"]).await;
    let token = service.token(&app).await;
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/auth/verify",
        "/auth/admin/services",
    ] {
        app.get_as(&token, path)
            .await
            .assert_problem(401, "token_invalid");
    }
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(claims)
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], "sec.example.com/service");
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(service.id), &json!(service.id))
    );
    assert_eq!(claims["scope"], "introspect users:read");
    assert_eq!(claims["iss"], ADMIN_ORIGIN);
}

async fn introspect(app: &App, service: &Service, token: &str) -> Value {
    let form = format!("token={token}&token_type_hint=access_token");
    let basic = service.basic();
    let response = post(app, "/auth/introspect", Some(&basic), &form).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("cache-control"), "no-store");
    response.json()
}

#[tokio::test]
async fn introspection_describes_a_token_until_the_sign_out() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["introspect"]).await;
    let login = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await;
    let (login, text) = (login.json(), |value: &Value| {
        value.as_str().unwrap().to_owned()
    });
    let (access, refresh) = (text(&login["access_token"]), text(&login["refresh_token"]));
    let state = introspect(&app, &service, &access).await;
    for (member, expected) in [
        ("active", json!(true)),
        ("sub", login["user"]["id"].clone()),
        ("role", json!("employee")),
        ("name", json!("First Last")),
        ("telegram_id", json!(42)),
        ("client_id", json!("divan.example.com")),
        ("aud", json!("divan.example.com")),
        ("iss", json!(ADMIN_ORIGIN)),
        ("token_type", json!("Bearer")),
        ("amr", json!(["pwd", "telegram"])),
        ("nbf", state["iat"].clone()),
    ] {
        assert_eq!(state[member], expected, "{member} {state}");
    }
    for member in ["exp", "iat", "sid", "jti", "auth_time"] {
        assert!(!state[member].is_null(), "{member} {state}");
    }
    assert_eq!(state.as_object().unwrap().len(), 16, "{state}");
    let of_refresh = introspect(&app, &service, &refresh).await;
    let members: Vec<&String> = of_refresh.as_object().unwrap().keys().collect();
    assert_eq!(members, ["active", "client_id", "exp", "iss", "sid", "sub"]);

    let inactive = json!({"active": false});
    let own = service.token(&app).await;
    let of_service = introspect(&app, &service, &own).await;
    assert_eq!(
        (&of_service["scope"], &of_service["sub"]),
        (&json!("introspect"), &json!(service.id))
    );
    for token in ["x", &service.secret, &format!("{access}x")] {
        assert_eq!(introspect(&app, &service, token).await, inactive);
    }
    let out = app.post_as(&access, "/auth/logout", &json!({})).await;
    assert_eq!(out.status, 204);
    for token in [&access, &refresh] {
        assert_eq!(introspect(&app, &service, token).await, inactive);
    }
    let metrics = app.state.metrics().await;
    for (result, count) in [("active", 3), ("inactive", 5)] {
        let sample = format!(r#"divan_introspections_total{{result="{result}"}} {count}"#);
        assert!(metrics.contains(&sample), "{metrics}");
    }
}

#[tokio::test]
async fn revocation_signs_the_user_out() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["introspect"]).await;
    let token = app.employee_token().await;
    let own = format!("Bearer {}", service.token(&app).await);
    for _ in 0..2 {
        let form = format!("token={token}");
        let revoked = post(&app, "/auth/revoke", Some(&own), &form).await;
        assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (200, ""));
    }
    app.get_as(&token, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
    let unknown = post(&app, "/auth/revoke", Some(&own), "token=x").await;
    assert_eq!(unknown.status, 200);
    let form = format!("token={}", own.trim_start_matches("Bearer "));
    let refused = post(&app, "/auth/revoke", Some(&service.basic()), &form).await;
    assert_rejected(&refused, 400, "unsupported_token_type");
}

#[tokio::test]
async fn questions_about_tokens_need_a_service_with_the_scope() {
    let app = App::with_users().await;
    let service = Service::create(&app, &["introspect"]).await;
    let other = Service::create(&app, &["users:read"]).await;
    let employee = format!("Bearer {}", app.employee_token().await);
    for path in ["/auth/introspect", "/auth/revoke"] {
        for authorization in [
            None,
            Some("Bearer x"),
            Some(employee.as_str()),
            Some(&basic(&service.id, &other.secret)),
            Some("Basic x"),
        ] {
            let refused = post(&app, path, authorization, "token=x").await;
            assert_rejected(&refused, 401, "invalid_client");
        }
        for (form, error) in [
            ("", "invalid_request"),
            ("token=", "invalid_request"),
            ("token=x&token=y", "invalid_request"),
            ("token=x%00", "invalid_request"),
            ("token=x&client_secret=y", "invalid_request"),
            ("token=x&client_id=y", "invalid_request"),
        ] {
            let refused = post(&app, path, Some(&service.basic()), form).await;
            assert_rejected(&refused, 400, error);
        }
        let refused = post(&app, path, Some(&other.basic()), "token=x").await;
        refused.assert_problem(403, "insufficient_scope");
        let json = app.post(path, &json!({"token": "x"})).await;
        json.assert_problem(415, "unsupported_media_type");
        let form = format!(
            "token=x&client_id={}&client_secret={}",
            service.id, service.secret
        );
        assert_eq!(post(&app, path, None, &form).await.status, 200);
        let on_miniapp = Request::post(path)
            .header("host", "divan.example.com")
            .header("content-type", FORM)
            .header("authorization", service.basic());
        let on_miniapp = on_miniapp.body(Body::from("token=x")).unwrap();
        app.send(on_miniapp).await.assert_problem(404, "not_found");
    }
}

#[test]
fn the_operator_manages_services_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let service = |arguments: &[&str]| {
        let mut command = program(folder.path());
        run(command.arg("service").args(arguments))
    };
    let json = |arguments: &[&str]| {
        let (code, stdout, stderr) = service(&[arguments, &["--json"]].concat());
        assert_eq!(code, 0, "{arguments:?} {stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()
    };
    let scopes = ["--scope", "users:read", "--scope", "users:write"];
    let create = [&["create", "--name", "HR system"], scopes.as_slice()].concat();
    let created = json(&[&create, ["--allow", "192.0.2.0/24"].as_slice()].concat());
    let id = created["service"]["id"].as_str().unwrap();
    assert!(
        created["secret"]
            .as_str()
            .unwrap()
            .parse::<ServiceSecret>()
            .is_ok()
    );
    assert_eq!(
        created["service"]["allowed_addresses"],
        json!(["192.0.2.0/24"])
    );
    assert_eq!(json(&["list"]), json!([created["service"]]));
    assert_eq!(json(&["show", id]), created["service"]);
    let (_, shown, _) = service(&["show", id]);
    let first = created["service"]["secrets"][0]["id"].as_str().unwrap();
    assert!(
        shown.contains("SECRET ID") && shown.contains(first),
        "{shown}"
    );

    let updated = json(&[
        "update",
        id,
        "--name",
        "HR",
        "--allow-all",
        "--scope",
        "users:read",
    ]);
    assert_eq!(
        (&updated["name"], &updated["scopes"]),
        (&json!("HR"), &json!(["users:read"]))
    );
    assert_eq!(updated["allowed_addresses"], json!([]));
    let rotated = json(&["rotate", id, "--keep-previous", "1h"]);
    assert_eq!(rotated["service"]["secrets"].as_array().unwrap().len(), 2);
    assert_ne!(rotated["secret"], created["secret"]);
    let second = rotated["service"]["secrets"][1]["id"].as_str().unwrap();
    let restored = json(&["remove-secret", id, second]);
    assert_eq!(restored["secrets"][0]["id"], *first);
    assert_eq!(restored["secrets"].as_array().unwrap().len(), 1);
    let (code, stdout, _) = service(&["rotate", id, "--keep-previous", "0s"]);
    assert!(code == 0 && stdout.contains("Secret: dvs_"), "{stdout}");

    for (arguments, expected) in [
        (
            &["create", "--name", "", "--scope", "introspect"][..],
            "name must not be empty",
        ),
        (
            &["update", id, "--allow", "example.com"],
            "allowed_addresses must contain IP addresses",
        ),
        (&["update", id], "the request changes nothing"),
        (
            &["remove-secret", id, second],
            "no service credential with this secret",
        ),
        (
            &["rotate", id, "--keep-previous", "31d"],
            "previous_expires_in must be from 0 to 2592000",
        ),
        (
            &["show", NO_ID],
            "there is no service credential with this id",
        ),
    ] {
        let (code, _, stderr) = service(arguments);
        assert_eq!(code, 1, "{arguments:?} {stderr}");
        assert!(stderr.contains(expected), "{arguments:?} {stderr}");
    }
    let (code, _, stderr) = service(&["create", "--name", "A", "--scope", "everything"]);
    assert!(
        code == 2 && stderr.contains("must be one of introspect, users:read"),
        "{stderr}"
    );
    assert_eq!(json(&["delete", id])["id"], id);
    assert_eq!(json(&["list"]), json!([]));
    let (_, audit, _) = run(program(folder.path()).args(["audit", "list"]));
    let deleted = audit.lines().find(|line| line.contains("service_deleted"));
    assert!(deleted.is_some_and(|line| line.contains("HR")), "{audit}");
}
