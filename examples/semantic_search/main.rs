//! `cargo run --example semantic_search --features qdrant`: signed-in employees keep notes and
//! search their own by topic.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted. `POST /notes` takes `{"text"}`,
//! `GET /notes?about=…` returns the five most similar notes of the user; both need an access token.
//! Start a Divan server (or name one: `-- https://divan.example.com`) and Qdrant first, and set
//! `QDRANT_URL` (REST), `QDRANT_GRPC_URL` and `QDRANT_API_KEY`.
//!
//! Results are only as good as the embedding, and that of this example is a toy: see `embedding.rs`.

mod embedding;
mod notes;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use divan_client::{Client, Secret};
use divan_core::infra::{Env, QdrantConfig};
use divan_core::types::User;
use notes::Notes;
use serde::{Deserialize, Serialize};

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
    let qdrant = QdrantConfig::read(&mut env);
    env.finish()?;
    let qdrant = qdrant.ok_or("name a Qdrant server: QDRANT_URL")?;
    let notes = Notes::open(qdrant.client()?).await?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "Listening on http://{}, for who is signed in at {divan}",
        listener.local_addr()?
    );
    axum::serve(listener, app(client, notes)).await?;
    Ok(())
}

#[derive(Clone)]
struct App {
    divan: Client,
    notes: Notes,
}

fn app(divan: Client, notes: Notes) -> Router {
    Router::new()
        .route("/notes", get(search).post(keep))
        .with_state(App { divan, notes })
}

#[derive(Debug, Deserialize, Serialize)]
struct Note {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Question {
    about: String,
}

async fn keep(
    State(app): State<App>,
    headers: HeaderMap,
    Json(note): Json<Note>,
) -> Result<StatusCode, Refused> {
    let user = signed_in(&app.divan, &headers).await?;
    app.notes
        .keep(user.id, &note.text)
        .await
        .map_err(|_| Refused::Unavailable)?;
    Ok(StatusCode::CREATED)
}

async fn search(
    State(app): State<App>,
    headers: HeaderMap,
    Query(question): Query<Question>,
) -> Result<Json<Vec<String>>, Refused> {
    let user = signed_in(&app.divan, &headers).await?;
    Ok(Json(
        app.notes
            .search(user.id, &question.about)
            .await
            .map_err(|_| Refused::Unavailable)?,
    ))
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

enum Refused {
    Token,
    Unavailable,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED.into_response(),
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}
