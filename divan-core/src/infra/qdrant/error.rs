use qdrant_client::QdrantError;
use reqwest::StatusCode;
use tonic::Code;

use crate::infra::network;
use crate::infra::probe::ProbeError;

/// What to tell an operator about a REST request that got no answer.
pub(super) fn rest(error: reqwest::Error) -> ProbeError {
    let error = error.without_url();
    if error.is_timeout() {
        return ProbeError::Slow;
    }
    if network::is_no_http(&error) {
        let advice = "what answers at the REST address of Qdrant speaks no HTTP: that is port 6333, while 6334 is gRPC";
        return ProbeError::Misconfigured(advice, Some(error.into()));
    }
    network::fault(error)
}

/// What to tell an operator about the answer to a REST request.
pub(super) fn status(answer: reqwest::Response) -> Result<(), ProbeError> {
    let status = answer.status();
    let Err(error) = answer.error_for_status() else {
        return Ok(());
    };
    let error = error.without_url();
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ProbeError::Refused(error.into()),
        StatusCode::NOT_FOUND => {
            let advice = "what answers at the REST address of Qdrant is not Qdrant, or older than 1.5: check host and port";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    })
}

/// What to tell an operator about a gRPC request that failed, after REST has answered.
pub(super) fn grpc(error: QdrantError) -> ProbeError {
    let QdrantError::ResponseError { status } = &error else {
        return ProbeError::Failed(error.into());
    };
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => ProbeError::Refused(error.into()),
        Code::DeadlineExceeded => ProbeError::Slow,
        Code::Cancelled if status.message().contains("Timeout") => ProbeError::Slow,
        // The client's own words; there is no code for it.
        Code::Internal if status.message().starts_with("Failed to connect") => {
            let advice = "Qdrant answers over REST, and nothing answers at its gRPC address: check that it is the right one \
                          (port 6334) and that the port is open";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        Code::Cancelled
        | Code::Internal
        | Code::Unavailable
        | Code::Unimplemented
        | Code::Unknown
            if is_no_grpc(status) =>
        {
            let advice = "what answers at the gRPC address of Qdrant speaks no gRPC: that is port 6334, while 6333 is REST";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    }
}

/// Whether the error is the client's and not one that a server of gRPC has answered with: then it
/// has a source, or is about an answer over HTTP that has no status of gRPC.
fn is_no_grpc(status: &tonic::Status) -> bool {
    std::error::Error::source(status).is_some() || status.message().contains("HTTP status code")
}
