use super::{DEADLINE, Finding, clock};
use crate::bot_api::BotApiError;
use crate::config::Config;
use crate::error_chain::error_chain;
use crate::telegram::MenuButtonSetup;

const SUBJECT: &str = "telegram";

/// Checks that each bot belongs to its token, opens the Mini App, and has the same time.
pub(super) async fn bot(config: &Config) -> Vec<Finding> {
    let bots = match MenuButtonSetup::from_config(config) {
        Ok(bots) => bots,
        Err(error) => return vec![Finding::error(SUBJECT, error_chain(&error))],
    };
    if bots.is_empty() {
        let text = if config.development.is_some() {
            "the bot of development mode does not exist: set TELEGRAM_BOT_TOKEN to sign in from Telegram"
        } else {
            "TELEGRAM_BOT_TOKEN is not set: no employee can sign in"
        };
        return vec![Finding::warning(SUBJECT, text)];
    }
    let findings = futures_util::future::join_all(bots.iter().map(findings)).await;
    findings.into_iter().flatten().collect()
}

async fn findings(setup: &MenuButtonSetup) -> Vec<Finding> {
    match tokio::time::timeout(DEADLINE, inspect(setup)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => {
            let text = format!("{}: {}", setup.bot(), error_chain(&error));
            vec![Finding::error(SUBJECT, text)]
        }
        Err(_) => {
            let text =
                "the Bot API does not respond in time, or limits requests: try again in a minute";
            vec![Finding::error(SUBJECT, format!("{}: {text}", setup.bot()))]
        }
    }
}

async fn inspect(setup: &MenuButtonSetup) -> Result<Vec<Finding>, BotApiError> {
    let status = setup.inspect().await?;
    let mut findings: Vec<Finding> = setup
        .problems(&status)
        .into_iter()
        .map(|problem| Finding::error(SUBJECT, problem))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(
            SUBJECT,
            format!("{} opens the Mini App", status.bot),
        ));
    }
    findings.extend(
        status
            .clocks
            .map(|(local, remote)| clock("clock (Telegram)", local, remote)),
    );
    Ok(findings)
}
