use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_LENGTH;
use divan_core::api::{MediaType, ProblemCode};
use futures_util::StreamExt;

use super::json_body::{content_type, is_timeout};
use super::rejections::{MAX_FILE_BYTES, file_too_large, unsupported};
use crate::problem::Problem;

/// A file of comma-separated values, of at most [`MAX_FILE_BYTES`].
#[derive(Debug)]
pub(crate) struct CsvBody(pub(crate) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for CsvBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let csv = MediaType::Csv.as_str();
        if content_type(request.headers()).as_deref() != Some(csv) {
            return Err(unsupported(csv));
        }
        let length = request.headers().get(CONTENT_LENGTH);
        let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
        if length.is_some_and(|length| length > MAX_FILE_BYTES as u64) {
            return Err(file_too_large());
        }
        let mut data = request.into_body().into_data_stream();
        let mut file = Vec::new();
        while let Some(part) = data.next().await {
            let part = part.map_err(|error| incomplete(&error))?;
            if file.len() + part.len() > MAX_FILE_BYTES {
                return Err(file_too_large());
            }
            file.extend_from_slice(&part);
        }
        Ok(Self(file))
    }
}

fn incomplete(error: &axum::Error) -> Problem {
    if is_timeout(error) {
        Problem::new(ProblemCode::RequestTimeout)
    } else {
        // The client closed the connection.
        Problem::new(ProblemCode::MalformedBody).with_detail("The body is incomplete.")
    }
}
