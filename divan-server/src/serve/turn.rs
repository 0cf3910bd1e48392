//! The time in which a connection is busy with a request.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use super::connections::Busy;
use super::head_deadline::Requests;

/// A request in progress: until it is dropped, the connection is not closed to make room for another.
pub(super) struct Turn {
    pub(super) requests: Requests,
    pub(super) _busy: Busy,
}

impl Turn {
    /// Ends with the response, or with its body if that is created while it is sent.
    pub(super) fn until_sent(self, response: Response) -> Response {
        if response.body().size_hint().exact().is_some() {
            return response;
        }
        response.map(|body| Body::new(BusyBody { body, _turn: self }))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.requests.next_turn();
    }
}

/// A body with the turn of its request.
struct BusyBody {
    body: Body,
    _turn: Turn,
}

impl HttpBody for BusyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
