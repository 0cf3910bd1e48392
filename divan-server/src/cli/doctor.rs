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
    // Nothing listens and nothing is made; the port only names the addresses of the development
    // default.
    let mut env = Env::of_process();
    let config = Config::check(&mut env, LISTEN.into());
    if config.is_err() {
        warn(&env);
    }
    let config = config?;
    if stderr().is_terminal() {
        output::explain(
            "looking at everything, which takes some seconds where something does not answer",
        );
    }
    let findings = block_on(examine(&config, env.warnings()))?;
    if args.json {
        output::json(&findings)?;
    } else {
        output::table(["", "WHAT", "ANSWER", "IS"], findings.iter().map(row));
    }
    let is_wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    Ok(if is_wrong {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn row(finding: &Finding) -> [String; 4] {
    let state = match finding.state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Wrong => "WRONG",
    };
    let answer = finding
        .millis
        .map_or_else(|| "-".to_owned(), |millis| format!("{millis} ms"));
    [
        state.to_owned(),
        finding.subject.to_owned(),
        answer,
        finding.text.clone(),
    ]
}
