//! Documents in an object store, each person's below a prefix of their own.

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

/// For how long a document may be sent.
const LIFE: Duration = Duration::from_mins(5);
/// The most bytes that a document may have.
const MAX_SIZE: u64 = 10 * 1024 * 1024;
/// What may be uploaded. Pages and scripts are not among them: a browser would run them.
const CONTENT_TYPES: [&str; 3] = ["application/pdf", "image/jpeg", "image/png"];

/// What somebody would like to upload.
#[derive(Debug, Deserialize)]
pub(crate) struct NewDocument {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
}

/// Where to `PUT` it. The length and the type are part of the signature: another document is
/// refused by the store.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Upload {
    pub(crate) url: String,
    /// The headers to send with it.
    pub(crate) headers: Vec<(String, String)>,
}

/// Why not.
#[derive(Debug)]
pub(crate) enum Refused {
    Token,
    Name,
    TooLarge,
    ContentType,
    NotNow,
}

#[derive(Clone)]
pub(crate) struct Documents {
    client: Client,
    bucket: String,
    clock: Arc<dyn Clock>,
}

impl Documents {
    /// Opens the store, and makes the bucket where it is missing.
    pub(crate) async fn open(store: &S3Config, clock: Arc<dyn Clock>) -> Result<Self, ProbeError> {
        let client = store.client();
        let _ = store.ensure_bucket(&client).await?;
        Ok(Self {
            client,
            bucket: store.bucket.clone(),
            clock,
        })
    }

    /// Permits one upload.
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
            .presigned(life.map_err(|_| Refused::NotNow)?)
            .await
            .map_err(|_| Refused::NotNow)?;
        let headers = put
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Upload {
            url: put.uri().to_owned(),
            headers,
        })
    }

    /// The names of what this person has uploaded; a thousand at most.
    pub(crate) async fn list(&self, owner: UserId) -> Result<Vec<String>, Refused> {
        let prefix = prefix(owner);
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&prefix)
            .send()
            .await;
        let listed = listed.map_err(|_| Refused::NotNow)?;
        let keys = listed
            .contents()
            .iter()
            .filter_map(|object| object.key()?.strip_prefix(&prefix));
        Ok(keys.map(str::to_owned).collect())
    }
}

/// Ends with `/`: without it, one id could be the beginning of another.
fn prefix(owner: UserId) -> String {
    format!("users/{owner}/")
}

/// Whether a name is one for a file, and nothing that could leave its folder.
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
            Self::NotNow => StatusCode::SERVICE_UNAVAILABLE,
        };
        status.into_response()
    }
}
