use std::time::Duration;

use time::OffsetDateTime;

/// Time after a refresh in which the replaced token gets the same successor again: for two tabs that
/// refresh at the same time, and for a quick retry. Clients time out after less than half of it.
const OVERLAP: Duration = Duration::from_secs(30);

/// Minimum time after a rotation at which a replay updates `rotated_at` in the database.
const REPLAY_STORED_AFTER: Duration = Duration::from_secs(1);

/// State of a session's token rotation: the part that a refresh changes.
///
/// Responses get lost, tabs refresh at the same time, and tokens get stolen. The rules distinguish
/// these cases as far as possible. A client that keeps one pair of tokens, and stores a new pair
/// before it uses it, stays signed in if any response is lost. When two parties hold different
/// pairs, the session ends. This happens when a refresh token of the older pair is used after the
/// overlap, or any token that was considered lost. A thief who refreshes a stolen token within 30
/// seconds of the owner gets the same pair, and is not detected at that time. A later refresh of
/// both, more than 30 seconds apart, ends the session.
///
/// ```
/// use divan_core::session::{RotationState, RefreshOutcome};
/// use time::{Duration, OffsetDateTime};
///
/// let start = OffsetDateTime::UNIX_EPOCH;
/// let first = RotationState::first(start);
/// let RefreshOutcome::Rotated(second) = first.refresh(1, start) else { panic!() };
/// assert_eq!(second.current(), 2);
/// // A second tab gets the same successor. After the successor was used, a later replay is reuse.
/// let confirmed = second.confirmed();
/// assert_eq!(confirmed.refresh(1, start + Duration::seconds(30)), RefreshOutcome::Replayed(confirmed));
/// assert_eq!(confirmed.refresh(1, start + Duration::seconds(31)), RefreshOutcome::ReuseDetected);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationState {
    current: u64,
    parent: u64,
    rotated_at: OffsetDateTime,
    is_confirmed: bool,
}

/// Outcome of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum RefreshOutcome {
    /// Issue tokens of the current generation of this new state. Store the state first.
    Rotated(RotationState),
    /// Issue tokens of the current generation again. Store the state first if it differs.
    Replayed(RotationState),
    /// The token was replaced and its successor was used, so two parties hold the session. End it.
    ReuseDetected,
    /// The generation was not issued according to this database, which may be a backup older than
    /// the token.
    Unknown,
}

/// Outcome of an access token check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum AccessCheck {
    /// The token is accepted.
    Valid,
    /// The token is accepted and is the first of its generation. Store this state before the
    /// response.
    Confirmed(RotationState),
    /// The token belongs to a successor that was considered lost, so two parties hold the session.
    /// End it.
    ReuseDetected,
    /// The generation was not issued according to this database.
    Unknown,
}

impl RotationState {
    /// The state of a new session, whose first tokens have generation 1.
    pub fn first(at: OffsetDateTime) -> Self {
        Self {
            current: 1,
            parent: 0,
            rotated_at: at,
            is_confirmed: false,
        }
    }

    /// The state of a stored session.
    pub fn from_parts(
        current: u64,
        parent: u64,
        rotated_at: OffsetDateTime,
        is_confirmed: bool,
    ) -> Self {
        Self {
            current,
            parent,
            rotated_at,
            is_confirmed,
        }
    }

    /// Generation of the tokens that were issued last.
    pub fn current(self) -> u64 {
        self.current
    }

    /// Generation of the token that they replaced.
    pub fn parent(self) -> u64 {
        self.parent
    }

    /// Time when the current generation was issued, or issued again before its first use.
    pub fn rotated_at(self) -> OffsetDateTime {
        self.rotated_at
    }

    /// Returns `true` if a token of the current generation was used, so the response was not lost.
    pub fn is_confirmed(self) -> bool {
        self.is_confirmed
    }

    /// The same state with the current generation used.
    #[must_use]
    pub fn confirmed(self) -> Self {
        Self {
            is_confirmed: true,
            ..self
        }
    }

    /// Decides about a refresh token of generation `presented`.
    pub fn refresh(self, presented: u64, now: OffsetDateTime) -> RefreshOutcome {
        if !self.was_issued(presented) {
            return RefreshOutcome::Unknown;
        }
        if presented == self.current {
            return RefreshOutcome::Rotated(self.successor_for(presented, now));
        }
        if presented != self.parent {
            return RefreshOutcome::ReuseDetected;
        }
        // Clocks differ and are set back: a time before the rotation does not prove that the overlap
        // has passed. Ending the session would sign out honest users; this way a thief gets the same
        // successor for longer.
        let since = now - self.rotated_at;
        if since > OVERLAP && self.is_confirmed {
            return RefreshOutcome::ReuseDetected;
        }
        if since > OVERLAP {
            // The response to the last refresh was not used, so it counts as lost. A later use of it
            // is reuse.
            return RefreshOutcome::Rotated(self.successor_for(presented, now));
        }
        // A replayed response may take as long as the first, and must not count as lost in the
        // meantime.
        let is_late = since.unsigned_abs() >= REPLAY_STORED_AFTER && !self.is_confirmed;
        RefreshOutcome::Replayed(if is_late {
            Self {
                rotated_at: now,
                ..self
            }
        } else {
            self
        })
    }

    /// Decides about an access token of generation `presented`.
    pub fn check_access(self, presented: u64) -> AccessCheck {
        if !self.was_issued(presented) {
            AccessCheck::Unknown
        } else if presented == self.current && !self.is_confirmed {
            AccessCheck::Confirmed(self.confirmed())
        } else if presented == self.current || presented <= self.parent {
            // An older one simply expires.
            AccessCheck::Valid
        } else {
            AccessCheck::ReuseDetected
        }
    }

    fn was_issued(self, generation: u64) -> bool {
        (1..=self.current).contains(&generation)
    }

    fn successor_for(self, parent: u64, now: OffsetDateTime) -> Self {
        Self {
            current: self.current + 1,
            parent,
            rotated_at: now,
            is_confirmed: false,
        }
    }
}
