use std::time::Duration;

use divan_core::infra::{Env, section};

use super::sessions::{DURATION, duration};

/// Events for other services.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventsConfig {
    /// Time that events are kept; `None` if none are written.
    pub retention: Option<Duration>,
    /// Exchange of RabbitMQ to which events are published.
    pub exchange: String,
}

const DEFAULT_RETENTION: Duration = Duration::from_hours(30 * 24);

/// Maximum length of a short string of AMQP, in bytes.
const MAX_EXCHANGE: usize = 127;

section! {
    pub(super) static SECTION = "Events", "";

    RETENTION = (
        "DIVAN_EVENTS_RETENTION",
        "time that events about users and sessions are kept for other services; `0s` writes none",
        "30d",
    ).form(DURATION).when_unset("`30d`");

    EXCHANGE = (
        "DIVAN_EVENTS_EXCHANGE",
        "durable topic exchange of RabbitMQ to which events are published",
        "divan.events",
    ).when_unset("`divan.events`");
}

pub(super) fn read(env: &mut Env<'_>) -> EventsConfig {
    let retention = duration(env, &RETENTION, DEFAULT_RETENTION);
    let exchange = env.checked(&EXCHANGE, |text| {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        // RabbitMQ reserves the prefix.
        if text.len() <= MAX_EXCHANGE && text.chars().all(is_valid) && !text.starts_with("amq.") {
            Ok(text.to_owned())
        } else {
            Err(
                "must have at most 127 letters, digits or characters of `-_.:`, and not begin with `amq.`",
            )
        }
    });
    EventsConfig {
        retention: Some(retention).filter(|retention| !retention.is_zero()),
        exchange: exchange.unwrap_or_else(|| "divan.events".to_owned()),
    }
}
