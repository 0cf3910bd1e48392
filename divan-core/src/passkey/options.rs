use serde_json::{Value, json};

use super::public_key::PublicKey;
use super::{PasskeyChallenge, RelyingParty, base64url};
use crate::types::{PasskeyOptions, User};

/// The user of a passkey, as the browser shows it.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyUser<'a>(pub &'a User);

/// A registered passkey, as the browser needs it to find the authenticator.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PasskeyDescriptor<'a> {
    /// The id of the key pair.
    pub credential_id: &'a [u8],
    /// The connections to the authenticator.
    pub transports: &'a [String],
}

impl<'a> PasskeyDescriptor<'a> {
    /// Describes a passkey.
    pub fn new(credential_id: &'a [u8], transports: &'a [String]) -> Self {
        Self {
            credential_id,
            transports,
        }
    }

    fn to_json(self) -> Value {
        let id = base64url(self.credential_id);
        json!({"type": "public-key", "id": id, "transports": self.transports})
    }
}

impl RelyingParty {
    /// Time that a user has for a ceremony, in milliseconds.
    const TIMEOUT: u64 = PasskeyChallenge::LIFE_SECONDS * 1000;

    /// Returns the options for `navigator.credentials.create()`. The passkey can be used without an
    /// e-mail address, and verifies its user. Authenticators that have one of `existing` refuse.
    pub fn creation_options(
        &self,
        challenge: &PasskeyChallenge,
        user: PasskeyUser<'_>,
        existing: &[PasskeyDescriptor<'_>],
    ) -> PasskeyOptions {
        let PasskeyUser(user) = user;
        let name = user.email.as_ref().map_or("", |email| email.as_str());
        let algorithm = |alg: &i64| json!({"type": "public-key", "alg": alg});
        let algorithms: Vec<_> = PublicKey::ALGORITHMS.iter().map(algorithm).collect();
        PasskeyOptions::new(json!({
            "rp": {"id": self.id(), "name": self.id()},
            "user": {
                "id": base64url(user.id.0.as_bytes()),
                "name": name,
                "displayName": user.full_name,
            },
            "challenge": base64url(challenge.as_bytes()),
            "pubKeyCredParams": algorithms,
            "timeout": Self::TIMEOUT,
            "excludeCredentials": descriptors(existing),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
        }))
    }

    /// Returns the options for `navigator.credentials.get()` with one of these passkeys; with any of this
    /// host if there is none.
    pub fn request_options(
        &self,
        challenge: &PasskeyChallenge,
        allowed: &[PasskeyDescriptor<'_>],
    ) -> PasskeyOptions {
        PasskeyOptions::new(json!({
            "challenge": base64url(challenge.as_bytes()),
            "timeout": Self::TIMEOUT,
            "rpId": self.id(),
            "allowCredentials": descriptors(allowed),
            "userVerification": "required",
        }))
    }
}

fn descriptors(passkeys: &[PasskeyDescriptor<'_>]) -> Vec<Value> {
    let all = passkeys.iter().copied();
    all.map(PasskeyDescriptor::to_json).collect()
}
