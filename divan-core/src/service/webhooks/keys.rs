use crate::entropy::{Entropy, NoEntropy};
use crate::second_factor::sealed;
use crate::token::{DerivedKey, SecretKey};
use crate::types::WebhookId;
use crate::webhook::WebhookSecret;

/// Label from which the keys are derived, so that they differ from those of other secrets.
const SECRETS: &[u8] = b"divan webhook secret v1";

/// Encrypts the secrets of webhooks, with keys that are derived from `SECRET_KEY`.
#[derive(Debug)]
pub(in crate::service) struct WebhookKeys {
    /// The first key is used for new secrets; the others are older.
    keys: Vec<DerivedKey>,
}

impl WebhookKeys {
    pub(in crate::service) fn new(key: &SecretKey, previous: Option<&SecretKey>) -> Self {
        let keys = [Some(key), previous].into_iter().flatten();
        let keys = keys.map(|key| DerivedKey::new(key, SECRETS)).collect();
        Self { keys }
    }

    /// Encrypts a secret. It can be decrypted for this webhook only.
    pub(super) fn seal(
        &self,
        secret: &WebhookSecret,
        webhook: WebhookId,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, NoEntropy> {
        let (key, owner) = (&self.keys[0], webhook.0);
        sealed::seal(key, secret.as_bytes(), owner.as_bytes(), entropy)
    }

    /// Decrypts a secret; `None` if `SECRET_KEY` was replaced twice since.
    pub(super) fn open(&self, sealed: &[u8], webhook: WebhookId) -> Option<WebhookSecret> {
        let secret = sealed::open(self.keys.iter(), sealed, webhook.0.as_bytes())?;
        WebhookSecret::from_bytes(secret.as_slice()).ok()
    }

    /// Returns `true` if the newest key encrypted the secret.
    pub(super) fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&self.keys[0].id)
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

    fn keys(fill: u8) -> WebhookKeys {
        WebhookKeys::new(&key(fill), None)
    }

    fn webhook(fill: u8) -> WebhookId {
        WebhookId(Uuid::from_bytes([fill; 16]))
    }

    #[test]
    fn a_secret_opens_for_its_webhook_and_key_only() {
        let entropy = SeededEntropy::new(1);
        let secret = WebhookSecret::generate(&entropy).unwrap();
        let sealed = keys(1).seal(&secret, webhook(1), &entropy).unwrap();
        let opened = keys(1).open(&sealed, webhook(1)).unwrap();
        assert_eq!(opened.as_bytes(), secret.as_bytes());
        let contains_secret = sealed
            .windows(8)
            .any(|part| part == &secret.as_bytes()[..8]);
        assert!(!contains_secret);
        assert!(keys(1).open(&sealed, webhook(2)).is_none());
        assert!(keys(2).open(&sealed, webhook(1)).is_none());
        let rotated = WebhookKeys::new(&key(2), Some(&key(1)));
        assert!(rotated.open(&sealed, webhook(1)).is_some());
        assert!(keys(1).is_current(&sealed) && !rotated.is_current(&sealed));
    }

    #[test]
    fn secrets_of_other_kinds_do_not_open() {
        let (entropy, user) = (SeededEntropy::new(2), crate::types::UserId(webhook(1).0));
        let totp = crate::second_factor::TotpSecret::generate(&entropy).unwrap();
        let totp_keys = crate::second_factor::SecondFactorKeys::new(&key(1));
        let sealed = totp_keys.seal(&totp, user, &entropy).unwrap();
        assert!(keys(1).open(&sealed, webhook(1)).is_none());
    }
}
