//! A Divan server for the tests of examples that protect routes.

use std::net::SocketAddr;
use std::path::Path;

use divan_client::Client;
use divan_client::api::{AdminLoginRequest, BootstrapRequest};
use divan_core::entropy::OsEntropy;
use divan_core::token::{SigningAlgorithm, SigningKey};
use divan_server::{Config, Migrations, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const BOT_TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "tram under the plum";
const BOOTSTRAP_TOKEN: &str = "the bootstrap token";

/// A Divan server in this process with the configuration of the program.
pub(crate) struct Divan {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<()>,
}

impl Divan {
    /// Starts the server with a database in a folder, and a signing key in it.
    pub(crate) async fn start(folder: &Path, key: Option<&str>, address: &str) -> Self {
        let database = format!("sqlite:{}", folder.join("divan.db").display());
        let key = key.map(|name| folder.join(name).display().to_string());
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let variable = |name: &str| match name {
            "DATABASE_URL" => Some(database.clone()),
            "SECRET_KEY" => Some("0123456789abcdef0123456789abcdef".to_owned()),
            "TELEGRAM_BOT_TOKEN" => Some(BOT_TOKEN.to_owned()),
            "DIVAN_NOTIFICATIONS" => Some("off".to_owned()),
            "DIVAN_ISSUER" => Some("http://sec.localhost:8000".to_owned()),
            "DIVAN_BOOTSTRAP_TOKEN" => Some(BOOTSTRAP_TOKEN.to_owned()),
            "DIVAN_SIGNING_KEY_FILE" => key.clone(),
            _ => None,
        };
        let config = Config::read(&variable, address).unwrap();
        let server = Server::new(listener, &config, Migrations::Run)
            .await
            .unwrap();
        let (stop, stop_signal) = oneshot::channel::<()>();
        let stopped = tokio::spawn(server.run(async { drop(stop_signal.await) }));
        Self {
            address,
            stop,
            stopped,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address)).unwrap()
    }

    pub(crate) async fn bootstrap(&self) {
        let request = BootstrapRequest::new(EMAIL, PASSWORD);
        self.client()
            .bootstrap(Some(&BOOTSTRAP_TOKEN.into()), &request)
            .await
            .unwrap();
    }

    /// Returns a client with the signed-in administrator.
    pub(crate) async fn signed_in(&self) -> Client {
        let client = self.client();
        let request = AdminLoginRequest::new(EMAIL, PASSWORD);
        client.admin().login(&request).await.unwrap();
        client
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.stopped.await.unwrap();
    }
}

/// Writes a new signing key into a folder.
pub(crate) fn generate_key(folder: &Path, name: &str) {
    let key = SigningKey::generate(SigningAlgorithm::EdDsa, &OsEntropy).unwrap();
    std::fs::write(folder.join(name), key.to_pem().expose()).unwrap();
}
