//! Random histories of a session: tabs that share their tokens, lost responses, stolen tokens, clock
//! changes and restored backups.
//!
//! `DIVAN_MODEL_HISTORIES` is their number; some thousand by default.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod random;

use divan_core::session::{AccessCheck, RefreshOutcome, RotationState};
use time::{Duration, OffsetDateTime};

use random::Random;

/// Timeout of a client's refresh in seconds: less than half of the time in which a repeated refresh
/// returns the same tokens.
const CLIENT_TIMEOUT: i64 = 14;

fn histories() -> u64 {
    std::env::var("DIVAN_MODEL_HISTORIES").map_or(3_000, |count| count.parse().unwrap())
}

impl Random {
    fn seconds(&mut self, upto: i64) -> i64 {
        i64::try_from(self.below(u64::try_from(upto).unwrap() + 1)).unwrap()
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A server with one session.
#[derive(Clone)]
struct Server {
    /// Offset of its clock in seconds.
    clock: i64,
    row: RotationState,
    is_ended: bool,
    /// For each issued generation, the one that was presented for it.
    parents: Vec<u64>,
}

impl Server {
    fn new() -> Self {
        Self {
            clock: 0,
            row: RotationState::first(at(0)),
            is_ended: false,
            parents: vec![0, 0],
        }
    }

    /// Returns the issued generation, if any.
    fn refresh(&mut self, presented: u64, now: i64) -> Option<u64> {
        if self.is_ended {
            return None;
        }
        match self.row.refresh(presented, at(now + self.clock)) {
            RefreshOutcome::Rotated(row) => {
                assert_eq!(
                    usize::try_from(row.current()).unwrap(),
                    self.parents.len(),
                    "generations are never used twice"
                );
                assert_eq!(row.parent(), presented);
                self.parents.push(presented);
                self.row = row;
                Some(row.current())
            }
            RefreshOutcome::Replayed(row) => {
                self.row = row;
                Some(row.current())
            }
            RefreshOutcome::ReuseDetected => {
                self.is_ended = true;
                None
            }
            RefreshOutcome::Unknown => None,
        }
    }

    fn access(&mut self, presented: u64) -> bool {
        if self.is_ended {
            return false;
        }
        match self.row.check_access(presented) {
            AccessCheck::Valid => true,
            AccessCheck::Confirmed(row) => {
                self.row = row;
                true
            }
            AccessCheck::ReuseDetected => {
                self.is_ended = true;
                false
            }
            AccessCheck::Unknown => false,
        }
    }

    /// Returns `true` for the current generation and those that it descends from.
    fn is_ancestor(&self, generation: u64) -> bool {
        let mut at = self.row.current();
        while at > generation {
            at = self.parents[usize::try_from(at).unwrap()];
        }
        at == generation
    }

    /// Asserts the rules for every token that was ever issued.
    fn assert_rules(&self, now: i64) {
        let now = now + self.clock;
        let (current, parent) = (self.row.current(), self.row.parent());
        let since = now - (self.row.rotated_at() - at(0)).whole_seconds();
        for generation in 1..=current {
            let refreshed = self.row.refresh(generation, at(now));
            let is_live = generation == current
                || (generation == parent && (since <= 30 || !self.row.is_confirmed()));
            assert_eq!(
                refreshed != RefreshOutcome::ReuseDetected,
                is_live,
                "{generation} of {:?} at {now}",
                self.row
            );
            if !self.is_ancestor(generation) {
                // Presenting an abandoned successor ends the session.
                assert_eq!(refreshed, RefreshOutcome::ReuseDetected);
                assert_eq!(
                    self.row.check_access(generation) == AccessCheck::ReuseDetected,
                    generation > parent
                );
            }
        }
        assert_eq!(
            self.row.refresh(current + 1, at(now)),
            RefreshOutcome::Unknown
        );
        assert_eq!(self.row.check_access(current + 1), AccessCheck::Unknown);
        assert_eq!(
            (self.row.refresh(0, at(now)), self.row.check_access(0)),
            (RefreshOutcome::Unknown, AccessCheck::Unknown)
        );
    }
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_000_000 + seconds)
}

/// A pending refresh of a tab.
struct Request {
    presented: u64,
    reaches_server_at: Option<i64>,
    response: Option<u64>,
    response_arrives_at: Option<i64>,
}

/// A browser whose tabs share their tokens.
#[derive(Default)]
struct Browser {
    stored: u64,
    stored_at: i64,
    requests: Vec<Request>,
}

impl Browser {
    fn send(&mut self, now: i64, random: &mut Random) {
        // New tokens need no refresh, and requests with the previous ones may still be pending.
        if now <= self.stored_at + CLIENT_TIMEOUT {
            return;
        }
        let reaches = now + random.seconds(CLIENT_TIMEOUT);
        let arrives = reaches + random.seconds(now + CLIENT_TIMEOUT - reaches);
        self.requests.push(Request {
            presented: self.stored,
            reaches_server_at: (!random.one_in(6)).then_some(reaches),
            response: None,
            response_arrives_at: (!random.one_in(4)).then_some(arrives),
        });
    }

    /// Runs the due events in order of time. A response is stored unless the stored tokens have
    /// changed since the request.
    fn run_until(&mut self, server: &mut Server, now: i64) {
        loop {
            let due = self
                .requests
                .iter_mut()
                .enumerate()
                .filter_map(|(index, request)| {
                    let next = request.reaches_server_at.or(request
                        .response_arrives_at
                        .filter(|_| request.response.is_some()));
                    next.filter(|&next| next <= now).map(|next| (next, index))
                });
            let Some((time, index)) = due.min() else {
                break;
            };
            let request = &mut self.requests[index];
            if request.reaches_server_at.take().is_some() {
                request.response = server.refresh(request.presented, time);
                assert!(
                    request.response.is_some(),
                    "an honest tab was rejected: {} of {:?}",
                    request.presented,
                    server.row
                );
            } else if let (Some(response), Some(_)) =
                (request.response, request.response_arrives_at.take())
                && self.stored == request.presented
            {
                self.stored = response;
                self.stored_at = time;
            }
        }
        self.requests.retain(|request| {
            request.reaches_server_at.is_some() || request.response_arrives_at.is_some()
        });
    }
}

#[test]
fn honest_tabs_stay_signed_in_when_responses_are_lost() {
    for seed in 0..histories() {
        let mut random = Random(seed);
        let (mut server, mut browser, mut now) = (
            Server::new(),
            Browser {
                stored: 1,
                ..Browser::default()
            },
            0,
        );
        for _ in 0..60 {
            now += match random.below(4) {
                0 => 0,
                1 => random.seconds(5),
                2 => random.seconds(60),
                _ => random.seconds(100_000),
            };
            browser.run_until(&mut server, now);
            if random.one_in(10) {
                // The clock is set back, or another server responds. (A clock that is set forward
                // would delay pending requests.)
                server.clock -= random.seconds(3_600);
            }
            match random.below(3) {
                0 => assert!(
                    server.access(browser.stored),
                    "seed {seed}: {} of {:?}",
                    browser.stored,
                    server.row
                ),
                // A restart of the server changes nothing, because the state is stored.
                1 => server = server.clone(),
                _ => (0..=random.below(3)).for_each(|_| browser.send(now, &mut random)),
            }
            server.assert_rules(now);
        }
    }
}

#[test]
fn presenting_an_abandoned_successor_ends_the_session() {
    let mut detected = 0;
    for seed in 0..histories() {
        let mut random = Random(seed ^ 0x7416);
        let (mut server, mut now) = (Server::new(), 0);
        // Both parties act at random. Each is represented by the generation of its tokens.
        let (mut owner, mut thief) = (1, 0);
        for _ in 0..60 {
            now += if random.one_in(2) {
                random.seconds(40)
            } else {
                random.seconds(100_000)
            };
            // The clocks of two servers differ, and are set back.
            now -= if random.one_in(10) {
                random.seconds(3_600)
            } else {
                0
            };
            if thief == 0 && random.one_in(8) {
                thief = owner;
            }
            let party = if thief != 0 && random.one_in(2) {
                &mut thief
            } else {
                &mut owner
            };
            match random.below(4) {
                0 => _ = server.access(*party),
                // The response may be lost, or kept for later.
                1 => _ = server.refresh(*party, now),
                _ => *party = server.refresh(*party, now).unwrap_or(*party),
            }
            if server.is_ended {
                break;
            }
            server.assert_rules(now);
        }
        let has_diverged = thief != 0 && !(server.is_ancestor(owner) && server.is_ancestor(thief));
        if has_diverged && !server.is_ended {
            // The next refresh with the abandoned generation ends the session, however late.
            let abandoned = if server.is_ancestor(owner) {
                thief
            } else {
                owner
            };
            assert_eq!(
                server.refresh(abandoned, now + random.seconds(10_000_000)),
                None,
                "seed {seed}"
            );
            assert!(server.is_ended, "seed {seed}");
        }
        detected += u64::from(server.is_ended);
    }
    assert!(
        detected > histories() / 4,
        "few histories contain a detected theft: {detected}"
    );
}

#[test]
fn a_restored_backup_is_not_detected_as_theft() {
    for seed in 0..histories() {
        let mut random = Random(seed ^ 0xBAC9);
        let (mut server, mut now, mut stored) = (Server::new(), 0, 1);
        let mut backup = server.clone();
        for _ in 0..40 {
            now += random.seconds(2_000);
            match random.below(6) {
                0 => backup = server.clone(),
                1 => {
                    server = backup.clone();
                    // Tokens that this database has not issued yet are rejected, and the session
                    // stays.
                    let is_newer = stored > server.row.current();
                    if is_newer {
                        assert_eq!(
                            (server.refresh(stored, now), server.access(stored)),
                            (None, false)
                        );
                        assert!(!server.is_ended, "seed {seed}");
                        // The user signs in again, which begins a new session.
                        (server, stored) = (Server::new(), 1);
                        server.row = RotationState::first(at(now));
                        backup = server.clone();
                    } else {
                        break;
                    }
                }
                2 => assert!(server.access(stored), "seed {seed}"),
                _ => {
                    stored = server
                        .refresh(stored, now)
                        .unwrap_or_else(|| panic!("seed {seed}"));
                }
            }
            server.assert_rules(now);
        }
    }
}
