//! The binding of the bot to the Mini App, from the command line.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use divan_core::infra::Env;

use super::config::checked;
use super::operator::block_on;
use super::{Outcome, output};
use crate::bot_api::Bot;
use crate::logging;
use crate::telegram::{BUTTON_TEXT, Binding, ButtonSet};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Have the bot's menu button open the Mini App, and tell what is left to do by hand
    Setup(Setup),
    /// Tell whether the bot opens the Mini App; exits with 1 when something is wrong
    Check,
}

#[derive(Args, Debug)]
pub(super) struct Setup {
    /// What the button says
    #[arg(long, value_name = "TEXT", default_value = BUTTON_TEXT)]
    button: String,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no bot: set TELEGRAM_BOT_TOKEN")]
struct NoBot;

pub(super) fn run(command: &Command) -> Outcome {
    // Nothing listens and nothing is made; the address only decides things that are not used here.
    let config = checked(&mut Env::of_process())?;
    let binding = Binding::of(&config).ok_or(NoBot)??;
    // Whoever is told to wait learns of it.
    logging::start();
    block_on(async {
        let mut found = binding.look().await?;
        if let Command::Setup(setup) = command {
            output::line(match binding.set_button(&mut found, &setup.button).await? {
                ButtonSet::Now => "The menu button is set.",
                ButtonSet::Before => "The menu button was set already.",
                ButtonSet::Not => "The menu button is left as it is.",
            });
        }
        let faults = binding.faults(&found);
        for fault in &faults {
            output::line(&format!("wrong: {fault}"));
        }
        if faults.is_empty() {
            output::line(&format!("@{} opens the Mini App.", found.bot.username));
        }
        show_by_hand(&binding, &found.bot);
        Ok(if faults.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })?
}

fn show_by_hand(binding: &Binding, bot: &Bot) {
    output::line("To be done by hand, once, in a chat with @BotFather:");
    for step in binding.by_hand(bot) {
        output::line(&format!("  {step}"));
    }
}
