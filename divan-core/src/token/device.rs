use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::derived_key::DerivedKey;
use super::error::TokenError;
use super::keys::SecretKey;
use crate::secret::Secret;
use crate::types::{DeviceId, UserId};

/// Label from which the HMAC key of device tokens is derived, so that it differs from the other
/// keys.
const LABEL: &[u8] = b"divan device token v1";

/// Issues and verifies device tokens.
///
/// A device token identifies a browser in which an administrator has signed in before, so that an
/// attack from elsewhere does not lock the administrator out. It replaces no password. It is computed
/// from the device's row and the key, so the database alone does not contain it.
///
/// ```
/// use divan_core::token::{DeviceKeys, DeviceToken, SecretKey};
/// use divan_core::types::{DeviceId, UserId};
///
/// let keys = DeviceKeys::new(&SecretKey::new("at least thirty-two bytes of randomness")?);
/// let device: DeviceId = "0199d0f0-0000-7000-8000-000000000001".parse()?;
/// let user: UserId = "0199d0f0-0000-7000-8000-000000000002".parse()?;
///
/// let token: DeviceToken = keys.issue(device, user, 1).expose().parse()?;
/// assert!(keys.is_genuine(&token, user, 1));
/// assert!(!keys.is_genuine(&token, user, 2), "the password was changed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeviceKeys {
    /// The first key issues tokens; the others are older.
    keys: Vec<DerivedKey>,
}

/// A parsed device token. Its content is not authenticated before [`DeviceKeys::is_genuine`].
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken {
    device: DeviceId,
    key: [u8; 4],
    mac: [u8; 32],
}

impl DeviceKeys {
    /// Derives the keys from `key`.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            keys: vec![DerivedKey::new(key, LABEL)],
        }
    }

    /// Also accepts tokens of an older key.
    #[must_use]
    pub fn or(mut self, older: &SecretKey) -> Self {
        self.keys.push(DerivedKey::new(older, LABEL));
        self
    }

    /// Returns the token of a device of a user, valid for one version of the password.
    pub fn issue(&self, device: DeviceId, user: UserId, password_version: u64) -> Secret {
        let key = &self.keys[0];
        let mut bytes = Zeroizing::new([0; 52]);
        bytes[..16].copy_from_slice(device.0.as_bytes());
        bytes[16..20].copy_from_slice(&key.id);
        bytes[20..].copy_from_slice(
            &mac(key, device, user, password_version)
                .finalize()
                .into_bytes(),
        );
        let mut token = String::with_capacity(DeviceToken::PREFIX.len() + 70);
        token.push_str(DeviceToken::PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut token);
        Secret::new(token)
    }

    /// Returns `true` if the token was issued with one of these keys for a device of this user and
    /// this version of the password.
    #[must_use]
    pub fn is_genuine(&self, token: &DeviceToken, user: UserId, password_version: u64) -> bool {
        // Compares in constant time.
        let is_by = |key: &DerivedKey| {
            mac(key, token.device, user, password_version)
                .verify_slice(&token.mac)
                .is_ok()
        };
        self.keys
            .iter()
            .any(|key| key.id == token.key && is_by(key))
    }
}

fn mac(key: &DerivedKey, device: DeviceId, user: UserId, password_version: u64) -> Hmac<Sha256> {
    key.mac()
        .chain_update(device.0.as_bytes())
        .chain_update(user.0.as_bytes())
        .chain_update(password_version.to_be_bytes())
}

impl DeviceToken {
    /// The first characters of every device token.
    pub const PREFIX: &str = "dvd1.";

    /// Returns the claimed device.
    pub fn device(&self) -> DeviceId {
        self.device
    }
}

impl FromStr for DeviceToken {
    type Err = TokenError;

    /// Parses a token.
    fn from_str(token: &str) -> Result<Self, TokenError> {
        let encoded = token
            .strip_prefix(Self::PREFIX)
            .ok_or(TokenError::Malformed)?;
        // 52 bytes are 70 characters.
        if encoded.len() != 70 {
            return Err(TokenError::Malformed);
        }
        let mut bytes = [0; 52];
        URL_SAFE_NO_PAD
            .decode_slice(encoded, &mut bytes)
            .map_err(|_| TokenError::Malformed)?;
        let (device, rest) = bytes
            .split_first_chunk::<16>()
            .ok_or(TokenError::Malformed)?;
        let (key, mac) = rest.split_first_chunk::<4>().ok_or(TokenError::Malformed)?;
        Ok(Self {
            device: DeviceId(Uuid::from_bytes(*device)),
            key: *key,
            mac: mac.try_into().map_err(|_| TokenError::Malformed)?,
        })
    }
}

// The rest is secret.
redacted_debug!(DeviceToken { device });

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(fill: u8) -> DeviceKeys {
        DeviceKeys::new(&SecretKey::new([fill; 32]).unwrap())
    }

    fn device() -> DeviceId {
        "0199d0f0-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn user(last: u8) -> UserId {
        UserId(Uuid::from_bytes([last; 16]))
    }

    #[test]
    fn a_token_is_valid_for_its_user_and_password_only() {
        let token: DeviceToken = keys(1)
            .issue(device(), user(1), 3)
            .expose()
            .parse()
            .unwrap();
        assert!(keys(1).is_genuine(&token, user(1), 3));
        assert!(!keys(1).is_genuine(&token, user(2), 3));
        assert!(!keys(1).is_genuine(&token, user(1), 4));
        assert!(!keys(2).is_genuine(&token, user(1), 3));
        let rotated = keys(2).or(&SecretKey::new([1; 32]).unwrap());
        assert!(rotated.is_genuine(&token, user(1), 3));
    }

    #[test]
    fn every_part_of_a_token_is_covered() {
        let token = keys(1).issue(device(), user(1), 1);
        for at in 0..token.expose().len() {
            for other in ["A", "B", "-", ".", " "] {
                let mut changed = token.expose().to_owned();
                changed.replace_range(at..=at, other);
                if changed != token.expose() {
                    let is_taken = changed
                        .parse()
                        .is_ok_and(|token| keys(1).is_genuine(&token, user(1), 1));
                    assert!(!is_taken, "{changed}");
                }
            }
        }
    }

    #[test]
    fn a_refresh_token_is_no_device_token() {
        let key = SecretKey::new([1; 32]).unwrap();
        let refresh = super::super::RefreshKeys::new(&key).issue(
            crate::types::SessionId(device().0),
            1,
            &[0; 16],
        );
        assert!(refresh.expose().parse::<DeviceToken>().is_err());
        assert!(
            refresh
                .expose()
                .replace("dvr1.", "dvd1.")
                .parse::<DeviceToken>()
                .is_err()
        );
    }
}
