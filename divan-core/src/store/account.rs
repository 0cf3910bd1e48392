use time::OffsetDateTime;

use super::{
    EndSessions, NewMessage, PasskeyChange, SecondFactor, SessionProof, StoreError,
    StoredChallenge, StoredDevice, StoredPromotion, StoredSession, UsedChallenge,
};
use crate::password::PasswordHash;
use crate::throttle::{AccountKey, ThrottleUpdate};
use crate::types::{
    AuditEvent, DeviceId, Email, ExternalId, Metadata, Phone, PromotionId, Role, SessionId,
    TelegramClient, TelegramId, User,
};

/// A user with credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The user, without [`User::metadata`].
    pub user: User,
    /// Attributes for the application.
    pub metadata: Metadata,
    /// The password hash.
    pub password_hash: PasswordHash,
    /// Last sign-in with the password in the Mini App; `None` after a sign-out.
    pub password_verified_at: Option<OffsetDateTime>,
    /// Expiry of a generated password, which must be changed before; `None` for a password that the
    /// user chose.
    pub password_expires_at: Option<OffsetDateTime>,
    /// Version of the password: it increases with each change and reset, and when the user is
    /// deactivated or gets another role, but not with a new hash of the same password.
    pub password_version: u64,
    /// The second factor of an administrator.
    pub second_factor: SecondFactor,
    /// Bot and Telegram client of the last sign-in with init data; `None` without a linked Telegram
    /// account.
    pub telegram_client: Option<TelegramClient>,
    /// Digests of the kinds of devices that the user signed in on with init data, the newest last.
    pub seen_devices: Vec<[u8; 8]>,
}

impl Account {
    /// Creates the account of a user who has not signed in yet.
    pub fn new(user: User, password_hash: PasswordHash) -> Self {
        Self {
            user,
            metadata: Metadata::default(),
            password_hash,
            password_verified_at: None,
            password_expires_at: None,
            password_version: 1,
            second_factor: SecondFactor::default(),
            telegram_client: None,
            seen_devices: Vec::new(),
        }
    }

    /// Returns the user with the metadata.
    pub fn into_user_with_metadata(self) -> User {
        User {
            metadata: Some(self.metadata),
            ..self.user
        }
    }

    /// Returns the account without the unique values that `after` changes. Until all users of a
    /// transaction have released theirs, another user cannot take them.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn releasing(&self, after: &Self) -> Self {
        let (before, after) = (&self.user, &after.user);
        let mut released = self.clone();
        if before.phone != after.phone {
            released.user.phone = None;
        }
        if before.email != after.email {
            released.user.email = None;
        }
        if before.telegram_id != after.telegram_id {
            released.user.telegram_id = None;
        }
        if before.external_id != after.external_id {
            released.user.external_id = None;
        }
        released
    }

    /// Returns `true` for an active administrator.
    pub(crate) fn is_active_admin(&self) -> bool {
        self.user.role == Role::Admin && self.user.is_active
    }
}

/// A user to insert, with the audit event of the insertion.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewUser {
    /// The account.
    pub account: Account,
    /// The audit event.
    pub event: AuditEvent,
    /// The messages to deliver.
    pub messages: Vec<NewMessage>,
}

impl NewUser {
    /// Combines an account with its audit event.
    pub fn new(account: Account, event: AuditEvent) -> Self {
        Self {
            account,
            event,
            messages: Vec::new(),
        }
    }

    /// Inserts these messages, too.
    #[must_use]
    pub fn messages(mut self, messages: impl IntoIterator<Item = NewMessage>) -> Self {
        self.messages.extend(messages);
        self
    }
}

/// Changes an account. `Ok(None)` leaves everything unchanged. An error leaves everything unchanged
/// too, and [`UserStore::update_account`](super::UserStore::update_account) returns it.
///
/// The error is a [`StoreError`] and not a type parameter, so that `dyn Store` stays possible:
/// [`StoreError::rejected`] carries an error of the caller, and [`StoreError::into_rejection`] gives
/// it back.
pub type UpdateFn<'a> =
    dyn Fn(&mut Account) -> Result<Option<AccountUpdate>, StoreError> + Send + Sync + 'a;

/// Changes that accompany the change of an account: first sessions end, then one begins, then
/// challenges, promotions, devices and counters change, then messages are inserted, then the user is
/// deleted, then the audit events are inserted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccountUpdate {
    /// Nothing changes, not even the account, when this session of the account has ended.
    pub require_live_session: Option<SessionId>,
    /// Nothing changes, not even the account, unless this challenge of the account exists. It is
    /// deleted.
    pub complete_challenge: Option<[u8; 32]>,
    /// Nothing changes, not even the account, unless this promotion of the account exists. It is
    /// deleted.
    pub end_promotion: Option<PromotionId>,
    /// The challenge of a passkey to mark as used. If it was used before, nothing changes, and the
    /// result is [`StoreErrorKind::PasskeyChanged`](super::StoreErrorKind::PasskeyChanged).
    pub use_challenge: Option<UsedChallenge>,
    /// The change of the passkeys. If it is not possible, nothing changes, and the result is
    /// [`StoreErrorKind::PasskeyChanged`](super::StoreErrorKind::PasskeyChanged).
    pub passkey: Option<PasskeyChange>,
    /// Deletes the user with all sessions, known devices, passkeys, challenges, promotions, and messages to the
    /// Telegram account. The id stays in audit events.
    pub delete_user: bool,
    /// The sessions to end.
    pub end: Option<EndSessions>,
    /// The session to begin. The oldest ends when there are
    /// [`MAX_LIVE_SESSIONS`](crate::session::MAX_LIVE_SESSIONS).
    pub begin: Option<StoredSession>,
    /// The proof to store with a session of the account.
    pub prove: Option<SessionProof>,
    /// The challenge to insert.
    pub begin_challenge: Option<StoredChallenge>,
    /// Deletes the messages to the Telegram account that wait, before others are inserted: it is not linked any
    /// more.
    pub delete_messages: bool,
    /// The promotion to insert. It replaces an earlier one of the user.
    pub request_promotion: Option<StoredPromotion>,
    /// The known device to insert or to renew.
    pub keep_device: Option<StoredDevice>,
    /// The known device of the account to delete.
    pub delete_device: Option<DeviceId>,
    /// The successful attempt to remove from its counters.
    pub settle: Option<ThrottleUpdate>,
    /// The accounts whose failed attempts no longer count.
    pub clear_counters: Vec<AccountKey>,
    /// Accounts whose phone number or e-mail address changes, before and after: failed attempts
    /// continue to count.
    pub move_counters: Vec<(AccountKey, AccountKey)>,
    /// The messages to deliver.
    pub messages: Vec<NewMessage>,
    /// Inserts an event of this time for each session that ends: see [`NewMessage::session_revoked`].
    pub report_ended: Option<OffsetDateTime>,
    /// The audit events.
    pub events: Vec<AuditEvent>,
}

impl AccountUpdate {
    /// An update without sessions and audit events.
    pub fn none() -> Self {
        Self::default()
    }

    /// Changes nothing when this session of the account has ended.
    #[must_use]
    pub fn require_live_session(mut self, session: SessionId) -> Self {
        self.require_live_session = Some(session);
        self
    }

    /// Changes nothing unless this challenge of the account exists, and deletes it.
    #[must_use]
    pub fn complete_challenge(mut self, challenge: [u8; 32]) -> Self {
        self.complete_challenge = Some(challenge);
        self
    }

    /// Changes nothing unless this promotion of the account exists, and deletes it.
    #[must_use]
    pub fn end_promotion(mut self, promotion: PromotionId) -> Self {
        self.end_promotion = Some(promotion);
        self
    }

    /// Deletes the messages to the Telegram account that wait.
    #[must_use]
    pub fn delete_messages(mut self) -> Self {
        self.delete_messages = true;
        self
    }

    /// Inserts this promotion. It replaces an earlier one of the user.
    #[must_use]
    pub fn request_promotion(mut self, promotion: StoredPromotion) -> Self {
        self.request_promotion = Some(promotion);
        self
    }

    /// Marks this challenge of a passkey as used.
    #[must_use]
    pub fn use_challenge(mut self, challenge: UsedChallenge) -> Self {
        self.use_challenge = Some(challenge);
        self
    }

    /// Changes the passkeys of the account.
    #[must_use]
    pub fn passkey(mut self, change: PasskeyChange) -> Self {
        self.passkey = Some(change);
        self
    }

    /// Stores this proof with a session of the account.
    #[must_use]
    pub fn prove(mut self, proof: SessionProof) -> Self {
        self.prove = Some(proof);
        self
    }

    /// Inserts this challenge.
    #[must_use]
    pub fn begin_challenge(mut self, challenge: StoredChallenge) -> Self {
        self.begin_challenge = Some(challenge);
        self
    }

    /// Deletes the user with all sessions, known devices, passkeys, challenges, promotions, and messages to the
    /// Telegram account.
    #[must_use]
    pub fn delete_user(mut self) -> Self {
        self.delete_user = true;
        self
    }

    /// Ends these sessions.
    #[must_use]
    pub fn end(mut self, sessions: EndSessions) -> Self {
        self.end = Some(sessions);
        self
    }

    /// Inserts this audit event.
    #[must_use]
    pub fn event(mut self, event: AuditEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Inserts this message, if there is one.
    #[must_use]
    pub fn message(mut self, message: impl Into<Option<NewMessage>>) -> Self {
        self.messages.extend(message.into());
        self
    }

    /// Inserts an event of this time for each session that ends.
    #[must_use]
    pub fn report_ended(mut self, at: OffsetDateTime) -> Self {
        self.report_ended = Some(at);
        self
    }

    /// Inserts or renews this known device.
    #[must_use]
    pub fn keep_device(mut self, device: StoredDevice) -> Self {
        self.keep_device = Some(device);
        self
    }

    /// Deletes this known device.
    #[must_use]
    pub fn delete_device(mut self, device: DeviceId) -> Self {
        self.delete_device = Some(device);
        self
    }

    /// Removes the successful attempt from its counters: see [`ThrottleUpdate::settle`].
    #[must_use]
    pub fn settle(mut self, attempt: ThrottleUpdate) -> Self {
        self.settle = Some(attempt);
        self
    }

    /// Deletes the counters of these accounts: failed attempts no longer count.
    #[must_use]
    pub fn clear_counters(mut self, accounts: impl IntoIterator<Item = AccountKey>) -> Self {
        self.clear_counters.extend(accounts);
        self
    }

    /// Moves the counters of the accounts, which replace those of the new keys. The waits between
    /// attempts ([`ThrottleKind::UntrustedLane`](crate::throttle::ThrottleKind::UntrustedLane) and
    /// [`TrustedLane`](crate::throttle::ThrottleKind::TrustedLane)) do not move.
    #[must_use]
    pub fn move_counters(
        mut self,
        accounts: impl IntoIterator<Item = (AccountKey, AccountKey)>,
    ) -> Self {
        self.move_counters.extend(accounts);
        self
    }

    /// Begins this session.
    #[must_use]
    pub fn begin(mut self, session: StoredSession) -> Self {
        self.begin = Some(session);
        self
    }
}

/// An account that was changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdatedAccount {
    /// The account after the change, also of a user who was deleted.
    pub account: Account,
    /// The sessions that the change ended.
    pub ended: Vec<SessionId>,
}

/// Unique values of users to find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserKeys {
    /// The phone numbers.
    pub phones: Vec<Phone>,
    /// The e-mail addresses.
    pub emails: Vec<Email>,
    /// The linked Telegram accounts.
    pub telegram_ids: Vec<TelegramId>,
    /// The external ids.
    pub external_ids: Vec<ExternalId>,
}
