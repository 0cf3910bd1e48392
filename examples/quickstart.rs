//! `cargo run --example quickstart`: from the first administrator to the data of a signed-in
//! employee, with the client and a server in this process.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use divan_client::Client;
use divan_client::api::{
    AdminLoginRequest, BootstrapRequest, CreateUserRequest, TelegramLoginRequest,
};
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::service::{AuthService, BootstrapPolicy};
use divan_core::store::SqliteStore;
use divan_core::token::{Audiences, SecretKey};
use divan_server::{AppState, HttpOptions, router};

/// Bot token for the example; there is no such bot.
const BOT_TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let bot_token: BotToken = BOT_TOKEN.parse()?;
    let address = serve(folder.path(), bot_token.clone()).await?;
    let client = Client::new(&format!("http://{address}"))?;
    println!(
        "1. The server is {:?} on {address}.",
        client.ready().await?.status
    );

    let request = BootstrapRequest::new("admin@example.com", "tram under the plum");
    let admin = client.bootstrap(None, &request).await?;
    println!(
        "2. The first administrator is {}.",
        admin.email.ok_or("an administrator has an address")?
    );

    let request = AdminLoginRequest::new("admin@example.com", "tram under the plum");
    let admin = client.admin().login(&request).await?;
    println!("3. {} is signed in to the admin panel.", admin.full_name);

    let request =
        CreateUserRequest::employee("First Last", "8 (701) 123-45-67").password("umbrella 77");
    let created = client.admin().create_user(&request).await?;
    println!("4. The employee {} was created.", created.user.full_name);

    // In the Mini App this string is `window.Telegram.WebApp.initData`, signed by Telegram.
    let init_data = InitDataBuilder::new(SystemClock.unix_seconds())
        .user(42, "First")
        .sign(&bot_token);
    let request = TelegramLoginRequest::new("+77011234567", "umbrella 77", init_data);
    let employee = client.miniapp().login(&request).await?;
    println!(
        "5. The employee is signed in from Telegram account {:?}.",
        employee.telegram_id
    );

    let me = client.miniapp().me().await?;
    println!("6. Who am I? {me:#?}");
    Ok(())
}

/// Starts the server on a free port and leaves it running.
async fn serve(folder: &Path, bot_token: BotToken) -> Result<SocketAddr, Box<dyn Error>> {
    let service = AuthService::builder(
        Arc::new(SqliteStore::open(&folder.join("divan.db")).await?),
        &SecretKey::new("a quickstart has no secrets to keep")?,
        "http://sec.localhost",
        Audiences::new("divan.localhost", "sec.localhost")?,
    )
    .telegram(bot_token)
    .bootstrap(BootstrapPolicy::OpenToAnyone)
    .build();
    let app = router(AppState::new(service, HttpOptions::default()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
