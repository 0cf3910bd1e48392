//! As much of Qdrant's gRPC interface as the tests ask for, made from the traits of its own client.

mod collections;
mod points;
mod refusal;
mod search;
mod state;

use std::sync::Arc;

use qdrant_client::qdrant::collections_server::CollectionsServer;
use qdrant_client::qdrant::points_server::PointsServer;
use qdrant_client::qdrant::qdrant_server::{Qdrant, QdrantServer as HealthServer};
use qdrant_client::qdrant::{HealthCheckReply, HealthCheckRequest};
use state::State;
use tokio::net::TcpListener;
use tonic::service::InterceptorLayer;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::in_process::InProcess;

/// A vector database in this process, with gRPC only. Stops when it is dropped.
#[derive(Debug)]
pub struct QdrantServer {
    server: InProcess,
    state: Arc<State>,
}

impl QdrantServer {
    /// The required API key.
    pub const API_KEY: &str = "key-of-the-tests";

    /// Starts an empty database.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Self {
        let mut server = Self {
            server: InProcess::new(),
            state: Arc::default(),
        };
        server.resume();
        server
    }

    /// The port of gRPC on the loopback address.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Stops the database immediately. Connections break.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Starts the database again, on the same port and with the same data.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let state = Arc::clone(&self.state);
        self.server.start(|listener| serve(listener, state));
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let served = Server::builder()
        .layer(InterceptorLayer::new(check_key))
        .add_service(CollectionsServer::from_arc(Arc::clone(&state)))
        .add_service(PointsServer::from_arc(Arc::clone(&state)))
        .add_service(HealthServer::from_arc(state))
        .serve_with_incoming(TcpIncoming::from(listener));
    // Ends with the runtime.
    let _ = served.await;
}

/// The error of Qdrant for a wrong key.
fn check_key(request: Request<()>) -> Result<Request<()>, Status> {
    let key = request
        .metadata()
        .get("api-key")
        .and_then(|key| key.to_str().ok());
    if key == Some(QdrantServer::API_KEY) {
        Ok(request)
    } else {
        Err(Status::unauthenticated("Invalid API key or JWT"))
    }
}

#[tonic::async_trait]
impl Qdrant for State {
    async fn health_check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckReply>, Status> {
        Ok(Response::new(HealthCheckReply {
            title: "divan-testing".to_owned(),
            ..Default::default()
        }))
    }
}
