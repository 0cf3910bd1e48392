use divan_core::password::Argon2idParams;

use super::env::Env;

pub(super) fn read(env: &mut Env<'_>) -> Option<Argon2idParams> {
    let memory_kib = env.parsed("DIVAN_ARGON2_MEMORY_KIB", 19_456, "19456");
    let iterations = env.parsed("DIVAN_ARGON2_ITERATIONS", 2, "2");
    let lanes = env.parsed("DIVAN_ARGON2_LANES", 1, "1");
    match Argon2idParams::new(memory_kib, iterations, lanes) {
        Ok(params) => Some(params),
        Err(weak) => {
            env.wrong(
                "DIVAN_ARGON2_MEMORY_KIB",
                format!("or its siblings are out of bounds: {weak}"),
                "19456",
            );
            None
        }
    }
}
