use std::ops::RangeInclusive;

use argon2::password_hash::phc::{self, Output, Salt};
use argon2::{Algorithm, Argon2, Params, Version};

use super::stored::{MAX_ITERATIONS, MAX_LANES, MAX_MEMORY_KIB, Stored, StoredArgon2id};
use super::{HashError, HashMemory, Password, PasswordHash, PasswordHasher, Verification};

/// Cost parameters of Argon2id (RFC 9106). The default is the accepted minimum: 19456 KiB of memory,
/// 2 iterations, 1 lane, as the OWASP Password Storage Cheat Sheet recommends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argon2idParams(Params);

/// Error for parameters that are weaker than the default or above the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Argon2id memory must be from 19456 to 262144 KiB, iterations from 2 to 16, lanes from 1 to 16"
)]
pub struct WeakParams;

const OUTPUT_BYTES: usize = 32;

impl Argon2idParams {
    /// Accepted memory, in KiB. The default is the minimum.
    pub const MEMORY_KIB: RangeInclusive<u32> = Params::DEFAULT_M_COST..=MAX_MEMORY_KIB;

    /// Accepted iterations. The default is the minimum.
    pub const ITERATIONS: RangeInclusive<u32> = Params::DEFAULT_T_COST..=MAX_ITERATIONS;

    /// Accepted lanes. The default is the minimum.
    pub const LANES: RangeInclusive<u32> = Params::DEFAULT_P_COST..=MAX_LANES;

    /// Creates parameters at least as strong as the default.
    ///
    /// Existing hashes with more than 65536 KiB, or with more work than eight times the default's,
    /// match only while the current parameters are as large: see [`PasswordHash::check`].
    ///
    /// # Errors
    /// [`WeakParams`] when they are weaker or above the limits.
    pub fn new(memory_kib: u32, iterations: u32, lanes: u32) -> Result<Self, WeakParams> {
        let is_accepted = Self::MEMORY_KIB.contains(&memory_kib)
            && Self::ITERATIONS.contains(&iterations)
            && Self::LANES.contains(&lanes);
        if !is_accepted {
            return Err(WeakParams);
        }
        Params::new(memory_kib, iterations, lanes, Some(OUTPUT_BYTES))
            .map(Self)
            .map_err(|_| WeakParams)
    }
}

impl Default for Argon2idParams {
    #[expect(clippy::expect_used, reason = "constants that a test constructs")]
    fn default() -> Self {
        Self::new(
            Params::DEFAULT_M_COST,
            Params::DEFAULT_T_COST,
            Params::DEFAULT_P_COST,
        )
        .expect("the default is the minimum")
    }
}

/// Argon2id with fixed parameters.
///
/// Hashes with other parameters are verified with their own and reported as outdated. So are
/// passlib's legacy bcrypt and `$pbkdf2-sha256$` hashes. Stored parameters are limited before they
/// are used: see [`PasswordHash::check`].
#[derive(Clone, Debug, Default)]
pub struct Argon2idHasher {
    params: Argon2idParams,
}

impl Argon2idHasher {
    /// Creates a hasher with these parameters.
    pub fn new(params: Argon2idParams) -> Self {
        Self { params }
    }

    /// Creates a hasher with minimal cost and no protection, for tests with many users.
    ///
    /// # Panics
    /// Never: the parameters are the algorithm's minimum.
    #[cfg(any(test, feature = "test-util"))]
    #[expect(clippy::expect_used, reason = "the algorithm's minimum")]
    pub fn insecure_for_tests() -> Self {
        let params = Params::new(Params::MIN_M_COST, 1, 1, Some(OUTPUT_BYTES))
            .expect("the algorithm's minimum");
        Self {
            params: Argon2idParams(params),
        }
    }

    /// Computes a hash. Parameters above the current ones use memory of their own, because `memory`
    /// is kept.
    fn compute(
        &self,
        password: &Password,
        salt: &[u8],
        params: &Params,
        memory: &mut HashMemory,
    ) -> Result<Output, HashError> {
        let (blocks, mut own) = (params.block_count(), HashMemory::new());
        let memory = if blocks <= self.params.0.block_count() {
            memory
        } else {
            &mut own
        };
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer
            .get_mut(..params.output_len().unwrap_or(OUTPUT_BYTES))
            .ok_or(HashError)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(
                password.as_str().as_bytes(),
                salt,
                output,
                memory.blocks(blocks)?,
            )
            .map_err(|_| HashError)?;
        Output::new(output).map_err(|_| HashError)
    }

    fn verify_argon2id(
        &self,
        password: &Password,
        stored: &StoredArgon2id,
        memory: &mut HashMemory,
    ) -> Verification {
        let is_current = stored.params == self.params.0;
        // `Output` compares in constant time.
        match self.compute(password, &stored.salt, &stored.params, memory) {
            Ok(hash) if hash == stored.hash && is_current => Verification::Match,
            Ok(hash) if hash == stored.hash => Verification::MatchOutdated,
            _ => Verification::Mismatch,
        }
    }
}

impl PasswordHasher for Argon2idHasher {
    fn hash(
        &self,
        password: &Password,
        salt: &[u8; 16],
        memory: &mut HashMemory,
    ) -> Result<PasswordHash, HashError> {
        let params = &self.params.0;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: params.try_into().map_err(|_| HashError)?,
            salt: Some(Salt::new(salt).map_err(|_| HashError)?),
            hash: Some(self.compute(password, salt, params, memory)?),
        };
        Ok(PasswordHash::from_stored(hash.to_string()))
    }

    fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
        memory: &mut HashMemory,
    ) -> Verification {
        match stored.and_then(|stored| Stored::parse(stored, &self.params.0).ok()) {
            Some(Stored::Argon2id(stored)) => self.verify_argon2id(password, &stored, memory),
            Some(Stored::Legacy(stored)) if stored.matches(password.as_str()) => {
                Verification::MatchOutdated
            }
            Some(Stored::Legacy(_)) => Verification::Mismatch,
            None => {
                let discarded = self.compute(password, &[0; 16], &self.params.0, memory);
                debug_assert!(discarded.is_ok(), "the parameters were checked");
                Verification::Mismatch
            }
        }
    }

    fn memory(&self) -> usize {
        usize::try_from(self.params.0.m_cost())
            .unwrap_or(usize::MAX)
            .saturating_mul(1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(&text.into()).unwrap()
    }

    #[test]
    fn a_hash_matches_only_its_password() {
        let memory = &mut HashMemory::new();
        let hasher = Argon2idHasher::insecure_for_tests();
        let stored = hasher.hash(&password("right"), &[7; 16], memory).unwrap();
        assert_eq!(
            hasher.verify(&password("right"), Some(&stored), memory),
            Verification::Match
        );
        assert_eq!(
            hasher.verify(&password("Right"), Some(&stored), memory),
            Verification::Mismatch
        );
        assert_eq!(
            hasher.verify(&password("right"), None, memory),
            Verification::Mismatch
        );
    }

    #[test]
    fn a_hash_of_the_reference_implementation_matches() {
        // From the test suite of phc-winner-argon2: password "password", salt "somesalt", m=65536,
        // t=2, p=1.
        let stored = PasswordHash::from_stored(
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        );
        let hasher = Argon2idHasher::default();
        assert_eq!(
            hasher.verify(&password("password"), Some(&stored), &mut HashMemory::new()),
            Verification::MatchOutdated
        );
    }

    #[test]
    fn only_larger_parameters_use_memory_of_their_own() {
        let (small, memory) = (Argon2idHasher::insecure_for_tests(), &mut HashMemory::new());
        let stored = Argon2idHasher::default()
            .hash(&password("right"), &[7; 16], memory)
            .unwrap();
        assert_eq!(format!("{memory:?}"), "HashMemory(19456 KiB)");

        let memory = &mut HashMemory::new();
        let outcome = small.verify(&password("right"), Some(&stored), memory);
        assert_eq!(outcome, Verification::MatchOutdated);
        assert!(memory.is_empty());
        let _ = small.verify(&password("right"), None, memory);
        assert_eq!(format!("{memory:?}"), "HashMemory(8 KiB)");
    }

    #[test]
    fn content_of_reused_memory_does_not_matter() {
        let hasher = Argon2idHasher::insecure_for_tests();
        let mut fresh = HashMemory::new();
        let stored = hasher
            .hash(&password("right"), &[7; 16], &mut fresh)
            .unwrap();
        let used = &mut HashMemory::new();
        let _ = hasher.verify(&password("other"), None, used);
        assert_eq!(hasher.hash(&password("right"), &[7; 16], used), Ok(stored));
    }

    #[test]
    fn the_default_uses_the_documented_parameters() {
        let stored = Argon2idHasher::default()
            .hash(&password("x"), &[1; 16], &mut HashMemory::new())
            .unwrap();
        assert!(
            stored
                .expose()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            stored.expose()
        );
    }

    #[test]
    fn weak_or_excessive_parameters_are_rejected() {
        assert_eq!(Argon2idParams::new(19_455, 2, 1), Err(WeakParams));
        assert_eq!(Argon2idParams::new(19_456, 1, 1), Err(WeakParams));
        assert_eq!(Argon2idParams::new(1_000_000, 2, 1), Err(WeakParams));
        assert!(Argon2idParams::new(65_536, 3, 2).is_ok());
    }
}
