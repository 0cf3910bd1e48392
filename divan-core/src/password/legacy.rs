//! Legacy hashes of [passlib](https://passlib.readthedocs.io/en/stable/lib/index.html) in two
//! formats, from the system that Divan replaces.

use base64::Engine;
use base64::alphabet::{self, Alphabet};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use pbkdf2::sha2::Sha256;
use subtle::ConstantTimeEq;

use super::error::UnusableHash;

/// Maximum length of a hash as text. passlib's hashes are shorter.
const MAX_CHARS: usize = 4096;
/// passlib's default is 12; each step doubles the time.
const MAX_COST: u32 = 13;
/// passlib's default is 29000.
const MAX_ROUNDS: u32 = 1_000_000;
/// passlib's maximum.
const MAX_SALT_BYTES: usize = 1024;

/// The base64 variant of crypt(3). Unused bits of the last character are ignored, because old
/// versions of passlib set them at random.
const CRYPT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Legacy hash with parameters within the limits.
pub(super) enum LegacyHash {
    Bcrypt {
        cost: u32,
        salt: [u8; 16],
        checksum: [u8; 23],
    },
    Pbkdf2Sha256 {
        rounds: u32,
        salt: Vec<u8>,
        checksum: [u8; 32],
    },
}

impl LegacyHash {
    /// Parses a hash. Returns `None` for other formats.
    pub(super) fn parse(text: &str) -> Option<Result<Self, UnusableHash>> {
        if text.len() > MAX_CHARS {
            return None;
        }
        // One piece more than any format has.
        let pieces: Vec<&str> = text.splitn(6, '$').collect();
        match pieces.as_slice() {
            ["", "2a" | "2b" | "2y", cost, digest] => Some(bcrypt(cost, digest)),
            ["", "pbkdf2-sha256", rounds, salt, checksum] => {
                Some(pbkdf2_sha256(rounds, salt, checksum))
            }
            _ => None,
        }
    }

    /// Verifies a password with exactly one computation for any password.
    pub(super) fn matches(&self, password: &str) -> bool {
        let password = password.as_bytes();
        match self {
            Self::Bcrypt {
                cost,
                salt,
                checksum,
            } => {
                let computed = bcrypt_checksum(password, *cost, *salt);
                let is_same = computed[..checksum.len()].ct_eq(checksum);
                // A zero byte ends a password for bcrypt, so passlib rejected passwords that contain one.
                bool::from(is_same) && !password.contains(&0)
            }
            Self::Pbkdf2Sha256 {
                rounds,
                salt,
                checksum,
            } => {
                let computed = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, *rounds);
                computed.ct_eq(checksum).into()
            }
        }
    }
}

/// Computes bcrypt over the first 72 bytes, including the terminating zero, as bcrypt is defined.
fn bcrypt_checksum(password: &[u8], cost: u32, salt: [u8; 16]) -> [u8; 24] {
    #[cfg(test)]
    tests::COMPUTED.with(|computed| computed.set(computed.get() + 1));
    let mut terminated = zeroize::Zeroizing::new([password, &[0]].concat());
    terminated.truncate(72);
    bcrypt::bcrypt(cost, salt, &terminated)
}

fn bcrypt(cost: &str, digest: &str) -> Result<LegacyHash, UnusableHash> {
    let (salt, checksum) = digest.split_at_checked(22).ok_or(UnusableHash::Unknown)?;
    let cost = number(cost.strip_prefix('0').unwrap_or(cost))?;
    let hash = LegacyHash::Bcrypt {
        cost,
        salt: decode(&CRYPT, salt)?,
        checksum: decode(&CRYPT, checksum)?,
    };
    match cost {
        ..4 => Err(UnusableHash::Unknown),
        4..=MAX_COST => Ok(hash),
        _ => Err(UnusableHash::TooCostly),
    }
}

fn pbkdf2_sha256(rounds: &str, salt: &str, checksum: &str) -> Result<LegacyHash, UnusableHash> {
    // passlib's base64 variant has `.` instead of `+`.
    let alphabet =
        Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./");
    let engine = GeneralPurpose::new(
        &alphabet.map_err(|_| UnusableHash::Unknown)?,
        base64::engine::general_purpose::NO_PAD,
    );
    let rounds = number(rounds)?;
    let salt = engine.decode(salt).map_err(|_| UnusableHash::Unknown)?;
    let checksum = decode(&engine, checksum)?;
    if rounds > MAX_ROUNDS || salt.len() > MAX_SALT_BYTES {
        return Err(UnusableHash::TooCostly);
    }
    Ok(LegacyHash::Pbkdf2Sha256 {
        rounds,
        salt,
        checksum,
    })
}

/// Parses a positive number without leading zeros.
fn number(text: &str) -> Result<u32, UnusableHash> {
    let is_plain = text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse()
        .ok()
        .filter(|_| is_plain)
        .ok_or(UnusableHash::Unknown)
}

fn decode<const N: usize>(engine: &GeneralPurpose, text: &str) -> Result<[u8; N], UnusableHash> {
    let bytes = engine.decode(text).map_err(|_| UnusableHash::Unknown)?;
    bytes.try_into().map_err(|_| UnusableHash::Unknown)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde::Deserialize;

    use super::super::{
        Argon2idHasher, HashMemory, Password, PasswordHash, PasswordHasher, Verification,
    };

    thread_local! {
        /// Number of bcrypt hashes that this test has computed.
        pub(super) static COMPUTED: Cell<usize> = const { Cell::new(0) };
    }

    #[derive(Deserialize)]
    struct Vector {
        hash: String,
        password: String,
    }

    /// Hashes made by passlib 1.7.4 with bcrypt 4.0.1.
    fn vectors() -> Vec<Vector> {
        serde_json::from_str(include_str!("../../tests/vectors/passlib_hashes.json")).unwrap()
    }

    fn verify(password: &str, hash: &str) -> Verification {
        let password = Password::new(&password.into()).unwrap();
        let stored = PasswordHash::from_stored(hash);
        let memory = &mut HashMemory::new();
        Argon2idHasher::insecure_for_tests().verify(&password, Some(&stored), memory)
    }

    #[test]
    fn passlib_hashes_match_and_are_outdated() {
        for Vector { hash, password } in vectors() {
            assert_eq!(PasswordHash::from_stored(&hash).check(), Ok(()), "{hash}");
            assert_eq!(
                verify(&password, &hash),
                Verification::MatchOutdated,
                "{hash}"
            );
        }
    }

    #[test]
    fn passlib_hashes_do_not_match_other_passwords() {
        for Vector { hash, password } in vectors() {
            for other in [format!("y{password}"), password.to_uppercase() + "!"] {
                assert_eq!(
                    verify(&other, &hash),
                    Verification::Mismatch,
                    "{hash} {other}"
                );
            }
        }
    }

    #[test]
    fn a_changed_checksum_matches_nothing() {
        for Vector { hash, password } in vectors() {
            // The last character has unused bits.
            let at = hash.len() - 2;
            let other = if &hash[at..=at] == "A" { "B" } else { "A" };
            let hash = [&hash[..at], other, &hash[at + 1..]].concat();
            assert_eq!(verify(&password, &hash), Verification::Mismatch, "{hash}");
        }
    }

    #[test]
    fn a_zero_byte_does_not_end_a_password() {
        // To bcrypt, a text repeated after a zero byte equals the text.
        let hash = vectors()
            .into_iter()
            .find(|v| v.password == "a" && v.hash.starts_with("$2b$"))
            .unwrap()
            .hash;
        assert_eq!(verify("a", &hash), Verification::MatchOutdated);
        assert_eq!(verify("a\0a", &hash), Verification::Mismatch);
        assert_eq!(COMPUTED.get(), 2, "both take one computation");
    }

    #[test]
    fn bcrypt_compares_the_first_72_bytes() {
        let at_72 = vectors()
            .into_iter()
            .find(|v| v.password.len() == 72 && v.hash.starts_with("$2b$"))
            .unwrap();
        assert_eq!(
            verify(&format!("{}more", at_72.password), &at_72.hash),
            Verification::MatchOutdated
        );
    }
}
