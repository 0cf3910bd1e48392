//! Sessions over HTTP, and between two servers.

use std::time::{Duration, Instant};

use axum::http::Method;
use divan_testing::TestDatabase;
use serde_json::{Value, json};

use crate::harness::*;
use crate::process::{KEY, Running, no_tls, program, start};

#[tokio::test]
async fn a_session_is_refreshed_listed_and_ended() {
    let app = App::with_users().await;
    let first = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await
        .json();
    let response = app
        .post(
            "/auth/refresh",
            &json!({"refresh_token": first["refresh_token"]}),
        )
        .await;
    assert_eq!(
        (response.status.as_u16(), response.header("cache-control")),
        (200, "no-store")
    );
    let session = response.json();
    let token = session["access_token"].as_str().unwrap();
    let list = app.get_as(token, "/auth/sessions").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(
        (
            &list["items"][0]["is_current"],
            &list["items"][0]["audience"]
        ),
        (&json!(true), &json!("miniapp"))
    );

    let path = format!(
        "/auth/sessions/{}",
        list["items"][0]["id"].as_str().unwrap()
    );
    let ended = app
        .send_raw(Method::DELETE, &path, Some(token), "", "")
        .await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    app.get_as(token, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
    let again = app
        .post(
            "/auth/refresh",
            &json!({"refresh_token": session["refresh_token"]}),
        )
        .await;
    again.assert_problem(401, "refresh_token_invalid");
    assert!(again.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn end_session_of_another_user_or_unknown_is_not_found() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let theirs = app.get_as(&admin, "/auth/sessions").await.json()["items"][0]["id"].clone();
    let token = app.employee_token().await;
    for id in [
        theirs.as_str().unwrap(),
        "01920000-0000-7000-8000-000000000001",
        "no-uuid",
        "%FF",
        "'--",
    ] {
        let path = format!("/auth/sessions/{id}");
        let response = app
            .send_raw(Method::DELETE, &path, Some(&token), "", "")
            .await;
        response.assert_problem(404, "not_found");
    }
    assert_eq!(app.get_as(&admin, "/auth/me").await.status, 200);
}

#[tokio::test]
async fn logout_ends_the_session_and_auto_login_requires_the_password() {
    let app = App::with_users().await;
    let auto = async || {
        app.post(
            "/auth/telegram/auto-login",
            &json!({"init_data": app.init_data(42)}),
        )
        .await
    };
    auto().await.assert_problem(401, "password_required");
    let token = app.employee_token().await;
    assert_eq!(auto().await.status, 200);
    let logout = app
        .send_raw(Method::POST, "/auth/logout", Some(&token), "", "")
        .await;
    assert_eq!((logout.status.as_u16(), logout.text.as_str()), (204, ""));
    auto().await.assert_problem(401, "password_required");
}

#[tokio::test]
async fn a_refresh_token_is_rejected_as_access_token() {
    let app = App::with_users().await;
    let session = app
        .post("/auth/telegram/login", &app.login_request(42))
        .await
        .json();
    let refresh = session["refresh_token"].as_str().unwrap();
    app.get_as(refresh, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
    let reversed = app
        .post(
            "/auth/refresh",
            &json!({"refresh_token": session["access_token"]}),
        )
        .await;
    reversed.assert_problem(401, "refresh_token_invalid");
}

#[tokio::test]
async fn a_user_is_changed_unlinked_and_signed_out_by_an_administrator() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let token = app.employee_token().await;
    let id = app.get_as(&token, "/auth/me").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let user = format!("/auth/admin/users/{id}");
    let patch = async |body: Value| {
        app.send_raw(
            Method::PATCH,
            &user,
            Some(&admin),
            "application/json",
            body.to_string(),
        )
        .await
    };
    let renamed = patch(json!({"full_name": "Ещё Кто-то"})).await.json();
    assert_eq!(renamed["full_name"], "Ещё Кто-то");
    assert_eq!(
        app.get_as(&token, "/auth/me").await.json(),
        renamed,
        "seen at once, and still signed in"
    );
    patch(json!({})).await.assert_invalid("");
    patch(json!({"full_name": null}))
        .await
        .assert_invalid("/full_name");
    patch(json!({"phone": null})).await.assert_invalid("/phone");
    patch(json!({"role": "admin", "email": "second@example.com"}))
        .await
        .assert_problem(409, "promotion_required");
    app.post_as(&admin, &format!("{user}/promote"), &json!({}))
        .await
        .assert_invalid("/email");

    let unlinked = app
        .post_as(&admin, &format!("{user}/unlink-telegram"), &json!({}))
        .await;
    let generated = unlinked.json()["generated_password"].clone();
    assert_eq!(unlinked.status, 200);
    app.post_as(&admin, &format!("{user}/unlink-telegram"), &json!({}))
        .await
        .assert_problem(409, "telegram_not_linked");
    app.get_as(&token, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
    let sign_in = async || {
        let mut login = app.login_request(42);
        login["password"] = generated.clone();
        let session = app.post("/auth/telegram/login", &login).await.json();
        session["access_token"].as_str().unwrap().to_owned()
    };
    let token = sign_in().await;
    let ended = app
        .send_raw(
            Method::DELETE,
            &format!("{user}/sessions"),
            Some(&admin),
            "",
            "",
        )
        .await;
    assert_eq!(ended.status, 204);
    app.get_as(&token, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");
    let token = sign_in().await;
    assert_eq!(patch(json!({"is_active": false})).await.status, 200);
    app.get_as(&token, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");

    let own = app.get_as(&admin, "/auth/me").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = format!("/auth/admin/users/{own}");
    let body = json!({"is_active": false}).to_string();
    let last = app
        .send_raw(Method::PATCH, &own, Some(&admin), "application/json", body)
        .await;
    last.assert_invalid("/is_active");
    app.post_as(&admin, &format!("{own}/unlock"), &json!({}))
        .await
        .assert_problem(409, "own_account");
    app.post_as(&admin, &format!("{own}/reset-password"), &json!({}))
        .await
        .assert_problem(409, "own_account");
}

#[tokio::test]
async fn two_servers_on_one_file_agree_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    agree_within_a_second("sqlite:divan.db", folder.path()).await;
}

#[tokio::test]
async fn two_servers_on_one_postgres_agree_within_a_second() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    agree_within_a_second(database.url(), folder.path()).await;
}

/// Ends sessions in every way at one server, while the other one serves requests with their tokens.
#[expect(clippy::too_many_lines, reason = "one scenario, step by step")]
async fn agree_within_a_second(database: &str, folder: &std::path::Path) {
    let start_one = || {
        let mut command = program(folder);
        command
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", KEY)
            .env("TELEGRAM_BOT_TOKEN", BOT);
        command
            .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
            .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN);
        start(command.env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token"))
    };
    let (here, there) = (start_one(), start_one());
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let send =
        async |method: Method, server: &Running, path: &str, token: Option<&str>, body: &Value| {
            let mut request = client.request(method, server.url(path)).json(body);
            request = request.header("x-bootstrap-token", "the bootstrap token");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (status, response.json::<Value>().await.unwrap_or_default())
        };
    let post = Method::POST;
    send(
        post.clone(),
        &here,
        "/auth/admin/bootstrap",
        None,
        &bootstrap_request(),
    )
    .await;
    let (_, session) = send(
        post.clone(),
        &here,
        "/auth/admin/login",
        None,
        &bootstrap_request(),
    )
    .await;
    let admin = session["access_token"].as_str().unwrap().to_owned();
    let (status, created) = send(
        post.clone(),
        &here,
        "/auth/admin/users",
        Some(&admin),
        &employee_request(),
    )
    .await;
    assert_eq!(status, 201, "{created}");
    let user = format!(
        "/auth/admin/users/{}",
        created["user"]["id"].as_str().unwrap()
    );

    let mut password = PASSWORD.to_owned();
    for case in 0..5 {
        let init_data = divan_core::init_data::InitDataBuilder::new(now()).user(42, "First");
        let login = json!({
            "phone": PHONE, "password": password, "init_data": init_data.sign(&BOT.parse().unwrap()),
        });
        let (status, session) =
            send(post.clone(), &here, "/auth/telegram/login", None, &login).await;
        assert_eq!(status, 200, "{session}");
        let token = session["access_token"].as_str().unwrap();
        for server in [&here, &there] {
            assert_eq!(
                send(Method::GET, server, "/auth/me", Some(token), &json!({}))
                    .await
                    .0,
                200
            );
        }
        let new_password = "plum 4 the tram";
        let change = json!({"current_password": password, "new_password": new_password});
        let (status, response) = match case {
            0 => send(post.clone(), &here, "/auth/logout", Some(token), &json!({})).await,
            1 => {
                send(
                    post.clone(),
                    &here,
                    "/auth/me/password",
                    Some(token),
                    &change,
                )
                .await
            }
            2 => {
                let path = format!("{user}/unlink-telegram");
                send(post.clone(), &here, &path, Some(&admin), &json!({})).await
            }
            3 => {
                send(
                    Method::DELETE,
                    &here,
                    &format!("{user}/sessions"),
                    Some(&admin),
                    &json!({}),
                )
                .await
            }
            _ => {
                send(
                    Method::PATCH,
                    &here,
                    &user,
                    Some(&admin),
                    &json!({"is_active": false}),
                )
                .await
            }
        };
        assert!(matches!(status, 200 | 204), "{case}: {response}");
        let ended = Instant::now();
        if case == 1 {
            password = new_password.to_owned();
        } else if case == 2 {
            let generated = response["generated_password"].as_str();
            generated.unwrap().clone_into(&mut password);
        }
        assert_eq!(
            send(Method::GET, &here, "/auth/me", Some(token), &json!({}))
                .await
                .0,
            401,
            "{case}: at once"
        );
        loop {
            let asked = ended.elapsed();
            let (status, _) = send(Method::GET, &there, "/auth/me", Some(token), &json!({})).await;
            if status == 401 {
                break;
            }
            assert!(asked < Duration::from_secs(1), "{case}: {asked:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn now() -> u64 {
    divan_core::clock::Clock::unix_seconds(&divan_core::clock::SystemClock)
}

#[tokio::test]
async fn logout_needs_no_access_token_with_a_refresh_token() {
    let app = App::with_users().await;
    let login = app.login_request(42);
    let session = app.post("/auth/telegram/login", &login).await.json();
    let (access, refresh) = (
        session["access_token"].as_str().unwrap().to_owned(),
        json!({"refresh_token": session["refresh_token"]}),
    );
    app.clock.advance(Duration::from_hours(1));
    app.post_as(&access, "/auth/logout", &json!({}))
        .await
        .assert_problem(401, "token_expired");
    assert_eq!(
        app.post_as(&access, "/auth/logout", &refresh).await.status,
        204
    );
    assert_eq!(app.post("/auth/logout", &refresh).await.status, 204);
    app.post("/auth/refresh", &refresh)
        .await
        .assert_problem(401, "refresh_token_invalid");

    app.post("/auth/logout", &json!({"refresh_token": "x"}))
        .await
        .assert_problem(401, "refresh_token_invalid");
    app.post("/auth/logout", &json!({"refresh_token": 1}))
        .await
        .assert_invalid("/refresh_token");
    app.post_raw("/auth/logout", None, "", "")
        .await
        .assert_problem(401, "token_missing");
}
