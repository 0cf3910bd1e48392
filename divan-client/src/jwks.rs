use divan_core::api::{JwkSet, Jwks};

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;

impl Client {
    /// Returns the public keys that verify access tokens, for a service that receives them. The set
    /// is empty when tokens are signed with a shared secret.
    ///
    /// `divan_core::token::TokenVerifier::from_jwks` creates a verifier from the set.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn jwks(&self) -> Result<JwkSet, Error> {
        self.transport.call::<Jwks>(&Request::new(&()), None).await
    }
}
