use sha2::{Digest, Sha256};
use url::Url;

use super::InvalidOrigin;

/// The admin panel, as authenticators know it. Passkeys belong to its host.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    id: String,
    origin: String,
    pub(super) id_hash: [u8; 32],
}

impl RelyingParty {
    /// Creates the relying party of the admin panel's address. Passkeys are accepted for the origin of
    /// this address only; the id is its host.
    ///
    /// # Errors
    /// [`InvalidOrigin`] unless it is an https address with a host name, or an address of `localhost`.
    pub fn new(address: &str) -> Result<Self, InvalidOrigin> {
        let url = Url::parse(address).map_err(|_| InvalidOrigin)?;
        let host = url.domain().ok_or(InvalidOrigin)?;
        let is_secure = match url.scheme() {
            "https" => true,
            "http" => host == "localhost" || host.ends_with(".localhost"),
            _ => false,
        };
        if !is_secure {
            return Err(InvalidOrigin);
        }
        Ok(Self {
            id: host.to_owned(),
            origin: url.origin().ascii_serialization(),
            id_hash: Sha256::digest(host).into(),
        })
    }

    /// Returns the host of the admin panel.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the origin of the admin panel.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}
