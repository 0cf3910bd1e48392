use divan_core::api::{JwkSet, Jwks};

use crate::call::Call;
use crate::{Client, Error};

impl Client {
    /// Answers the public keys by which access tokens can be checked without asking the server: for
    /// a service that is sent tokens. The set is empty where tokens are signed with a secret.
    ///
    /// `divan_core::token::TokenVerifier::from_jwks` makes a verifier of it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn jwks(&self) -> Result<JwkSet, Error> {
        self.wire
            .call::<Jwks>(&Call::of(&()), None, self.wire.deadline())
            .await
    }
}
