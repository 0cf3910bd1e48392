//! Documents in an object store, with one prefix per user.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use divan_core::clock::Clock;
use divan_core::infra::S3Config;
use divan_core::infra::probe::ProbeError;
use divan_core::types::UserId;
use serde::{Deserialize, Serialize};

/// Lifetime of an upload URL.
const LIFE: Duration = Duration::from_mins(5);
/// Maximum size of a document, in bytes.
const MAX_SIZE: u64 = 10 * 1024 * 1024;
/// Accepted media types, without pages and scripts, which a browser would run.
const CONTENT_TYPES: [&str; 3] = ["application/pdf", "image/jpeg", "image/png"];

/// Description of a document to upload.
#[derive(Debug, Deserialize)]
pub(crate) struct NewDocument {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
}

/// Signed URL for a `PUT`. The signature covers length and type, so the store refuses any other
/// document.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Upload {
    pub(crate) url: String,
    /// Headers of the `PUT`.
    pub(crate) headers: Vec<(String, String)>,
}

/// Reason of a refused request.
#[derive(Debug)]
pub(crate) enum Refused {
    Token,
    Name,
    TooLarge,
    ContentType,
    Unavailable,
}

#[derive(Clone)]
pub(crate) struct Documents {
    client: Client,
    bucket: String,
    clock: Arc<dyn Clock>,
}

impl Documents {
    /// Opens the store and creates a missing bucket.
    pub(crate) async fn open(store: &S3Config, clock: Arc<dyn Clock>) -> Result<Self, ProbeError> {
        let client = store.client();
        let _ = store.ensure_bucket(&client).await?;
        Ok(Self {
            client,
            bucket: store.bucket.clone(),
            clock,
        })
    }

    /// Returns a signed URL for one upload.
    pub(crate) async fn upload(
        &self,
        owner: UserId,
        document: &NewDocument,
    ) -> Result<Upload, Refused> {
        if !is_plain(&document.name) {
            return Err(Refused::Name);
        }
        if !(1..=MAX_SIZE).contains(&document.size) {
            return Err(Refused::TooLarge);
        }
        if !CONTENT_TYPES.contains(&document.content_type.as_str()) {
            return Err(Refused::ContentType);
        }
        let life = PresigningConfig::builder()
            .start_time(self.clock.now())
            .expires_in(LIFE)
            .build();
        let size = i64::try_from(document.size).map_err(|_| Refused::TooLarge)?;
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(format!("{}{}", prefix(owner), document.name))
            .content_length(size)
            .content_type(&document.content_type);
        let put = put
            .presigned(life.map_err(|_| Refused::Unavailable)?)
            .await
            .map_err(|_| Refused::Unavailable)?;
        let headers = put
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Upload {
            url: put.uri().to_owned(),
            headers,
        })
    }

    /// Lists the names of the documents of a user, at most a thousand.
    pub(crate) async fn list(&self, owner: UserId) -> Result<Vec<String>, Refused> {
        let prefix = prefix(owner);
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&prefix)
            .send()
            .await;
        let listed = listed.map_err(|_| Refused::Unavailable)?;
        let keys = listed
            .contents()
            .iter()
            .filter_map(|object| object.key()?.strip_prefix(&prefix));
        Ok(keys.map(str::to_owned).collect())
    }
}

/// Returns the prefix of a user. It ends with `/`, so that no prefix is the start of another.
fn prefix(owner: UserId) -> String {
    format!("users/{owner}/")
}

/// Returns `true` if a name is a plain file name, which cannot leave the prefix.
fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    (1..=100).contains(&name.len()) && !name.starts_with('.') && name.chars().all(is_plain)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Name => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        status.into_response()
    }
}
