use std::collections::{HashSet, VecDeque};
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Record of presented signatures, with which a [`Verifier`](super::Verifier) accepts each piece of
/// data once.
///
/// Without a guard, data is accepted any number of times within `max_age`, which a Mini App that
/// reloads needs. The verifier calls the guard last, for data with valid signature and age; the
/// typed fields are parsed later.
///
/// Verifiers that share a guard must have the same `max_age`, and must all use a bot token or all be
/// third-party verifiers: the bot's hash and Telegram's signature of the same data are two signatures,
/// and each verifier states how long its signature must be remembered.
pub trait ReplayGuard: Debug + Send + Sync {
    /// Records the bytes of a signature, and decides if they are new. They must be remembered until
    /// `until`; `now` and `until` are in seconds since the Unix epoch.
    ///
    /// Of several concurrent calls with the same bytes, exactly one returns [`Admission::First`].
    fn admit(&self, signature: &[u8], now: u64, until: u64) -> Admission;
}

/// Decision of a [`ReplayGuard`] about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// The signature is new, and now recorded.
    First,
    /// The signature was presented before.
    Replayed,
    /// The guard has no capacity left. The data is rejected, because a replay could not be detected.
    Full,
}

/// [`ReplayGuard`] for a single process, with a fixed capacity.
///
/// A signature is forgotten when its data is too old to be accepted. The capacity must cover all
/// signatures presented within `max_age + clock_skew`; each takes about two hundred bytes. Several
/// servers need a shared guard.
///
/// When the clock is set back to before a moment at which signatures were forgotten, the guard
/// returns [`Admission::Full`] until that moment, because it cannot detect replays.
///
/// ```
/// use divan_core::init_data::{BotToken, InMemoryReplayGuard, InitDataError, Verifier};
/// # use divan_core::{clock::{Clock, SystemClock}, init_data::InitDataBuilder};
/// use std::{sync::Arc, time::Duration};
///
/// let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
/// # let raw = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First").sign(&token);
/// let guard = Arc::new(InMemoryReplayGuard::new(100_000));
/// let verifier = Verifier::new(token, Duration::from_mins(10)).replay_guard(guard);
/// assert!(verifier.verify(&raw).is_ok());
/// assert_eq!(verifier.verify(&raw).unwrap_err(), InitDataError::Replayed);
/// # Ok::<(), divan_core::init_data::InvalidBotToken>(())
/// ```
pub struct InMemoryReplayGuard {
    capacity: usize,
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    signatures: HashSet<Arc<[u8]>>,
    /// Expiry of each signature, in the order of arrival.
    order: VecDeque<(u64, Arc<[u8]>)>,
    /// Latest moment at which a signature was forgotten.
    forgotten_at: u64,
}

impl InMemoryReplayGuard {
    /// Creates a guard for `capacity` signatures.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            remembered: Mutex::default(),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayGuard for InMemoryReplayGuard {
    fn admit(&self, signature: &[u8], now: u64, until: u64) -> Admission {
        let mut remembered = self.remembered();
        if remembered.signatures.contains(signature) {
            return Admission::Replayed;
        }
        if now < remembered.forgotten_at {
            return Admission::Full;
        }
        remembered.forget(now);
        if remembered.signatures.len() >= self.capacity {
            return Admission::Full;
        }
        let signature: Arc<[u8]> = signature.into();
        remembered.order.push_back((until, signature.clone()));
        remembered.signatures.insert(signature);
        Admission::First
    }
}

impl Remembered {
    /// Forgets expired signatures, in the order of arrival.
    fn forget(&mut self, now: u64) {
        while self.order.front().is_some_and(|(until, _)| *until < now) {
            if let Some((_, signature)) = self.order.pop_front() {
                self.signatures.remove(&signature);
                self.forgotten_at = now;
            }
        }
    }
}

/// Shows the number of recorded signatures, not the signatures.
impl Debug for InMemoryReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remembered = self.remembered().signatures.len();
        f.debug_struct("InMemoryReplayGuard")
            .field("capacity", &self.capacity)
            .field("remembered", &remembered)
            .finish()
    }
}
