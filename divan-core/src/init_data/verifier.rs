use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::bot_token::BotToken;
use super::check_string;
use super::data::{InitData, Signer};
use super::error::{InitDataError, Malformed};
use super::grammar::Pairs;
use super::replay::{Admission, ReplayGuard};
use super::scheme::{Key, Scheme};
use crate::clock::{Clock, SystemClock};

/// Checks signed data against one bot's key, or several.
///
/// Make one and keep it: the keys are derived once. It is cheap to clone and may be shared between
/// threads.
///
/// ```
/// use divan_core::init_data::{BotToken, InitDataError, Verifier};
/// use std::time::Duration;
///
/// let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
/// let verifier = Verifier::new(token, Duration::from_hours(24));
///
/// let forged = "user=%7B%22id%22%3A42%7D&auth_date=1780000000&hash=00";
/// assert!(verifier.verify(forged).is_err());
/// assert_eq!(verifier.verify("").unwrap_err(), InitDataError::Missing);
/// # Ok::<(), divan_core::init_data::InvalidBotToken>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier<K = BotToken> {
    keys: Arc<Vec<K>>,
    max_age: Duration,
    clock_skew: Duration,
    max_len: usize,
    max_pairs: usize,
    clock: Arc<dyn Clock>,
    replay_guard: Option<Arc<dyn ReplayGuard>>,
}

impl<K: Clone> Verifier<K> {
    /// A verifier for data signed with `key`, taking data at most `max_age` old.
    ///
    /// Init data is a bearer credential that a client sends again and again, so its age is yours to
    /// state; there is no default.
    pub fn new(key: K, max_age: Duration) -> Self {
        Self {
            keys: Arc::new(vec![key]),
            max_age,
            clock_skew: Duration::from_mins(1),
            max_len: 8 * 1024,
            max_pairs: 32,
            clock: Arc::new(SystemClock),
            replay_guard: None,
        }
    }

    /// Takes data signed with `key` as well: another bot's, or the old token of a bot whose token
    /// was changed.
    /// [`InitData::signer`] says which one it was.
    #[must_use]
    pub fn or(mut self, key: K) -> Self {
        Arc::make_mut(&mut self.keys).push(key);
        self
    }

    /// How far `auth_date` may lie in the future, because clocks differ. Default: 60 seconds.
    #[must_use]
    pub fn clock_skew(mut self, clock_skew: Duration) -> Self {
        self.clock_skew = clock_skew;
        self
    }

    /// The longest string that is looked at, in bytes. Default: 8192.
    #[must_use]
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// The most pairs that a string may have. Default: 32.
    #[must_use]
    pub fn max_pairs(mut self, pairs: usize) -> Self {
        self.max_pairs = pairs;
        self
    }

    /// The clock that `auth_date` is compared with. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes each piece of data once. Default: as often as it is presented while it is fresh,
    /// because clients send the same data again when the Mini App is reloaded. A guard belongs to
    /// verifiers of one scheme and one `max_age`.
    #[must_use]
    pub fn replay_guard(mut self, guard: Arc<dyn ReplayGuard>) -> Self {
        self.replay_guard = Some(guard);
        self
    }
}

impl<K: Key> Verifier<K> {
    /// Checks grammar, signature and age, in this order, and gives access to what was signed.
    ///
    /// The result owns its text, which costs one allocation; [`verify_in`](Self::verify_in) needs
    /// none.
    ///
    /// # Errors
    /// [`InitDataError`] says what is wrong and nothing about what would have been right;
    /// [`WrongKind`](InitDataError::WrongKind) for a shared contact, which has the same key.
    pub fn verify(&self, raw: &str) -> Result<InitData<'static>, InitDataError> {
        self.run::<K::WebApp>(raw)
    }

    /// [`verify`](Self::verify) without an allocation: the decoded text is written into `buffer`,
    /// which has to be at least as long as `raw`.
    ///
    /// ```
    /// # use divan_core::{clock::{Clock, SystemClock}, init_data::{BotToken, InitDataBuilder, Verifier}};
    /// # let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
    /// # let raw = InitDataBuilder::new(SystemClock.unix_seconds()).user(42, "First").sign(&token);
    /// # let verifier = Verifier::new(token, std::time::Duration::from_hours(1));
    /// let mut buffer = [0; 4096];
    /// let data = verifier.verify_in(&raw, &mut buffer)?;
    /// assert_eq!(data.user()?.ok_or("no user")?.id, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and [`InitDataError::TooLarge`] when the buffer is too short.
    pub fn verify_in<'b>(
        &self,
        raw: &str,
        buffer: &'b mut [u8],
    ) -> Result<InitData<'b>, InitDataError> {
        let checked = self.check::<K::WebApp>(raw, buffer)?;
        let lines =
            std::str::from_utf8(&buffer[checked.place.clone()]).map_err(|_| Malformed::Utf8)?;
        self.admit(Cow::Borrowed(lines), &checked)
    }

    /// The whole check by any scheme that the keys are good for.
    pub(super) fn run<S: Scheme<K>>(&self, raw: &str) -> Result<InitData<'static>, InitDataError> {
        self.check_size(raw, self.max_len)?;
        let mut buffer = vec![0; raw.len()];
        let checked = self.check::<S>(raw, &mut buffer)?;
        buffer.truncate(checked.place.end);
        buffer.drain(..checked.place.start);
        let lines = String::from_utf8(buffer).map_err(|_| Malformed::Utf8)?;
        self.admit(Cow::Owned(lines), &checked)
    }

    fn check_size(&self, raw: &str, room: usize) -> Result<(), InitDataError> {
        if raw.is_empty() {
            return Err(InitDataError::Missing);
        }
        if raw.len() > self.max_len.min(room) {
            Err(InitDataError::TooLarge)
        } else {
            Ok(())
        }
    }

    /// Grammar and signature.
    fn check<S: Scheme<K>>(
        &self,
        raw: &str,
        buffer: &mut [u8],
    ) -> Result<Checked<S::Proof>, InitDataError> {
        self.check_size(raw, buffer.len())?;
        let mut pairs = Pairs::new(raw.as_bytes());
        pairs.split(self.max_pairs)?;
        let proof = S::take_proof(&mut pairs)?;
        let length = check_string::write(&pairs, &mut buffer[S::ROOM..])?;
        let message = &mut buffer[..S::ROOM + length];
        let key = self
            .keys
            .iter()
            .position(|key| S::is_signed_by(key, message, &proof));
        let key = key.ok_or(InitDataError::SignatureMismatch)?;
        if !S::is_kind(&pairs) {
            return Err(InitDataError::WrongKind);
        }
        let signer = Signer {
            bot_id: self.keys[key].bot_id(),
            key,
        };
        Ok(Checked {
            place: S::ROOM..S::ROOM + length,
            proof,
            signer,
        })
    }

    /// Age, and whether it is for the first time. Nobody learns anything here from unsigned data.
    fn admit<'b>(
        &self,
        lines: Cow<'b, str>,
        checked: &Checked<impl AsRef<[u8]>>,
    ) -> Result<InitData<'b>, InitDataError> {
        let data = InitData::verified(lines, checked.signer)?;
        let now = self.clock.unix_seconds();
        if data.auth_date() > now.saturating_add(self.clock_skew.as_secs()) {
            return Err(InitDataError::FromFuture);
        }
        if now.saturating_sub(data.auth_date()) > self.max_age.as_secs() {
            return Err(InitDataError::Expired);
        }
        if let Some(guard) = &self.replay_guard {
            let retention = self.max_age.saturating_add(self.clock_skew).as_secs();
            match guard.admit(checked.proof.as_ref(), now, now.saturating_add(retention)) {
                Admission::First => {}
                Admission::Replayed => return Err(InitDataError::Replayed),
                Admission::Full => return Err(InitDataError::ReplayGuardFull),
            }
        }
        Ok(data)
    }
}

/// What grammar and signature have passed.
struct Checked<P> {
    /// Where in the buffer the check string is.
    place: Range<usize>,
    proof: P,
    signer: Signer,
}
