//! Warnings about many refusals of signed data for the same reason, which usually indicate a wrong
//! configuration.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::problem::Refusal;

/// Number of refusals within any [`WINDOW`] that cause a warning.
const MANY: usize = 10;
const WINDOW: Duration = Duration::from_mins(1);
/// Minimum time between two warnings about one kind of data and reason.
const PAUSE: Duration = Duration::from_mins(10);

/// Counts refusals by kind of data and reason.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    recent: Mutex<HashMap<(&'static str, &'static str), Recent>>,
}

#[derive(Debug, Default)]
struct Recent {
    /// Times of the last refusals, at most [`MANY`].
    times: VecDeque<Instant>,
    warned: Option<Instant>,
}

impl Refusals {
    /// Counts a refusal, and returns the advice if it is time to warn.
    pub(crate) fn count(&self, refusal: Refusal, now: Instant) -> Option<&'static str> {
        let mut recent = self.recent.lock().ok()?;
        let recent = recent.entry((refusal.data, refusal.reason)).or_default();
        if recent.times.len() == MANY {
            recent.times.pop_front();
        }
        recent.times.push_back(now);
        let is_within = |at: Instant, time| now.saturating_duration_since(at) < time;
        let is_many = recent.times.len() == MANY && is_within(recent.times[0], WINDOW);
        if !is_many || recent.warned.is_some_and(|at| is_within(at, PAUSE)) {
            return None;
        }
        recent.warned = Some(now);
        Some(advice(refusal))
    }
}

/// Returns the likely cause, or the change that removes it.
fn advice(refusal: Refusal) -> &'static str {
    match (refusal.data, refusal.reason) {
        (_, "from_future") => {
            "the clock of this server is slow: synchronize it (NTP); age_seconds shows the difference"
        }
        (_, "replayed") => "the front end must not send the same signed data twice",
        (_, "replay_guard_full") => "raise the capacity of the replay guard",
        ("contact", reason) => contact_advice(reason),
        (_, reason) => init_data_advice(reason),
    }
}

fn init_data_advice(reason: &str) -> &'static str {
    match reason {
        "expired" => {
            "if age_seconds is similar in all these requests, the clock of this server is fast: synchronize it (NTP); otherwise \
             Telegram clients keep old init data: raise DIVAN_SIGN_IN_MAX_AGE"
        }
        "auto_login_expired" => {
            "if age_seconds is similar in all these requests, the clock of this server is fast: synchronize it (NTP); otherwise \
             Telegram clients keep old init data, and people must type the password: raise DIVAN_AUTO_LOGIN_MAX_AGE"
        }
        "signature" => {
            "check TELEGRAM_BOT_TOKEN: it must be the current token of the bot that opens the Mini App; list other bots in \
             TELEGRAM_BOT_TOKENS, and a replaced token in TELEGRAM_BOT_TOKEN_PREVIOUS"
        }
        "missing" => {
            "the Mini App has no init data: it was opened from a keyboard button, in inline mode, outside Telegram or in a \
             client that sends none"
        }
        "conflict" => {
            "the front end must send the init data in one place: the member init_data, Authorization or X-Telegram-Init-Data"
        }
        "wrong_kind" => {
            "the front end sends the response of requestContact as init_data: it must send it as contact"
        }
        "no_user" => {
            "Telegram signed init data without a user: people must open the Mini App from the menu button or a link"
        }
        _ => {
            "the front end must send window.Telegram.WebApp.initData unchanged: not decoded, shortened or extended"
        }
    }
}

fn contact_advice(reason: &str) -> &'static str {
    match reason {
        "expired" => {
            "if age_seconds is similar in all these requests, the clock of this server is fast: synchronize it (NTP); otherwise \
             the front end must call requestContact again before each sign-in"
        }
        "signature" => {
            "the contact was shared with a bot that is not in TELEGRAM_BOT_TOKEN or TELEGRAM_BOT_TOKENS, or the front end \
             changed the response of requestContact"
        }
        "missing" => {
            "requestContact answers with an empty text after about 3 seconds: the front end must ask again, or ask for the \
             phone number"
        }
        "wrong_kind" => {
            "the front end sends other signed data as contact: it must send the response of requestContact"
        }
        "other_user" => {
            "contact and init_data must be those of one person: the front end must not keep the contact of an earlier person"
        }
        "other_bot" => {
            "contact and init_data must be those of one bot: the front end must not keep the contact of another Mini App"
        }
        "phone" => {
            "Telegram signed phone numbers that are not in international format: the front end must ask for the phone number"
        }
        _ => {
            "the front end must send the response of requestContact unchanged: not decoded or shortened"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: Refusal = Refusal {
        data: "init_data",
        reason: "signature",
        age_seconds: None,
    };

    #[test]
    fn many_alike_are_reported_once_in_ten_minutes() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let from_future = Refusal {
            reason: "from_future",
            ..SIGNATURE
        };
        for second in 0..9 {
            assert_eq!(refusals.count(SIGNATURE, at(second)), None);
            assert_eq!(refusals.count(from_future, at(second)), None);
        }
        let advice = refusals.count(SIGNATURE, at(9)).unwrap();
        assert!(advice.contains("TELEGRAM_BOT_TOKEN"), "{advice}");
        let advice = refusals.count(from_future, at(9)).unwrap();
        assert!(advice.contains("NTP"), "{advice}");
        for second in 10..609 {
            assert_eq!(refusals.count(SIGNATURE, at(second)), None);
        }
        assert!(refusals.count(SIGNATURE, at(609)).is_some());
    }

    #[test]
    fn rare_refusals_are_not_reported() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for minute in 0..100 {
            for _ in 0..9 {
                let now = start + Duration::from_mins(minute);
                assert_eq!(refusals.count(SIGNATURE, now), None);
            }
        }
    }

    #[test]
    fn many_refusals_around_a_minute_are_reported() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let mut warnings = 0;
        for second in [0, 52, 53, 54, 55, 56, 57, 58, 59, 61, 62, 63] {
            let now = start + Duration::from_secs(second);
            warnings += usize::from(refusals.count(SIGNATURE, now).is_some());
        }
        assert_eq!(warnings, 1);
    }

    #[test]
    fn contacts_and_init_data_are_counted_apart() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let contact = Refusal {
            data: "contact",
            ..SIGNATURE
        };
        for _ in 0..9 {
            assert_eq!(refusals.count(SIGNATURE, now), None);
            assert_eq!(refusals.count(contact, now), None);
        }
        assert!(refusals.count(contact, now).is_some());
        assert!(refusals.count(SIGNATURE, now).is_some());
    }

    #[test]
    fn each_reason_has_advice_about_its_kind_of_data() {
        let refused = [
            ("missing", "no init data"),
            ("conflict", "one place"),
            ("too_large", "initData unchanged"),
            ("malformed", "initData unchanged"),
            ("signature_missing", "initData unchanged"),
            ("signature", "TELEGRAM_BOT_TOKEN"),
            ("wrong_kind", "as contact"),
            ("no_user", "without a user"),
            ("expired", "DIVAN_SIGN_IN_MAX_AGE"),
            ("auto_login_expired", "DIVAN_AUTO_LOGIN_MAX_AGE"),
            ("from_future", "NTP"),
            ("replayed", "twice"),
            ("replay_guard_full", "capacity"),
        ];
        for (reason, part) in refused {
            let advice = advice(Refusal {
                reason,
                ..SIGNATURE
            });
            assert!(advice.contains(part), "{reason}: {advice}");
        }
        let contacts = [
            ("missing", "empty text"),
            ("too_large", "requestContact unchanged"),
            ("malformed", "requestContact unchanged"),
            ("signature_missing", "requestContact unchanged"),
            ("signature", "shared with a bot"),
            ("wrong_kind", "response of requestContact"),
            ("expired", "requestContact again"),
            ("other_user", "one person"),
            ("other_bot", "one bot"),
            ("phone", "ask for the phone number"),
        ];
        for (reason, part) in contacts {
            let advice = advice(Refusal {
                data: "contact",
                reason,
                age_seconds: None,
            });
            assert!(advice.contains(part), "{reason}: {advice}");
            assert!(!advice.contains("initData"), "{reason}: {advice}");
        }
    }
}
