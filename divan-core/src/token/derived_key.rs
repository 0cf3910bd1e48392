use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::signature::Signer;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::keys::SecretKey;

/// A key for one purpose, derived from the key of the service.
#[derive(Clone)]
pub(crate) struct DerivedKey {
    /// Identifies the key in its tokens.
    pub(crate) id: [u8; 4],
    mac: Hmac<Sha256>,
}

impl DerivedKey {
    /// Derives the key of the purpose that `label` names.
    #[expect(clippy::expect_used, reason = "an HMAC takes a key of any length")]
    pub(crate) fn new(key: &SecretKey, label: &[u8]) -> Self {
        let secret = Zeroizing::new(key.sign(label));
        let mac =
            Hmac::<Sha256>::new_from_slice(&secret).expect("an HMAC takes a key of any length");
        let name: [u8; 32] = mac
            .clone()
            .chain_update(b"id")
            .finalize()
            .into_bytes()
            .into();
        Self {
            id: [name[0], name[1], name[2], name[3]],
            mac,
        }
    }

    /// Begins the code of a token.
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        self.mac.clone()
    }
}

redacted_debug!(DerivedKey);
