use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use divan_core::password::{Argon2idHasher, HashMemory, HashQueue, Password, PasswordHasher};
use divan_core::secret::Secret;

use super::Finding;
use crate::config::Config;

const SUBJECT: &str = "password hashing";

/// Hashing time from which sign-ins are reported as slow: users repeat slow ones.
const SLOW: Duration = Duration::from_secs(1);

const MIB: usize = 1024 * 1024;

/// Measures one hash on this machine, and checks the memory for as many as run concurrently.
pub(super) async fn hashing(config: &Config) -> Vec<Finding> {
    let hasher = Argon2idHasher::new(config.argon2id.clone());
    let memory = hasher.memory();
    let timed = tokio::task::spawn_blocking(move || {
        let password = Password::new(&Secret::new("a password for the measurement")).ok()?;
        let started = Instant::now();
        let memory = &mut HashMemory::new();
        hasher.hash(&password, &[7; 16], memory).ok()?;
        Some(started.elapsed())
    });
    let Ok(Some(took)) = timed.await else {
        return vec![Finding::error(
            SUBJECT,
            "cannot hash a password: not enough memory; add memory, or lower DIVAN_ARGON2_MEMORY_KIB",
        )];
    };
    vec![judge(memory, took, memory_limit())]
}

fn judge(memory: usize, took: Duration, limit: Option<usize>) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let concurrent = (HashQueue::MEMORY_BUDGET / memory.max(1)).clamp(1, cores);
    let total = memory * concurrent;
    let text = format!(
        "{} ms and {} MiB per hash; {concurrent} concurrent, {} MiB in total",
        took.as_millis(),
        memory / MIB,
        total / MIB
    );
    let finding = match limit {
        Some(limit) if total > limit / 4 * 3 => {
            let room = limit / MIB;
            Finding::error(
                SUBJECT,
                format!(
                    "{text}: too much for the memory limit of {room} MiB; raise the limit, or lower DIVAN_ARGON2_MEMORY_KIB"
                ),
            )
        }
        _ if took > SLOW => Finding::warning(
            SUBJECT,
            format!(
                "{text}: slow; lower DIVAN_ARGON2_MEMORY_KIB and DIVAN_ARGON2_ITERATIONS, or use a faster machine if both \
                 have their minimum values"
            ),
        ),
        _ => Finding::ok(SUBJECT, text),
    };
    finding.took(took)
}

/// Returns the memory limit of the process's control group, in bytes
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
    fn a_hash_is_judged_by_its_time_and_memory() {
        let millis = Duration::from_millis;
        assert_eq!(judge(19 * MIB, millis(30), None).state, State::Ok);
        assert_eq!(
            judge(19 * MIB, millis(30), Some(4096 * MIB)).state,
            State::Ok
        );
        assert_eq!(judge(19 * MIB, millis(1500), None).state, State::Warning);
        let cramped = judge(256 * MIB, millis(30), Some(128 * MIB));
        assert_eq!(cramped.state, State::Error);
        assert!(cramped.text.contains("of 128 MiB"), "{}", cramped.text);
    }
}
