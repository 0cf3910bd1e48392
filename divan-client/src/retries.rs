use std::time::Duration;

use divan_core::api::{self, Endpoint, Method};

use crate::{Error, jitter};

/// How often, and after what pauses, a call is sent again by itself.
///
/// A call that only reads or ends something, and a refresh, is sent again when the connection
/// breaks, when no answer comes within half of the time that is left, and when the answer is 429,
/// 502, 503 or 504. Every other call (a sign-in, bootstrap, a new user, …) is sent again only when
/// there was no connection: as soon as the first byte may have gone out, the server may have acted.
/// `live` and `ready` are asked once, because the answer is how the server is now.
///
/// Before each try there is a random pause up to a limit that doubles; never less than the answer's
/// `Retry-After`.
///
/// ```
/// use divan_client::{Client, Retries};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), divan_client::Error> {
/// let retries = Retries::default().attempts(5).longest_wait(Duration::from_secs(2));
/// let client = Client::builder("http://localhost:8000").retries(retries).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Retries {
    attempts: u32,
    backoff: Duration,
    longest_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Duration::from_millis(100),
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl Retries {
    /// Every call is sent once.
    pub fn off() -> Self {
        Self::default().attempts(1)
    }

    /// How often a call is sent, the first time included. Default: 3 times.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The limit of the first pause; each further one is twice as long. Default: 100 ms.
    pub fn backoff(mut self, first: Duration) -> Self {
        self.backoff = first;
        self
    }

    /// The longest pause, and the longest `Retry-After` that is waited for: after a longer one the
    /// call ends with that answer. Default: 10 seconds.
    pub fn longest_wait(mut self, longest: Duration) -> Self {
        self.longest_wait = longest;
        self
    }

    /// How long the `attempt`th try may take when the call has this much time left.
    pub(crate) fn time_for(&self, repeat: Repeat, attempt: u32, left: Duration) -> Duration {
        // A connection that died without a word looks like a slow server: keep time to try another.
        if repeat == Repeat::Safe && attempt < self.attempts {
            left / 2
        } else {
            left
        }
    }

    /// How long to wait before the next try, if there is one after the `attempt`th ended like this.
    pub(crate) fn pause(
        &self,
        repeat: Repeat,
        attempt: u32,
        error: &Error,
        left: Duration,
    ) -> Option<Duration> {
        if attempt >= self.attempts || !repeat.allows(error) {
            return None;
        }
        let asked = error.retry_after().unwrap_or(Duration::ZERO);
        if asked > self.longest_wait {
            return None;
        }
        let doubled = self
            .backoff
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let pause = asked.saturating_add(jitter::up_to(doubled.min(self.longest_wait)));
        (pause < left).then_some(pause)
    }
}

/// When the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The answer is wanted as it is now.
    Never,
    /// As long as not a byte of it went out.
    Unsent,
    /// Always: the server does no more than it did the first time.
    Safe,
}

impl Repeat {
    pub(crate) fn of<E: Endpoint>() -> Self {
        match E::METHOD {
            Method::Get if is::<E, api::Live>() || is::<E, api::Ready>() => Self::Never,
            Method::Get | Method::Delete => Self::Safe,
            // For half a minute the same refresh is given the same answer.
            _ if is::<E, api::Refresh>() => Self::Safe,
            _ => Self::Unsent,
        }
    }

    fn allows(self, error: &Error) -> bool {
        match self {
            Self::Never => false,
            Self::Unsent => error.is_connect(),
            Self::Safe => error.is_connect() || error.is_passing(),
        }
    }
}

fn is<E: Endpoint, Other: Endpoint>() -> bool {
    E::OPERATION == Other::OPERATION
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Head;

    const LEFT: Duration = Duration::from_mins(1);

    fn answered(status: u16, retry_after: Option<u64>) -> Error {
        Error::unexpected(
            Head {
                status,
                retry_after: retry_after.map(Duration::from_secs),
            },
            "busy",
        )
    }

    #[test]
    fn the_pause_is_random_below_a_limit_that_doubles() {
        let retries = Retries::default()
            .attempts(9)
            .longest_wait(Duration::from_secs(1));
        for (attempt, limit) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (8, 1000)] {
            let draw = || {
                retries
                    .pause(Repeat::Safe, attempt, &answered(503, None), LEFT)
                    .unwrap()
                    .as_millis()
            };
            let draws: Vec<_> = (0..100).map(|_| draw()).collect();
            assert!(draws.iter().all(|pause| *pause <= limit), "{draws:?}");
            assert!(draws.iter().any(|pause| *pause > limit / 2), "{draws:?}");
            assert!(draws.iter().any(|pause| *pause < limit / 2), "{draws:?}");
        }
        assert!(
            retries
                .pause(Repeat::Safe, 9, &answered(503, None), LEFT)
                .is_none()
        );
    }

    #[test]
    fn retry_after_is_the_least() {
        let retries = Retries::default();
        for _ in 0..100 {
            let pause = retries
                .pause(Repeat::Safe, 1, &answered(429, Some(7)), LEFT)
                .unwrap();
            assert!(
                (Duration::from_secs(7)..=Duration::from_millis(7100)).contains(&pause),
                "{pause:?}"
            );
        }
        assert!(
            retries
                .pause(Repeat::Safe, 1, &answered(503, Some(10)), LEFT)
                .is_some()
        );
        assert!(
            retries
                .pause(Repeat::Safe, 1, &answered(503, Some(11)), LEFT)
                .is_none()
        );
        assert!(
            retries
                .pause(Repeat::Safe, 1, &answered(503, Some(u64::MAX)), LEFT)
                .is_none()
        );
    }

    #[test]
    fn nobody_waits_for_longer_than_there_is_time() {
        let retries = Retries::default().backoff(Duration::ZERO);
        assert!(
            retries
                .pause(
                    Repeat::Safe,
                    1,
                    &answered(503, Some(7)),
                    Duration::from_secs(7)
                )
                .is_none()
        );
        assert!(
            retries
                .pause(Repeat::Safe, 1, &answered(503, None), Duration::ZERO)
                .is_none()
        );
        let endless = Retries::default()
            .attempts(u32::MAX)
            .backoff(Duration::MAX)
            .longest_wait(Duration::MAX);
        let _ = endless.pause(Repeat::Safe, u32::MAX - 1, &answered(503, None), LEFT);
    }

    #[test]
    fn what_is_answered_is_repeated_only_where_that_is_safe() {
        for (status, is_repeated) in [
            (429, true),
            (502, true),
            (503, true),
            (504, true),
            (500, false),
        ] {
            let pause = |repeat| Retries::default().pause(repeat, 1, &answered(status, None), LEFT);
            assert_eq!(pause(Repeat::Safe).is_some(), is_repeated, "{status}");
            assert_eq!((pause(Repeat::Unsent), pause(Repeat::Never)), (None, None));
        }
    }

    #[test]
    fn half_of_the_time_is_kept_for_another_try_where_there_may_be_one() {
        let retries = Retries::default();
        let times: Vec<_> = (1..=3)
            .map(|attempt| retries.time_for(Repeat::Safe, attempt, LEFT))
            .collect();
        assert_eq!(times, [LEFT / 2, LEFT / 2, LEFT]);
        assert_eq!(retries.time_for(Repeat::Unsent, 1, LEFT), LEFT);
        assert_eq!(Retries::off().time_for(Repeat::Safe, 1, LEFT), LEFT);
    }

    #[test]
    fn what_reads_ends_or_refreshes_is_safe_and_nothing_else() {
        assert_eq!(Repeat::of::<api::Me>(), Repeat::Safe);
        assert_eq!(Repeat::of::<api::Sessions>(), Repeat::Safe);
        assert_eq!(Repeat::of::<api::EndSession>(), Repeat::Safe);
        assert_eq!(Repeat::of::<api::EndUserSessions>(), Repeat::Safe);
        assert_eq!(Repeat::of::<api::Refresh>(), Repeat::Safe);
        assert_eq!(Repeat::of::<api::Live>(), Repeat::Never);
        assert_eq!(Repeat::of::<api::Ready>(), Repeat::Never);
        assert_eq!(Repeat::of::<api::TelegramLogin>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::AutoLogin>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::AdminLogin>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::Bootstrap>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::CreateUser>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::UpdateUser>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::ChangePassword>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::UnlinkTelegram>(), Repeat::Unsent);
        assert_eq!(Repeat::of::<api::Logout>(), Repeat::Unsent);
    }
}
