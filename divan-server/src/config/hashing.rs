use divan_core::infra::{Env, Section, Variable};
use divan_core::password::Argon2idParams;

static MEMORY_KIB: Variable = Variable::new(
    "DIVAN_ARGON2_MEMORY_KIB",
    "the memory of one password hash, in KiB",
    "19456",
)
.form("a number of KiB")
.when_unset("`19456`");

static ITERATIONS: Variable = Variable::new(
    "DIVAN_ARGON2_ITERATIONS",
    "how often that memory is gone through",
    "2",
)
.form("a number")
.when_unset("`2`");

static LANES: Variable = Variable::new("DIVAN_ARGON2_LANES", "in how many lanes that is done", "1")
    .form("a number")
    .when_unset("`1`");

pub(super) static SECTION: Section = Section::new(
    "Password hashes (Argon2id)",
    "Only upwards. Hashes with other parameters are made anew at the next sign-in. Hashes with more than 65536 KiB, or eight times the \
     default's work (memory times iterations), match only while these are as large: before lowering them, reset such passwords.",
    &[&MEMORY_KIB, &ITERATIONS, &LANES],
);

pub(super) fn read(env: &mut Env<'_>) -> Option<Argon2idParams> {
    let memory_kib = env.parsed(&MEMORY_KIB, 19_456);
    let iterations = env.parsed(&ITERATIONS, 2);
    let lanes = env.parsed(&LANES, 1);
    Argon2idParams::new(memory_kib, iterations, lanes)
        .map_err(|weak| {
            env.wrong(
                &MEMORY_KIB,
                format!("or its siblings are out of bounds: {weak}"),
            )
        })
        .ok()
}
