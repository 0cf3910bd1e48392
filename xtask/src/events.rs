use crate::servers;
use crate::step::{Outcome, cargo_with};

const RUN: &str = "test --package divan-server --features system-tests --test server -- --nocapture \
     event_delivery::long";

/// Stops RabbitMQ for a minute under load, kills one of two servers, and writes the table of the guide.
pub(crate) fn run(no_install: bool) -> Outcome {
    servers::postgres_programs(no_install)?;
    cargo_with(RUN, &[("DIVAN_WRITE_EVENTS_TABLE", "1")])
}
