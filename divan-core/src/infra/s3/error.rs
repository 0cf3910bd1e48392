use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::infra::network;
use crate::infra::probe::{Cause, ProbeError};

/// Problem and remedy of a missing bucket.
pub(super) const NO_BUCKET: &str =
    "the bucket does not exist: create it, or start the server, which creates it";

const NO_STORE: &str = "the service at this address is not an object store: check host and port (MinIO's API has port 9000, \
                        its console 9001)";

/// Problem that a store reports, as far as an operator can solve it ([S3's error
/// codes](https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The key is unknown, or the signature is wrong.
    WrongKey,
    /// The key does not permit this.
    Forbidden,
    /// The bucket does not exist.
    NoBucket,
    /// The name of the bucket is invalid.
    InvalidName,
    /// The signature names another region.
    WrongRegion,
    /// The clocks differ too much.
    ClockSkew,
    /// The response has no error code, so it is not from an object store.
    NoStore,
    /// Anything else.
    Unknown,
}

impl Problem {
    pub(super) fn from_error<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        match (error.code().unwrap_or_default(), status) {
            ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken", _) => Self::WrongKey,
            ("RequestTimeTooSkewed", _) => Self::ClockSkew,
            ("AccessDenied" | "AllAccessDisabled" | "BucketAlreadyExists", _) => Self::Forbidden,
            ("NoSuchBucket", _) => Self::NoBucket,
            ("InvalidBucketName", _) => Self::InvalidName,
            // A proxy in front of an unavailable store sends no code either.
            ("", Some(..500)) => Self::NoStore,
            ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) | (_, Some(301)) => {
                Self::WrongRegion
            }
            (_, Some(403)) => Self::Forbidden,
            _ => Self::Unknown,
        }
    }
}

/// Classifies the error of a request.
pub(super) fn probe_error<E>(error: SdkError<E, HttpResponse>) -> ProbeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let problem = Problem::from_error(&error);
    match &error {
        SdkError::TimeoutError(_) => return ProbeError::Slow,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => return ProbeError::Slow,
        SdkError::DispatchFailure(_) => return network::probe_error(error),
        SdkError::ResponseError(_) => return misconfigured(NO_STORE, error),
        _ => {}
    }
    match problem {
        Problem::WrongKey => ProbeError::CredentialsRejected(error.into()),
        Problem::Forbidden => misconfigured(
            "the bucket belongs to another account, or this key must not use it: give the key a policy that permits it, or \
             name another bucket",
            error,
        ),
        Problem::NoBucket => misconfigured(NO_BUCKET, error),
        Problem::InvalidName => misconfigured(
            "the bucket name is invalid: use 3 to 63 lower-case letters, digits, dots and hyphens",
            error,
        ),
        Problem::WrongRegion => misconfigured(
            "the bucket or the store is in another region: set that region",
            error,
        ),
        Problem::ClockSkew => misconfigured(
            "the clocks of this machine and of the store differ by more than 15 minutes: correct them",
            error,
        ),
        Problem::NoStore => misconfigured(NO_STORE, error),
        Problem::Unknown => ProbeError::Failed(error.into()),
    }
}

fn misconfigured(advice: &'static str, cause: impl Into<Cause>) -> ProbeError {
    ProbeError::Misconfigured(advice, Some(cause.into()))
}
