use std::time::Duration;

use divan_core::api::{self, Endpoint, Method};

use crate::error::Error;
use crate::jitter::jitter;

/// Retry settings of a client.
///
/// - `GET` and `DELETE` requests, lists of users and the refresh are retried when the connection fails or breaks,
///   when no response arrives within half of the remaining time, and after the statuses 429, 502,
///   503 and 504.
/// - All other requests (a sign-in, bootstrap, a new user, …) are retried only if the connection
///   could not be established: once the first byte may have been sent, the server may have processed
///   the request.
/// - [`live`](crate::Client::live) and [`ready`](crate::Client::ready) are never retried, because
///   they report the current state.
///
/// The delay before each attempt is random, up to a limit that doubles with each attempt, plus the
/// `Retry-After` of the response.
///
/// ```
/// use divan_client::{Client, Retries};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), divan_client::Error> {
/// let retries = Retries::default().attempts(5).max_delay(Duration::from_secs(2));
/// let client = Client::builder("http://localhost:8000").retries(retries).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Retries {
    attempts: u32,
    backoff: Duration,
    max_delay: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
        }
    }
}

impl Retries {
    /// Disables retries.
    pub fn off() -> Self {
        Self::default().attempts(1)
    }

    /// Sets the maximum number of attempts, including the first. Default: 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the limit of the first delay; it doubles with each attempt. Default: 100 ms.
    pub fn backoff(mut self, first: Duration) -> Self {
        self.backoff = first;
        self
    }

    /// Sets the maximum delay. A response with a longer `Retry-After` is returned without a retry.
    /// Default: 10 seconds.
    pub fn max_delay(mut self, max: Duration) -> Self {
        self.max_delay = max;
        self
    }

    /// Returns the time limit of an attempt when the call has `left` time.
    pub(crate) fn attempt_timeout(
        &self,
        policy: RetryPolicy,
        attempt: u32,
        left: Duration,
    ) -> Duration {
        // A dead connection looks like a slow server: keep time for an attempt on another one.
        if policy == RetryPolicy::Idempotent && attempt < self.attempts {
            left / 2
        } else {
            left
        }
    }

    /// Returns the delay before the next attempt; `None` when there is none.
    pub(crate) fn delay(
        &self,
        policy: RetryPolicy,
        attempt: u32,
        error: &Error,
        left: Duration,
    ) -> Option<Duration> {
        if attempt >= self.attempts || !policy.allows(error) {
            return None;
        }
        let retry_after = error.retry_after().unwrap_or(Duration::ZERO);
        if retry_after > self.max_delay {
            return None;
        }
        let doubled = self
            .backoff
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let delay = retry_after.saturating_add(jitter(doubled.min(self.max_delay)));
        (delay < left).then_some(delay)
    }
}

/// Condition under which a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    Never,
    /// When no byte was sent.
    IfUnsent,
    /// After every transient error.
    Idempotent,
}

impl RetryPolicy {
    pub(crate) fn of<E: Endpoint>() -> Self {
        match E::METHOD {
            Method::Get if is::<E, api::Live>() || is::<E, api::Ready>() => Self::Never,
            Method::Get | Method::Delete => Self::Idempotent,
            // The server repeats the response to the same refresh for 30 seconds.
            _ if is::<E, api::Refresh>() => Self::Idempotent,
            _ if is::<E, api::SearchUsers>() => Self::Idempotent,
            _ => Self::IfUnsent,
        }
    }

    fn allows(self, error: &Error) -> bool {
        match self {
            Self::Never => false,
            Self::IfUnsent => error.is_connect(),
            Self::Idempotent => error.is_connect() || error.is_transient(),
        }
    }
}

fn is<E: Endpoint, Other: Endpoint>() -> bool {
    E::OPERATION == Other::OPERATION
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ResponseParts;

    const LEFT: Duration = Duration::from_mins(1);

    fn response(status: u16, retry_after: Option<u64>) -> Error {
        Error::unexpected(
            ResponseParts {
                status,
                retry_after: retry_after.map(Duration::from_secs),
            },
            "busy",
        )
    }

    #[test]
    fn delay_is_random_up_to_a_doubling_limit() {
        let retries = Retries::default()
            .attempts(9)
            .max_delay(Duration::from_secs(1));
        for (attempt, limit) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (8, 1000)] {
            let draw = || {
                retries
                    .delay(RetryPolicy::Idempotent, attempt, &response(503, None), LEFT)
                    .unwrap()
                    .as_millis()
            };
            let draws: Vec<_> = (0..100).map(|_| draw()).collect();
            assert!(draws.iter().all(|delay| *delay <= limit), "{draws:?}");
            assert!(draws.iter().any(|delay| *delay > limit / 2), "{draws:?}");
            assert!(draws.iter().any(|delay| *delay < limit / 2), "{draws:?}");
        }
        assert!(
            retries
                .delay(RetryPolicy::Idempotent, 9, &response(503, None), LEFT)
                .is_none()
        );
    }

    #[test]
    fn delay_is_at_least_retry_after() {
        let retries = Retries::default();
        for _ in 0..100 {
            let delay = retries
                .delay(RetryPolicy::Idempotent, 1, &response(429, Some(7)), LEFT)
                .unwrap();
            assert!(
                (Duration::from_secs(7)..=Duration::from_millis(7100)).contains(&delay),
                "{delay:?}"
            );
        }
        assert!(
            retries
                .delay(RetryPolicy::Idempotent, 1, &response(503, Some(10)), LEFT)
                .is_some()
        );
        assert!(
            retries
                .delay(RetryPolicy::Idempotent, 1, &response(503, Some(11)), LEFT)
                .is_none()
        );
        assert!(
            retries
                .delay(
                    RetryPolicy::Idempotent,
                    1,
                    &response(503, Some(u64::MAX)),
                    LEFT
                )
                .is_none()
        );
    }

    #[test]
    fn delay_is_shorter_than_the_remaining_time() {
        let retries = Retries::default().backoff(Duration::ZERO);
        assert!(
            retries
                .delay(
                    RetryPolicy::Idempotent,
                    1,
                    &response(503, Some(7)),
                    Duration::from_secs(7)
                )
                .is_none()
        );
        assert!(
            retries
                .delay(
                    RetryPolicy::Idempotent,
                    1,
                    &response(503, None),
                    Duration::ZERO
                )
                .is_none()
        );
        let unlimited = Retries::default()
            .attempts(u32::MAX)
            .backoff(Duration::MAX)
            .max_delay(Duration::MAX);
        let _ = unlimited.delay(
            RetryPolicy::Idempotent,
            u32::MAX - 1,
            &response(503, None),
            LEFT,
        );
    }

    #[test]
    fn error_statuses_are_retried_for_idempotent_requests_only() {
        for (status, is_retried) in [
            (429, true),
            (502, true),
            (503, true),
            (504, true),
            (500, false),
        ] {
            let delay = |policy| Retries::default().delay(policy, 1, &response(status, None), LEFT);
            assert_eq!(
                delay(RetryPolicy::Idempotent).is_some(),
                is_retried,
                "{status}"
            );
            assert_eq!(
                (delay(RetryPolicy::IfUnsent), delay(RetryPolicy::Never)),
                (None, None)
            );
        }
    }

    #[test]
    fn half_of_the_time_is_reserved_while_another_attempt_is_possible() {
        let retries = Retries::default();
        let times: Vec<_> = (1..=3)
            .map(|attempt| retries.attempt_timeout(RetryPolicy::Idempotent, attempt, LEFT))
            .collect();
        assert_eq!(times, [LEFT / 2, LEFT / 2, LEFT]);
        assert_eq!(
            retries.attempt_timeout(RetryPolicy::IfUnsent, 1, LEFT),
            LEFT
        );
        assert_eq!(
            Retries::off().attempt_timeout(RetryPolicy::Idempotent, 1, LEFT),
            LEFT
        );
    }

    #[test]
    fn only_get_delete_search_and_refresh_are_idempotent() {
        assert_eq!(
            RetryPolicy::of::<api::SearchUsers>(),
            RetryPolicy::Idempotent
        );
        assert_eq!(RetryPolicy::of::<api::Me>(), RetryPolicy::Idempotent);
        assert_eq!(RetryPolicy::of::<api::Sessions>(), RetryPolicy::Idempotent);
        assert_eq!(
            RetryPolicy::of::<api::EndSession>(),
            RetryPolicy::Idempotent
        );
        assert_eq!(
            RetryPolicy::of::<api::EndUserSessions>(),
            RetryPolicy::Idempotent
        );
        assert_eq!(RetryPolicy::of::<api::Refresh>(), RetryPolicy::Idempotent);
        assert_eq!(
            RetryPolicy::of::<api::RemoveDevice>(),
            RetryPolicy::Idempotent
        );
        assert_eq!(RetryPolicy::of::<api::UnlockUser>(), RetryPolicy::IfUnsent);
        assert_eq!(RetryPolicy::of::<api::Live>(), RetryPolicy::Never);
        assert_eq!(RetryPolicy::of::<api::Ready>(), RetryPolicy::Never);
        assert_eq!(
            RetryPolicy::of::<api::TelegramLogin>(),
            RetryPolicy::IfUnsent
        );
        assert_eq!(RetryPolicy::of::<api::AutoLogin>(), RetryPolicy::IfUnsent);
        assert_eq!(RetryPolicy::of::<api::AdminLogin>(), RetryPolicy::IfUnsent);
        assert_eq!(RetryPolicy::of::<api::Bootstrap>(), RetryPolicy::IfUnsent);
        assert_eq!(RetryPolicy::of::<api::CreateUser>(), RetryPolicy::IfUnsent);
        assert_eq!(RetryPolicy::of::<api::UpdateUser>(), RetryPolicy::IfUnsent);
        assert_eq!(
            RetryPolicy::of::<api::ChangePassword>(),
            RetryPolicy::IfUnsent
        );
        assert_eq!(
            RetryPolicy::of::<api::UnlinkTelegram>(),
            RetryPolicy::IfUnsent
        );
        assert_eq!(RetryPolicy::of::<api::Logout>(), RetryPolicy::IfUnsent);
    }
}
