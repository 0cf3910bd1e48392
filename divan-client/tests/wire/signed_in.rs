//! The exact request of each endpoint in somebody's name, written out, and the answer as a value.

use divan_client::Client;
use divan_client::api::{
    ChangePasswordRequest, CreateUserRequest, SessionId, UpdateUserRequest, UserId,
};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{
    AccessCheck, TOKEN, json_answer, only_request, server, session, signed_in_client, user,
};

const ID: &str = "01920000-0000-7000-8000-00000000000a";

async fn answering(verb: &str, path: &str, answer: ResponseTemplate) -> (MockServer, Client) {
    let server = server(verb, &format!("/prefix{path}"), answer).await;
    let client = signed_in_client(&format!("{}/prefix", server.uri())).await;
    (server, client)
}

fn no_content() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

#[tokio::test]
async fn me_sends_the_access_token_and_no_body() {
    let (server, client) = answering("GET", "/auth/me", json_answer(200, &user())).await;
    let me = client.miniapp().me().await.unwrap();
    assert_eq!(serde_json::to_value(&me).unwrap(), user());
    assert_eq!(
        only_request(&server).await,
        AccessCheck::new("GET /prefix/auth/me").bearer(TOKEN)
    );
}

#[tokio::test]
async fn create_user_sends_the_user_and_the_access_token() {
    let answer = json_answer(201, &json!({ "user": user() }));
    let (server, client) = answering("POST", "/auth/admin/users", answer).await;
    let request =
        CreateUserRequest::employee("First Last", "+77011234567").password("tram under the plum");
    let created = client.admin().create_user(&request).await.unwrap();
    assert_eq!(
        created.user.id.to_string(),
        "01920000-0000-7000-8000-000000000001"
    );

    let body = json!({
        "role": "employee", "full_name": "First Last", "phone": "+77011234567", "password": "tram under the plum",
    });
    let expected = AccessCheck::new("POST /prefix/auth/admin/users")
        .bearer(TOKEN)
        .json(body);
    assert_eq!(only_request(&server).await, expected);
}

#[tokio::test]
async fn change_password_sends_both_passwords() {
    let (server, client) =
        answering("POST", "/auth/me/password", json_answer(200, &session())).await;
    let request = ChangePasswordRequest::new("tram under the plum", "plum over the tram");
    assert_eq!(
        client
            .miniapp()
            .change_password(&request)
            .await
            .unwrap()
            .full_name,
        "First Last"
    );

    let body =
        json!({ "current_password": "tram under the plum", "new_password": "plum over the tram" });
    let expected = AccessCheck::new("POST /prefix/auth/me/password")
        .bearer(TOKEN)
        .json(body);
    assert_eq!(only_request(&server).await, expected);
}

#[tokio::test]
async fn logout_sends_no_body_and_reads_none() {
    let (server, client) = answering("POST", "/auth/logout", no_content()).await;
    client.admin().logout().await.unwrap();
    assert_eq!(
        only_request(&server).await,
        AccessCheck::new("POST /prefix/auth/logout").bearer(TOKEN)
    );
}

#[tokio::test]
async fn sessions_answers_where_one_is_signed_in() {
    let list: Value = json!({ "items": [{
        "id": ID,
        "is_current": true,
        "audience": "miniapp",
        "device": "Firefox",
        "address": "203.0.113.7",
        "created_at": "2026-01-02T03:04:05Z",
        "refreshed_at": "2026-01-02T03:04:05Z",
        "expires_at": "2026-02-02T03:04:05Z",
    }] });
    let (server, client) = answering("GET", "/auth/sessions", json_answer(200, &list)).await;
    let sessions = client.miniapp().sessions().await.unwrap();
    assert_eq!(serde_json::to_value(&sessions).unwrap(), list);
    assert_eq!(
        only_request(&server).await,
        AccessCheck::new("GET /prefix/auth/sessions").bearer(TOKEN)
    );
}

#[tokio::test]
async fn end_session_names_the_session_in_the_path() {
    let (server, client) = answering("DELETE", &format!("/auth/sessions/{ID}"), no_content()).await;
    client
        .miniapp()
        .end_session(ID.parse::<SessionId>().unwrap())
        .await
        .unwrap();
    let expected = AccessCheck::new(&format!("DELETE /prefix/auth/sessions/{ID}")).bearer(TOKEN);
    assert_eq!(only_request(&server).await, expected);
}

#[tokio::test]
async fn update_user_sends_what_is_to_change_and_no_more() {
    let path = format!("/auth/admin/users/{ID}");
    let (server, client) = answering("PATCH", &path, json_answer(200, &user())).await;
    let mut request = UpdateUserRequest::default();
    (request.is_active, request.phone) = (Some(false), Some(None));
    client
        .admin()
        .update_user(ID.parse::<UserId>().unwrap(), &request)
        .await
        .unwrap();

    let body = json!({ "is_active": false, "phone": null });
    assert_eq!(
        only_request(&server).await,
        AccessCheck::new(&format!("PATCH /prefix{path}"))
            .bearer(TOKEN)
            .json(body)
    );
}

#[tokio::test]
async fn unlink_telegram_names_the_user_in_the_path() {
    let path = format!("/auth/admin/users/{ID}/unlink-telegram");
    let (server, client) = answering("POST", &path, json_answer(200, &user())).await;
    let unlinked = client
        .admin()
        .unlink_telegram(ID.parse::<UserId>().unwrap())
        .await
        .unwrap();
    assert_eq!(unlinked.telegram_id, None);
    assert_eq!(
        only_request(&server).await,
        AccessCheck::new(&format!("POST /prefix{path}")).bearer(TOKEN)
    );
}

#[tokio::test]
async fn end_user_sessions_names_the_user_in_the_path() {
    let path = format!("/auth/admin/users/{ID}/sessions");
    let (server, client) = answering("DELETE", &path, no_content()).await;
    client
        .admin()
        .end_user_sessions(ID.parse::<UserId>().unwrap())
        .await
        .unwrap();
    assert_eq!(
        only_request(&server).await,
        AccessCheck::new(&format!("DELETE /prefix{path}")).bearer(TOKEN)
    );
}
