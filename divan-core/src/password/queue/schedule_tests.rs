use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use proptest::prelude::*;

use super::class::{HashClass, Source, Track};
use super::schedule::{Joined, Running, Schedule, Ticket};

fn source(address: &str) -> Source {
    let address = Some(address.parse::<IpAddr>().unwrap());
    HashClass::Untrusted { address }.source()
}

/// Adds an untrusted hash.
fn join<'a>(schedule: &mut Schedule<&'a str>, address: &'a str) -> Joined<&'a str> {
    schedule.join(Track::Untrusted, source(address), address)
}

/// A schedule whose only permit is in use by an untrusted hash.
struct Busy<'a> {
    schedule: Schedule<&'a str>,
    running: Running,
}

fn busy<'a>() -> Busy<'a> {
    let mut schedule = Schedule::new(1);
    join(&mut schedule, "198.51.100.1");
    let (running, _) = schedule.start_next().unwrap();
    Busy { schedule, running }
}

impl<'a> Busy<'a> {
    fn join(&mut self, address: &'a str) -> Joined<&'a str> {
        join(&mut self.schedule, address)
    }

    /// Ends the running hash, and returns what starts.
    fn next(&mut self) -> Option<&'a str> {
        self.schedule.finish(self.running);
        let (running, started) = self.schedule.start_next()?;
        self.running = running;
        Some(started)
    }
}

#[test]
fn addresses_take_turns() {
    let mut busy = busy();
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.1", "203.0.113.5"] {
        assert!(busy.join(address).refused.is_none());
    }
    assert_eq!(busy.next(), Some("192.0.2.1"));
    assert_eq!(busy.next(), Some("203.0.113.5"));
    // A later arrival does not wait behind all of the first address either.
    assert!(busy.join("203.0.113.6").refused.is_none());
    assert_eq!(busy.next(), Some("192.0.2.1"));
    assert_eq!(busy.next(), Some("203.0.113.6"));
    assert_eq!(busy.next(), Some("192.0.2.1"));
}

#[test]
fn an_address_that_keeps_arriving_does_not_delay_others_forever() {
    let mut busy = busy();
    for _ in 0..3 {
        busy.join("203.0.113.5");
    }
    let mut served = 0;
    for n in 0..6 {
        busy.join(["192.0.2.1", "192.0.2.2"][n % 2]);
        served += usize::from(busy.next() == Some("203.0.113.5"));
    }
    assert_eq!(served, 3, "its turns come although the others never stop");
}

#[test]
fn the_newest_hash_of_the_longest_queue_is_refused() {
    let mut busy = busy();
    for _ in 0..62 {
        busy.join("192.0.2.1");
    }
    for address in ["203.0.113.5", "203.0.113.6"] {
        assert!(busy.join(address).refused.is_none());
    }
    // The queue is full. The flooding address pays, also when it is not the one that arrives.
    assert_eq!(busy.join("203.0.113.7").refused, Some("192.0.2.1"));
    assert_eq!(busy.join("192.0.2.1").refused, Some("192.0.2.1"));
    assert_eq!(busy.schedule.waiting(Track::Untrusted), 64);
}

#[test]
fn among_equal_addresses_the_largest_net_is_refused() {
    let mut busy = busy();
    busy.join("203.0.113.5");
    let flood: Vec<String> = (0..64).map(|n| format!("2001:db8:1:{n:x}::1")).collect();
    for address in &flood[..63] {
        assert!(busy.join(address).refused.is_none());
    }
    let refused = busy.join("203.0.113.6").refused;
    assert_eq!(refused, Some(flood[62].as_str()));
    assert_eq!(busy.join(&flood[63]).refused, Some(&*flood[63]));
}

#[test]
fn one_too_many_trusted_hashes_refuse_the_newest() {
    for tracks in [[Track::Trusted, Track::Legacy], [Track::Background; 2]] {
        let mut schedule = Schedule::new(1);
        let nowhere = HashClass::Trusted { user: None }.source();
        schedule.join(Track::Trusted, nowhere, 1000);
        schedule.start_next();
        for n in 0..256 {
            let joined = schedule.join(tracks[n % 2], nowhere, n);
            assert_eq!(joined.refused, None);
        }
        assert_eq!(schedule.join(tracks[0], nowhere, 256).refused, Some(256));
        assert_eq!(schedule.join(tracks[1], nowhere, 257).refused, Some(257));
    }
}

#[test]
fn a_user_has_one_trusted_hash_at_a_time() {
    let mut schedule = Schedule::new(2);
    let mut join = |user| {
        let class = HashClass::Trusted { user: Some(user) };
        schedule.join(Track::Trusted, class.source(), user).track
    };
    assert_eq!(join(1), Track::Trusted);
    assert_eq!([join(1), join(1)], [Track::Untrusted; 2]);
    assert_eq!(join(2), Track::Trusted);

    let (first, user) = schedule.start_next().unwrap();
    assert_eq!((first.track, user), (Track::Trusted, 1));
    let class = HashClass::Trusted { user: Some(1) };
    let while_running = schedule.join(Track::Legacy, class.source(), 1);
    assert_eq!(while_running.track, Track::Untrusted);

    schedule.finish(first);
    let afterwards = schedule.join(Track::Trusted, class.source(), 1);
    assert_eq!(afterwards.track, Track::Trusted);
}

#[test]
fn further_hashes_of_a_user_take_turns_with_addresses() {
    let mut busy = busy();
    for _ in 0..300 {
        let class = HashClass::Trusted { user: Some(1) };
        busy.schedule.join(Track::Trusted, class.source(), "user");
    }
    assert!(
        busy.join("192.0.2.1")
            .refused
            .is_some_and(|refused| refused == "user")
    );
    let started = [busy.next(), busy.next(), busy.next()].map(Option::unwrap);
    assert_eq!(started, ["user", "user", "192.0.2.1"]);
}

#[test]
fn a_hash_that_left_does_not_start() {
    let mut busy = busy();
    let Joined { ticket, .. } = busy.join("192.0.2.1");
    busy.join("192.0.2.2");
    busy.schedule.leave(ticket);
    busy.schedule.leave(ticket);
    assert_eq!(busy.next(), Some("192.0.2.2"));
    assert_eq!(busy.next(), None);
}

const TRACKS: [Track; 4] = [
    Track::Trusted,
    Track::Legacy,
    Track::Untrusted,
    Track::Background,
];

#[derive(Clone, Debug)]
enum Step {
    Join(Track, Source),
    /// Ends one of the running hashes.
    Finish(usize),
    /// One of the waiting hashes leaves.
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let track = prop_oneof![
        2 => Just(Track::Trusted),
        1 => Just(Track::Legacy),
        12 => Just(Track::Untrusted),
        1 => Just(Track::Background),
    ];
    // A few addresses of a few nets, so that queues of any length occur.
    let address = (0_u8..4, 0_u8..6)
        .prop_map(|(net, host)| source(&format!("192.0.{net}.{}", host.saturating_sub(2))));
    let user = prop::option::of(0_u128..5);
    let source = (address, user).prop_map(|(address, user)| (address, HashClass::Trusted { user }));
    prop_oneof![
        6 => (track, source).prop_map(|(track, (address, trusted))| match track {
            Track::Trusted | Track::Legacy => Step::Join(track, trusted.source()),
            Track::Untrusted | Track::Background => Step::Join(track, address),
        }),
        2 => any::<usize>().prop_map(Step::Finish),
        1 => any::<usize>().prop_map(Step::Leave),
    ]
}

/// Slow, obvious copy of the state that the schedule must have.
struct Model {
    permits: usize,
    waiting: BTreeMap<usize, (Track, Source, Ticket)>,
    running: Vec<Running>,
}

impl Model {
    fn waiting_in(&self, track: Track) -> usize {
        self.waiting
            .values()
            .filter(|(of, ..)| *of == track)
            .count()
    }

    fn running_in(&self, track: Track) -> usize {
        self.running.iter().filter(|of| of.track == track).count()
    }

    /// Counts the waiting untrusted hashes of the same client and of the same net.
    fn queues(&self, source: Source) -> (usize, usize) {
        let untrusted = || {
            let waiting = self.waiting.values();
            waiting.filter(|(track, ..)| *track == Track::Untrusted)
        };
        (
            untrusted()
                .filter(|(_, other, _)| other.is_same_client(&source))
                .count(),
            untrusted()
                .filter(|(_, other, _)| other.net == source.net)
                .count(),
        )
    }

    fn check_refused(&self, refused: usize) {
        let (track, source, _) = self.waiting[&refused];
        if track != Track::Untrusted {
            let newest = self.waiting.keys().next_back();
            assert_eq!(newest, Some(&refused));
            return;
        }
        assert_eq!(self.waiting_in(track), Schedule::<usize>::MAX_UNTRUSTED + 1);
        let own = self.queues(source);
        for (id, (track, other, _)) in &self.waiting {
            if *track == Track::Untrusted {
                assert!(self.queues(*other) <= own, "a longer queue was spared");
                let is_newer = self.queues(*other) == own && *id > refused;
                assert!(!is_newer, "a newer hash was spared");
            }
        }
    }

    /// Checks that at most one trusted hash of each user waits.
    fn check_users(&self) {
        let waiting = self.waiting.values();
        let trusted = waiting.filter(|(track, ..)| *track != Track::Untrusted);
        let users: Vec<u128> = trusted.filter_map(|(_, source, _)| source.user).collect();
        let unique: BTreeSet<&u128> = users.iter().collect();
        assert_eq!(unique.len(), users.len());
    }

    /// Checks a start against everything that waits.
    fn check_started(&self, track: Track) {
        let waits = |track| self.waiting_in(track) > 0;
        assert!(track == Track::Trusted || !waits(Track::Trusted));
        assert!(track != Track::Untrusted || !waits(Track::Legacy));
    }

    /// Checks the limits, and that no hash waits that could run.
    fn check(&self) {
        let half = (self.permits / 2).max(1);
        let low = self.running_in(Track::Legacy) + self.running_in(Track::Untrusted);
        let background = self.running_in(Track::Background);
        assert!(self.running.len() <= self.permits && low <= half && background <= 1);
        assert!(self.waiting_in(Track::Untrusted) <= Schedule::<usize>::MAX_UNTRUSTED);
        if self.running.len() < self.permits {
            assert_eq!(self.waiting_in(Track::Trusted), 0);
            let low_waits = self.waiting_in(Track::Legacy) + self.waiting_in(Track::Untrusted);
            assert!(low_waits == 0 || low == half);
            assert!(self.waiting_in(Track::Background) == 0 || background == 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trusted_hashes_never_starve_and_limits_hold(
        permits in 1_usize..6,
        steps in prop::collection::vec(step(), 0..400),
    ) {
        let mut schedule = Schedule::new(permits);
        let mut model = Model { permits, waiting: BTreeMap::new(), running: Vec::new() };
        for (id, step) in steps.into_iter().enumerate() {
            match step {
                Step::Join(track, source) => {
                    let Joined { ticket, track, refused } = schedule.join(track, source, id);
                    model.waiting.insert(id, (track, source, ticket));
                    model.check_users();
                    if let Some(refused) = refused {
                        model.check_refused(refused);
                        model.waiting.remove(&refused);
                    }
                }
                Step::Finish(nth) if !model.running.is_empty() => {
                    let ended = model.running.remove(nth % model.running.len());
                    schedule.finish(ended);
                }
                Step::Leave(nth) if !model.waiting.is_empty() => {
                    let id = *model.waiting.keys().nth(nth % model.waiting.len()).unwrap();
                    let (.., ticket) = model.waiting.remove(&id).unwrap();
                    schedule.leave(ticket);
                }
                Step::Finish(_) | Step::Leave(_) => {}
            }
            while let Some((running, id)) = schedule.start_next() {
                let (waited_in, ..) = model.waiting.remove(&id).unwrap();
                prop_assert_eq!(waited_in, running.track);
                model.check_started(running.track);
                model.running.push(running);
            }
            model.check();
            for track in TRACKS {
                prop_assert_eq!(schedule.waiting(track), model.waiting_in(track));
                prop_assert_eq!(schedule.running(track), model.running_in(track));
            }
        }
    }
}
