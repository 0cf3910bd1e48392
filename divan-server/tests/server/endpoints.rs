//! Endpoints over HTTP: successful requests and refused ones.

use std::time::Duration;

use crate::harness::*;
use axum::body::Body;
use axum::http::Request;
use divan_core::clock::Clock;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::service::BootstrapPolicy;
use divan_core::store::UserStore;
use serde_json::json;

#[tokio::test]
async fn admin_login_accepts_json() {
    let app = App::with_users().await;
    let response = app
        .post(
            "/auth/admin/login",
            &json!({"email": "Admin@Example.com", "password": ADMIN_PASSWORD}),
        )
        .await;
    let session = response.json();
    assert_eq!(response.status, 200);
    assert_eq!(
        (&session["token_type"], &session["expires_in"]),
        (&json!("bearer"), &json!(600))
    );
    assert_eq!(session["user"]["role"], "admin");
    assert_eq!(session["user"]["email"], ADMIN_EMAIL);
}

#[tokio::test]
async fn admin_login_accepts_the_oauth2_form() {
    let app = App::with_users().await;
    let form = "application/x-www-form-urlencoded";
    for body in [
        "username=admin%40example.com&password=tram+under+the+plum",
        "grant_type=password&username=admin%40example.com&password=tram%20under%20the%20plum&scope=&client_id=x&client_secret=y",
    ] {
        let response = app.post_raw("/auth/admin/login", None, form, body).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert!(response.json()["access_token"].is_string());
    }
    for (body, pointer) in [
        (
            "grant_type=client_credentials&username=a%40b.kz&password=x",
            "/grant_type",
        ),
        ("username=admin%40example.com", "/password"),
        ("username=a%40b.kz&password=x&surprise=1", "/surprise"),
        (
            "username=a%40b.kz&username=c%40d.kz&password=x",
            "/username",
        ),
    ] {
        app.post_raw("/auth/admin/login", None, form, body)
            .await
            .assert_invalid(pointer);
    }
    let not_utf8 = app
        .post_raw(
            "/auth/admin/login",
            None,
            form,
            "username=a%40b.kz&password=%FF",
        )
        .await;
    not_utf8.assert_problem(400, "malformed_body");
}

#[tokio::test]
async fn telegram_login_signs_an_employee_in() {
    let app = App::with_users().await;
    let response = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await;
    assert_eq!(response.status, 200, "{response:?}");
    let session = response.json();
    assert_eq!(session["expires_in"], 900);
    assert_eq!(
        (&session["user"]["telegram_id"], &session["user"]["phone"]),
        (&json!(42), &json!(PHONE))
    );

    let me = app
        .get_as(session["access_token"].as_str().unwrap(), "/auth/me")
        .await;
    assert_eq!(me.json(), session["user"]);
}

#[tokio::test]
async fn telegram_login_accepts_init_data_in_the_header() {
    let app = App::with_users().await;
    let login = async |header: &str, member: Option<&str>| {
        let mut body = json!({"phone": PHONE, "password": PASSWORD});
        if let Some(member) = member {
            body["init_data"] = member.into();
        }
        let request = Request::post("/auth/telegram/login")
            .header("content-type", "application/json")
            .header("authorization", format!("tma {header}"));
        app.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    let raw = app.init_data(42);
    assert_eq!(login(&raw, None).await.status, 200);
    assert_eq!(login(&raw, Some(&raw)).await.status, 200);
    login(&raw, Some(&app.init_data(43)))
        .await
        .assert_problem(400, "init_data_conflict");
    let none = app
        .post(
            "/auth/telegram/login",
            &json!({"phone": PHONE, "password": PASSWORD}),
        )
        .await;
    none.assert_problem(401, "init_data_missing");
}

#[tokio::test]
async fn invalid_init_data_has_its_own_codes() {
    let app = App::with_users().await;
    let mut request = app.login_request(42);
    let good = request["init_data"].as_str().unwrap().to_owned();
    for (raw, code) in [
        (String::new(), "init_data_missing"),
        (good.replace("42", "43"), "init_data_invalid"),
        (format!("{good}&user=%7B%7D"), "init_data_invalid"),
        ("garbage".to_owned(), "init_data_invalid"),
    ] {
        request["init_data"] = raw.into();
        let response = app.post("/auth/telegram/login", &request).await;
        response.assert_problem(401, code);
        assert_eq!(response.header("www-authenticate"), "tma");
    }
    request["init_data"] = good.into();
    app.clock.advance(Duration::from_secs(24 * 3600 + 1));
    app.post("/auth/telegram/login", &request)
        .await
        .assert_problem(401, "init_data_expired");
}

#[tokio::test]
async fn all_invalid_credentials_return_the_same_response() {
    let app = App::with_users().await;
    let mut responses = Vec::new();
    for (phone, password) in [(PHONE, "wrong password"), ("+77019999999", PASSWORD)] {
        let mut request = app.login_request(42);
        request["phone"] = phone.into();
        request["password"] = password.into();
        let response = app.post("/auth/telegram/login", &request).await;
        response.assert_problem(401, "invalid_credentials");
        let mut headers = response.headers.clone();
        headers.remove("x-request-id");
        responses.push((response.text, headers));
    }
    assert_eq!(responses[0], responses[1]);
    for (email, password) in [
        (ADMIN_EMAIL, "wrong password"),
        ("nobody@example.com", ADMIN_PASSWORD),
    ] {
        let response = app
            .post(
                "/auth/admin/login",
                &json!({"email": email, "password": password}),
            )
            .await;
        response.assert_problem(401, "invalid_credentials");
        assert_eq!(response.text, responses[0].0);
    }
}

#[tokio::test]
async fn telegram_login_accepts_a_contact_instead_of_the_phone_number() {
    let app = App::with_users().await;
    let token: BotToken = BOT.parse().unwrap();
    let contact = |user_id| {
        InitDataBuilder::new(app.clock.unix_seconds())
            .contact(user_id, PHONE, "First")
            .sign(&token)
    };
    let mut request = app.login_request(42);
    request["contact"] = contact(42).into();
    app.post("/auth/telegram/login", &request)
        .await
        .assert_invalid("/contact");
    request.as_object_mut().unwrap().remove("phone");
    assert_eq!(app.post("/auth/telegram/login", &request).await.status, 200);
    request["contact"] = contact(43).into();
    app.post("/auth/telegram/login", &request)
        .await
        .assert_problem(422, "contact_mismatch");
    request.as_object_mut().unwrap().remove("contact");
    app.post("/auth/telegram/login", &request)
        .await
        .assert_invalid("/phone");
}

#[tokio::test]
async fn account_mismatch_is_revealed_only_after_a_correct_password() {
    let app = App::with_users().await;
    app.employee_token().await;
    let mut request = app.login_request(43);
    app.post("/auth/telegram/login", &request)
        .await
        .assert_problem(403, "telegram_account_mismatch");
    request["password"] = "wrong password".into();
    app.post("/auth/telegram/login", &request)
        .await
        .assert_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn bootstrap_succeeds_once_and_requires_its_token() {
    let app = App::start_with(BootstrapPolicy::Token("the bootstrap token".into())).await;
    let bootstrap = async |token: &str| {
        let request = Request::post("/auth/admin/bootstrap")
            .header("content-type", "application/json")
            .header("x-bootstrap-token", token);
        app.send(
            request
                .body(Body::from(bootstrap_request().to_string()))
                .unwrap(),
        )
        .await
    };
    let refused = app
        .post("/auth/admin/bootstrap", &bootstrap_request())
        .await;
    let problem = refused.assert_problem(403, "bootstrap_token_required");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("DIVAN_BOOTSTRAP_TOKEN")
    );
    bootstrap("another token")
        .await
        .assert_problem(403, "bootstrap_token_required");

    let created = bootstrap("the bootstrap token").await;
    assert_eq!(
        (created.status.as_u16(), &created.json()["role"]),
        (201, &json!("admin"))
    );
    bootstrap("the bootstrap token")
        .await
        .assert_problem(409, "already_bootstrapped");
}

#[tokio::test]
async fn an_administrator_creates_users() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let mut admin = json!({"role": "admin", "full_name": "Second", "email": "second@example.com", "password": ADMIN_PASSWORD});
    let refused = app.post_as(&token, "/auth/admin/users", &admin).await;
    refused.assert_invalid("/password");
    admin.as_object_mut().unwrap().remove("password");
    let response = app.post_as(&token, "/auth/admin/users", &admin).await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(response.json()["user"]["role"], "admin");

    let same_phone = app
        .post_as(&token, "/auth/admin/users", &employee_request())
        .await;
    same_phone.assert_problem(409, "phone_taken");
    let mut same_email = employee_request();
    same_email["phone"] = "+77010000002".into();
    same_email["email"] = "SECOND@example.com".into();
    app.post_as(&token, "/auth/admin/users", &same_email)
        .await
        .assert_problem(409, "email_taken");
    assert!(
        app.store
            .account_by_phone(&"+77010000002".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_external_id_is_unique_and_finds_its_user() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let create = async |phone: &str, id: &str| {
        let request = json!({"full_name": "Third", "phone": phone, "external_id": id});
        app.post_as(&token, "/auth/admin/users", &request).await
    };
    let created = create("+77010000002", " HR-1 ").await;
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.json()["user"]["external_id"], "HR-1");

    let again = create("+77010000003", "HR-1").await;
    let problem = again.assert_problem(409, "external_id_taken");
    assert_eq!(problem["errors"][0]["pointer"], "/external_id");
    for (id, code) in [
        ("", "empty"),
        (&"x".repeat(129), "too_long"),
        ("a\tb", "external_id_invalid"),
    ] {
        let refused = create("+77010000003", id).await;
        refused.assert_invalid("/external_id");
        assert_eq!(refused.json()["errors"][0]["code"], code);
    }

    let found = app
        .get_as(&token, "/auth/admin/users?external_id=HR-1")
        .await
        .json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0], created.json()["user"]);
}

#[tokio::test]
async fn administrators_write_metadata_and_the_user_reads_it() {
    let app = App::with_users().await;
    let (admin, employee) = (app.admin_token().await, app.employee_token().await);
    let me = app.get_as(&employee, "/auth/me").await.json();
    let path = format!("/auth/admin/users/{}", me["id"].as_str().unwrap());
    let metadata = json!({"department": {"name": "sales", "floors": [1, 2]}});
    let changed = app
        .patch_as(&admin, &path, &json!({"metadata": metadata}))
        .await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["metadata"]),
        (200, &metadata)
    );

    assert_eq!(
        app.get_as(&employee, "/auth/me").await.json()["metadata"],
        json!(null)
    );
    let me = app.get_as(&employee, "/auth/me?include=metadata").await;
    assert_eq!(me.json()["metadata"], metadata);
    let user = app
        .get_as(&admin, &format!("{path}?include=metadata"))
        .await;
    assert_eq!(user.json(), me.json());
    let list = "/auth/admin/users?role=employee&include=metadata";
    assert_eq!(app.get_as(&admin, list).await.json()["items"][0], me.json());
    let body = json!({"role": "employee", "include": "metadata"});
    let found = app.post_as(&admin, "/auth/admin/users/search", &body).await;
    assert_eq!(found.json()["items"][0], me.json());

    for wrong in [json!("text"), json!([]), json!({"a": "x".repeat(4096)})] {
        let refused = app
            .patch_as(&admin, &path, &json!({"metadata": wrong}))
            .await;
        refused.assert_invalid("/metadata");
    }
    for path in ["/auth/me?include=everything", "/auth/me?include="] {
        app.get_as(&employee, path).await.assert_invalid("/include");
    }
    app.patch_as(&employee, &path, &json!({"metadata": {}}))
        .await
        .assert_problem(403, "admin_required");
}

#[tokio::test]
async fn a_deleted_user_is_gone() {
    let app = App::with_users().await;
    let (admin, employee) = (app.admin_token().await, app.employee_token().await);
    let me = app.get_as(&employee, "/auth/me").await.json();
    let path = format!("/auth/admin/users/{}", me["id"].as_str().unwrap());
    app.delete_as(&employee, &path)
        .await
        .assert_problem(403, "admin_required");
    assert_eq!(app.delete_as(&admin, &path).await.status, 204);
    app.get_as(&employee, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
    for response in [
        app.get_as(&admin, &path).await,
        app.delete_as(&admin, &path).await,
    ] {
        response.assert_problem(404, "not_found");
    }
    let created = app
        .post_as(&admin, "/auth/admin/users", &employee_request())
        .await;
    assert_eq!(created.status, 201, "the phone number is free: {created:?}");

    let me = app.get_as(&admin, "/auth/me").await.json();
    let own = format!("/auth/admin/users/{}", me["id"].as_str().unwrap());
    app.delete_as(&admin, &own)
        .await
        .assert_problem(409, "own_account");
}

#[tokio::test]
async fn an_administrator_lists_the_sessions_of_a_user() {
    let app = App::with_users().await;
    let (admin, employee) = (app.admin_token().await, app.employee_token().await);
    let me = app.get_as(&employee, "/auth/me").await.json();
    let mut own = app.get_as(&employee, "/auth/sessions").await.json();
    assert_eq!(own["items"][0]["is_current"], true);
    own["items"][0]["is_current"] = json!(false);
    let path = |id: &str| format!("/auth/admin/users/{id}/sessions");
    let listed = app.get_as(&admin, &path(me["id"].as_str().unwrap())).await;
    assert_eq!(listed.json(), own);
    assert!(!listed.text.contains("token"), "{listed:?}");
    let unknown = path("01920000-0000-7000-8000-000000000001");
    app.get_as(&admin, &unknown)
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn audit_events_are_filtered_by_time() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let list = async |query: &str| {
        let path = format!("/auth/admin/audit?action=user_created&{query}");
        app.get_as(&admin, &path).await
    };
    let all = list("limit=1").await.json();
    let created = &all["items"][0];
    assert_eq!(created["actor_name"], "Administrator", "{created}");
    assert_eq!(created["subject_name"], "First Last", "{created}");
    let at = created["at"].as_str().unwrap();
    assert_eq!(list(&format!("from={at}")).await.json(), all);
    let none = json!({"items": []});
    assert_eq!(list(&format!("to={at}")).await.json(), none);
    let offset = list("from=2020-01-01T00:00:00%2B05:00&to=2020-01-02T00:00:00Z").await;
    assert_eq!(offset.json(), none);
    for (query, pointer) in [
        ("from=2026-01-01", "/from"),
        ("to=2020-01-01T00:00:00+05:00", "/to"),
        ("to=", "/to"),
    ] {
        list(query).await.assert_invalid(pointer);
    }
}

#[tokio::test]
async fn users_are_found_by_telegram_account_and_counted() {
    let app = App::with_users().await;
    let (admin, employee) = (app.admin_token().await, app.employee_token().await);
    let me = app.get_as(&employee, "/auth/me").await.json();
    for query in [
        format!("telegram_id={}", me["telegram_id"]),
        "has_signed_in=true&role=employee".to_owned(),
        "is_linked=true".to_owned(),
    ] {
        let path = format!("/auth/admin/users?include_total=true&{query}");
        let page = app.get_as(&admin, &path).await.json();
        assert_eq!(page, json!({"items": [me], "total": 1}), "{query}");
    }
    let body = json!({"has_signed_in": false, "include_total": true});
    let page = app.post_as(&admin, "/auth/admin/users/search", &body).await;
    assert_eq!(page.json(), json!({"items": [], "total": 0}));
    for (query, pointer) in [
        ("telegram_id=x", "/telegram_id"),
        ("has_signed_in=yes", "/has_signed_in"),
        ("is_linked=1", "/is_linked"),
        ("include_total=1", "/include_total"),
    ] {
        let path = format!("/auth/admin/users?{query}");
        app.get_as(&admin, &path).await.assert_invalid(pointer);
    }
}

#[tokio::test]
async fn a_weak_password_is_rejected_with_its_reason() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    for (password, code, reason) in [
        (
            "short",
            "password_too_short",
            "must have at least 8 characters",
        ),
        (
            "password1",
            "password_too_common",
            "must not be a common password or consist of common words and patterns: use several unrelated words",
        ),
        (
            "7010000002",
            "password_personal",
            "must contain more than your name, e-mail address or phone number",
        ),
    ] {
        let request = json!({"full_name": "Third", "phone": "+77010000002", "password": password});
        let problem = app
            .post_as(&token, "/auth/admin/users", &request)
            .await
            .assert_problem(422, "weak_password");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], "/password");
        assert_eq!(
            (&error["code"], &error["detail"]),
            (&json!(code), &json!(reason))
        );
    }
}

#[tokio::test]
async fn create_user_requires_an_administrator_of_the_panel() {
    let app = App::with_users().await;
    let create = async |token: &str| {
        app.post_as(token, "/auth/admin/users", &employee_request())
            .await
    };
    let anonymous = app.post("/auth/admin/users", &employee_request()).await;
    anonymous.assert_problem(401, "token_missing");
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
    create(&app.employee_token().await)
        .await
        .assert_problem(403, "admin_required");
}

#[tokio::test]
async fn an_invalid_token_is_rejected() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let claims = head.split_once('.').unwrap().1;
    for bad in [
        "",
        "garbage",
        "a.b.c",
        &format!("{head}.{}", "A".repeat(signature.len())),
        &format!("{none}.{claims}."),
        &format!("{none}.{claims}.{signature}"),
        &"a".repeat(8000),
    ] {
        let response = app.get_as(bad, "/auth/me").await;
        response.assert_problem(401, "token_invalid");
        assert_eq!(
            response.header("www-authenticate"),
            r#"Bearer error="invalid_token""#
        );
    }
    app.get("/auth/me")
        .await
        .assert_problem(401, "token_missing");
    let two = Request::get("/auth/me")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", "Bearer other");
    app.send(two.body(Body::empty()).unwrap())
        .await
        .assert_problem(401, "token_invalid");

    assert_eq!(app.get_as(&token, "/auth/me").await.status, 200);
    app.clock.advance(Duration::from_secs(631));
    app.get_as(&token, "/auth/me")
        .await
        .assert_problem(401, "token_expired");
}

#[tokio::test]
async fn health_follows_the_database() {
    let app = App::start().await;
    assert_eq!(
        app.get("/health/live").await.json(),
        json!({"status": "live"})
    );
    let database = json!([{"name": "database", "up": true}]);
    let ready = app.get("/health/ready").await.json();
    assert_eq!(ready, json!({"status": "ready", "dependencies": database}));

    app.store.close().await;
    let response = app.ready_when(503).await;
    let problem = response.assert_problem(503, "not_ready");
    assert_eq!(
        problem["errors"],
        json!([{"pointer": "/database", "code": "dependency_down", "detail": "is down"}])
    );
    assert_eq!(app.get("/health/live").await.status, 200);
    let login = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await;
    login.assert_problem(503, "unavailable");
    assert_eq!(login.header("retry-after"), "5");
}

#[tokio::test]
async fn a_search_in_the_body_returns_the_same_page_as_one_in_the_address() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let path = "/auth/admin/users/search";
    let all = app.post_as(&token, path, &json!({})).await.json();
    assert_eq!(all, app.get_as(&token, "/auth/admin/users").await.json());
    assert_eq!(all["items"].as_array().unwrap().len(), 2);

    let search = json!({"q": "7701123", "role": "employee", "is_active": true, "limit": 1});
    let found = app.post_as(&token, path, &search).await;
    assert_eq!(found.status, 200, "{found:?}");
    assert_eq!(found.json()["items"][0]["phone"], PHONE);
    let none = app
        .post_as(&token, path, &json!({"q": "7701123", "is_active": false}))
        .await;
    assert_eq!(none.json()["items"], json!([]));

    // The cursor of either is valid for the other.
    let first = app.post_as(&token, path, &json!({"limit": 1})).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = format!("/auth/admin/users?limit=1&cursor={cursor}");
    let by_address = app.get_as(&token, &next).await.json();
    let by_body = app
        .post_as(&token, path, &json!({"limit": 1, "cursor": cursor}))
        .await;
    assert_eq!(by_body.json(), by_address);
    assert_eq!(by_address["items"][0], all["items"][1]);
    app.post_as(&token, path, &json!({"q": "x", "cursor": cursor}))
        .await
        .assert_invalid("/cursor");
    app.post_as(&token, path, &json!({"limit": 201}))
        .await
        .assert_invalid("/limit");
}
