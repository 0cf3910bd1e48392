use crate::servers;
use crate::step::{Outcome, cargo_with};

const RUN: &str = "test --package divan-server --features system-tests --test server -- --nocapture \
     outbox::messages_of_a_killed_server_are_sent_by_the_other_one";

/// Sends 1,000 messages through two servers, kills one of them, and writes the table of the guide.
pub(crate) fn run(no_install: bool) -> Outcome {
    servers::postgres_programs(no_install)?;
    cargo_with(RUN, &[("DIVAN_WRITE_OUTBOX_TABLE", "1")])
}
