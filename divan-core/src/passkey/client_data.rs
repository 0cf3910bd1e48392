use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Base64Url, PasskeyError};

/// The statement of the browser about the page: `clientDataJSON`, whose digest the authenticator signs.
#[derive(Clone, Debug)]
pub(super) struct ClientData {
    fields: Fields,
    pub(super) digest: [u8; 32],
}

/// A repeated member is an error: another parser may read the other value.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    r#type: String,
    challenge: Base64Url,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl ClientData {
    pub(super) const CREATE: &str = "webauthn.create";
    pub(super) const GET: &str = "webauthn.get";

    pub(super) fn parse(json: &[u8]) -> Result<Self, PasskeyError> {
        Ok(Self {
            fields: serde_json::from_slice(json).map_err(|_| PasskeyError::Malformed)?,
            digest: Sha256::digest(json).into(),
        })
    }

    pub(super) fn challenge(&self) -> &[u8] {
        &self.fields.challenge.0
    }

    /// Checks type, challenge and origin. The page must not be in a frame of another origin.
    pub(super) fn check(
        &self,
        r#type: &str,
        challenge: &[u8],
        origin: &str,
    ) -> Result<(), PasskeyError> {
        let fields = &self.fields;
        if fields.r#type != r#type {
            Err(PasskeyError::Type)
        } else if fields.challenge.0 != challenge {
            Err(PasskeyError::Challenge)
        } else if fields.origin != origin {
            Err(PasskeyError::Origin)
        } else if fields.cross_origin || fields.top_origin.is_some() {
            Err(PasskeyError::CrossOrigin)
        } else {
            Ok(())
        }
    }
}
