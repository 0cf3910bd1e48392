//! `cargo run --example protect_salvo --features salvo`: a service on salvo that accepts the access
//! tokens of Divan, and asks the Divan server about each. It sees a sign-out within six seconds.
//!
//! It listens on 127.0.0.1:3000 until it is interrupted. `GET /` is public, `GET /me` shows the user of
//! any access token, `GET /reports` accepts the token of an administrator. Start a Divan server and
//! create a service credential first. Set `CLIENT_ID` and `CLIENT_SECRET` to its id and secret:
//!
//! ```sh
//! cargo run -p divan-server
//! cargo run -p divan-server -- service create --name Reports --scope introspect
//! ```

#[cfg(test)]
mod tests;

use std::error::Error;

use divan_client::Client;
use divan_client::protect::{Audiences, Claims, Introspection, Protector, Refusal};
use divan_client::types::Role;
use salvo::http::HeaderValue;
use salvo::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use salvo::prelude::*;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let divan = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "http://localhost:8000".to_owned());
    let (id, secret) = (std::env::var("CLIENT_ID")?, std::env::var("CLIENT_SECRET")?);
    // The audiences of development mode.
    let audiences = Audiences::new("divan.localhost", "sec.localhost")?;
    let introspection = Introspection::new(Client::new(&divan)?, &id, secret, audiences);

    let acceptor = TcpListener::new("127.0.0.1:3000").try_bind().await?;
    let router = app(&Protector::new(introspection));
    println!("Listening on http://127.0.0.1:3000 for users of {divan}");
    Server::new(acceptor).try_serve(router).await?;
    Ok(())
}

fn app(protector: &Protector) -> Router {
    let everyone = Protect(protector.clone());
    let admins = Protect(protector.clone().require_role(Role::Admin));
    Router::new()
        .get(public)
        .push(Router::with_path("me").hoop(everyone).get(me))
        .push(Router::with_path("reports").hoop(admins).get(reports))
}

#[handler]
async fn public() -> &'static str {
    "Sign in to see more."
}

#[handler]
async fn me(depot: &mut Depot) -> Result<String, StatusError> {
    // A route without the hoop has no claims.
    let claims = depot.get_typed::<Claims>();
    let claims = claims.map_err(|_| StatusError::internal_server_error())?;
    let name = claims.name.as_deref().unwrap_or("employee");
    Ok(format!("Hello, {name} ({})!", claims.user))
}

#[handler]
async fn reports() -> &'static str {
    "All reports."
}

/// A hoop that lets only requests with a valid access token pass, with its [`Claims`] in the depot.
struct Protect(Protector);

#[handler]
impl Protect {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let values = request.headers().get_all(AUTHORIZATION);
        let values: Vec<_> = values.iter().cloned().collect();
        match self.0.check(values).await {
            Ok(claims) => {
                depot.insert_typed(claims);
            }
            Err(refusal) => {
                refuse(refusal, response);
                flow.skip_rest();
            }
        }
    }
}

fn refuse(refusal: Refusal, response: &mut Response) {
    let status = StatusCode::from_u16(refusal.status());
    response.status_code(status.unwrap_or(StatusCode::UNAUTHORIZED));
    let headers = response.headers_mut();
    if let Some(challenge) = refusal.www_authenticate() {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}
