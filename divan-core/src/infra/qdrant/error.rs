use qdrant_client::QdrantError;
use reqwest::StatusCode;
use tonic::Code;

use crate::infra::network;
use crate::infra::probe::ProbeError;

/// Classifies the error of a REST request without a response.
pub(super) fn rest(error: reqwest::Error) -> ProbeError {
    let error = error.without_url();
    if error.is_timeout() {
        return ProbeError::Slow;
    }
    if network::is_not_http(&error) {
        let advice = "the service at the REST address of Qdrant does not use HTTP: REST has port 6333, gRPC 6334";
        return ProbeError::Misconfigured(advice, Some(error.into()));
    }
    network::probe_error(error)
}

/// Classifies the response to a REST request.
pub(super) fn status(response: reqwest::Response) -> Result<(), ProbeError> {
    let status = response.status();
    let Err(error) = response.error_for_status() else {
        return Ok(());
    };
    let error = error.without_url();
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ProbeError::CredentialsRejected(error.into())
        }
        StatusCode::NOT_FOUND => {
            let advice = "the service at the REST address is not Qdrant, or older than 1.5: check host and port";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    })
}

/// Classifies the error of a gRPC request that follows a successful REST request.
pub(super) fn grpc(error: QdrantError) -> ProbeError {
    let QdrantError::ResponseError { status } = &error else {
        return ProbeError::Failed(error.into());
    };
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => {
            ProbeError::CredentialsRejected(error.into())
        }
        Code::DeadlineExceeded => ProbeError::Slow,
        Code::Cancelled if status.message().contains("Timeout") => ProbeError::Slow,
        // The client has no code for this.
        Code::Internal if status.message().starts_with("Failed to connect") => {
            let advice = "Qdrant responds over REST, but there is no connection to its gRPC address: check the address (port \
                          6334) and that the port is open";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        Code::Cancelled
        | Code::Internal
        | Code::Unavailable
        | Code::Unimplemented
        | Code::Unknown
            if is_not_grpc(status) =>
        {
            let advice = "the service at the gRPC address of Qdrant does not use gRPC: gRPC has port 6334, REST 6333";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    }
}

/// Returns `true` if the error does not come from a gRPC server. The client creates such an error with
/// a source, or for an HTTP response without a gRPC status.
fn is_not_grpc(status: &tonic::Status) -> bool {
    std::error::Error::source(status).is_some() || status.message().contains("HTTP status code")
}
