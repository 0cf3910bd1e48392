use std::path::Path;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::in_process::InProcess;

/// An object store in this process, which checks signatures, presigned ones too. Stops when it is
/// dropped.
///
/// It accepts two keys: [`ACCESS_KEY`](Self::ACCESS_KEY) has all permissions,
/// [`DENIED_ACCESS_KEY`](Self::DENIED_ACCESS_KEY) has none.
#[derive(Debug)]
pub struct S3Server {
    folder: tempfile::TempDir,
    server: InProcess,
}

impl S3Server {
    /// Id of the key with all permissions.
    pub const ACCESS_KEY: &str = "divan-tests";
    /// Secret of both keys.
    pub const SECRET_KEY: &str = "a/secret+key=of%tests";
    /// Id of the key without permissions.
    pub const DENIED_ACCESS_KEY: &str = "divan-tests-denied";

    /// Starts an empty store.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Self {
            folder,
            server: InProcess::new(),
        };
        server.resume();
        server
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// Its port on the loopback address.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The folder with a folder for each bucket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the store immediately. Connections break.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts the store again, on the same port and with the same objects.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let mut service =
            S3ServiceBuilder::new(FileSystem::new(self.folder.path()).expect("a folder"));
        service.set_auth(Keys);
        service.set_access(Owner);
        let service = service.build();
        self.server.start(|listener| serve(listener, service));
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    while let Ok((stream, _)) = listener.accept().await {
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(connection);
    }
}

#[derive(Debug)]
struct Keys;

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match access_key {
            S3Server::ACCESS_KEY | S3Server::DENIED_ACCESS_KEY => Ok(S3Server::SECRET_KEY.into()),
            _ => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

#[derive(Debug)]
struct Owner;

#[async_trait::async_trait]
impl S3Access for Owner {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        match context.credentials() {
            Some(credentials) if credentials.access_key == S3Server::ACCESS_KEY => Ok(()),
            _ => Err(s3_error!(AccessDenied)),
        }
    }
}
