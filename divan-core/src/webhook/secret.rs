use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::VERSION;
use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// The start of a secret as text.
const PREFIX: &str = "whsec_";

/// Libraries of the specification ignore the padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The secret that sender and receiver of a webhook share: 24 to 64 bytes.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

redacted_debug!(WebhookSecret);

/// Error for a text that is not a secret of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret of a webhook is `whsec_` and 24 to 64 bytes in base64")]
pub struct InvalidWebhookSecret;

impl WebhookSecret {
    /// Number of bytes of a generated secret.
    pub const GENERATED_BYTES: usize = 32;

    /// Generates a secret.
    ///
    /// # Errors
    /// [`NoEntropy`] if no randomness is available.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new(vec![0; Self::GENERATED_BYTES]);
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a secret: `whsec_`, which may be absent, and base64.
    ///
    /// # Errors
    /// [`InvalidWebhookSecret`].
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        let bytes = LENIENT.decode(encoded).map_err(|_| InvalidWebhookSecret)?;
        Self::from_bytes(bytes)
    }

    /// Uses these bytes as a secret.
    ///
    /// # Errors
    /// [`InvalidWebhookSecret`] unless there are 24 to 64.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, InvalidWebhookSecret> {
        let bytes = Zeroizing::new(bytes.into());
        let is_valid = (24..=64).contains(&bytes.len());
        is_valid.then_some(Self(bytes)).ok_or(InvalidWebhookSecret)
    }

    /// Returns the secret as text, to be configured in the receiver.
    pub fn text(&self) -> Secret {
        let encoded = Zeroizing::new(STANDARD.encode(self.as_bytes()));
        Secret::new([PREFIX, &encoded].concat())
    }

    /// Returns the bytes of the secret.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Signs a request: returns a value of the header `webhook-signature`. `timestamp` is the time of the
    /// attempt in seconds since the Unix epoch. The values for several secrets are separated by spaces.
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mac = self.mac(id, &timestamp.to_string(), body).finalize();
        [VERSION, &STANDARD.encode(mac.into_bytes())].concat()
    }

    /// Computes the code of a request.
    #[expect(clippy::expect_used, reason = "an HMAC takes a key of any length")]
    pub(super) fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.as_bytes());
        mac.expect("an HMAC takes a key of any length")
            .chain_update(id)
            .chain_update(".")
            .chain_update(timestamp)
            .chain_update(".")
            .chain_update(body)
    }
}
