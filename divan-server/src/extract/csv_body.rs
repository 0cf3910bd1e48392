use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_LENGTH;
use divan_core::api::{MediaType, ProblemCode};
use futures_util::StreamExt;

use super::json_body::{content_type, is_timeout};
use super::rejections::{MAX_FILE_BYTES, file_too_large, unsupported};
use crate::problem::Problem;

/// The size up to which a file is read although it is too large: a client that is still sending does not
/// read the response before the connection is closed.
const MAX_READ_BYTES: usize = 4 * MAX_FILE_BYTES;

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
        if length.is_some_and(|length| length > MAX_READ_BYTES as u64) {
            return Err(file_too_large());
        }
        let mut data = request.into_body().into_data_stream();
        let (mut file, mut length) = (Vec::new(), 0_usize);
        while let Some(part) = data.next().await {
            let part = part.map_err(|error| incomplete(&error))?;
            length = length.saturating_add(part.len());
            if length > MAX_READ_BYTES {
                break;
            }
            if length > MAX_FILE_BYTES {
                file = Vec::new();
            } else {
                file.extend_from_slice(&part);
            }
        }
        if length > MAX_FILE_BYTES {
            return Err(file_too_large());
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
