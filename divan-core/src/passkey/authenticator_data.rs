use ciborium::Value;

use super::PasskeyError;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// Maximum length of the id of a passkey, in bytes (WebAuthn §5.8.3).
pub(super) const MAX_CREDENTIAL_ID: usize = 1023;

/// The statement that the authenticator signs (WebAuthn §6.1).
#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    pub(super) counter: u32,
    pub(super) credential: Option<AttestedCredential<'a>>,
}

/// The passkey of a registration.
#[derive(Debug)]
pub(super) struct AttestedCredential<'a> {
    pub(super) id: &'a [u8],
    /// A COSE key.
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads the data. Bytes that the flags do not announce are an error.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, PasskeyError> {
        let mut rest = bytes;
        let rp_id_hash = take(&mut rest, 32)?;
        let flags = take(&mut rest, 1)?[0];
        let counter = take(&mut rest, 4)?;
        let counter = counter.try_into().map_err(|_| PasskeyError::Malformed)?;
        let credential = if flags & HAS_CREDENTIAL == 0 {
            None
        } else {
            Some(AttestedCredential::take(&mut rest)?)
        };
        if flags & HAS_EXTENSIONS != 0 && !take_cbor(&mut rest)?.is_map() {
            return Err(PasskeyError::Malformed);
        }
        if !rest.is_empty() {
            return Err(PasskeyError::Malformed);
        }
        Ok(Self {
            rp_id_hash,
            flags,
            counter: u32::from_be_bytes(counter),
            credential,
        })
    }

    /// Checks the host, that a user was verified, and that the flags are consistent.
    pub(super) fn check(&self, rp_id_hash: &[u8; 32]) -> Result<(), PasskeyError> {
        if self.rp_id_hash != rp_id_hash {
            Err(PasskeyError::RelyingParty)
        } else if self.flags & USER_PRESENT == 0 {
            Err(PasskeyError::UserNotPresent)
        } else if self.flags & USER_VERIFIED == 0 {
            Err(PasskeyError::UserNotVerified)
        } else if self.is_backed_up() && !self.is_backup_eligible() {
            Err(PasskeyError::BackupFlags)
        } else {
            Ok(())
        }
    }

    pub(super) fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

impl<'a> AttestedCredential<'a> {
    fn take(rest: &mut &'a [u8]) -> Result<Self, PasskeyError> {
        // The model of the authenticator.
        take(rest, 16)?;
        let length = take(rest, 2)?;
        let length = usize::from(length[0]) << 8 | usize::from(length[1]);
        if !(1..=MAX_CREDENTIAL_ID).contains(&length) {
            return Err(PasskeyError::Malformed);
        }
        let id = take(rest, length)?;
        let from_key = *rest;
        take_cbor(rest)?;
        let public_key = &from_key[..from_key.len() - rest.len()];
        Ok(Self { id, public_key })
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], PasskeyError> {
    let (taken, left) = rest
        .split_at_checked(length)
        .ok_or(PasskeyError::Malformed)?;
    *rest = left;
    Ok(taken)
}

/// Reads one CBOR value, whose nesting `ciborium` limits.
pub(super) fn take_cbor(rest: &mut &[u8]) -> Result<Value, PasskeyError> {
    ciborium::from_reader(rest).map_err(|_| PasskeyError::Malformed)
}
