//! Commands for the bot's menu button.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use divan_core::infra::{Env, TELEGRAM_BOT_TOKEN};

use super::config::checked;
use super::operator::block_on;
use super::{Outcome, output};
use crate::bot_api::Bot;
use crate::logging;
use crate::telegram::{BUTTON_TEXT, ButtonSet, MenuButtonSetup};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the bot's menu button open the Mini App, and list the steps to do by hand
    Setup(Setup),
    /// Check that the bot opens the Mini App; exits with 1 otherwise
    Check,
}

#[derive(Args, Debug)]
pub(super) struct Setup {
    /// Text of the button
    #[arg(long, value_name = "TEXT", default_value = BUTTON_TEXT)]
    button: String,
}

pub(super) fn run(command: &Command) -> Outcome {
    // Nothing listens and nothing is created; the address only affects settings that are not used.
    let mut env = Env::of_process();
    let config = checked(&mut env)?;
    let Some(menu_button) = MenuButtonSetup::from_config(&config) else {
        env.require(&TELEGRAM_BOT_TOKEN, "this command requires it");
        env.finish()?;
        return Ok(ExitCode::FAILURE);
    };
    let menu_button = menu_button?;
    // A wait for Telegram is logged.
    logging::start();
    block_on(async {
        let mut status = menu_button.inspect().await?;
        if let Command::Setup(setup) = command {
            output::line(
                match menu_button.set_button(&mut status, &setup.button).await? {
                    ButtonSet::Changed => "The menu button is set.",
                    ButtonSet::Unchanged => "The menu button was already set.",
                    ButtonSet::Refused => "The menu button was not changed.",
                },
            );
        }
        let problems = menu_button.problems(&status);
        for problem in &problems {
            output::line(&format!("problem: {problem}"));
        }
        if problems.is_empty() {
            output::line(&format!("@{} opens the Mini App.", status.bot.username));
        }
        print_manual_steps(&menu_button, &status.bot);
        Ok(if problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })?
}

fn print_manual_steps(menu_button: &MenuButtonSetup, bot: &Bot) {
    output::line("Do these steps once, in a chat with @BotFather:");
    for step in menu_button.manual_steps(bot) {
        output::line(&format!("  {step}"));
    }
}
