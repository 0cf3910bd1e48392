use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use divan_core::password::{Argon2idHasher, HashQueue, Password, PasswordHasher};
use divan_core::secret::Secret;

use super::Finding;
use crate::config::Config;

const SUBJECT: &str = "password hashing";

/// A sign-in that takes longer than this is one that people repeat.
const SLOW: Duration = Duration::from_secs(1);

const MIB: usize = 1024 * 1024;

/// What one hash takes on this machine, and whether there is room for as many as run at a time.
pub(super) async fn hashing(config: &Config) -> Vec<Finding> {
    let hasher = Argon2idHasher::new(config.argon2id.clone());
    let memory = hasher.memory();
    let timed = tokio::task::spawn_blocking(move || {
        let password = Password::new(&Secret::new("one that nobody has")).ok()?;
        let begun = Instant::now();
        hasher.hash(&password, &[7; 16]).ok()?;
        Some(begun.elapsed())
    });
    let Ok(Some(took)) = timed.await else {
        return vec![Finding::wrong(
            SUBJECT,
            "a password could not be hashed: there is no memory for it",
        )];
    };
    vec![judged(memory, took, memory_limit())]
}

fn judged(memory: usize, took: Duration, limit: Option<usize>) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let at_a_time = (HashQueue::MEMORY_BUDGET / memory.max(1)).clamp(1, cores);
    let together = memory * at_a_time;
    let text = format!(
        "one takes {} ms and {} MiB; {at_a_time} at a time, {} MiB together",
        took.as_millis(),
        memory / MIB,
        together / MIB
    );
    let finding = match limit {
        Some(limit) if together > limit / 4 * 3 => {
            let room = limit / MIB;
            Finding::wrong(
                SUBJECT,
                format!("{text}: too much for the {room} MiB that the process may take"),
            )
        }
        _ if took > SLOW => Finding::warning(
            SUBJECT,
            format!("{text}: slow, see DIVAN_ARGON2_MEMORY_KIB and _ITERATIONS"),
        ),
        _ => Finding::ok(SUBJECT, text),
    };
    finding.took(took)
}

/// What the control group of the process may take, in bytes
/// ([cgroup v2](https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files)).
fn memory_limit() -> Option<usize> {
    std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_hash_is_judged_by_its_time_and_the_room_for_it() {
        let millis = Duration::from_millis;
        assert_eq!(judged(19 * MIB, millis(30), None).state, State::Ok);
        assert_eq!(
            judged(19 * MIB, millis(30), Some(4096 * MIB)).state,
            State::Ok
        );
        assert_eq!(judged(19 * MIB, millis(1500), None).state, State::Warning);
        let cramped = judged(256 * MIB, millis(30), Some(128 * MIB));
        assert_eq!(cramped.state, State::Wrong);
        assert!(cramped.text.contains("the 128 MiB"), "{}", cramped.text);
    }
}
