use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::infra::network;
use crate::infra::probe::{Cause, ProbeError};

/// What to do about a bucket that is not there.
pub(super) const NO_BUCKET: &str =
    "there is no such bucket: make it, or start the server, which makes it";

const NO_STORE: &str = "what answers at this address is no object store: check host and port (MinIO's own is 9000, and 9001 its web \
                        page)";

/// What a store says is wrong, as far as an operator can do something about it ([S3's list of error
/// codes](https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It does not know the key, or the signature is wrong.
    WrongKey,
    /// The key is known, and may not do this here.
    Forbidden,
    /// There is no such bucket.
    NoBucket,
    /// No bucket may be called that.
    BadName,
    /// The signature names another region.
    WrongRegion,
    /// The clocks are too far apart.
    WrongTime,
    /// It has no code, so it is none of a store.
    NoStore,
    /// Anything else.
    Unknown,
}

impl Answer {
    pub(super) fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        match (error.code().unwrap_or_default(), status) {
            ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken", _) => Self::WrongKey,
            ("RequestTimeTooSkewed", _) => Self::WrongTime,
            ("AccessDenied" | "AllAccessDisabled" | "BucketAlreadyExists", _) => Self::Forbidden,
            ("NoSuchBucket", _) => Self::NoBucket,
            ("InvalidBucketName", _) => Self::BadName,
            // What stands in front of a store that is down has no code either.
            ("", Some(..500)) => Self::NoStore,
            ("AuthorizationHeaderMalformed" | "PermanentRedirect", _) | (_, Some(301)) => {
                Self::WrongRegion
            }
            (_, Some(403)) => Self::Forbidden,
            _ => Self::Unknown,
        }
    }
}

/// What to tell an operator about a request that failed.
pub(super) fn fault<E>(error: SdkError<E, HttpResponse>) -> ProbeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let answer = Answer::of(&error);
    match &error {
        SdkError::TimeoutError(_) => return ProbeError::Slow,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => return ProbeError::Slow,
        SdkError::DispatchFailure(_) => return network::fault(error),
        SdkError::ResponseError(_) => return misconfigured(NO_STORE, error),
        _ => {}
    }
    match answer {
        Answer::WrongKey => ProbeError::Refused(error.into()),
        Answer::Forbidden => misconfigured(
            "the bucket belongs to somebody else, or this key may not use it: give it a policy that allows it, or name another \
             bucket",
            error,
        ),
        Answer::NoBucket => misconfigured(NO_BUCKET, error),
        Answer::BadName => misconfigured(
            "no bucket may have this name: 3 to 63 small letters, digits, dots and hyphens",
            error,
        ),
        Answer::WrongRegion => misconfigured(
            "the bucket or the store is in another region: set the region that it is in",
            error,
        ),
        Answer::WrongTime => misconfigured(
            "the clocks of this machine and of the store differ by more than 15 minutes: set them",
            error,
        ),
        Answer::NoStore => misconfigured(NO_STORE, error),
        Answer::Unknown => ProbeError::Failed(error.into()),
    }
}

fn misconfigured(advice: &'static str, cause: impl Into<Cause>) -> ProbeError {
    ProbeError::Misconfigured(advice, Some(cause.into()))
}
