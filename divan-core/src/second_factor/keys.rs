use hmac::Mac;
use subtle::ConstantTimeEq;

use super::{RecoveryCode, TotpSecret, sealed};
use crate::entropy::{Entropy, NoEntropy};
use crate::token::{DerivedKey, SecretKey};
use crate::types::UserId;

/// Labels from which the keys are derived, so that they differ from each other and from the keys of
/// tokens.
const SECRETS: &[u8] = b"divan second factor secret v1";
const RECOVERY_CODES: &[u8] = b"divan recovery code v1";

/// Encrypts the secrets of authenticator apps, and computes the digests of recovery codes, with keys
/// that are derived from `SECRET_KEY`. The database alone contains neither.
#[derive(Clone, Debug)]
pub struct SecondFactorKeys {
    /// The first pair is used for new secrets and codes; the others are older.
    keys: Vec<KeyPair>,
}

#[derive(Clone, Debug)]
struct KeyPair {
    secrets: DerivedKey,
    recovery_codes: DerivedKey,
}

/// Error for a stored secret that none of the keys has encrypted, that belongs to another user, or
/// that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret of the second factor cannot be decrypted: was `SECRET_KEY` replaced twice?")]
pub struct UnreadableSecret;

impl SecondFactorKeys {
    /// Derives the keys from `key`.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            keys: vec![KeyPair::new(key)],
        }
    }

    /// Also accepts secrets and recovery codes of an older key.
    #[must_use]
    pub fn or(mut self, older: &SecretKey) -> Self {
        self.keys.push(KeyPair::new(older));
        self
    }

    /// Encrypts the secret of a user. It can be decrypted for this user only.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn seal(
        &self,
        secret: &TotpSecret,
        user: UserId,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, NoEntropy> {
        let key = &self.keys[0].secrets;
        sealed::seal(key, secret.as_bytes(), user.0.as_bytes(), entropy)
    }

    /// Decrypts the stored secret of a user.
    ///
    /// # Errors
    /// [`UnreadableSecret`].
    pub fn open(&self, sealed: &[u8], user: UserId) -> Result<TotpSecret, UnreadableSecret> {
        let keys = self.keys.iter().map(|pair| &pair.secrets);
        let secret = sealed::open(keys, sealed, user.0.as_bytes()).ok_or(UnreadableSecret)?;
        let secret = secret.as_slice().try_into();
        secret
            .map(TotpSecret::from_bytes)
            .map_err(|_| UnreadableSecret)
    }

    /// Returns `true` if the newest key encrypted the secret. Otherwise encrypt it again, before the
    /// key is replaced once more.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.keys[0].secrets.id)
    }

    /// Returns the digest of a user's recovery code, to be stored.
    pub fn digest(&self, code: &RecoveryCode, user: UserId) -> [u8; 32] {
        self.keys[0].digest(code, user)
    }

    /// Returns `true` if one of the keys computed the digest from this code of the user.
    #[must_use]
    pub fn is_digest_of(&self, digest: &[u8; 32], code: &RecoveryCode, user: UserId) -> bool {
        let is_equal = |pair: &KeyPair| pair.digest(code, user).ct_eq(digest).into();
        self.keys.iter().any(is_equal)
    }
}

impl KeyPair {
    fn new(key: &SecretKey) -> Self {
        Self {
            secrets: DerivedKey::new(key, SECRETS),
            recovery_codes: DerivedKey::new(key, RECOVERY_CODES),
        }
    }

    fn digest(&self, code: &RecoveryCode, user: UserId) -> [u8; 32] {
        let mac = self.recovery_codes.mac().chain_update(user.0.as_bytes());
        mac.chain_update(code.as_bytes())
            .finalize()
            .into_bytes()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::entropy::SeededEntropy;

    fn key(fill: u8) -> SecretKey {
        SecretKey::new([fill; 32]).unwrap()
    }

    fn keys(fill: u8) -> SecondFactorKeys {
        SecondFactorKeys::new(&key(fill))
    }

    fn user(fill: u8) -> UserId {
        UserId(Uuid::from_bytes([fill; 16]))
    }

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes([9; 20])
    }

    fn sealed() -> Vec<u8> {
        keys(1)
            .seal(&secret(), user(1), &SeededEntropy::new(1))
            .unwrap()
    }

    #[test]
    fn a_secret_opens_for_its_user_and_key_only() {
        let sealed = sealed();
        assert!(!sealed.windows(20).any(|part| part == [9; 20]));
        let opened = keys(1).open(&sealed, user(1)).unwrap();
        assert_eq!(opened.as_bytes(), secret().as_bytes());
        assert!(keys(1).open(&sealed, user(2)).is_err());
        assert!(keys(2).open(&sealed, user(1)).is_err());
    }

    #[test]
    fn every_byte_of_a_stored_secret_is_covered() {
        let sealed = sealed();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys(1).open(&changed, user(1)).is_err(), "{at}");
            assert!(keys(1).open(&sealed[..at], user(1)).is_err(), "{at}");
        }
    }

    #[test]
    fn the_previous_key_still_decrypts() {
        let sealed = sealed();
        let rotated = keys(2).or(&key(1));
        assert!(rotated.open(&sealed, user(1)).is_ok());
        assert!(keys(1).is_current(&sealed) && !rotated.is_current(&sealed));
        let again = rotated
            .seal(&secret(), user(1), &SeededEntropy::new(2))
            .unwrap();
        assert!(rotated.is_current(&again) && keys(2).open(&again, user(1)).is_ok());
    }

    #[test]
    fn each_encryption_has_a_nonce_of_its_own() {
        let entropy = SeededEntropy::new(3);
        let seal = || keys(1).seal(&secret(), user(1), &entropy).unwrap();
        assert_ne!(seal()[4..28], seal()[4..28]);
    }

    #[test]
    fn a_digest_belongs_to_one_code_user_and_key() {
        let entropy = SeededEntropy::new(4);
        let [code, other] = [(); 2].map(|()| RecoveryCode::generate(&entropy).unwrap());
        let digest = keys(1).digest(&code, user(1));
        assert!(keys(1).is_digest_of(&digest, &code, user(1)));
        assert!(!keys(1).is_digest_of(&digest, &other, user(1)));
        assert!(!keys(1).is_digest_of(&digest, &code, user(2)));
        assert!(!keys(2).is_digest_of(&digest, &code, user(1)));
        assert!(keys(2).or(&key(1)).is_digest_of(&digest, &code, user(1)));
    }

    #[test]
    fn debug_redacts_keys_secrets_and_codes() {
        let code = RecoveryCode::generate(&SeededEntropy::new(5)).unwrap();
        let shown = format!("{:?} {:?} {code:?}", keys(1), secret());
        assert!(
            !shown.contains("[9, 9") && shown.contains("RecoveryCode(redacted)"),
            "{shown}"
        );
    }
}
