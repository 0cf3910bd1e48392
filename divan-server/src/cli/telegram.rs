//! Commands for the bot's menu button.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use divan_core::infra::{Env, TELEGRAM_BOT_TOKEN};

use super::config::checked;
use super::operator::block_on;
use super::{Outcome, output};
use crate::bot_api::{Bot, BotApiError};
use crate::error_chain::error_summary;
use crate::logging;
use crate::telegram::{ButtonSet, MenuButtonSetup};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the bot's menu button open the Mini App, and list the steps that are left to do by hand
    Setup(Setup),
    /// Check that the bot opens the Mini App; exits with 1 otherwise
    Check,
}

#[derive(Args, Debug)]
pub(super) struct Setup {
    /// Text of the button [default: the present one, or `Open`]
    #[arg(long, value_name = "TEXT")]
    button: Option<String>,
}

pub(super) fn run(command: &Command) -> Outcome {
    // Nothing listens and nothing is created; the address only affects settings that are not used.
    let mut env = Env::of_process();
    let config = checked(&mut env)?;
    let bots = MenuButtonSetup::from_config(&config)?;
    if bots.is_empty() {
        env.require(&TELEGRAM_BOT_TOKEN, "this command requires it");
        env.finish()?;
        return Ok(ExitCode::FAILURE);
    }
    // A wait for Telegram is logged.
    logging::start();
    block_on(async {
        let mut is_complete = true;
        for bot in &bots {
            is_complete &= inspect(command, bot).await.unwrap_or_else(|error| {
                let (bot, error) = (bot.bot(), error_summary(&error));
                output::explain(&format!("divan-server: {bot}: {error}"));
                false
            });
        }
        Ok(if is_complete {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })?
}

/// Prints the status of one bot, after setting its button if the command is to set it. Returns `true` if
/// the bot has no problems.
async fn inspect(command: &Command, menu_button: &MenuButtonSetup) -> Result<bool, BotApiError> {
    let mut status = menu_button.inspect().await?;
    if let Command::Setup(setup) = command {
        let text = setup.button.as_deref();
        let set = match menu_button.set_button(&mut status, text).await? {
            ButtonSet::Changed => "the menu button is set",
            ButtonSet::Unchanged => "the menu button was already set",
            ButtonSet::Refused => "the menu button was not changed",
        };
        output::line(&format!("{}: {set}.", status.bot));
    }
    let problems = menu_button.problems(&status);
    for problem in &problems {
        output::line(&format!("problem: {problem}"));
    }
    if problems.is_empty() {
        output::line(&format!("{} opens the Mini App.", status.bot));
    }
    print_manual_steps(menu_button, &status.bot);
    Ok(problems.is_empty())
}

fn print_manual_steps(menu_button: &MenuButtonSetup, bot: &Bot) {
    let steps = menu_button.manual_steps(bot);
    if !steps.is_empty() {
        output::line("Do this once, in a chat with @BotFather:");
    }
    for step in steps {
        output::line(&format!("  {step}"));
    }
}
