use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::absence::is_absent;
use super::bot_token::BotToken;
use super::check_string;
use super::data::{InitData, Signer};
use super::error::{InitDataError, Malformed};
use super::grammar::SortedPairs;
use super::replay::{Admission, ReplayGuard};
use super::scheme::{Key, Scheme};
#[cfg(feature = "ed25519")]
use super::third_party::ThirdParty;
use crate::clock::{Clock, SystemClock};

/// Verifies signed data against the keys of one or several bots.
///
/// Create one and reuse it: parsing a bot token computes its keys. Clones are cheap, and threads can
/// share a verifier.
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

impl Verifier<BotToken> {
    /// Creates a verifier for data signed with the bot's token and not older than `max_age`.
    ///
    /// Init data is a bearer credential that a client sends many times. Therefore you must choose
    /// its maximum age: 24 hours suit a sign-in, one hour suits a single action.
    pub fn new(token: BotToken, max_age: Duration) -> Self {
        Self::with_key(token, max_age)
    }
}

#[cfg(feature = "ed25519")]
impl Verifier<ThirdParty> {
    /// Creates a verifier for data that Telegram signed for third parties, without the bot's token.
    /// The data must not be older than `max_age`.
    pub fn third_party(key: ThirdParty, max_age: Duration) -> Self {
        Self::with_key(key, max_age)
    }
}

impl<K: Clone> Verifier<K> {
    fn with_key(key: K, max_age: Duration) -> Self {
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

    /// Accepts data signed with `key` as well: another bot's token, or the old token of a bot whose
    /// token was changed. [`InitData::signer`] identifies the key that matched.
    #[must_use]
    pub fn or(mut self, key: K) -> Self {
        Arc::make_mut(&mut self.keys).push(key);
        self
    }

    /// Maximum time by which `auth_date` may be in the future, because clocks differ. Default: 60
    /// seconds.
    #[must_use]
    pub fn clock_skew(mut self, clock_skew: Duration) -> Self {
        self.clock_skew = clock_skew;
        self
    }

    /// Maximum length of the raw string in bytes. Default: 8192.
    #[must_use]
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Maximum number of pairs in the raw string. Default: 32.
    #[must_use]
    pub fn max_pairs(mut self, pairs: usize) -> Self {
        self.max_pairs = pairs;
        self
    }

    /// Clock that `auth_date` is compared with. Default: [`SystemClock`].
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Accepts each signature once. Default: any number of times within `max_age`, because
    /// clients send the same data again when the Mini App is reloaded. Verifiers that share a guard
    /// must have the same `max_age`, and must all use a bot token or all be third-party verifiers.
    #[must_use]
    pub fn replay_guard(mut self, guard: Arc<dyn ReplayGuard>) -> Self {
        self.replay_guard = Some(guard);
        self
    }

    #[cfg(feature = "service")]
    pub(crate) fn max_age_at_most(mut self, max_age: Duration) -> Self {
        self.max_age = self.max_age.min(max_age);
        self
    }

    /// Accepts each signature any number of times.
    #[cfg(feature = "service")]
    pub(crate) fn without_replay_guard(mut self) -> Self {
        self.replay_guard = None;
        self
    }

    #[cfg(feature = "service")]
    pub(crate) fn guard(&self) -> Option<&Arc<dyn ReplayGuard>> {
        self.replay_guard.as_ref()
    }
}

impl<K: Key> Verifier<K> {
    /// Checks size, grammar, signature, kind, age and replay, in this order, and returns the signed
    /// data.
    ///
    /// The result owns its text, which costs one allocation; [`verify_in`](Self::verify_in) avoids
    /// it.
    ///
    /// # Errors
    /// [`InitDataError`] names the failed check and never the expected value;
    /// [`WrongKind`](InitDataError::WrongKind) for a shared contact, which is signed with the same
    /// key.
    pub fn verify(&self, raw: &str) -> Result<InitData<'static>, InitDataError> {
        self.run::<K::WebApp>(raw)
    }

    /// [`verify`](Self::verify) without an allocation: the decoded text is written into `buffer`,
    /// which must be at least as long as `raw`. It allocates only if you raise
    /// [`max_pairs`](Self::max_pairs) or [`max_len`](Self::max_len), and the data exceeds 32 pairs or 16 KiB.
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
            std::str::from_utf8(&buffer[checked.range.clone()]).map_err(|_| Malformed::Utf8)?;
        self.admit(Cow::Borrowed(lines), &checked)
    }

    /// Runs the whole check by any scheme that the keys support.
    pub(super) fn run<S: Scheme<K>>(&self, raw: &str) -> Result<InitData<'static>, InitDataError> {
        self.check_size(raw, self.max_len)?;
        let mut buffer = vec![0; raw.len()];
        let checked = self.check::<S>(raw, &mut buffer)?;
        buffer.truncate(checked.range.end);
        buffer.drain(..checked.range.start);
        let lines = String::from_utf8(buffer).map_err(|_| Malformed::Utf8)?;
        self.admit(Cow::Owned(lines), &checked)
    }

    fn check_size(&self, raw: &str, buffer_len: usize) -> Result<(), InitDataError> {
        if is_absent(raw) {
            return Err(InitDataError::Missing);
        }
        if raw.len() > self.max_len.min(buffer_len) {
            Err(InitDataError::TooLarge)
        } else {
            Ok(())
        }
    }

    /// Checks grammar and signature.
    fn check<S: Scheme<K>>(
        &self,
        raw: &str,
        buffer: &mut [u8],
    ) -> Result<Checked<S::Signature>, InitDataError> {
        self.check_size(raw, buffer.len())?;
        let mut pairs = SortedPairs::new(raw.as_bytes());
        pairs.split(self.max_pairs)?;
        let signature = S::take_signature(&mut pairs)?;
        let length = check_string::write(&pairs, &mut buffer[S::PREFIX_LEN..])?;
        let message = &mut buffer[..S::PREFIX_LEN + length];
        let key = self
            .keys
            .iter()
            .position(|key| S::is_signed_by(key, message, &signature));
        let key = key.ok_or(InitDataError::SignatureMismatch)?;
        if !S::is_expected_kind(&pairs) {
            return Err(InitDataError::WrongKind);
        }
        let signer = Signer {
            bot_id: self.keys[key].bot_id(),
            key,
        };
        Ok(Checked {
            range: S::PREFIX_LEN..S::PREFIX_LEN + length,
            signature,
            signer,
        })
    }

    /// Checks age and replay, only of signed data: the sender of unsigned data must learn neither.
    fn admit<'b>(
        &self,
        lines: Cow<'b, str>,
        checked: &Checked<impl AsRef<[u8]>>,
    ) -> Result<InitData<'b>, InitDataError> {
        let data = InitData::verified(lines, checked.signer)?;
        let now = self.clock.unix_seconds();
        let ahead = Duration::from_secs(data.auth_date().saturating_sub(now));
        if ahead > Duration::from_secs(self.clock_skew.as_secs()) {
            return Err(InitDataError::FromFuture { ahead });
        }
        let age = Duration::from_secs(now.saturating_sub(data.auth_date()));
        if age > Duration::from_secs(self.max_age.as_secs()) {
            return Err(InitDataError::Expired { age });
        }
        if let Some(guard) = &self.replay_guard {
            let retention = self.max_age.saturating_add(self.clock_skew).as_secs();
            match guard.admit(
                checked.signature.as_ref(),
                now,
                now.saturating_add(retention),
            ) {
                Admission::First => {}
                Admission::Replayed => return Err(InitDataError::Replayed),
                Admission::Full => return Err(InitDataError::ReplayGuardFull),
            }
        }
        Ok(data)
    }
}

/// Data that passed the checks of grammar and signature.
struct Checked<S> {
    /// Range of the check string in the buffer.
    range: Range<usize>,
    signature: S,
    signer: Signer,
}
