use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Args;
use divan_core::infra::Env;

use super::config::{LISTEN, warn};
use super::operator::block_on;
use super::{Outcome, output};
use crate::config::Config;
use crate::doctor::{Finding, State, examine};

#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn doctor(args: &DoctorArgs) -> Outcome {
    // Nothing listens and nothing is created; the port is only part of the addresses of development
    // mode.
    let mut env = Env::of_process();
    let config = Config::check(&mut env, LISTEN.into());
    if config.is_err() {
        warn(&env);
    }
    let config = config?;
    if stderr().is_terminal() {
        output::explain(
            "running all checks, which takes some seconds when a service does not respond",
        );
    }
    let findings = block_on(examine(&config, env.warnings()))?;
    if args.json {
        output::json(&findings)?;
    } else {
        output::table(["", "CHECK", "TIME", "RESULT"], findings.iter().map(row));
    }
    let has_errors = findings.iter().any(|finding| finding.state == State::Error);
    Ok(if has_errors {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn row(finding: &Finding) -> [String; 4] {
    let state = match finding.state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Error => "ERROR",
    };
    let time = finding
        .millis
        .map_or_else(|| "-".to_owned(), |millis| format!("{millis} ms"));
    [
        state.to_owned(),
        finding.subject.to_owned(),
        time,
        finding.text.clone(),
    ]
}
