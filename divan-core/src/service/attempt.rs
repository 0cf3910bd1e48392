//! Attempts to guess a secret: they are counted before a password is hashed, and removed from the
//! counters after a success.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{AuthService, ClientInfo, ServiceError};
use crate::password::{HashClass, HashPermit};
use crate::store::{Account, StoreError, StoreErrorKind};
use crate::throttle::{
    Attempt, AttemptClass, Counter, Decision, ThrottleKey, ThrottleKeys, ThrottleKind,
    ThrottleUpdate, check,
};
use crate::token::SecretKey;
use crate::types::{AuditAction, UserId};

/// Number of counters above which new untrusted keys share counters, so that invented phone numbers
/// do not fill the database.
const MAX_COUNTERS: u64 = 1_000_000;

/// Maximum number of audit events per minute about accounts that do not exist.
const UNKNOWN_EVENTS_PER_MINUTE: u32 = 60;

/// The keys and totals of attempts.
#[derive(Debug)]
pub(super) struct Attempts {
    pub(super) keys: ThrottleKeys,
    max_counters: u64,
    has_too_many_counters: AtomicBool,
    unknown_events: PerMinute,
    log_lines: PerMinute,
    totals: [[AtomicU64; 3]; 2],
}

/// Returns the class of hashes that a trusted or signed-in user causes.
pub(super) fn trusted_hash(user: Option<UserId>) -> HashClass {
    HashClass::Trusted {
        user: user.map(|user| user.0.as_u128()),
    }
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// Tokens were issued.
    Succeeded,
    /// A secret was wrong, or was not sufficient.
    Failed,
    /// The attempt was refused before anything was compared: there were too many.
    Refused,
}

impl AttemptOutcome {
    /// All outcomes.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Refused];

    /// Name in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// A failed attempt, for the log and the audit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) action: AuditAction,
    /// The user who acted, if that is known.
    pub(super) actor: Option<UserId>,
    /// The user whose secret was tried, if there is one.
    pub(super) user: Option<UserId>,
}

impl Failure {
    pub(super) fn of(action: AuditAction, user: Option<UserId>) -> Self {
        Self {
            action,
            actor: None,
            user,
        }
    }
}

/// An attempt that was counted.
#[derive(Debug)]
pub(super) struct ChargedAttempt {
    pub(super) attempt: Attempt,
    /// The bot of the init data, if there is any.
    pub(super) bot_id: Option<i64>,
    /// The attempt was the last one that a limit allows.
    closes: bool,
}

impl Attempts {
    pub(super) fn new(key: &SecretKey) -> Self {
        Self {
            keys: ThrottleKeys::new(key),
            max_counters: MAX_COUNTERS,
            has_too_many_counters: AtomicBool::new(false),
            unknown_events: PerMinute::new(UNKNOWN_EVENTS_PER_MINUTE),
            log_lines: PerMinute::new(600),
            totals: Default::default(),
        }
    }

    pub(super) fn count(&self, class: AttemptClass, outcome: AttemptOutcome) {
        self.totals[class as usize][outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// # Throttling
impl AuthService {
    /// Returns the number of attempts of a class with this outcome since the start, for metrics.
    pub fn attempts(&self, class: AttemptClass, outcome: AttemptOutcome) -> u64 {
        self.parts.attempts.totals[class as usize][outcome as usize].load(Ordering::Relaxed)
    }

    /// Deletes counters of failed attempts that no longer affect a decision, sign-ins that waited too
    /// long for their second factor, promotions that waited too long for an approval, marks of used
    /// challenges, and devices that were not used for 90 days. Call it hourly: it also limits the number
    /// of counters.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_attempts(&self) -> Result<(), StoreError> {
        let now = self.now();
        let left = self.parts.store.purge_counters(now).await?;
        let attempts = &self.parts.attempts;
        let has_too_many = left > attempts.max_counters;
        attempts
            .has_too_many_counters
            .store(has_too_many, Ordering::Relaxed);
        let unused = now - super::devices::DEVICE_LIFE;
        self.parts.store.purge_devices(unused).await?;
        self.parts.store.purge_challenges(now).await?;
        self.parts.store.purge_promotions(now).await?;
        // A server whose clock is behind still accepts their challenges.
        let expired = now - time::Duration::minutes(5);
        let store = &self.parts.store;
        store.purge_used_challenges(expired).await.map(drop)
    }

    /// Checks the limits without writing anything.
    async fn check_attempt(&self, attempt: &mut Attempt) -> Result<(), ServiceError> {
        let now = self.now();
        let store = &self.parts.store;
        let new = |counter: Option<Counter>| counter.unwrap_or(Counter::new(now));
        let read = store.counters(attempt.keys()).await;
        let mut counters = read.map_err(without_limits)?;
        if self.shares_counters() && attempt.class() == AttemptClass::Untrusted {
            let keys = attempt.keys().to_vec();
            let unknown: Vec<&ThrottleKey> = keys
                .iter()
                .zip(&counters)
                .filter_map(|(key, counter)| counter.is_none().then_some(key))
                .collect();
            attempt.share(|key| unknown.contains(&key));
            let read = store.counters(attempt.keys()).await;
            counters = read.map_err(without_limits)?;
        }
        let counters: Vec<Counter> = counters.into_iter().map(new).collect();
        let decision = check(attempt.keys().iter().zip(&counters), now);
        self.require_allowed(attempt.class(), decision)
    }

    /// Checks the limits, waits for the turn to verify the password of the account, and counts the
    /// attempt. One that is refused or waits too long is not counted.
    pub(super) async fn begin_attempt(
        &self,
        mut attempt: Attempt,
        class: HashClass,
        found: Option<&Account>,
    ) -> Result<(ChargedAttempt, HashPermit), ServiceError> {
        self.check_attempt(&mut attempt).await?;
        let stored = found.map(|account| &account.password_hash);
        let permit = self.parts.hashes.acquire_for(class, stored).await?;
        Ok((self.charge_attempt(attempt).await?, permit))
    }

    /// Checks the limits, and counts an attempt that computes no hash. One that is refused is not
    /// counted.
    pub(super) async fn begin_code_attempt(
        &self,
        mut attempt: Attempt,
    ) -> Result<ChargedAttempt, ServiceError> {
        self.check_attempt(&mut attempt).await?;
        self.charge_attempt(attempt).await
    }

    async fn charge_attempt(&self, attempt: Attempt) -> Result<ChargedAttempt, ServiceError> {
        let charge = attempt.charge(self.now());
        let charged = self.parts.store.update_counters(&charge, &[]).await;
        let outcome = charged.map_err(without_limits)?;
        self.require_allowed(attempt.class(), outcome.decision)?;
        Ok(ChargedAttempt {
            attempt,
            bot_id: None,
            closes: outcome.closes,
        })
    }

    /// Removes an attempt whose secret was correct, but which the database could not complete: a fault
    /// must not lock people out. Its own failure does not change the response.
    pub(super) async fn withdraw_attempt(&self, charged: &ChargedAttempt) {
        let withdraw = charged.attempt.withdraw(self.now());
        if let Err(error) = self.parts.store.update_counters(&withdraw, &[]).await {
            tracing::debug!(%error, "cannot remove an attempt that the database did not complete");
        }
    }

    fn shares_counters(&self) -> bool {
        let attempts = &self.parts.attempts;
        attempts.has_too_many_counters.load(Ordering::Relaxed)
    }

    /// Adds a request to one counter. A refused request writes nothing.
    pub(super) async fn charge_one(&self, mut key: ThrottleKey) -> Result<(), ServiceError> {
        let mut counter = self.counter(&key).await.map_err(without_limits)?;
        if counter.is_none() && self.shares_counters() {
            key = key.shared();
            counter = self.counter(&key).await.map_err(without_limits)?;
        }
        if let Some(counter) = counter {
            let decision = counter.check(key.kind.rule(), self.now());
            self.require_allowed(AttemptClass::Untrusted, decision)?;
        }
        let charge = ThrottleUpdate::charge(vec![key], self.now());
        let charged = self.parts.store.update_counters(&charge, &[]).await;
        let outcome = charged.map_err(without_limits)?;
        self.require_allowed(AttemptClass::Untrusted, outcome.decision)
    }

    async fn counter(&self, key: &ThrottleKey) -> Result<Option<Counter>, StoreError> {
        let counters = self.parts.store.counters(std::slice::from_ref(key)).await?;
        Ok(counters.into_iter().next().flatten())
    }

    /// Adds a refused request of an address to a counter.
    pub(super) async fn charge_address(
        &self,
        kind: ThrottleKind,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        match client.limited_address {
            Some(address) => {
                let key = self.parts.attempts.keys.address(kind, address);
                self.charge_one(key).await
            }
            None => Ok(()),
        }
    }

    fn require_allowed(&self, class: AttemptClass, decision: Decision) -> Result<(), ServiceError> {
        match class.retry_after(decision) {
            None => Ok(()),
            Some(retry_after) => {
                self.parts.attempts.count(class, AttemptOutcome::Refused);
                Err(ServiceError::TooManyAttempts { retry_after })
            }
        }
    }

    /// Records a failed sign-in in the log, and the first one of an hour in the audit. Its own failure
    /// does not change the response.
    pub(super) async fn record_failure(
        &self,
        charged: &ChargedAttempt,
        failure: Failure,
        client: &ClientInfo,
    ) {
        let attempts = &self.parts.attempts;
        let class = charged.attempt.class();
        attempts.count(class, AttemptOutcome::Failed);
        self.log_failure(class, failure.action, client.address);
        let mut failures = vec![failure];
        if charged.closes {
            failures.push(Failure::of(AuditAction::SignInClosed, failure.user));
        }
        for failure in failures {
            let recorded = self.insert_failure(failure, charged, client);
            if let Err(error) = recorded.await {
                tracing::error!(target: "divan_core::security", %error, "cannot record a failed sign-in");
            }
        }
    }

    /// Records a refused bootstrap in the audit, once an hour.
    pub(super) async fn record_refused_bootstrap(
        &self,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let action = AuditAction::BootstrapRefused;
        self.log_failure(AttemptClass::Untrusted, action, client.address);
        let event = self.audit_event(action, None, None, client)?;
        let key = ThrottleKey::new(ThrottleKind::FailureEvent, action.as_str());
        // Such requests need no credentials: one that records nothing writes nothing.
        let counter = self.counter(&key).await?;
        let is_recorded =
            |counter: Counter| counter.check(key.kind.rule(), self.now()) != Decision::Allowed;
        if counter.is_some_and(is_recorded) {
            return Ok(());
        }
        let charge = ThrottleUpdate::charge(vec![key], self.now());
        let _ = self.parts.store.update_counters(&charge, &[event]).await?;
        Ok(())
    }

    async fn insert_failure(
        &self,
        failure: Failure,
        charged: &ChargedAttempt,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let Failure {
            action,
            actor,
            user,
        } = failure;
        let account = charged.attempt.account().to_string();
        let mut event = self.audit_event(action, actor, user, client)?;
        event.bot_id = charged.bot_id;
        let mut key = ThrottleKey::new(ThrottleKind::FailureEvent, account.clone());
        let mut events = Vec::new();
        if user.is_some() {
            events.push(event);
        } else {
            if self.shares_counters() {
                key = key.shared();
            }
            // Events about invented accounts must not fill the audit. Their counter is written in any
            // case, so that the time of the response does not depend on the existence of the account.
            let now = self.parts.clock.unix_seconds();
            if self.parts.attempts.unknown_events.allows(now) {
                event.account = Some(account);
                events.push(event);
            }
        }
        // Wrong passwords make one event in an hour. The other events are bounded by themselves.
        let is_frequent = action == AuditAction::SignInFailed;
        let keys = if is_frequent { vec![key] } else { Vec::new() };
        let charge = ThrottleUpdate::charge(keys, self.now());
        let _ = self.parts.store.update_counters(&charge, &events).await?;
        Ok(())
    }

    /// Records a refused secret of another service in the log.
    pub(super) fn log_refused_service(&self, address: Option<IpAddr>) {
        let attempts = &self.parts.attempts;
        if attempts.log_lines.allows(self.parts.clock.unix_seconds()) {
            let address = address.map(tracing::field::display);
            tracing::warn!(
                target: "divan_core::security",
                outcome = "service_refused",
                address,
                "a service was refused: wrong id or secret, expired, or from an address that is not allowed"
            );
        }
    }

    fn log_failure(&self, class: AttemptClass, action: AuditAction, address: Option<IpAddr>) {
        let attempts = &self.parts.attempts;
        if attempts.log_lines.allows(self.parts.clock.unix_seconds()) {
            let address = address.map(tracing::field::display);
            tracing::warn!(
                target: "divan_core::security",
                outcome = action.as_str(),
                class = class.as_str(),
                address,
                "sign-in failed"
            );
        }
    }
}

/// Returns the error of an attempt whose limits cannot be read or changed. Nothing is attempted then,
/// for any reason, so the client can try again later.
fn without_limits(error: StoreError) -> StoreError {
    StoreError::caused_by(StoreErrorKind::Unavailable, error)
}

/// Allows a number of events per minute of the clock.
#[derive(Debug)]
struct PerMinute {
    max: u32,
    /// The minute in the upper half, the number of its events in the lower.
    state: AtomicU64,
}

impl PerMinute {
    fn new(max: u32) -> Self {
        Self {
            max,
            state: AtomicU64::new(0),
        }
    }

    fn allows(&self, unix_seconds: u64) -> bool {
        let minute = (unix_seconds / 60) << 32;
        let count = |state: u64| {
            if state >> 32 << 32 == minute {
                state & 0xFFFF_FFFF
            } else {
                0
            }
        };
        let next =
            |state| (count(state) < u64::from(self.max)).then(|| minute | (count(state) + 1));
        self.state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

#[cfg(test)]
mod tests;
