use super::{DEADLINE, Finding, clock};
use crate::bot_api::BotApiError;
use crate::config::Config;
use crate::error_chain::error_chain;
use crate::telegram::Binding;

const SUBJECT: &str = "telegram";

/// Whether the bot is the token's, opens the Mini App, and has the same time.
pub(super) async fn bot(config: &Config) -> Vec<Finding> {
    let Some(binding) = Binding::of(config) else {
        let text = if config.development.is_some() {
            "the development default's bot is made up: set TELEGRAM_BOT_TOKEN to sign in from Telegram"
        } else {
            "TELEGRAM_BOT_TOKEN is not set: no employee can sign in"
        };
        return vec![Finding::warning(SUBJECT, text)];
    };
    match tokio::time::timeout(DEADLINE, look(binding)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => vec![Finding::wrong(SUBJECT, error_chain(&error))],
        Err(_) => {
            let text =
                "the Bot API does not answer in time, or asks to wait: try again in a minute";
            vec![Finding::wrong(SUBJECT, text)]
        }
    }
}

async fn look(binding: Result<Binding, BotApiError>) -> Result<Vec<Finding>, BotApiError> {
    let binding = binding?;
    let found = binding.look().await?;
    let mut findings: Vec<Finding> = binding
        .faults(&found)
        .into_iter()
        .map(|fault| Finding::wrong(SUBJECT, fault))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(
            SUBJECT,
            format!("@{} opens the Mini App", found.bot.username),
        ));
    }
    findings.extend(
        found
            .clocks
            .map(|(here, there)| clock("clock (Telegram)", here, there)),
    );
    Ok(findings)
}
