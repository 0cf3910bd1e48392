//! `cargo run --example embed_axum`: an axum application with its own routes over `divan-core`
//! only.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted. `POST /sign-in` takes
//! `{"phone", "password", "init_data"}`, `GET /hello` a bearer token.

// ANCHOR: application
use std::error::Error;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use divan_core::secret::Secret;
use divan_core::service::{
    AuthService, Caller, ClientInfo, LoginPhone, ServiceError, TelegramLoginCommand,
};
use divan_core::store::MemoryStore;
use divan_core::token::{Audiences, SecretKey};
use serde::Deserialize;
use serde_json::{Value, json};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = AuthService::builder(
        Arc::new(MemoryStore::new()),
        &SecretKey::new("thirty-two bytes that only we know")?,
        "http://sec.localhost",
        Audiences::new("divan.localhost", "sec.localhost")?,
    )
    .telegram("1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?)
    .build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(service)).await?;
    Ok(())
}

fn app(service: AuthService) -> Router {
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/hello", get(hello))
        .with_state(service)
}

/// Body of a sign-in.
#[derive(Deserialize)]
struct SignIn {
    phone: String,
    password: String,
    init_data: String,
}

async fn sign_in(
    State(service): State<AuthService>,
    Json(body): Json<SignIn>,
) -> Result<Json<Value>, Rejection> {
    let phone = LoginPhone::Typed(body.phone);
    let command = TelegramLoginCommand::new(
        phone,
        Secret::from(body.password),
        Secret::from(body.init_data),
    );
    let client = ClientInfo::unknown();
    let tokens = service.for_client(&client).telegram_login(&command).await?;
    Ok(Json(json!({
        "access_token": tokens.access_token.expose(),
        "refresh_token": tokens.refresh_token.expose(),
    })))
}

async fn hello(SignedIn(caller): SignedIn) -> String {
    format!("Hello, {}!", caller.user().full_name)
}

/// Extractor of the caller of a request.
struct SignedIn(Caller);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn
where
    AuthService: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|text| text.strip_prefix("Bearer "))
            .unwrap_or_default();
        Ok(Self(
            AuthService::from_ref(state).authenticate(token).await?,
        ))
    }
}

/// A service error as a response: a status, and the error as text.
struct Rejection(ServiceError);

impl From<ServiceError> for Rejection {
    fn from(error: ServiceError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let status = match &self.0 {
            ServiceError::InvalidCredentials
            | ServiceError::InitData(_)
            | ServiceError::Token(_) => StatusCode::UNAUTHORIZED,
            ServiceError::Invalid(_) | ServiceError::Contact(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ServiceError::PasswordChangeRequired
            | ServiceError::TelegramAccountMismatch
            | ServiceError::TelegramAccountTaken => StatusCode::FORBIDDEN,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.0.to_string()).into_response()
    }
}
// ANCHOR_END: application

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use divan_core::clock::{Clock, SystemClock};
    use divan_core::init_data::InitDataBuilder;
    use divan_core::service::{
        AdminLoginCommand, BootstrapCommand, BootstrapPolicy, CreateUserCommand,
    };
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    const BOT_TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";

    #[tokio::test]
    async fn an_employee_signs_in_and_is_greeted() {
        let service = service_with_an_employee().await.unwrap();
        let app = app(service);
        let init_data = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First");
        let body = json!({
            "phone": "+77011234567",
            "password": "umbrella 77",
            "init_data": init_data.sign(&BOT_TOKEN.parse().unwrap()),
        });
        let request = Request::post("/sign-in").header("content-type", "application/json");
        let (status, text) = send(&app, request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        let session: Value = serde_json::from_str(&text).unwrap();

        let token = session["access_token"].as_str().unwrap();
        let request = Request::get("/hello").header("authorization", format!("Bearer {token}"));
        let response = send(&app, request.body(Body::empty()).unwrap()).await;
        assert_eq!(response, (StatusCode::OK, "Hello, First Last!".to_owned()));

        let response = send(&app, Request::get("/hello").body(Body::empty()).unwrap()).await;
        assert_eq!(response.0, StatusCode::UNAUTHORIZED);
    }

    async fn service_with_an_employee() -> Result<AuthService, Box<dyn Error>> {
        let service = AuthService::builder(
            Arc::new(MemoryStore::new()),
            &SecretKey::new([7; 32])?,
            "http://sec.localhost",
            Audiences::new("divan.localhost", "sec.localhost")?,
        )
        .telegram(BOT_TOKEN.parse()?)
        .bootstrap(BootstrapPolicy::OpenToAnyone)
        .build();
        let (email, password) = ("admin@example.com", "tram under the plum");
        let client = ClientInfo::unknown();
        service
            .for_client(&client)
            .bootstrap(&BootstrapCommand::new(email, password))
            .await?;
        let tokens = service
            .for_client(&client)
            .admin_login(&AdminLoginCommand::new(email, password))
            .await?;
        let admin = service
            .authenticate(tokens.access_token.expose())
            .await?
            .into_admin()?;
        let employee =
            CreateUserCommand::employee("First Last", "+77011234567").password("umbrella 77");
        service
            .as_admin(&admin, &client)
            .create_user(&employee)
            .await?;
        Ok(service)
    }

    async fn send(app: &Router, request: Request<Body>) -> (StatusCode, String) {
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}
