use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use divan_core::secret::Secret;

use super::Tokens;
use crate::jitter;

/// When a pair is refreshed ahead of its expiry: once for each pair, somewhere between 80 and 90 %
/// of the access token's life.
///
/// The moment is drawn when a pair is first seen, not at each call: of many draws the earliest
/// would always win.
#[derive(Debug, Default)]
pub(super) struct Schedule(Mutex<Option<Planned>>);

#[derive(Debug)]
struct Planned {
    refresh_token: Secret,
    at: SystemTime,
}

impl Schedule {
    /// Whether it is time to refresh this pair.
    pub(super) fn is_due(&self, held: &Tokens, now: SystemTime) -> bool {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*planned {
            Some(planned) if planned.is_for(held) => now >= planned.at,
            _ => {
                let at = moment_for(held);
                *planned = Some(Planned {
                    refresh_token: held.refresh_token.clone(),
                    at,
                });
                now >= at
            }
        }
    }

    /// Tries again when half of what is left of the life has passed.
    pub(super) fn postpone(&self, held: &Tokens, now: SystemTime) {
        let left = held.expires_at.duration_since(now).unwrap_or_default();
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *planned = Some(Planned {
            refresh_token: held.refresh_token.clone(),
            at: now + left / 2,
        });
    }

    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Planned {
    fn is_for(&self, held: &Tokens) -> bool {
        self.refresh_token.expose() == held.refresh_token.expose()
    }
}

fn moment_for(held: &Tokens) -> SystemTime {
    let life = held
        .expires_at
        .duration_since(held.obtained_at)
        .unwrap_or(Duration::ZERO);
    held.expires_at - (life / 10 + jitter::up_to(life / 10))
}
