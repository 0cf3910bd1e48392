use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, Header};
use sha2::Sha256;

use super::compact::encode_part;
use super::error::ShortKey;

/// The key that signs and verifies access tokens with HS256: at least 32 bytes, redacted in
/// `Debug`, wiped on drop.
#[derive(Clone)]
pub struct SecretKey(Hmac<Sha256>);

impl SecretKey {
    /// The minimum number of bytes.
    pub const MIN_BYTES: usize = 32;

    /// Creates a key from random bytes or text.
    ///
    /// # Errors
    /// [`ShortKey`] for fewer than 32 bytes.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "an HMAC takes a key of any length"
    )]
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, ShortKey> {
        let bytes = bytes.as_ref();
        if bytes.len() < Self::MIN_BYTES {
            return Err(ShortKey(bytes.len()));
        }
        Ok(Self(
            Hmac::new_from_slice(bytes).expect("an HMAC takes a key of any length"),
        ))
    }

    /// Returns the encoded header of every token of this key. A token with any other header (`alg:
    /// none`, an embedded key) is rejected by comparison, before anything is parsed.
    pub(super) fn encoded_header(&self) -> String {
        let mut header = Header::new(JwtSigner::algorithm(self));
        header.typ = Some("at+jwt".to_owned());
        encode_part(&header)
    }
}

impl Signer<Vec<u8>> for SecretKey {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self
            .0
            .clone()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec())
    }
}

impl JwtSigner for SecretKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for SecretKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        // Compares in constant time.
        self.0
            .clone()
            .chain_update(message)
            .verify_slice(signature)
            .map_err(SignatureError::from_source)
    }
}

impl JwtVerifier for SecretKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

redacted_debug!(SecretKey);
