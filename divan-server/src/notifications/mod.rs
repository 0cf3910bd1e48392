//! Delivery of messages to people through the Bot API.

mod language;
mod texts;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use divan_core::service::{AuthService, Delivery, OutgoingMessage};
use divan_core::types::Role;
use futures_util::future::join_all;
use tokio::sync::watch;
use url::Url;
use uuid::Uuid;

use crate::bot_api::{BotApi, BotApiError, Button};
use crate::config::Config;
use crate::error_chain::error_chain;
use language::Language;

/// Maximum number of messages that are claimed and sent together: a third of those of a second.
const BATCH: u32 = 10;

/// Maximum duration of an attempt. The lease of a message is longer.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Wait when no message is due.
const IDLE: Duration = Duration::from_secs(1);

/// Wait after a failure of the database.
const NO_DATABASE: Duration = Duration::from_secs(5);

/// Longest pause of this server after a 429. The message itself waits as long as Telegram asks for.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Sends messages through the configured bots.
#[derive(Debug)]
pub(crate) struct Notifier {
    service: AuthService,
    /// The main bot first.
    bots: Vec<BotApi>,
    /// Address of the own sessions in the Mini App, if Telegram opens it.
    miniapp: Option<Url>,
    /// Address of the own sessions in the admin panel.
    admin: Url,
    /// Random id of this server.
    server: Uuid,
    attempt: Duration,
    is_failing: AtomicBool,
}

impl Notifier {
    /// Creates the sender of messages, if they are on.
    pub(crate) fn from_config(
        config: &Config,
        service: AuthService,
    ) -> Result<Option<Self>, BotApiError> {
        if !config.notifications {
            return Ok(None);
        }
        let telegram = &config.infra.telegram;
        let is_test = telegram.test_environment;
        let bot = |(variable, token): (_, &divan_core::init_data::BotToken)| {
            let token = (variable, token.clone());
            BotApi::new(&telegram.api_url, telegram.proxy.as_ref(), token, is_test)
        };
        let bots = telegram
            .current_tokens()
            .map(bot)
            .collect::<Result<Vec<_>, _>>()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the id only distinguishes servers, and need not be predictable"
        )]
        let server = Uuid::new_v4();
        let miniapp = &config.addresses.miniapp;
        // Telegram refuses a message with another address.
        let is_openable = miniapp.scheme() == "https" || is_test;
        Ok(Some(Self {
            service,
            bots,
            miniapp: is_openable.then(|| with_fragment(miniapp, "sessions")),
            admin: with_fragment(&config.addresses.admin, "/account"),
            server,
            attempt: ATTEMPT,
            is_failing: AtomicBool::new(false),
        }))
    }

    /// Sends messages until the server stops. Messages that are being sent then are completed.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let pause = self.send_due().await;
            tokio::select! {
                // A closed channel stops, too.
                changed = stopped.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Claims messages, sends them concurrently, and settles them. Returns the wait until the next claim.
    async fn send_due(&self) -> Duration {
        let claimed = match self.service.claim_messages(self.server, BATCH).await {
            Ok(claimed) => claimed,
            Err(error) => {
                self.report("cannot read messages", &error);
                return NO_DATABASE;
            }
        };
        if claimed.is_empty() {
            return IDLE;
        }
        let sent = join_all(claimed.iter().map(|message| self.send(message))).await;
        let pauses = sent.into_iter().filter_map(|outcome| match outcome {
            Delivery::RetryAfter(wait) => Some(wait.min(MAX_PAUSE)),
            _ => None,
        });
        pauses.max().unwrap_or_default()
    }

    /// Sends a message and settles it.
    async fn send(&self, message: &OutgoingMessage) -> Delivery {
        let outcome = self.attempt(message).await;
        if let Err(error) = self.service.settle_message(message, outcome).await {
            // The lease expires, and the message is sent again.
            self.report("cannot store the outcome of a message", &error);
        }
        outcome
    }

    async fn attempt(&self, message: &OutgoingMessage) -> Delivery {
        let Some(bot) = self.bot(message) else {
            return Delivery::Failed;
        };
        let client = message.client.as_ref();
        let language = Language::of(client.and_then(|client| client.language.as_deref()));
        let text = texts::text(language, message);
        let button = self.button(language, message.role);
        let sending = bot.send_message(message.telegram_id.0, &text, button.as_ref());
        let error = match tokio::time::timeout(self.attempt, sending).await {
            Ok(Ok(())) => {
                self.is_failing.store(false, Ordering::Relaxed);
                return Delivery::Delivered;
            }
            Ok(Err(error)) => error,
            Err(_) => {
                tracing::debug!("the Bot API did not respond in time to a message");
                return Delivery::Failed;
            }
        };
        let outcome = match &error {
            BotApiError::Unwritable(_) => {
                let bot_id = bot.id();
                return Delivery::Unreachable { bot_id };
            }
            BotApiError::TooManyRequests(wait) => Delivery::RetryAfter(*wait),
            BotApiError::Refused(_) => Delivery::Refused,
            _ => Delivery::Failed,
        };
        self.report("cannot send a message", &error);
        outcome
    }

    /// Returns the bot that the user last signed in with, or the main bot.
    fn bot(&self, message: &OutgoingMessage) -> Option<&BotApi> {
        let last = message.client.as_ref().map(|client| client.bot_id);
        let mut bots = self.bots.iter();
        bots.find(|bot| Some(bot.id()) == last)
            .or(self.bots.first())
    }

    /// Returns the button that opens the user's own sessions. Administrators cannot sign in to the Mini App.
    fn button(&self, language: Language, role: Role) -> Option<Button> {
        let text = texts::button(language).to_owned();
        match role {
            Role::Employee => {
                let url = self.miniapp.clone()?;
                Some(Button::mini_app(text, &url))
            }
            _ => Some(Button::link(text, &self.admin)),
        }
    }

    /// Logs the first failure in a row as a warning.
    fn report(&self, event: &'static str, error: &(dyn Error + 'static)) {
        let error = error_chain(error);
        if self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::debug!(error, "{event}");
        } else {
            tracing::warn!(
                error,
                "{event}; it is repeated, and further failures are logged at debug level"
            );
        }
    }
}

fn with_fragment(url: &Url, fragment: &str) -> Url {
    let mut url = url.clone();
    url.set_fragment(Some(fragment));
    url
}
