//! Exact requests of the endpoints for a signed-in user.

use divan_client::Client;
use divan_client::api::{
    ChangePasswordRequest, CreateUserRequest, SessionId, UpdateUserRequest, UserId,
};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{
    REFRESH_TOKEN, ReceivedRequest, TOKEN, client_with_tokens, json_response, server, session,
    single_request, user,
};

const ID: &str = "01920000-0000-7000-8000-00000000000a";

async fn server_with_client(
    verb: &str,
    path: &str,
    response: ResponseTemplate,
) -> (MockServer, Client) {
    let server = server(verb, &format!("/prefix{path}"), response).await;
    let client = client_with_tokens(&format!("{}/prefix", server.uri())).await;
    (server, client)
}

fn no_content() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

#[tokio::test]
async fn me_sends_the_access_token_and_no_body() {
    let (server, client) = server_with_client("GET", "/auth/me", json_response(200, &user())).await;
    let me = client.miniapp().me().await.unwrap();
    assert_eq!(serde_json::to_value(&me).unwrap(), user());
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("GET /prefix/auth/me").bearer(TOKEN)
    );
}

#[tokio::test]
async fn create_user_sends_the_user_and_the_access_token() {
    let response = json_response(201, &json!({ "user": user() }));
    let (server, client) = server_with_client("POST", "/auth/admin/users", response).await;
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
    let expected = ReceivedRequest::new("POST /prefix/auth/admin/users")
        .bearer(TOKEN)
        .json(body);
    assert_eq!(single_request(&server).await, expected);
}

#[tokio::test]
async fn change_password_sends_both_passwords() {
    let (server, client) =
        server_with_client("POST", "/auth/me/password", json_response(200, &session())).await;
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
    let expected = ReceivedRequest::new("POST /prefix/auth/me/password")
        .bearer(TOKEN)
        .json(body);
    assert_eq!(single_request(&server).await, expected);
}

#[tokio::test]
async fn logout_sends_the_refresh_token_and_reads_no_body() {
    let (server, client) = server_with_client("POST", "/auth/logout", no_content()).await;
    client.admin().logout().await.unwrap();
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("POST /prefix/auth/logout")
            .json(json!({ "refresh_token": REFRESH_TOKEN }))
    );
}

#[tokio::test]
async fn sessions_lists_the_sessions_of_the_user() {
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
    let (server, client) =
        server_with_client("GET", "/auth/sessions", json_response(200, &list)).await;
    let sessions = client.miniapp().sessions().await.unwrap();
    assert_eq!(serde_json::to_value(&sessions).unwrap(), list);
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new("GET /prefix/auth/sessions").bearer(TOKEN)
    );
}

#[tokio::test]
async fn end_session_sends_the_session_id_in_the_path() {
    let (server, client) =
        server_with_client("DELETE", &format!("/auth/sessions/{ID}"), no_content()).await;
    client
        .miniapp()
        .end_session(ID.parse::<SessionId>().unwrap())
        .await
        .unwrap();
    let expected =
        ReceivedRequest::new(&format!("DELETE /prefix/auth/sessions/{ID}")).bearer(TOKEN);
    assert_eq!(single_request(&server).await, expected);
}

#[tokio::test]
async fn update_user_sends_only_the_changed_members() {
    let path = format!("/auth/admin/users/{ID}");
    let (server, client) = server_with_client("PATCH", &path, json_response(200, &user())).await;
    let mut request = UpdateUserRequest::default();
    (request.is_active, request.phone) = (Some(false), Some(None));
    client
        .admin()
        .update_user(ID.parse::<UserId>().unwrap(), &request)
        .await
        .unwrap();

    let body = json!({ "is_active": false, "phone": null });
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new(&format!("PATCH /prefix{path}"))
            .bearer(TOKEN)
            .json(body)
    );
}

#[tokio::test]
async fn unlink_telegram_sends_the_user_id_in_the_path() {
    let path = format!("/auth/admin/users/{ID}/unlink-telegram");
    let (server, client) = server_with_client(
        "POST",
        &path,
        json_response(200, &json!({"generated_password": "abc"})),
    )
    .await;
    let reset = client
        .admin()
        .unlink_telegram(ID.parse::<UserId>().unwrap())
        .await
        .unwrap();
    assert_eq!(reset.generated_password.expose(), "abc");
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new(&format!("POST /prefix{path}")).bearer(TOKEN)
    );
}

#[tokio::test]
async fn end_user_sessions_sends_the_user_id_in_the_path() {
    let path = format!("/auth/admin/users/{ID}/sessions");
    let (server, client) = server_with_client("DELETE", &path, no_content()).await;
    client
        .admin()
        .end_user_sessions(ID.parse::<UserId>().unwrap())
        .await
        .unwrap();
    assert_eq!(
        single_request(&server).await,
        ReceivedRequest::new(&format!("DELETE /prefix{path}")).bearer(TOKEN)
    );
}
