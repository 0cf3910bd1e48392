//! `cargo run --example document_upload --features s3`: signed-in employees upload
//! documents directly to an object store, and list their own.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted. `POST /documents` takes
//! `{"name", "content_type", "size"}` and an access token, and returns a URL for a `PUT` of the
//! document within five minutes; `GET /documents` lists the documents of the user. They never pass
//! through this service. Start a Divan server (or name one: `-- https://divan.example.com`) and a
//! store first, and set `MINIO_ENDPOINT`, `MINIO_ACCESS_KEY`, `MINIO_SECRET_KEY` and `MINIO_BUCKET` in
//! the environment or in `.env`.

mod documents;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use divan_client::{Client, Secret};
use divan_core::clock::SystemClock;
use divan_core::infra::{Env, S3Config};
use divan_core::types::User;
use documents::{Documents, NewDocument, Refused, Upload};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let divan = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:8000".to_owned());
    let client = Client::builder(&divan)
        .timeout(Duration::from_secs(5))
        .build()?;
    let mut env = Env::of_process();
    let store = S3Config::read(&mut env);
    env.finish()?;
    let store = store.ok_or(
        "name an object store: MINIO_ENDPOINT, MINIO_ACCESS_KEY, MINIO_SECRET_KEY, MINIO_BUCKET",
    )?;
    let documents = Documents::open(&store, Arc::new(SystemClock)).await?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "Listening on http://{}, for who is signed in at {divan}",
        listener.local_addr()?
    );
    axum::serve(listener, app(client, documents)).await?;
    Ok(())
}

#[derive(Clone)]
struct App {
    divan: Client,
    documents: Documents,
}

fn app(divan: Client, documents: Documents) -> Router {
    Router::new()
        .route("/documents", get(list).post(upload))
        .with_state(App { divan, documents })
}

async fn upload(
    State(app): State<App>,
    headers: HeaderMap,
    Json(document): Json<NewDocument>,
) -> Result<(StatusCode, Json<Upload>), Refused> {
    let user = signed_in(&app.divan, &headers).await?;
    Ok((
        StatusCode::CREATED,
        Json(app.documents.upload(user.id, &document).await?),
    ))
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Json<Vec<String>>, Refused> {
    let user = signed_in(&app.divan, &headers).await?;
    Ok(Json(app.documents.list(user.id).await?))
}

/// Returns the user of the token. Each request calls Divan, so a sign-out takes effect immediately.
async fn signed_in(divan: &Client, headers: &HeaderMap) -> Result<User, Refused> {
    let header = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|text| text.strip_prefix("Bearer "))
        .ok_or(Refused::Token)?;
    match divan.me(&Secret::new(token)).await {
        // A user with a generated password may only change it.
        Ok(user) if user.password_change_required => Err(Refused::Token),
        Ok(user) => Ok(user),
        Err(error) if error.is_unauthorized() => Err(Refused::Token),
        Err(_) => Err(Refused::Unavailable),
    }
}
