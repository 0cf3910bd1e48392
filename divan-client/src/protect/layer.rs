use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower::{Layer, Service};

use super::protector::Protector;

/// A [`tower::Layer`] that lets only requests with a valid access token pass.
///
/// The [`Claims`](super::Claims) are an extension of the request. Other requests are answered with the
/// response of their [`Refusal`](super::Refusal).
#[derive(Clone, Debug)]
pub struct ProtectLayer {
    protector: Protector,
}

/// The service of [`ProtectLayer`].
#[derive(Clone, Debug)]
pub struct Protect<S> {
    inner: S,
    protector: Protector,
}

impl ProtectLayer {
    /// Creates the layer.
    pub fn new(protector: Protector) -> Self {
        Self { protector }
    }
}

impl<S> Layer<S> for ProtectLayer {
    type Service = Protect<S>;

    fn layer(&self, inner: S) -> Protect<S> {
        Protect {
            inner,
            protector: self.protector.clone(),
        }
    }
}

impl<S, Req, Res> Service<Request<Req>> for Protect<S>
where
    S: Service<Request<Req>, Response = Response<Res>> + Clone + Send + 'static,
    S::Future: Send,
    Req: Send + 'static,
    Res: Default,
{
    type Response = Response<Res>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Res>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Req>) -> Self::Future {
        // The service that is ready is this one, not its clone.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let protector = self.protector.clone();
        Box::pin(async move {
            let values: Vec<_> = request
                .headers()
                .get_all(AUTHORIZATION)
                .iter()
                .cloned()
                .collect();
            match protector.check(&values).await {
                Ok(claims) => {
                    request.extensions_mut().insert(claims);
                    inner.call(request).await
                }
                Err(refusal) => Ok(refusal.to_response()),
            }
        })
    }
}
