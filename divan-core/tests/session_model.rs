//! Histories of a session: tabs that share one store of tokens, answers that get lost, thieves,
//! clocks and backups.
//!
//! `DIVAN_MODEL_HISTORIES` says how many are played; some thousand by default.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod random;

use divan_core::session::{AccessCheck, RefreshOutcome, RotationState};
use time::{Duration, OffsetDateTime};

use random::Random;

/// A client gives a refresh up after this many seconds: less than half of the time in which it is
/// answered alike.
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

/// The server with its one row.
#[derive(Clone)]
struct Server {
    /// How far its clock is off, in seconds.
    clock: i64,
    row: RotationState,
    is_ended: bool,
    /// Of each generation that was handed out, the one that was presented for it.
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

    /// The generation of the answer, if there is one.
    fn refresh(&mut self, presented: u64, now: i64) -> Option<u64> {
        if self.is_ended {
            return None;
        }
        match self.row.refresh(presented, at(now + self.clock)) {
            RefreshOutcome::Rotated(row) => {
                assert_eq!(
                    usize::try_from(row.current()).unwrap(),
                    self.parents.len(),
                    "rotation are never used twice"
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

    /// Whether `generation` is the current one or what the current one descends from.
    fn is_ancestor(&self, generation: u64) -> bool {
        let mut at = self.row.current();
        while at > generation {
            at = self.parents[usize::try_from(at).unwrap()];
        }
        at == generation
    }

    /// What holds of every token that was ever handed out, whoever has it by now.
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
                // A successor that was given up: whoever shows it ends the session.
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

/// A refresh that a tab has under way.
struct Request {
    presented: u64,
    reaches_server_at: Option<i64>,
    answer: Option<u64>,
    answer_arrives_at: Option<i64>,
}

/// A browser: its tabs share one store.
#[derive(Default)]
struct Browser {
    stored: u64,
    stored_at: i64,
    requests: Vec<Request>,
}

impl Browser {
    fn send(&mut self, now: i64, random: &mut Random) {
        // A pair that has just come needs no refresh, and requests with the one before may still be
        // on their way.
        if now <= self.stored_at + CLIENT_TIMEOUT {
            return;
        }
        let reaches = now + random.seconds(CLIENT_TIMEOUT);
        let arrives = reaches + random.seconds(now + CLIENT_TIMEOUT - reaches);
        self.requests.push(Request {
            presented: self.stored,
            reaches_server_at: (!random.one_in(6)).then_some(reaches),
            answer: None,
            answer_arrives_at: (!random.one_in(4)).then_some(arrives),
        });
    }

    /// Lets happen what is due, in the order of time; an answer is stored if the store still is as
    /// it was.
    fn go_on(&mut self, server: &mut Server, now: i64) {
        loop {
            let due = self
                .requests
                .iter_mut()
                .enumerate()
                .filter_map(|(index, request)| {
                    let next = request.reaches_server_at.or(request
                        .answer_arrives_at
                        .filter(|_| request.answer.is_some()));
                    next.filter(|&next| next <= now).map(|next| (next, index))
                });
            let Some((when, index)) = due.min() else {
                break;
            };
            let request = &mut self.requests[index];
            if request.reaches_server_at.take().is_some() {
                request.answer = server.refresh(request.presented, when);
                assert!(
                    request.answer.is_some(),
                    "an honest tab was refused: {} of {:?}",
                    request.presented,
                    server.row
                );
            } else if let (Some(answer), Some(_)) =
                (request.answer, request.answer_arrives_at.take())
                && self.stored == request.presented
            {
                self.stored = answer;
                self.stored_at = when;
            }
        }
        self.requests.retain(|request| {
            request.reaches_server_at.is_some() || request.answer_arrives_at.is_some()
        });
    }
}

#[test]
fn honest_tabs_stay_signed_in_whatever_answer_is_lost() {
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
            browser.go_on(&mut server, now);
            if random.one_in(10) {
                // Set back, or another server answers. (Set forward, it makes requests late that
                // are on their way.)
                server.clock -= random.seconds(3_600);
            }
            match random.below(3) {
                0 => assert!(
                    server.access(browser.stored),
                    "seed {seed}: {} of {:?}",
                    browser.stored,
                    server.row
                ),
                // A restart of the server changes nothing: all there is stands in the row.
                1 => server = server.clone(),
                _ => (0..=random.below(3)).for_each(|_| browser.send(now, &mut random)),
            }
            server.assert_rules(now);
        }
    }
}

#[test]
fn whoever_holds_a_successor_that_was_given_up_ends_the_session() {
    let mut caught = 0;
    for seed in 0..histories() {
        let mut random = Random(seed ^ 0x7416);
        let (mut server, mut now) = (Server::new(), 0);
        // Both act as they like; a party is the generation of the pair that it holds.
        let (mut owner, mut thief) = (1, 0);
        for _ in 0..60 {
            now += if random.one_in(2) {
                random.seconds(40)
            } else {
                random.seconds(100_000)
            };
            // Clocks of two servers differ, and are set back.
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
                // The answer may be lost, or kept for later.
                1 => _ = server.refresh(*party, now),
                _ => *party = server.refresh(*party, now).unwrap_or(*party),
            }
            if server.is_ended {
                break;
            }
            server.assert_rules(now);
        }
        let have_parted = thief != 0 && !(server.is_ancestor(owner) && server.is_ancestor(thief));
        if have_parted && !server.is_ended {
            // However long the patient one waits: the next refresh of the one who was given up ends
            // it.
            let given_up = if server.is_ancestor(owner) {
                thief
            } else {
                owner
            };
            assert_eq!(
                server.refresh(given_up, now + random.seconds(10_000_000)),
                None,
                "seed {seed}"
            );
            assert!(server.is_ended, "seed {seed}");
        }
        caught += u64::from(server.is_ended);
    }
    assert!(
        caught > histories() / 4,
        "the histories are about thieves: {caught}"
    );
}

#[test]
fn a_backup_that_is_restored_signs_nobody_out_for_theft() {
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
                    // Tokens that this database has not handed out yet are refused, and the session
                    // stays.
                    let is_newer = stored > server.row.current();
                    if is_newer {
                        assert_eq!(
                            (server.refresh(stored, now), server.access(stored)),
                            (None, false)
                        );
                        assert!(!server.is_ended, "seed {seed}");
                        // The person signs in again: a new session.
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
                        .unwrap_or_else(|| panic!("seed {seed}"))
                }
            }
            server.assert_rules(now);
        }
    }
}
