use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use hmac::Mac;

use super::bot_token::BotToken;
use super::check_string::check_string;
use super::data::InitData;
use super::error::InitDataError;
use super::grammar;
use crate::clock::{Clock, SystemClock};

/// Checks init data against a bot's token.
///
/// Make one and keep it: the key is derived once. It is cheap to clone and may be shared between threads.
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
pub struct Verifier {
    token: BotToken,
    max_age: Duration,
    clock_skew: Duration,
    max_len: usize,
    max_pairs: usize,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// A verifier for the bot that `token` belongs to, taking data at most `max_age` old.
    ///
    /// Init data is a bearer credential that a client sends again and again, so its age is yours to state; there
    /// is no default.
    pub fn new(token: BotToken, max_age: Duration) -> Self {
        Self {
            token,
            max_age,
            clock_skew: Duration::from_mins(1),
            max_len: 8 * 1024,
            max_pairs: 32,
            clock: Arc::new(SystemClock),
        }
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

    /// Checks grammar, signature and age, in this order, and gives access to what was signed.
    ///
    /// The result borrows from `raw`; [`InitData::into_owned`] cuts it loose.
    ///
    /// # Errors
    /// [`InitDataError`] says what is wrong and nothing about what would have been right.
    pub fn verify<'a>(&self, raw: &'a str) -> Result<InitData<'a>, InitDataError> {
        if raw.is_empty() {
            return Err(InitDataError::Missing);
        }
        if raw.len() > self.max_len {
            return Err(InitDataError::TooLarge);
        }
        let pairs = grammar::split(raw, self.max_pairs)?;
        let hash = &raw[pairs.hash.ok_or(InitDataError::HashMissing)?];
        let hash = grammar::decode_hash(hash)?;
        let text = check_string(raw, &pairs.signed)?;
        // Compares in constant time.
        if self.token.mac().chain_update(&text).verify_slice(&hash).is_err() {
            return Err(InitDataError::SignatureMismatch);
        }

        let data = InitData::signed(Cow::Borrowed(raw), pairs.signed)?;
        self.check_age(data.auth_date())?;
        Ok(data)
    }

    fn check_age(&self, auth_date: u64) -> Result<(), InitDataError> {
        let now = self.clock.unix_seconds();
        if auth_date > now.saturating_add(self.clock_skew.as_secs()) {
            return Err(InitDataError::FromFuture);
        }
        if now.saturating_sub(auth_date) > self.max_age.as_secs() {
            return Err(InitDataError::Expired);
        }
        Ok(())
    }
}
