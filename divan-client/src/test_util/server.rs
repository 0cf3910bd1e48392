use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use axum::response::{IntoResponse, Response};
use divan_core::api::{Problem, ProblemCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::faults::{Fault, Faults};

/// Serves the router with injected failures. Connections close when the future is dropped.
pub(super) async fn serve(listener: TcpListener, router: Router, faults: Arc<Faults>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (router, faults) = (router.clone(), Arc::clone(&faults));
        let service =
            service_fn(move |request| respond(router.clone(), Arc::clone(&faults), request));
        connections.spawn(async move {
            let connection = http1::Builder::new();
            // An error is an injected failure or a client that closed the connection.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Returns an error to close the connection without a response.
async fn respond(
    router: Router,
    faults: Arc<Faults>,
    request: Request<Incoming>,
) -> io::Result<Response> {
    let dropped = || io::Error::from(io::ErrorKind::ConnectionAborted);
    let fault = faults.next(request.method(), request.uri().path());
    match fault {
        Some(Fault::Problem(code)) => return Ok(problem(code)),
        Some(Fault::DropConnection) => return Err(dropped()),
        Some(Fault::LoseResponse) | None => {}
    }
    let Ok(response) = router.oneshot(request.map(Body::new)).await;
    if fault.is_some() {
        return Err(dropped());
    }
    Ok(response)
}

fn problem(code: ProblemCode) -> Response {
    let body = serde_json::to_vec(&Problem::new(code)).unwrap_or_default();
    let mut response = body.into_response();
    *response.status_mut() = code.status().try_into().unwrap_or_default();
    let headers = response.headers_mut();
    let media_type = header::HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, media_type);
    // Tests must not wait for a delay of the server.
    if code.status() == 503 {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("0"));
    }
    response
}
