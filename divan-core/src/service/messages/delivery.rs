//! Delivery of messages: claims, retries and the end of attempts.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{MessageKind, is_reachable};
use crate::service::AuthService;
use crate::service::session::to_time_duration;
use crate::store::{
    Account, AccountUpdate, ClaimMessages, FinishedState, MessageChannel, MessageLease,
    MessageOutcome, StoreError, StoredMessage, WaitingMessages,
};
use crate::types::{Role, TelegramClient, TelegramId, UserId};

/// The lifetime of a lease. It is longer than any attempt.
const LEASE: Duration = Duration::from_mins(1);

/// The maximum number of messages that all servers together claim within a second: Telegram's limit for a
/// bot.
const PER_SECOND: u32 = 30;

/// The time after which a message is given up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// The waits between attempts: doubled from the first to the longest one.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The time in which finished messages are kept.
const KEEP_FINISHED: Duration = Duration::from_hours(24);

/// A message to send now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutgoingMessage {
    /// The user.
    pub user: UserId,
    /// The role of the user, which decides where the own sessions are shown.
    pub role: Role,
    /// The Telegram account to send the message to.
    pub telegram_id: TelegramId,
    /// Bot and language of the user's last sign-in with init data; `None` if there was none.
    pub client: Option<TelegramClient>,
    /// The change that the message reports.
    pub kind: MessageKind,
    /// The operating system of a new device, if it is known.
    pub system: Option<String>,
    /// The time of the change.
    pub created_at: OffsetDateTime,
    lease: MessageLease,
}

/// The outcome of an attempt to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub enum Delivery {
    /// The message was accepted.
    Delivered,
    /// The user does not accept messages of this bot.
    Unreachable {
        /// The bot.
        bot_id: i64,
    },
    /// The message itself was refused: further attempts would be, too.
    Refused,
    /// Further attempts are allowed after this time.
    RetryAfter(Duration),
    /// The outcome is unknown, or the service failed.
    Failed,
}

named_enum! {
    /// The result of an attempt to deliver a message.
    pub enum MessageResult {
        /// The message was delivered.
        Delivered = "delivered",
        /// The attempt failed and is repeated.
        Failed = "failed",
        /// The user cannot be reached.
        Undeliverable = "undeliverable",
        /// The message was given up.
        GivenUp = "given_up",
    }
}

/// # Messages
impl AuthService {
    /// Claims messages to send, at most `limit`. Several servers can call it concurrently: each message is
    /// claimed by one of them. `server` is a random id of the caller. End each claim with
    /// [`settle_message`](Self::settle_message) within a minute; otherwise the message is claimed again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_messages(
        &self,
        server: Uuid,
        limit: u32,
    ) -> Result<Vec<OutgoingMessage>, StoreError> {
        let now = self.now();
        let until = now.saturating_add(to_time_duration(LEASE));
        let channel = MessageChannel::Telegram;
        let mut claim = ClaimMessages::new(channel, server, now, until, limit);
        claim.per_second = PER_SECOND;
        let claimed = self.parts.store.claim_messages(&claim).await?;
        let mut outgoing = Vec::with_capacity(claimed.len());
        for stored in claimed {
            outgoing.extend(self.outgoing(stored, now).await?);
        }
        Ok(outgoing)
    }

    /// Completes a claimed message with the account. Settles it if it cannot be sent.
    async fn outgoing(
        &self,
        stored: StoredMessage,
        now: OffsetDateTime,
    ) -> Result<Option<OutgoingMessage>, StoreError> {
        let StoredMessage { lease, message } = stored;
        let Ok(kind) = message.kind.parse::<MessageKind>() else {
            // A newer server has written it, and can deliver it.
            self.retry(lease, message.created_at, LONGEST_WAIT).await?;
            return Ok(None);
        };
        if now >= give_up_at(message.created_at) {
            let result = MessageResult::GivenUp;
            self.finish(lease, result, FinishedState::GivenUp).await?;
            return Ok(None);
        }
        let account = self.parts.store.account(message.user).await?;
        let account = account.filter(is_reachable);
        let telegram_id = account.as_ref().and_then(|a| a.user.telegram_id);
        let (Some(account), Some(telegram_id)) = (account, telegram_id) else {
            self.finish(
                lease,
                MessageResult::Undeliverable,
                FinishedState::Undeliverable,
            )
            .await?;
            return Ok(None);
        };
        Ok(Some(OutgoingMessage {
            user: message.user,
            role: account.user.role,
            telegram_id,
            client: account.telegram_client,
            kind,
            system: system(&message.parameters),
            created_at: message.created_at,
            lease,
        }))
    }

    /// Ends a claim with the outcome of the attempt. Failed attempts are repeated after 5 seconds, then
    /// after up to 15 minutes, for 24 hours. Then the message is given up, and a log line reports it.
    ///
    /// # Errors
    /// When the database fails: the message will be claimed again after a minute.
    pub async fn settle_message(
        &self,
        message: &OutgoingMessage,
        outcome: Delivery,
    ) -> Result<(), StoreError> {
        let (lease, created_at) = (message.lease, message.created_at);
        match outcome {
            Delivery::Delivered => {
                let result = MessageResult::Delivered;
                self.finish(lease, result, FinishedState::Delivered).await
            }
            Delivery::Unreachable { bot_id } => {
                self.set_unreachable(message, bot_id).await?;
                self.finish(
                    lease,
                    MessageResult::Undeliverable,
                    FinishedState::Undeliverable,
                )
                .await
            }
            Delivery::Refused => {
                let result = MessageResult::GivenUp;
                self.finish(lease, result, FinishedState::GivenUp).await
            }
            Delivery::RetryAfter(wait) => self.retry(lease, created_at, wait).await,
            Delivery::Failed => {
                let wait = self.wait_after(lease.attempts);
                self.retry(lease, created_at, wait).await
            }
        }
    }

    /// Returns the number of messages that wait, and the time of the oldest change that they report.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting_messages(&self) -> Result<WaitingMessages, StoreError> {
        let channel = MessageChannel::Telegram;
        self.parts.store.waiting_messages(channel).await
    }

    /// Deletes messages that finished more than a day ago, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_messages(&self) -> Result<u64, StoreError> {
        let before = self.now().saturating_sub(to_time_duration(KEEP_FINISHED));
        self.parts.store.purge_messages(before).await
    }

    async fn finish(
        &self,
        lease: MessageLease,
        result: MessageResult,
        state: FinishedState,
    ) -> Result<(), StoreError> {
        let at = self.now();
        let outcome = MessageOutcome::Finished { state, at };
        if self.parts.store.settle_message(lease, outcome).await? {
            self.parts.messages.count(result);
            if state == FinishedState::GivenUp {
                let (message, attempts) = (lease.message, lease.attempts);
                tracing::warn!(message, attempts, "gave up a message to a user");
            }
        }
        Ok(())
    }

    /// Plans the next attempt, or gives the message up when it would be too late.
    async fn retry(
        &self,
        lease: MessageLease,
        created_at: OffsetDateTime,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let at = self.now().saturating_add(to_time_duration(wait));
        if at >= give_up_at(created_at) {
            let result = MessageResult::GivenUp;
            return self.finish(lease, result, FinishedState::GivenUp).await;
        }
        let outcome = MessageOutcome::Retry { at };
        if self.parts.store.settle_message(lease, outcome).await? {
            self.parts.messages.count(MessageResult::Failed);
        }
        Ok(())
    }

    /// Returns the wait after the failure of this attempt: between half of the doubled wait and the whole
    /// of it, so that messages that failed together are not repeated together.
    fn wait_after(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let longest = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
        let mut random = [0];
        // Without randomness the wait is the shortest one.
        let _ = self.parts.entropy.fill(&mut random);
        longest / 2 + longest / 2 * u32::from(random[0]) / 255
    }

    /// Stores that the user does not accept messages of the bot, until a sign-in reports the opposite.
    async fn set_unreachable(
        &self,
        message: &OutgoingMessage,
        bot_id: i64,
    ) -> Result<(), StoreError> {
        let change = |account: &mut Account| {
            let client = message.client.as_ref();
            let is_other_bot = client.is_some_and(|client| client.bot_id != bot_id);
            if is_other_bot
                || account.user.telegram_id != Some(message.telegram_id)
                || account.telegram_client != message.client
            {
                return Ok(None);
            }
            let client = account
                .telegram_client
                .get_or_insert_with(|| TelegramClient::new(bot_id));
            client.allows_write_to_pm = Some(false);
            Ok(Some(AccountUpdate::none()))
        };
        let updated = self.update_account(message.user, &change);
        updated.await.map(drop)
    }
}

fn give_up_at(created_at: OffsetDateTime) -> OffsetDateTime {
    created_at.saturating_add(to_time_duration(GIVE_UP_AFTER))
}

/// Returns the operating system in the parameters of a message.
fn system(parameters: &str) -> Option<String> {
    let parameters: Value = serde_json::from_str(parameters).ok()?;
    Some(parameters.get("system")?.as_str()?.to_owned())
}
