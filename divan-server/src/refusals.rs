//! Warnings about many refusals of init data for the same reason: one person's old or forged data is no
//! fault of the server, but that of many is.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Number of refusals in a [`WINDOW`] that cause a warning.
const MANY: u32 = 10;
const WINDOW: Duration = Duration::from_mins(1);
/// Minimum time between two warnings about one reason.
const PAUSE: Duration = Duration::from_mins(10);

/// Counts refusals by reason.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    windows: Mutex<HashMap<&'static str, Window>>,
}

#[derive(Debug)]
struct Window {
    started: Instant,
    count: u32,
    warned: Option<Instant>,
}

impl Refusals {
    /// Counts a refusal, and returns the advice if it is time to warn.
    pub(crate) fn count(&self, reason: &'static str, now: Instant) -> Option<&'static str> {
        let advice = advice(reason)?;
        let mut windows = self.windows.lock().ok()?;
        let window = windows.entry(reason).or_insert(Window {
            started: now,
            count: 0,
            warned: None,
        });
        if now.duration_since(window.started) >= WINDOW {
            (window.started, window.count) = (now, 0);
        }
        window.count = window.count.saturating_add(1);
        let is_paused = |at| now.duration_since(at) < PAUSE;
        if window.count < MANY || window.warned.is_some_and(is_paused) {
            return None;
        }
        window.warned = Some(now);
        Some(advice)
    }
}

/// Returns the likely fault of the set-up, for reasons that have one.
fn advice(reason: &str) -> Option<&'static str> {
    match reason {
        "from_future" => Some(
            "the clock of this server is slow: synchronize it (NTP); age_seconds shows how far it is off",
        ),
        "expired" => Some(
            "if age_seconds is similar for all, the clock of this server is fast: synchronize it (NTP); otherwise Telegram \
             clients keep old init data: raise DIVAN_SIGN_IN_MAX_AGE",
        ),
        "signature" => Some(
            "check TELEGRAM_BOT_TOKEN: it must be the current token of the bot that opens the Mini App; list other bots in \
             TELEGRAM_BOT_TOKENS, and a replaced token in TELEGRAM_BOT_TOKEN_PREVIOUS",
        ),
        "malformed" | "signature_missing" => Some(
            "the front end must send window.Telegram.WebApp.initData unchanged: neither decoded nor sorted",
        ),
        "missing" => Some(
            "the Mini App has no init data: it was opened from a keyboard button, in inline mode, outside Telegram or in a \
             client that sends none",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_alike_are_reported_once_in_ten_minutes() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..9 {
            assert_eq!(refusals.count("signature", at(second)), None);
            assert_eq!(refusals.count("from_future", at(second)), None);
        }
        let advice = refusals.count("signature", at(9)).unwrap();
        assert!(advice.contains("TELEGRAM_BOT_TOKEN"), "{advice}");
        let advice = refusals.count("from_future", at(9)).unwrap();
        assert!(advice.contains("NTP"), "{advice}");
        for second in 10..609 {
            assert_eq!(refusals.count("signature", at(second)), None);
        }
        assert!(refusals.count("signature", at(609)).is_some());
    }

    #[test]
    fn rare_refusals_are_not_reported() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for minute in 0..100 {
            for _ in 0..9 {
                let now = start + Duration::from_mins(minute);
                assert_eq!(refusals.count("signature", now), None);
            }
        }
    }
}
