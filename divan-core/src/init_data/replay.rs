use std::collections::{HashSet, VecDeque};
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Remembers what was presented, so that a [`Verifier`](super::Verifier) takes each piece of data
/// once.
///
/// Without one, fresh data is taken as often as it comes, which is what a Mini App that reloads
/// needs. It is asked last, about data whose signature and age have passed; the typed fields are
/// read later.
///
/// Verifiers that share a guard have to be of one scheme and one `max_age`: the bot's hash and
/// Telegram's signature of the same data are two signatures, and each verifier says how long it
/// needs its own remembered.
pub trait ReplayGuard: Debug + Send + Sync {
    /// Remembers the bytes of a signature, and says whether they are new. They have to be
    /// remembered until `until`; `now` and `until` are in seconds since the Unix epoch.
    ///
    /// Of several calls with the same bytes at the same time, one gets [`Admission::First`].
    fn admit(&self, proof: &[u8], now: u64, until: u64) -> Admission;
}

/// What a [`ReplayGuard`] says of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// It is new, and remembered from now on.
    First,
    /// It was there before.
    Replayed,
    /// There is no room to remember it. The data is refused: who cannot remember cannot tell.
    Full,
}

/// A [`ReplayGuard`] of one process, with room for a fixed number of signatures.
///
/// A signature is forgotten when the data has become too old to pass. The room has to hold all that
/// are presented within `max_age + clock_skew`; each takes about two hundred bytes. Several servers
/// need a guard that they share.
///
/// When its clock is set back behind a moment at which signatures were forgotten, it is
/// [`Admission::Full`] until then: it cannot tell what it has seen.
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
    proofs: HashSet<Arc<[u8]>>,
    /// Until when each is needed, in the order in which they came.
    order: VecDeque<(u64, Arc<[u8]>)>,
    /// The latest moment at which one was forgotten.
    forgotten_at: u64,
}

impl InMemoryReplayGuard {
    /// A guard with room for `capacity` signatures.
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
    fn admit(&self, proof: &[u8], now: u64, until: u64) -> Admission {
        let mut remembered = self.remembered();
        if remembered.proofs.contains(proof) {
            return Admission::Replayed;
        }
        if now < remembered.forgotten_at {
            return Admission::Full;
        }
        remembered.forget(now);
        if remembered.proofs.len() >= self.capacity {
            return Admission::Full;
        }
        let proof: Arc<[u8]> = proof.into();
        remembered.order.push_back((until, proof.clone()));
        remembered.proofs.insert(proof);
        Admission::First
    }
}

impl Remembered {
    /// Forgets what is not needed any more, the oldest first.
    fn forget(&mut self, now: u64) {
        while self.order.front().is_some_and(|(until, _)| *until < now) {
            if let Some((_, proof)) = self.order.pop_front() {
                self.proofs.remove(&proof);
                self.forgotten_at = now;
            }
        }
    }
}

/// Shows how many signatures are remembered, not which.
impl Debug for InMemoryReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remembered = self.remembered().proofs.len();
        f.debug_struct("InMemoryReplayGuard")
            .field("capacity", &self.capacity)
            .field("remembered", &remembered)
            .finish()
    }
}
