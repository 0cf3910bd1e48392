//! Noise that keeps many clients from doing the same thing at the same moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Some time from zero to `longest`, in microseconds.
///
/// It is the noise that hash maps are seeded with: nobody's security hangs on it, it cannot fail,
/// and it costs no dependency.
pub(crate) fn up_to(longest: Duration) -> Duration {
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    let noise = RandomState::new().hash_one(());
    let share = (u128::from(noise) * (u128::from(micros) + 1)) >> 64;
    Duration::from_micros(u64::try_from(share).unwrap_or(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_below_its_limit_and_differs() {
        let draws: Vec<_> = (0..200).map(|_| up_to(Duration::from_secs(1))).collect();
        assert!(draws.iter().all(|draw| *draw <= Duration::from_secs(1)));
        assert!(draws.iter().any(|draw| *draw < Duration::from_millis(500)));
        assert!(draws.iter().any(|draw| *draw > Duration::from_millis(500)));
        assert_eq!(up_to(Duration::ZERO), Duration::ZERO);
        assert!(up_to(Duration::MAX) > Duration::ZERO);
    }
}
