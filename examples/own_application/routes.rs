use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, Caller, ClientInfo, CreateUserCommand, LoginPhone,
    TelegramLoginCommand,
};
use serde::Deserialize;
use sqlx::SqlitePool;

use crate::App;
use crate::error::ApiError;

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/admin/sign-in", post(sign_in_admin))
        .route("/admin/employees", post(create_employee))
        .route("/sessions", get(count_sessions))
        .route("/orders", get(list_orders).post(create_order))
        .with_state(app)
}

#[derive(Deserialize)]
struct SignIn {
    phone: String,
    password: String,
    init_data: String,
}

#[derive(Deserialize)]
struct AdminSignIn {
    email: String,
    password: String,
}

#[derive(Deserialize)]
struct Employee {
    name: String,
    phone: String,
    password: String,
}

/// Responds with an access token.
async fn sign_in(
    State(service): State<AuthService>,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<String, ApiError> {
    let phone = LoginPhone::Typed(body.phone);
    let command = TelegramLoginCommand::new(phone, body.password, body.init_data);
    let client = client(&headers);
    let tokens = service.for_client(&client).telegram_login(&command).await?;
    Ok(tokens.access_token.expose().to_owned())
}

/// Responds with an access token.
async fn sign_in_admin(
    State(service): State<AuthService>,
    headers: HeaderMap,
    Json(body): Json<AdminSignIn>,
) -> Result<String, ApiError> {
    let command = AdminLoginCommand::new(body.email, body.password);
    let client = client(&headers);
    let tokens = service.for_client(&client).admin_login(&command).await?;
    Ok(tokens.access_token.expose().to_owned())
}

async fn create_employee(
    State(service): State<AuthService>,
    SignedInAdmin(admin): SignedInAdmin,
    headers: HeaderMap,
    Json(body): Json<Employee>,
) -> Result<StatusCode, ApiError> {
    let command = CreateUserCommand::employee(body.name, body.phone).password(body.password);
    let client = client(&headers);
    service
        .as_admin(&admin, &client)
        .create_user(&command)
        .await?;
    Ok(StatusCode::CREATED)
}

async fn count_sessions(
    State(service): State<AuthService>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
) -> Result<Json<usize>, ApiError> {
    let client = client(&headers);
    let sessions = service.as_caller(&caller, &client).sessions().await?;
    Ok(Json(sessions.len()))
}

async fn create_order(
    State(pool): State<SqlitePool>,
    SignedIn(caller): SignedIn,
    item: String,
) -> Result<StatusCode, ApiError> {
    sqlx::query("INSERT INTO orders (user_id, item) VALUES ($1, $2)")
        .bind(caller.user().id.0)
        .bind(item)
        .execute(&pool)
        .await?;
    Ok(StatusCode::CREATED)
}

async fn list_orders(
    State(pool): State<SqlitePool>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<String>>, ApiError> {
    let items = sqlx::query_scalar("SELECT item FROM orders WHERE user_id = $1")
        .bind(caller.user().id.0)
        .fetch_all(&pool)
        .await?;
    Ok(Json(items))
}

/// Extractor of the user whose access token the request carries.
struct SignedIn(Caller);

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .unwrap_or_default();
        Ok(Self(app.service.authenticate(token).await?))
    }
}

/// Extractor of an administrator.
struct SignedInAdmin(Admin);

impl FromRequestParts<App> for SignedInAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, app).await?;
        Ok(Self(caller.into_admin()?))
    }
}

/// The client as sessions and audit events show it.
fn client(headers: &HeaderMap) -> ClientInfo {
    let user_agent = headers.get(header::USER_AGENT);
    let device = user_agent.and_then(|value| value.to_str().ok());
    ClientInfo::unknown().device(device.unwrap_or_default())
}
