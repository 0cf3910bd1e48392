use argon2::password_hash::phc::{self, Output, Salt};
use argon2::{Algorithm, Params, Version};

use super::PasswordHash;
use super::error::UnusableHash;
use super::legacy::LegacyHash;

/// Limits for the parameters of new hashes.
pub(super) const MAX_MEMORY_KIB: u32 = 262_144;
pub(super) const MAX_ITERATIONS: u32 = 16;
pub(super) const MAX_LANES: u32 = 16;

/// Memory limit for stored hashes, unless the current parameters are larger: a row in the database
/// must not be able to exhaust the machine.
const MAX_STORED_MEMORY_KIB: u32 = 65_536;
/// Limit for memory times iterations, which determines the time: eight times the default's.
const MAX_STORED_WORK: u64 = 8 * work(Params::DEFAULT_M_COST, Params::DEFAULT_T_COST);

/// Parsed hash with parameters within the limits.
pub(super) enum Stored {
    Argon2id(StoredArgon2id),
    Legacy(LegacyHash),
}

pub(super) struct StoredArgon2id {
    pub(super) params: Params,
    pub(super) salt: Salt,
    pub(super) hash: Output,
}

impl Stored {
    /// Parses a hash; `current` are the parameters of new hashes, which extend the limits.
    pub(super) fn parse(stored: &PasswordHash, current: &Params) -> Result<Self, UnusableHash> {
        if let Some(legacy) = LegacyHash::parse(stored.expose()) {
            return legacy.map(Self::Legacy);
        }
        let parsed = phc::PasswordHash::new(stored.expose()).map_err(|_| UnusableHash::Unknown)?;
        let is_argon2id = parsed.algorithm.as_str() == Algorithm::Argon2id.as_str();
        let is_current_version = parsed.version == Some(Version::V0x13.into());
        let params = Params::try_from(&parsed).map_err(|_| UnusableHash::Unknown)?;
        match (parsed.salt, parsed.hash) {
            (Some(salt), Some(hash)) if is_argon2id && is_current_version => {
                is_within_limits(&params, current)
                    .then_some(())
                    .ok_or(UnusableHash::TooCostly)?;
                Ok(Self::Argon2id(StoredArgon2id { params, salt, hash }))
            }
            _ => Err(UnusableHash::Unknown),
        }
    }
}

fn is_within_limits(params: &Params, current: &Params) -> bool {
    let max_work = MAX_STORED_WORK.max(work(current.m_cost(), current.t_cost()));
    params.m_cost() <= MAX_STORED_MEMORY_KIB.max(current.m_cost())
        && work(params.m_cost(), params.t_cost()) <= max_work
        && params.t_cost() <= MAX_ITERATIONS
        && params.p_cost() <= MAX_LANES
}

const fn work(memory_kib: u32, iterations: u32) -> u64 {
    memory_kib as u64 * iterations as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_too_costly_hashes_are_distinguished() {
        let monstrous = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for text in [
            monstrous,
            "$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=65536,t=5,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=8192,t=17,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$2b$14$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
            "$2b$31$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
            "$pbkdf2-sha256$1000001$YwwB4LzXmtOaEwJgDGEsBQ$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPoo",
        ] {
            let result = PasswordHash::from_stored(text).check();
            assert_eq!(result, Err(UnusableHash::TooCostly), "{text}");
        }
        for text in [
            "",
            &format!("$2b$12${}", "$".repeat(1 << 20)),
            "!disabled",
            "plain text",
            "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
            "$2x$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
            "$2b$03$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
            "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C",
            "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2 ",
            "$2b$12$9ZygbyRCIgzs1F1TBImt£OuGjxEt614z.FW9SMo85Ocu5b.k909C",
            "$2b$+9$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
            "$pbkdf2-sha256$0$YwwB4LzXmtOaEwJgDGEsBQ$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPoo",
            "$pbkdf2-sha256$029000$YwwB4LzXmtOaEwJgDGEsBQ$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPoo",
            "$pbkdf2-sha256$29000$YwwB4LzXmtOaEwJgDGEsBQ$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPo",
            "$pbkdf2-sha256$29000$YwwB4LzXmtOaEwJgDGEsBQ==$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPoo",
            "$pbkdf2-sha256$29000$Yww+4LzXmtOaEwJgDGEsBQ$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPoo",
            "$pbkdf2-sha512$29000$YwwB4LzXmtOaEwJgDGEsBQ$BqTh03c11pkqj4m/DUKOaY0ynMJMjEpZCuYZTiuiPoo",
        ] {
            let result = PasswordHash::from_stored(text).check();
            assert_eq!(result, Err(UnusableHash::Unknown), "{text}");
        }
    }

    #[test]
    fn current_parameters_extend_the_limits() {
        let params = |memory, iterations| Params::new(memory, iterations, 1, Some(32)).unwrap();
        let current = params(MAX_MEMORY_KIB, MAX_ITERATIONS);
        assert!(
            is_within_limits(&current, &current)
                && is_within_limits(&params(MAX_MEMORY_KIB, 2), &current)
        );
        assert!(
            !is_within_limits(&current, &Params::DEFAULT)
                && !is_within_limits(&current, &params(MAX_MEMORY_KIB, 2))
        );
        assert!(is_within_limits(
            &params(MAX_STORED_MEMORY_KIB, 4),
            &Params::DEFAULT
        ));
    }
}
