use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Returns a random duration from zero to `max`, in microseconds, to spread the load of many
/// clients.
///
/// The source is the seed of hash maps: it needs no dependency, cannot fail, and need not be
/// cryptographically secure here.
pub(crate) fn jitter(max: Duration) -> Duration {
    let micros = u64::try_from(max.as_micros()).unwrap_or(u64::MAX);
    let noise = RandomState::new().hash_one(());
    let share = (u128::from(noise) * (u128::from(micros) + 1)) >> 64;
    Duration::from_micros(u64::try_from(share).unwrap_or(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_random_and_at_most_max() {
        let draws: Vec<_> = (0..200).map(|_| jitter(Duration::from_secs(1))).collect();
        assert!(draws.iter().all(|draw| *draw <= Duration::from_secs(1)));
        assert!(draws.iter().any(|draw| *draw < Duration::from_millis(500)));
        assert!(draws.iter().any(|draw| *draw > Duration::from_millis(500)));
        assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
        assert!(jitter(Duration::MAX) > Duration::ZERO);
    }
}
