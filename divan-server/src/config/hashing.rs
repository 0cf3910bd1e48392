use divan_core::infra::{Env, section};
use divan_core::password::Argon2idParams;

section! {
    pub(super) static SECTION =
        "Password hashes (Argon2id)",
        "Values below the defaults are refused. A hash with other parameters is replaced at the next sign-in. A stored hash with more than \
         65536 KiB, or eight times the work of the default (memory × iterations), verifies only while these values are at least as large: \
         before you lower them, reset such passwords.";

    MEMORY_KIB = ("DIVAN_ARGON2_MEMORY_KIB", "memory of one password hash, in KiB", "19456")
        .form("a number of KiB").when_unset("`19456`");

    ITERATIONS = ("DIVAN_ARGON2_ITERATIONS", "number of passes over the memory", "2")
        .form("a number").when_unset("`2`");

    LANES = ("DIVAN_ARGON2_LANES", "number of lanes", "1").form("a number").when_unset("`1`");
}

pub(super) fn read(env: &mut Env<'_>) -> Option<Argon2idParams> {
    let memory_kib = env.parsed(&MEMORY_KIB, 19_456);
    let iterations = env.parsed(&ITERATIONS, 2);
    let lanes = env.parsed(&LANES, 1);
    Argon2idParams::new(memory_kib, iterations, lanes)
        .map_err(|weak| {
            env.error(
                &MEMORY_KIB,
                format!("or another Argon2id variable is out of range: {weak}"),
            );
        })
        .ok()
}
