//! Checks of everything that a deployment depends on, as one report.

mod administrators;
mod audiences;
mod dependencies;
mod events;
mod hashing;
mod keys;
#[cfg(feature = "pages")]
mod pages;
mod services;
mod telegram;
mod webhooks;

use std::time::{Duration, SystemTime};

use divan_core::infra::ConfigWarning;
use serde::Serialize;

use crate::config::Config;

/// Time limit of each check.
const DEADLINE: Duration = Duration::from_secs(5);

/// Clock difference that is reported. Init data from more than a minute in the future is refused.
const WARNING_SKEW: Duration = Duration::from_secs(5);
const ERROR_SKEW: Duration = Duration::from_mins(1);

/// Result of one check.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) subject: &'static str,
    pub(crate) state: State,
    pub(crate) text: String,
    /// Response time, for checks that call a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) millis: Option<u64>,
}

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    Warning,
    Error,
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

    fn error(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, State::Error, text)
    }

    fn took(mut self, took: Duration) -> Self {
        self.millis = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

/// Runs all checks concurrently and changes nothing. The warnings of the configuration are among the
/// findings.
pub(crate) async fn examine(config: &Config, warnings: &[ConfigWarning]) -> Vec<Finding> {
    let warnings = warnings
        .iter()
        .map(|warning| Finding::warning("configuration", warning.to_string()))
        .collect();
    let (database, others, telegram, audiences, keys, hashing) = tokio::join!(
        dependencies::database(config),
        dependencies::others(config),
        telegram::bot(config),
        audiences::audiences(config),
        keys::keys(config),
        hashing::hashing(config),
    );
    let (proxies, keys) = (vec![audiences::proxies(config)], vec![keys]);
    [
        warnings, database, others, telegram, audiences, proxies, keys, hashing,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Compares this machine's clock with another one that was read at the same moment.
fn clock(subject: &'static str, local: SystemTime, remote: SystemTime) -> Finding {
    let (skew, direction) = match local.duration_since(remote) {
        Ok(ahead) => (ahead, "ahead"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let text = format!(
        "this machine's clock is {:.1} s {direction}",
        skew.as_secs_f64()
    );
    match skew {
        skew if skew >= ERROR_SKEW => {
            Finding::error(subject, format!("{text}: synchronize the clock with NTP"))
        }
        skew if skew >= WARNING_SKEW => {
            Finding::warning(subject, format!("{text}: synchronize the clock with NTP"))
        }
        _ => Finding::ok(subject, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_difference_is_judged_in_both_directions() {
        let local = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        for (seconds, state) in [
            (0, State::Ok),
            (4, State::Ok),
            (6, State::Warning),
            (61, State::Error),
        ] {
            for remote in [
                local + Duration::from_secs(seconds),
                local - Duration::from_secs(seconds),
            ] {
                assert_eq!(clock("clock", local, remote).state, state, "{seconds}");
            }
        }
    }
}
