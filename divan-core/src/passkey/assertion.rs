use serde::Deserialize;
use uuid::Uuid;

use super::authenticator_data::AuthenticatorData;
use super::client_data::ClientData;
use super::public_key::PublicKey;
use super::{Base64Url, PasskeyChallenge, PasskeyError, RelyingParty};
use crate::store::StoredPasskey;
use crate::types::{PasskeyCredential, UserId};

/// The response of `navigator.credentials.get()`, not verified yet.
#[derive(Debug)]
pub struct Assertion {
    credential_id: Vec<u8>,
    client_data: ClientData,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user: Option<UserId>,
}

/// An assertion that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedAssertion {
    /// The signature counter, greater than the stored one; both are 0 if the authenticator has none.
    pub counter: u32,
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
    authenticator_data: Base64Url,
    signature: Base64Url,
    user_handle: Option<Base64Url>,
}

impl Assertion {
    /// Reads the response.
    ///
    /// # Errors
    /// [`PasskeyError::Malformed`].
    pub fn parse(credential: &PasskeyCredential) -> Result<Self, PasskeyError> {
        let read = Credential::deserialize(credential.as_json());
        let Credential { raw_id, response } = read.map_err(|_| PasskeyError::Malformed)?;
        let user = response.user_handle.map(|handle| {
            let id = Uuid::from_slice(&handle.0).map(UserId);
            id.map_err(|_| PasskeyError::Malformed)
        });
        Ok(Self {
            credential_id: raw_id.0,
            client_data: ClientData::parse(&response.client_data.0)?,
            authenticator_data: response.authenticator_data.0,
            signature: response.signature.0,
            user: user.transpose()?,
        })
    }

    /// Returns the challenge that the response is for.
    pub fn challenge(&self) -> &[u8] {
        self.client_data.challenge()
    }

    /// Returns the id of the key pair.
    pub fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    /// Returns the user whom the passkey was registered for, as the authenticator states. Absent from
    /// some authenticators when the browser was given the ids of passkeys.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }
}

impl RelyingParty {
    /// Verifies an assertion with a stored passkey (WebAuthn §7.2). The counter is checked last, so that
    /// [`PasskeyError::Counter`] means a genuine signature of a passkey that may have been copied.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify_assertion(
        &self,
        assertion: &Assertion,
        challenge: &PasskeyChallenge,
        passkey: &StoredPasskey,
    ) -> Result<VerifiedAssertion, PasskeyError> {
        let client_data = &assertion.client_data;
        client_data.check(ClientData::GET, challenge.as_bytes(), self.origin())?;
        let is_of_user = assertion.user.is_none_or(|user| user == passkey.user);
        if !is_of_user || assertion.credential_id != passkey.credential_id {
            return Err(PasskeyError::User);
        }
        let data = AuthenticatorData::parse(&assertion.authenticator_data)?;
        data.check(&self.id_hash)?;
        if data.is_backup_eligible() != passkey.is_backup_eligible {
            return Err(PasskeyError::BackupFlags);
        }
        let signed = [assertion.authenticator_data.as_slice(), &client_data.digest].concat();
        PublicKey::from_cose(&passkey.public_key)?.verify(&signed, &assertion.signature)?;
        let has_counter = data.counter != 0 || passkey.counter != 0;
        if has_counter && data.counter <= passkey.counter {
            return Err(PasskeyError::Counter);
        }
        Ok(VerifiedAssertion {
            counter: data.counter,
            is_backed_up: data.is_backed_up(),
        })
    }
}
