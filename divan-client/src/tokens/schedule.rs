use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use divan_core::secret::Secret;

use super::token_pair::Tokens;
use crate::jitter::jitter;

/// Time of the next refresh: a random point between 80 and 90 % of the access token's lifetime.
///
/// It is drawn once per pair, not per call: with one draw per call the earliest would always win.
#[derive(Debug, Default)]
pub(super) struct RefreshSchedule(Mutex<Option<PlannedRefresh>>);

#[derive(Debug)]
struct PlannedRefresh {
    refresh_token: Secret,
    at: SystemTime,
}

impl RefreshSchedule {
    pub(super) fn is_due(&self, tokens: &Tokens, now: SystemTime) -> bool {
        let mut planned = self.planned();
        if let Some(planned) = &*planned
            && planned.refresh_token.expose() == tokens.refresh_token.expose()
        {
            return now >= planned.at;
        }
        let at = refresh_time(tokens);
        *planned = Some(PlannedRefresh::new(tokens, at));
        now >= at
    }

    /// Plans the next attempt after half of the remaining lifetime.
    pub(super) fn postpone(&self, tokens: &Tokens, now: SystemTime) {
        let left = tokens.expires_at.duration_since(now).unwrap_or_default();
        *self.planned() = Some(PlannedRefresh::new(tokens, now + left / 2));
    }

    pub(super) fn clear(&self) {
        *self.planned() = None;
    }

    fn planned(&self) -> MutexGuard<'_, Option<PlannedRefresh>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PlannedRefresh {
    fn new(tokens: &Tokens, at: SystemTime) -> Self {
        Self {
            refresh_token: tokens.refresh_token.clone(),
            at,
        }
    }
}

fn refresh_time(tokens: &Tokens) -> SystemTime {
    let lifetime = tokens
        .expires_at
        .duration_since(tokens.obtained_at)
        .unwrap_or(Duration::ZERO);
    tokens.expires_at - (lifetime / 10 + jitter(lifetime / 10))
}
