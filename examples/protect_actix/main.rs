//! `cargo run --example protect_actix --features actix`: a service on actix-web that accepts the
//! access tokens of Divan, and verifies them with Divan's public keys.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted. `GET /` is public, `GET /me` shows the user of
//! any access token, `GET /reports` accepts the token of an administrator. First start a Divan
//! server with a signing key:
//!
//! ```sh
//! cargo run -p divan-server -- keys generate --out key.pem
//! DIVAN_SIGNING_KEY_FILE=key.pem cargo run -p divan-server
//! ```

#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::{Data, ServiceConfig, get, resource};
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer};
use divan_client::Client;
use divan_client::protect::{Audiences, Claims, KeySettings, Protector, Refusal, RemoteKeys};
use divan_client::types::Role;
use futures_util::future::LocalBoxFuture;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let divan = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:8000".to_owned());
    let client = Client::builder(&divan)
        .timeout(Duration::from_secs(5))
        .build()?;
    // The audiences and the issuer of development mode.
    let audiences = Audiences::new("divan.localhost", "sec.localhost")?;
    let issuer = "http://sec.localhost:8000";
    let keys = RemoteKeys::new(client, issuer, audiences, KeySettings::default());

    let protector = Protector::new(keys);
    println!("Listening on http://127.0.0.1:3000 for users of {divan}");
    HttpServer::new(move || App::new().configure(routes(&protector)))
        .bind("127.0.0.1:3000")?
        .run()
        .await?;
    Ok(())
}

fn routes(protector: &Protector) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let everyone = Data::new(protector.clone());
    let admins = Data::new(protector.clone().require_role(Role::Admin));
    move |config| {
        let reports = resource("/reports").app_data(admins).get(reports);
        config
            .app_data(everyone)
            .route("/", get().to(async || "Sign in to see more."))
            .route("/me", get().to(me))
            .service(reports);
    }
}

async fn me(User(claims): User) -> String {
    format!("Hello, {}!", claims.user)
}

async fn reports(_: User) -> &'static str {
    "All reports."
}

/// The user of a request. A route without this argument is public.
struct User(Claims);

impl FromRequest for User {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The protector of the resource, or else that of the application.
        let protector = Data::<Protector>::extract(request);
        let values: Vec<_> = request.headers().get_all(AUTHORIZATION).cloned().collect();
        Box::pin(async move {
            let claims = protector.await?.check(values).await;
            claims.map(Self).map_err(error)
        })
    }
}

fn error(refusal: Refusal) -> actix_web::Error {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut response = HttpResponse::build(status);
    if let Some(challenge) = refusal.www_authenticate() {
        response.insert_header((WWW_AUTHENTICATE, challenge));
    }
    if let Some(seconds) = refusal.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    InternalError::from_response(refusal, response.finish()).into()
}
