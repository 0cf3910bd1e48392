use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{InitData, InitDataBuilder, InitDataError, Verifier};
use serde_json::{Map, Value};

use super::Outcome;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print init data of now, signed with the configured bot token (or the one of the development default)
    Sign(SignArgs),
    /// Check raw init data from standard input; prints its fields as JSON, or the error's code
    Verify {
        /// How old it may be, in seconds
        #[arg(long, value_name = "SECONDS")]
        max_age: u64,
    },
}

#[derive(Args, Debug)]
pub(super) struct SignArgs {
    /// The Telegram account's id
    #[arg(long)]
    user_id: i64,
    /// The account's first name
    #[arg(long, default_value = "Development")]
    first_name: String,
    /// The account's user name
    #[arg(long)]
    username: Option<String>,
    /// The parameter of the link that the Mini App was opened by
    #[arg(long)]
    start_param: Option<String>,
}

pub(super) fn run(command: &Command) -> Outcome {
    let token = Config::bot_token()?;
    match command {
        Command::Sign(args) => {
            let builder = InitDataBuilder::new(SystemClock.unix_seconds());
            let mut builder = match &args.username {
                Some(username) => builder.user_named(args.user_id, &args.first_name, username),
                None => builder.user(args.user_id, &args.first_name),
            };
            if let Some(start_param) = &args.start_param {
                builder = builder.field("start_param", start_param);
            }
            print(&builder.sign(&token));
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify { max_age } => {
            let raw = read_line()?;
            verify(&Verifier::new(token, Duration::from_secs(*max_age)), &raw)
        }
    }
}

fn verify(verifier: &Verifier, raw: &str) -> Outcome {
    match verifier.verify(raw).and_then(|data| fields(&data)) {
        Ok(fields) => {
            print(&serde_json::to_string_pretty(&fields)?);
            Ok(ExitCode::SUCCESS)
        }
        Err(refused) => {
            print(refused.code());
            explain(refused);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The verified fields: the objects as objects, everything else as the text that it is.
fn fields(data: &InitData<'_>) -> Result<Map<String, Value>, InitDataError> {
    data.user()?;
    data.receiver()?;
    data.chat()?;
    let value = |name: &str, text: &str| match name {
        "user" | "receiver" | "chat" => serde_json::from_str(text).unwrap_or(Value::Null),
        _ => Value::from(text),
    };
    Ok(data.fields().map(|(name, text)| (name.to_owned(), value(name, text))).collect())
}

/// All of standard input, without the line feed that a shell adds.
fn read_line() -> std::io::Result<String> {
    /// More than any verifier takes, and no more memory than that.
    const LIMIT: u64 = 1024 * 1024;
    let mut raw = String::new();
    std::io::stdin().take(LIMIT).read_to_string(&mut raw)?;
    let line = raw.strip_suffix('\n').map_or(raw.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(line.to_owned())
}

#[expect(clippy::print_stdout, reason = "the output of the command")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the reason beside the code")]
fn explain(refused: InitDataError) {
    eprintln!("divan-server: {refused}");
}
