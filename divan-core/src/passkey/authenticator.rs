use ciborium::Value as Cbor;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::base64url;
use crate::types::{PasskeyCredential, PasskeyOptions};

/// A browser and an authenticator with one passkey, for tests. The fields make it deviate from the rules.
#[derive(Clone)]
pub struct SoftwareAuthenticator {
    /// Origin of the page.
    pub origin: String,
    /// Host that the passkey signs for. Default: the one of the options.
    pub rp_id: Option<String>,
    /// Origin of the page whose frame contains the page. Default: none.
    pub top_origin: Option<String>,
    /// The user was verified, such as by a fingerprint. Default: `true`.
    pub is_user_verified: bool,
    /// The passkey is copied to other devices. Default: `false`.
    pub is_synced: bool,
    /// Signature counter, increased by each assertion; `None` for an authenticator without one, the
    /// default.
    pub counter: Option<u32>,
    /// The user whom assertions name; `None` for none. Set by the registration.
    pub user_handle: Option<String>,
    key: SigningKey,
}

impl SoftwareAuthenticator {
    /// Creates an authenticator whose key follows from `seed`, with a page of this origin.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "a digest is a valid key, except with a probability of 2⁻¹²⁸"
    )]
    pub fn new(origin: impl Into<String>, seed: &str) -> Self {
        let key = SigningKey::from_slice(&Sha256::digest(seed)).expect("a digest is a valid key");
        Self {
            origin: origin.into(),
            rp_id: None,
            top_origin: None,
            is_user_verified: true,
            is_synced: false,
            counter: None,
            user_handle: None,
            key,
        }
    }

    /// Returns the id of the key pair.
    pub fn credential_id(&self) -> Vec<u8> {
        Sha256::digest(self.point()).to_vec()
    }

    /// Registers the passkey, as `navigator.credentials.create()`.
    pub fn create(&mut self, options: &PasskeyOptions) -> PasskeyCredential {
        let options = options.as_json();
        self.user_handle = options["user"]["id"].as_str().map(str::to_owned);
        let mut data = self.authenticator_data(&options["rp"]["id"], 1 << 6);
        let id = self.credential_id();
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(&id);
        data.extend(cbor(&self.cose_key()));
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".into()), Cbor::Text("none".into())),
            (Cbor::Text("attStmt".into()), Cbor::Map(Vec::new())),
            (Cbor::Text("authData".into()), Cbor::Bytes(data)),
        ]);
        PasskeyCredential::new(json!({
            "id": base64url(&id),
            "rawId": base64url(&id),
            "type": "public-key",
            "response": {
                "clientDataJSON": base64url(&self.client_data("webauthn.create", options)),
                "attestationObject": base64url(&cbor(&object)),
                "transports": ["internal", "hybrid"],
            },
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }))
    }

    /// Signs a challenge, as `navigator.credentials.get()`.
    pub fn get(&mut self, options: &PasskeyOptions) -> PasskeyCredential {
        let options = options.as_json();
        self.counter = self.counter.map(|counter| counter.wrapping_add(1));
        let data = self.authenticator_data(&options["rpId"], 0);
        let client_data = self.client_data("webauthn.get", options);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        let id = base64url(&self.credential_id());
        PasskeyCredential::new(json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "clientDataJSON": base64url(&client_data),
                "authenticatorData": base64url(&data),
                "signature": base64url(signature.to_der().as_bytes()),
                "userHandle": self.user_handle,
            },
            "clientExtensionResults": {},
        }))
    }

    fn client_data(&self, r#type: &str, options: &Value) -> Vec<u8> {
        let mut data = json!({
            "type": r#type,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.top_origin.is_some(),
        });
        if let Some(origin) = &self.top_origin {
            data["topOrigin"] = json!(origin);
        }
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, rp_id: &Value, flags: u8) -> Vec<u8> {
        let requested = rp_id.as_str().unwrap_or_default();
        let rp_id = self.rp_id.as_deref().unwrap_or(requested);
        let verified = u8::from(self.is_user_verified) << 2;
        let synced = u8::from(self.is_synced) * 0b1_1000;
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(1 | verified | synced | flags);
        data.extend(self.counter.unwrap_or_default().to_be_bytes());
        data
    }

    /// Returns the public key as an uncompressed point.
    fn point(&self) -> Vec<u8> {
        self.key
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec()
    }

    fn cose_key(&self) -> Cbor {
        let point = self.point();
        let member = |name: i64, value| (Cbor::Integer(name.into()), value);
        Cbor::Map(vec![
            member(1, Cbor::Integer(2.into())),
            member(3, Cbor::Integer((-7).into())),
            member(-1, Cbor::Integer(1.into())),
            member(-2, Cbor::Bytes(point[1..33].to_vec())),
            member(-3, Cbor::Bytes(point[33..].to_vec())),
        ])
    }
}

#[expect(clippy::expect_used, reason = "a vector takes all bytes")]
fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a vector takes all bytes");
    bytes
}

redacted_debug!(SoftwareAuthenticator);
