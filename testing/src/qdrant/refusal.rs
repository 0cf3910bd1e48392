/// Implements a service: the methods in braces are implemented; the others, which no test uses, return
/// an error.
macro_rules! serve {
    ($service:ident { $($written:tt)* } $($refused:ident($request:ident) -> $response:ident;)*) => {
        #[tonic::async_trait]
        impl $service for $crate::qdrant::state::State {
            $($written)*

            $(async fn $refused(
                &self,
                _: tonic::Request<qdrant_client::qdrant::$request>,
            ) -> Result<tonic::Response<qdrant_client::qdrant::$response>, tonic::Status> {
                Err(tonic::Status::unimplemented("not in the tests' Qdrant"))
            })*
        }
    };
}

pub(super) use serve;
