use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::session::EndReason;
use crate::types::{EventData, SessionId, UserId};

/// Messages to deliver. They are inserted in the transaction of the change that they report: see
/// [`AccountUpdate::message`](super::AccountUpdate::message). The messages of a user on a channel are
/// delivered in the order of their insertion.
#[async_trait]
pub trait OutboxStore: std::fmt::Debug + Send + Sync {
    /// Claims messages that are due: one lease for each, and of each user only the oldest message that
    /// has not finished. Of several concurrent callers, only one gets a message.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn claim_messages(&self, claim: &ClaimMessages)
    -> Result<Vec<StoredMessage>, StoreError>;

    /// Ends a lease with the outcome of the attempt. Returns `false`, and changes nothing, when the
    /// message was claimed again or deleted since.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn settle_message(
        &self,
        lease: MessageLease,
        outcome: MessageOutcome,
    ) -> Result<bool, StoreError>;

    /// Counts the messages of a channel that have not finished.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn waiting_messages(
        &self,
        channel: MessageChannel,
    ) -> Result<WaitingMessages, StoreError>;

    /// Deletes messages that finished before this time. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_messages(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

named_enum! {
    /// The way in which a message is delivered.
    pub enum MessageChannel {
        /// A message of the bot to the user's Telegram account. It is deleted with the user.
        Telegram = "telegram",
        /// An event for other services. It is delivered by the log of events, and outlives the user: see
        /// [`EventStore`](super::EventStore).
        Event = "event",
    }

    UnknownMessageChannel = "unknown channel of a message"
}

named_enum! {
    /// The final state of a message.
    pub enum FinishedState {
        /// It was delivered.
        Delivered = "delivered",
        /// The user cannot be reached on the channel.
        Undeliverable = "undeliverable",
        /// It was not delivered in time, or is refused each time.
        GivenUp = "given_up",
    }
}

/// State of a message that has not finished.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) const WAITING: &str = "waiting";

/// A message to insert. It contains neither secrets nor contacts of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewMessage {
    /// The channel.
    pub channel: MessageChannel,
    /// The user whom the message is for.
    pub user: UserId,
    /// The name of the reported change.
    pub kind: String,
    /// Details of the change, as JSON.
    pub parameters: String,
    /// Time of the change.
    pub created_at: OffsetDateTime,
}

impl NewMessage {
    /// Creates a message without details.
    pub fn new(
        channel: MessageChannel,
        user: UserId,
        kind: impl Into<String>,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            channel,
            user,
            kind: kind.into(),
            parameters: "{}".to_owned(),
            created_at,
        }
    }

    /// Creates an event.
    pub fn event(user: UserId, data: &EventData, created_at: OffsetDateTime) -> Self {
        Self {
            parameters: Value::Object(data.details()).to_string(),
            ..Self::new(MessageChannel::Event, user, data.event_type(), created_at)
        }
    }

    /// Creates the event of the end of a session.
    pub fn session_revoked(
        user: UserId,
        session_id: SessionId,
        reason: EndReason,
        created_at: OffsetDateTime,
    ) -> Self {
        let data = EventData::SessionRevoked { session_id, reason };
        Self::event(user, &data, created_at)
    }
}

/// A claimed message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredMessage {
    /// The lease of this claim.
    pub lease: MessageLease,
    /// The message as it was inserted.
    pub message: NewMessage,
}

impl StoredMessage {
    /// Combines a message with its lease.
    pub fn new(lease: MessageLease, message: NewMessage) -> Self {
        Self { lease, message }
    }
}

/// The right to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageLease {
    /// The message. Later messages of a user have greater ids.
    pub message: i64,
    /// The server that has the lease.
    pub owner: Uuid,
    /// Number of claims of the message, with this one.
    pub attempts: u32,
}

impl MessageLease {
    /// Creates the lease of a claim.
    pub fn new(message: i64, owner: Uuid, attempts: u32) -> Self {
        Self {
            message,
            owner,
            attempts,
        }
    }
}

/// Conditions of a claim.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClaimMessages {
    /// The channel.
    pub channel: MessageChannel,
    /// The server that claims.
    pub owner: Uuid,
    /// The current time.
    pub now: OffsetDateTime,
    /// Expiry of the leases. Afterwards others can claim the messages.
    pub until: OffsetDateTime,
    /// Maximum number of messages.
    pub limit: u32,
    /// Maximum number of claims on the channel within a second, by all servers.
    pub per_second: u32,
}

impl ClaimMessages {
    /// Claims up to `limit` messages until a time, with no limit per second.
    pub fn new(
        channel: MessageChannel,
        owner: Uuid,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Self {
        Self {
            channel,
            owner,
            now,
            until,
            limit,
            per_second: u32::MAX,
        }
    }

    /// Start of the second that the limit per second counts.
    pub(super) fn since(&self) -> OffsetDateTime {
        self.now.saturating_sub(time::Duration::SECOND)
    }
}

/// The outcome of an attempt to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageOutcome {
    /// The next attempt is due at this time.
    Retry {
        /// The time.
        at: OffsetDateTime,
    },
    /// There is no further attempt.
    Finished {
        /// The final state.
        state: FinishedState,
        /// The time.
        at: OffsetDateTime,
    },
}

/// Messages that have not finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingMessages {
    /// Their number.
    pub count: u64,
    /// Time of the oldest change that they report.
    pub oldest: Option<OffsetDateTime>,
}

impl WaitingMessages {
    /// Combines number and age.
    pub fn new(count: u64, oldest: Option<OffsetDateTime>) -> Self {
        Self { count, oldest }
    }
}
