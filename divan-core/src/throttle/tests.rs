use std::time::Duration;

use time::OffsetDateTime;

use super::*;

const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Counts as many attempts as the rule allows at this time, and returns their number and the decision
/// about the next one.
fn burst(counter: &mut Counter, rule: Rule, now: OffsetDateTime) -> (u32, Decision) {
    let mut allowed = 0;
    loop {
        match counter.check(rule, now) {
            Decision::Allowed => *counter = counter.charged(rule, now),
            decision => return (allowed, decision),
        }
        allowed += 1;
    }
}

/// Number of attempts that an attacker makes who retries as soon as the rule allows.
fn attempts_within(rule: Rule, time: Duration) -> u32 {
    let mut counter = Counter::new(START);
    let (mut now, mut attempts) = (START, 0);
    loop {
        let (allowed, decision) = burst(&mut counter, rule, now);
        attempts += allowed;
        let Decision::Wait(wait) = decision else {
            return attempts;
        };
        now += wait;
        if now > START + time {
            return attempts;
        }
    }
}

#[test]
fn a_bucket_allows_its_size_and_then_its_rate() {
    let rule = ThrottleKind::Account.rule();
    let mut counter = Counter::new(START);
    assert_eq!(
        burst(&mut counter, rule, START),
        (10, Decision::Wait(seconds(3600)))
    );
    let later = START + seconds(5400);
    assert_eq!(
        burst(&mut counter, rule, later),
        (1, Decision::Wait(seconds(1800)))
    );
    assert_eq!(attempts_within(rule, Duration::from_hours(24)), 10 + 24);
}

#[test]
fn waits_double_after_the_free_failures() {
    let waits = |kind: ThrottleKind, failures: std::ops::RangeInclusive<u32>| -> Vec<u64> {
        failures.map(|n| kind.rule().delay(n).as_secs()).collect()
    };
    assert_eq!(
        waits(ThrottleKind::TrustedLane, 4..=16),
        [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    );
    assert_eq!(
        waits(ThrottleKind::UntrustedLane, 2..=11),
        [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    );
    assert_eq!(waits(ThrottleKind::OwnPassword, 5..=9), [0, 2, 4, 8, 16]);
}

#[test]
fn a_delay_forgets_after_a_day_without_an_attempt() {
    let rule = ThrottleKind::TrustedLane.rule();
    let mut counter = Counter::new(START);
    for n in 0..20 {
        counter = counter.charged(rule, START + Duration::from_hours(n));
    }
    let last = counter.updated_at;
    assert_eq!(counter.charged(rule, last + seconds(86_399)).failures, 21);
    assert_eq!(counter.charged(rule, last + seconds(86_400)).failures, 1);
}

#[test]
fn a_limit_closes_until_a_success() {
    let rule = ThrottleKind::Consecutive.rule();
    let mut counter = Counter::new(START);
    assert_eq!(burst(&mut counter, rule, START), (100, Decision::Closed));
    let years_later = START + Duration::from_hours(24 * 3650);
    assert_eq!(counter.check(rule, years_later), Decision::Closed);
    let reset = counter.refunded(rule, 1, START);
    assert_eq!(reset.check(rule, START), Decision::Allowed);
}

#[test]
fn a_refund_gives_back_one_attempt_and_never_more_than_the_size() {
    let rule = ThrottleKind::Address.rule();
    let mut counter = Counter::new(START);
    let (size, _) = burst(&mut counter, rule, START);
    let mut counter = counter.refunded(rule, 1, START);
    assert_eq!(burst(&mut counter, rule, START).0, 1);
    let mut full = Counter::new(START).refunded(rule, 3, START);
    assert_eq!(burst(&mut full, rule, START).0, size);
}

#[test]
fn a_clock_that_jumps_gives_no_further_attempt() {
    for &kind in ThrottleKind::ALL {
        let rule = kind.rule();
        let mut steady = Counter::new(START);
        let (allowed, _) = burst(&mut steady, rule, START);
        for hours in [-2, -1, 0] {
            let now = START + time::Duration::hours(hours);
            assert_eq!(burst(&mut steady, rule, now).0, 0, "{kind} at {hours} h");
        }
        // Forward and back: what the hour ahead allowed is not allowed again.
        let ahead = START + Duration::from_hours(1);
        let mut jumped = steady;
        let further = burst(&mut jumped, rule, ahead).0;
        assert_eq!(burst(&mut jumped, rule, START).0, 0, "{kind}");
        assert_eq!(burst(&mut jumped, rule, ahead).0, 0, "{kind}");
        assert!(further <= allowed, "{kind}");
    }
}

#[test]
fn a_wrong_clock_years_ahead_does_not_lock_for_years() {
    let rule = ThrottleKind::Account.rule();
    let mut counter = Counter::new(START + Duration::from_hours(24 * 3650));
    for _ in 0..10 {
        counter = counter.charged(rule, counter.updated_at);
    }
    assert_eq!(
        counter.check(rule, START),
        Decision::Wait(seconds(3600)),
        "the level stays, the time is replaced"
    );
}

#[test]
fn a_refused_charge_changes_no_counter() {
    let keys =
        [ThrottleKind::Account, ThrottleKind::Address].map(|kind| ThrottleKey::new(kind, [1; 16]));
    let update = ThrottleUpdate::charge(keys.to_vec(), START);
    let mut counters = [Counter::new(START), Counter::new(START)];
    let (size, _) = burst(&mut counters[0], ThrottleKind::Account.rule(), START);
    assert_eq!(size, 10);
    let before = counters;
    let outcome = update.apply(&mut counters);
    assert_eq!(outcome.decision, Decision::Wait(seconds(3600)));
    assert_eq!(counters, before);
}

#[test]
fn the_first_success_of_a_day_earns_the_address_two_attempts() {
    let key = |kind| ThrottleKey::new(kind, [1; 16]);
    let keys = vec![key(ThrottleKind::Address), key(ThrottleKind::FirstSuccess)];
    let level = |attempts: u64| Counter {
        level: attempts * 1_000_000,
        ..Counter::new(START)
    };
    let mut counters = [level(10), Counter::new(START)];
    let settle = |counters: &mut [Counter], at| {
        let _ = ThrottleUpdate::settle(keys.clone(), at).apply(counters);
        counters[0].level / 1_000_000
    };
    assert_eq!(settle(&mut counters, START), 7);
    assert_eq!(settle(&mut counters, START), 6);
    counters[0] = Counter {
        level: 10_000_000,
        ..Counter::new(START + Duration::from_hours(24))
    };
    assert_eq!(settle(&mut counters, START + Duration::from_hours(24)), 7);
}

#[test]
fn the_hundredth_failure_closes_and_reports_it_once() {
    let keys = vec![ThrottleKey::new(ThrottleKind::Consecutive, [1; 16])];
    let update = ThrottleUpdate::charge(keys, START);
    let mut counters = [Counter::new(START)];
    let closing: Vec<bool> = (0..101)
        .map(|_| update.apply(&mut counters).closes)
        .collect();
    assert_eq!(closing.iter().filter(|&&closes| closes).count(), 1);
    assert!(closing[99]);
}

#[cfg(feature = "token")]
mod keys {
    use super::*;
    use crate::token::SecretKey;
    use crate::types::TelegramId;

    fn keys() -> ThrottleKeys {
        ThrottleKeys::new(&SecretKey::new([7; 32]).unwrap())
    }

    /// Otherwise one account refunds a network once for each of its addresses.
    #[test]
    fn an_account_has_one_first_success_a_day_at_all_addresses() {
        let account = keys().email(&"admin@example.com".parse().unwrap());
        let at = |address: &str| {
            let address = Some(address.parse().unwrap());
            let attempt = keys().untrusted(account, LaneSubject::None, address);
            let settle = attempt.settle(START);
            let keys = settle.keys().iter();
            keys.filter(|key| key.kind == ThrottleKind::FirstSuccess)
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(at("192.0.2.1").len(), 1);
        assert_eq!(at("192.0.2.1"), at("192.0.3.1"));
    }

    #[test]
    fn an_address_of_version_6_counts_by_its_64_and_48() {
        let at = |text: &str| {
            let address = text.parse().unwrap();
            (
                keys().address(ThrottleKind::Address, address),
                keys().network(address),
            )
        };
        let (address, network) = at("2001:db8:1:2::1");
        assert_eq!(
            at("2001:db8:1:2:ffff::9"),
            (address.clone(), network.clone())
        );
        let (other, same) = at("2001:db8:1:3::1");
        assert_ne!(other, address);
        assert_eq!(same, network);
        assert_ne!(at("2001:db8:2:2::1").1, network);
    }

    #[test]
    fn an_address_of_version_4_counts_by_itself_and_its_24() {
        let at = |text: &str| {
            let address = text.parse().unwrap();
            (
                keys().address(ThrottleKind::Address, address),
                keys().network(address),
            )
        };
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1").0, at("192.0.2.2").0);
        assert_eq!(at("192.0.2.1").1, at("192.0.2.255").1);
        assert_ne!(at("192.0.2.1").1, at("192.0.3.1").1);
    }

    #[test]
    fn an_attempt_without_an_address_counts_by_account_and_telegram() {
        let account = keys().phone(&"+77011234567".parse().unwrap());
        let subject = LaneSubject::Telegram(TelegramId(42));
        let kinds = |attempt: Attempt| -> Vec<ThrottleKind> {
            attempt.keys().iter().map(|key| key.kind).collect()
        };
        let attempt = keys().untrusted(account, subject, None);
        assert_eq!(
            kinds(attempt),
            [
                ThrottleKind::Account,
                ThrottleKind::Consecutive,
                ThrottleKind::UntrustedLane,
                ThrottleKind::Telegram
            ]
        );
        assert_eq!(
            kinds(keys().untrusted(account, LaneSubject::None, None)),
            [ThrottleKind::Account, ThrottleKind::Consecutive]
        );
        assert_eq!(
            kinds(keys().trusted(account, subject)),
            [ThrottleKind::TrustedLane, ThrottleKind::TrustedTotal]
        );
    }

    #[test]
    fn the_reported_wait_is_rounded_only_for_untrusted_attempts() {
        let (trusted, untrusted) = (AttemptClass::Trusted, AttemptClass::Untrusted);
        let wait = Decision::Wait(Duration::from_millis(1500));
        assert_eq!(trusted.retry_after(wait), Some(seconds(2)));
        assert_eq!(untrusted.retry_after(wait), Some(seconds(30)));
        let long = Decision::Wait(seconds(86_400));
        assert_eq!(untrusted.retry_after(long), Some(seconds(3600)));
        assert_eq!(untrusted.retry_after(Decision::Closed), Some(seconds(3600)));
        assert_eq!(untrusted.retry_after(Decision::Allowed), None);
    }

    #[test]
    fn kinds_of_an_account_begin_with_its_key() {
        let account = keys().phone(&"+77011234567".parse().unwrap());
        let address = Some("192.0.2.1".parse().unwrap());
        let subject = LaneSubject::Telegram(TelegramId(42));
        let attempts = [
            keys().trusted(account, subject),
            keys().untrusted(account, subject, address),
        ];
        for key in attempts.iter().flat_map(Attempt::keys) {
            let begins = key.id.starts_with(&account.0);
            assert_eq!(begins, key.kind.is_of_account(), "{}", key.kind);
        }
    }

    #[test]
    fn names_of_kinds_parse_back() {
        for &kind in ThrottleKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("other".parse::<ThrottleKind>(), Err(UnknownKind));
    }
}
