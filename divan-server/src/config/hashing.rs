use std::ops::RangeInclusive;

use divan_core::infra::{Env, Variable, section};
use divan_core::password::Argon2idParams;

section! {
    pub(super) static SECTION =
        "Password hashes (Argon2id)",
        "Values below the defaults are refused. A hash with other parameters is replaced at the next sign-in. A stored hash with more than \
         65536 KiB, or eight times the work of the default (memory × iterations), verifies only while these values are at least as large: \
         before you lower them, reset such passwords.";

    MEMORY_KIB = ("DIVAN_ARGON2_MEMORY_KIB", "memory of one password hash, in KiB", "19456")
        .form("a number of KiB from 19456 to 262144").when_unset("`19456`");

    ITERATIONS = ("DIVAN_ARGON2_ITERATIONS", "number of passes over the memory", "2")
        .form("a number from 2 to 16").when_unset("`2`");

    LANES = ("DIVAN_ARGON2_LANES", "number of lanes", "1").form("a number from 1 to 16").when_unset("`1`");
}

pub(super) fn read(env: &mut Env<'_>) -> Option<Argon2idParams> {
    let memory_kib = in_range(env, &MEMORY_KIB, Argon2idParams::MEMORY_KIB);
    let iterations = in_range(env, &ITERATIONS, Argon2idParams::ITERATIONS);
    let lanes = in_range(env, &LANES, Argon2idParams::LANES);
    Argon2idParams::new(memory_kib?, iterations?, lanes?)
        .map_err(|error| env.error(&MEMORY_KIB, format!("is not usable: {error}")))
        .ok()
}

/// Reads a number. The default is the minimum.
fn in_range(env: &mut Env<'_>, variable: &Variable, range: RangeInclusive<u32>) -> Option<u32> {
    if !env.is_set(variable) {
        return Some(*range.start());
    }
    env.checked(variable, |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "must be a number from {} to {}",
            range.start(),
            range.end()
        )),
    })
}
