//! One report on everything that a deployment stands on: what is so, what is odd, and what is
//! wrong, in plain words.

mod audiences;
mod dependencies;
mod hashing;
mod telegram;

use std::time::{Duration, SystemTime};

use divan_core::infra::ConfigWarning;
use serde::Serialize;

use crate::config::Config;

/// How long each thing that is asked may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// From here on clocks that differ are odd; init data from the future is refused after a minute.
const ODD_SKEW: Duration = Duration::from_secs(5);
const WRONG_SKEW: Duration = Duration::from_mins(1);

/// What was found of one thing.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) subject: &'static str,
    pub(crate) state: State,
    pub(crate) text: String,
    /// How long it took to answer, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) millis: Option<u64>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    Warning,
    Wrong,
}

impl Finding {
    fn new(subject: &'static str, state: State, text: impl Into<String>) -> Self {
        Self {
            subject,
            state,
            text: text.into(),
            millis: None,
        }
    }

    fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, State::Ok, text)
    }

    fn warning(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, State::Warning, text)
    }

    fn wrong(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, State::Wrong, text)
    }

    fn took(mut self, took: Duration) -> Self {
        self.millis = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

/// Looks at all of it at once, and changes nothing. What is odd about the configuration is among
/// the findings.
pub(crate) async fn examine(config: &Config, odd: &[ConfigWarning]) -> Vec<Finding> {
    let odd = odd
        .iter()
        .map(|warning| Finding::warning("configuration", warning.to_string()))
        .collect();
    let (database, others, telegram, audiences, hashing) = tokio::join!(
        dependencies::database(config),
        dependencies::others(config),
        telegram::bot(config),
        audiences::audiences(config),
        hashing::hashing(config),
    );
    let proxies = vec![audiences::proxies(config)];
    [odd, database, others, telegram, audiences, proxies, hashing]
        .into_iter()
        .flatten()
        .collect()
}

/// How this machine's clock stands to another one that said this at about the time `here`.
fn clock(subject: &'static str, here: SystemTime, there: SystemTime) -> Finding {
    let (skew, word) = match here.duration_since(there) {
        Ok(ahead) => (ahead, "ahead"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let text = format!("this machine's clock is {:.1} s {word}", skew.as_secs_f64());
    match skew {
        skew if skew >= WRONG_SKEW => Finding::wrong(subject, format!("{text}: set it by NTP")),
        skew if skew >= ODD_SKEW => Finding::warning(subject, format!("{text}: set it by NTP")),
        _ => Finding::ok(subject, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off_either_way() {
        let here = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        for (seconds, state) in [
            (0, State::Ok),
            (4, State::Ok),
            (6, State::Warning),
            (61, State::Wrong),
        ] {
            for there in [
                here + Duration::from_secs(seconds),
                here - Duration::from_secs(seconds),
            ] {
                assert_eq!(clock("clock", here, there).state, state, "{seconds}");
            }
        }
    }
}
