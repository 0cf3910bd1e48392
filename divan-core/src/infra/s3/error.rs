use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::infra::network;
use crate::infra::probe::ProbeError;

/// Problem and remedy of a missing bucket.
pub(super) const NO_BUCKET: &str =
    "the bucket does not exist: create it, or start the server, which creates it";

const NO_STORE: &str = "the service at this address is not an object store: check host and port (MinIO's API has port 9000, \
                        its console 9001)";

const NOT_PERMITTED: &str = "the bucket belongs to another account, or this key must not use it: give the key a policy that permits it, \
                             or name another bucket";

/// The error of a request for a bucket that does not exist.
pub(super) fn is_missing_bucket<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> bool {
    error.code() == Some("NoSuchBucket")
}

/// Classifies the error of a request by [S3's error
/// codes](https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
pub(super) fn probe_error<E>(error: SdkError<E, HttpResponse>) -> ProbeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match &error {
        SdkError::TimeoutError(_) => return ProbeError::Slow,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => return ProbeError::Slow,
        SdkError::DispatchFailure(_) => return network::probe_error(error),
        SdkError::ResponseError(_) => {
            return ProbeError::Misconfigured(NO_STORE, Some(error.into()));
        }
        _ => {}
    }
    let response = error.raw_response();
    let status = response.map(|response| response.status().as_u16());
    let advice = match (error.code().unwrap_or_default(), status) {
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken", _) => {
            return ProbeError::CredentialsRejected(error.into());
        }
        ("RequestTimeTooSkewed", _) => {
            "the clocks of this machine and of the store differ by more than 15 minutes: correct them"
        }
        ("AccessDenied" | "AllAccessDisabled" | "BucketAlreadyExists", _) => NOT_PERMITTED,
        ("NoSuchBucket", _) => NO_BUCKET,
        ("InvalidBucketName", _) => {
            "the bucket name is invalid: use 3 to 63 lower-case letters, digits, dots and hyphens"
        }
        // A proxy in front of an unavailable store sends no code either.
        ("", Some(..500)) => NO_STORE,
        ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) | (_, Some(301)) => {
            "the bucket or the store is in another region: set MINIO_REGION to that region"
        }
        (_, Some(403)) => NOT_PERMITTED,
        _ => return ProbeError::Failed(error.into()),
    };
    ProbeError::Misconfigured(advice, Some(error.into()))
}
