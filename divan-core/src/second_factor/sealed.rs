//! Secrets that are stored encrypted, with keys that are derived from the key of the service.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::Mac;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::token::DerivedKey;

const NONCE: usize = 24;

/// Encrypts a secret for its owner: returns the id of the key, the nonce, the encrypted secret and the tag.
#[expect(clippy::expect_used, reason = "encryption fails for gigabytes only")]
pub(crate) fn seal(
    key: &DerivedKey,
    secret: &[u8],
    owner: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, NoEntropy> {
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce)?;
    let payload = Payload {
        msg: secret,
        aad: owner,
    };
    let encrypted = cipher(key)
        .encrypt(&XNonce::from(nonce), payload)
        .expect("a secret is short");
    Ok([key.id.as_slice(), &nonce, &encrypted].concat())
}

/// Decrypts a secret of this owner; `None` if none of the keys has encrypted it, or it was changed.
pub(crate) fn open<'k>(
    mut keys: impl Iterator<Item = &'k DerivedKey>,
    sealed: &[u8],
    owner: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (id, rest) = sealed.split_first_chunk::<4>()?;
    let (nonce, encrypted) = rest.split_first_chunk::<NONCE>()?;
    let key = keys.find(|key| key.id == *id)?;
    let payload = Payload {
        msg: encrypted,
        aad: owner,
    };
    let secret = cipher(key).decrypt(&XNonce::from(*nonce), payload);
    secret.ok().map(Zeroizing::new)
}

fn cipher(key: &DerivedKey) -> XChaCha20Poly1305 {
    let key = Zeroizing::new(<[u8; 32]>::from(
        key.mac().chain_update(b"cipher").finalize().into_bytes(),
    ));
    XChaCha20Poly1305::new((&*key).into())
}
