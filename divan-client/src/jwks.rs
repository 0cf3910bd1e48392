use divan_core::api::{
    AuthorizationServerMetadata, JwkSet, Jwks, OpenidConfiguration, ServerMetadata,
};

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

    /// Returns the issuer, endpoints and algorithms of the server (RFC 8414).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn authorization_server_metadata(&self) -> Result<ServerMetadata, Error> {
        self.transport
            .call::<AuthorizationServerMetadata>(&Request::new(&()), None)
            .await
    }

    /// Returns the same metadata from the address of OpenID Connect Discovery.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn openid_configuration(&self) -> Result<ServerMetadata, Error> {
        self.transport
            .call::<OpenidConfiguration>(&Request::new(&()), None)
            .await
    }
}
