use ciborium::Value;
use serde::Deserialize;

use super::authenticator_data::{AuthenticatorData, take_cbor};
use super::client_data::ClientData;
use super::public_key::PublicKey;
use super::{Base64Url, PasskeyChallenge, PasskeyError, RelyingParty};
use crate::types::PasskeyCredential;

/// The connections to authenticators that browsers report (WebAuthn §5.8.4). Others are not kept.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// The response of `navigator.credentials.create()`, not verified yet.
#[derive(Debug)]
pub struct Registration {
    raw_id: Vec<u8>,
    client_data: ClientData,
    authenticator_data: Vec<u8>,
    transports: Vec<String>,
}

/// A passkey whose registration was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewPasskey {
    /// The id of the key pair.
    pub credential_id: Vec<u8>,
    /// The public key, as a COSE key.
    pub public_key: Vec<u8>,
    /// The signature counter; 0 if the authenticator has none.
    pub counter: u32,
    /// The connections to the authenticator.
    pub transports: Vec<String>,
    /// The authenticator may copy the passkey to other devices.
    pub is_backup_eligible: bool,
    /// The authenticator has copied the passkey to other devices.
    pub is_backed_up: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    raw_id: Base64Url,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: Base64Url,
    attestation_object: Base64Url,
    #[serde(default)]
    transports: Vec<String>,
}

impl Registration {
    /// Reads the response.
    ///
    /// # Errors
    /// [`PasskeyError::Malformed`].
    pub fn parse(credential: &PasskeyCredential) -> Result<Self, PasskeyError> {
        let read = Credential::deserialize(credential.as_json());
        let Credential { raw_id, response } = read.map_err(|_| PasskeyError::Malformed)?;
        let mut transports = response.transports;
        transports.retain(|transport| TRANSPORTS.contains(&transport.as_str()));
        transports.sort_unstable();
        transports.dedup();
        Ok(Self {
            raw_id: raw_id.0,
            client_data: ClientData::parse(&response.client_data.0)?,
            authenticator_data: authenticator_data(&response.attestation_object.0)?,
            transports,
        })
    }

    /// Returns the challenge that the response is for.
    pub fn challenge(&self) -> &[u8] {
        self.client_data.challenge()
    }
}

/// Returns the data of an attestation object (WebAuthn §6.5.4). Its statement about the model of the
/// authenticator is not evaluated: none was requested, and none would be trusted.
fn authenticator_data(mut object: &[u8]) -> Result<Vec<u8>, PasskeyError> {
    let Value::Map(members) = take_cbor(&mut object)? else {
        return Err(PasskeyError::Malformed);
    };
    let mut members = members.into_iter();
    let data = members.find_map(|(name, value)| match (name, value) {
        (Value::Text(name), Value::Bytes(data)) if name == "authData" => Some(data),
        _ => None,
    });
    data.filter(|_| object.is_empty())
        .ok_or(PasskeyError::Malformed)
}

impl RelyingParty {
    /// Verifies a registration (WebAuthn §7.1).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify_registration(
        &self,
        registration: &Registration,
        challenge: &PasskeyChallenge,
    ) -> Result<NewPasskey, PasskeyError> {
        let client_data = &registration.client_data;
        client_data.check(ClientData::CREATE, challenge.as_bytes(), self.origin())?;
        let data = AuthenticatorData::parse(&registration.authenticator_data)?;
        data.check(&self.id_hash)?;
        let credential = data.credential.as_ref().ok_or(PasskeyError::Malformed)?;
        if credential.id != registration.raw_id {
            return Err(PasskeyError::Malformed);
        }
        PublicKey::from_cose(credential.public_key)?;
        Ok(NewPasskey {
            credential_id: credential.id.to_vec(),
            public_key: credential.public_key.to_vec(),
            counter: data.counter,
            transports: registration.transports.clone(),
            is_backup_eligible: data.is_backup_eligible(),
            is_backed_up: data.is_backed_up(),
        })
    }
}
