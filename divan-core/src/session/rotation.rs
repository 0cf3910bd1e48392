use std::time::Duration;

use time::OffsetDateTime;

/// How long after a refresh the same one is answered with the same successor: for two tabs that
/// refresh at once, and for a quick retry. Clients give a refresh up after less than half of it.
const OVERLAP: Duration = Duration::from_secs(30);

/// How much of the overlap may have passed before a repeated answer is written down.
const REPEATED: Duration = Duration::from_secs(1);

/// Which tokens of a session are good: the part of it that refreshing changes.
///
/// Answers get lost, tabs refresh at the same time, and tokens get stolen. The rules here tell them
/// apart as far as that can be done: a client that keeps one pair of tokens, and stores a new pair
/// before it uses it, stays signed in whatever answer is lost; and when two parties each hold a
/// pair of their own, the session ends as soon as the second shows up. (Who steals a token and
/// refreshes it within 30 seconds of the owner holds the same pair as the owner, and is not told
/// apart.)
///
/// ```
/// use divan_core::session::{RotationState, RefreshOutcome};
/// use time::{Duration, OffsetDateTime};
///
/// let start = OffsetDateTime::UNIX_EPOCH;
/// let first = RotationState::first(start);
/// let RefreshOutcome::Rotated(second) = first.refresh(1, start) else { panic!() };
/// assert_eq!(second.current(), 2);
/// // A second tab gets the same answer, a thief much later does not, once the owner was there.
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

/// What a refresh token of some generation is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum RefreshOutcome {
    /// With the current generation of this new state, which has to be written first.
    Rotated(RotationState),
    /// With the current generation once more. The state, too, is the same, or has to be written
    /// first.
    Replayed(RotationState),
    /// The token was replaced and its successor was used: two parties hold this session. It has to
    /// end.
    ReuseDetected,
    /// No such generation was handed out, as far as this database knows: it may be older than the
    /// token.
    Unknown,
}

/// What an access token of some generation is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum AccessCheck {
    /// It is good.
    Valid,
    /// It is good, and the first of its generation: this new state has to be written before the
    /// answer.
    Confirmed(RotationState),
    /// It belongs to a successor that was given up for lost: two parties hold this session. It has
    /// to end.
    ReuseDetected,
    /// No such generation was handed out, as far as this database knows.
    Unknown,
}

impl RotationState {
    /// Those of a new session, whose first tokens are of generation 1.
    pub fn first(at: OffsetDateTime) -> Self {
        Self {
            current: 1,
            parent: 0,
            rotated_at: at,
            is_confirmed: false,
        }
    }

    /// Those of a stored session.
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

    /// The generation of the tokens that were handed out last.
    pub fn current(self) -> u64 {
        self.current
    }

    /// The generation that they were handed out for.
    pub fn parent(self) -> u64 {
        self.parent
    }

    /// When the current generation was made, or handed out again before anybody had used it.
    pub fn rotated_at(self) -> OffsetDateTime {
        self.rotated_at
    }

    /// Whether somebody has used the current generation: its answer was not lost.
    pub fn is_confirmed(self) -> bool {
        self.is_confirmed
    }

    /// The same with the current generation used.
    #[must_use]
    pub fn confirmed(self) -> Self {
        Self {
            is_confirmed: true,
            ..self
        }
    }

    /// Decides about a refresh token of generation `presented`.
    pub fn refresh(self, presented: u64, now: OffsetDateTime) -> RefreshOutcome {
        if !self.was_handed_out(presented) {
            return RefreshOutcome::Unknown;
        }
        if presented == self.current {
            return RefreshOutcome::Rotated(self.successor_of(presented, now));
        }
        if presented != self.parent {
            return RefreshOutcome::ReuseDetected;
        }
        // Clocks differ and are set back: a time before the rotation is no proof that much has
        // passed since. Taking it for one would end the sessions of honest people; this way a thief
        // has the same successor as they, for longer.
        let since = now - self.rotated_at;
        if since > OVERLAP && self.is_confirmed {
            return RefreshOutcome::ReuseDetected;
        }
        if since > OVERLAP {
            // Nobody has shown the answer to the last refresh: it was lost. Whoever has it after
            // all is a thief.
            return RefreshOutcome::Rotated(self.successor_of(presented, now));
        }
        // An answer that is given again may be as long on its way as the first, and must not be
        // given up in the meantime.
        let is_late = since.unsigned_abs() >= REPEATED && !self.is_confirmed;
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
        if !self.was_handed_out(presented) {
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

    fn was_handed_out(self, generation: u64) -> bool {
        (1..=self.current).contains(&generation)
    }

    fn successor_of(self, parent: u64, now: OffsetDateTime) -> Self {
        Self {
            current: self.current + 1,
            parent,
            rotated_at: now,
            is_confirmed: false,
        }
    }
}
