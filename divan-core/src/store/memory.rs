mod events;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use self::events::ConsumerRow;
use super::{
    Account, AccountUpdate, AuditQuery, AuditStore, BootstrapClaim, BootstrapStore, ChallengeStore,
    ClaimMessages, DeviceStore, EndSessions, EventLog, FoundUsers, MAX_CHALLENGE_ATTEMPTS,
    MAX_DEVICES, MAX_PROMOTIONS, MAX_SERVICES, MessageChannel, MessageLease, MessageOutcome,
    NewMessage, NewUser, OutboxStore, PasskeyChange, PasskeyStore, PromotionStore, ServiceStore,
    SessionAdvance, SessionStore, Store, StoreError, StoreErrorKind, StoredChallenge, StoredDevice,
    StoredMessage, StoredPasskey, StoredPromotion, StoredService, StoredSession, StoredWebhook,
    ThrottleStore, UniqueKey, UpdateFn, UpdatedAccount, UserCount, UserKeys, UserQuery, UserStore,
    WaitingMessages,
};
use crate::session::{EndReason, MAX_ENDED_SESSIONS, MAX_LIVE_SESSIONS, SessionEnd};
use crate::throttle::{
    Counter, Decision, ThrottleKey, ThrottleKind, ThrottleOutcome, ThrottleUpdate,
};
use crate::types::{
    AuditEvent, DeviceId, Email, PasskeyId, Phone, PromotionId, ServiceId, ServiceSecretId,
    SessionId, TelegramId, User, UserId, WebhookId,
};

/// A store in memory, for tests and examples.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    bootstrapped: Arc<tokio::sync::Mutex<bool>>,
}

#[derive(Debug, Default)]
struct Tables {
    accounts: HashMap<UserId, Account>,
    sessions: HashMap<SessionId, StoredSession>,
    devices: HashMap<DeviceId, StoredDevice>,
    challenges: HashMap<[u8; 32], StoredChallenge>,
    promotions: HashMap<UserId, StoredPromotion>,
    passkeys: HashMap<PasskeyId, StoredPasskey>,
    used_challenges: HashMap<[u8; 16], OffsetDateTime>,
    services: BTreeMap<ServiceId, StoredService>,
    counters: HashMap<ThrottleKey, Counter>,
    audit: Vec<AuditEvent>,
    /// By id.
    outbox: BTreeMap<i64, OutboxRow>,
    last_message: i64,
    log: EventLog,
    consumers: BTreeMap<String, ConsumerRow>,
    webhooks: BTreeMap<WebhookId, StoredWebhook>,
}

#[derive(Debug)]
struct OutboxRow {
    message: NewMessage,
    position: Option<i64>,
    attempts: u32,
    claimed_at: Option<OffsetDateTime>,
    next_attempt_at: OffsetDateTime,
    lease: Option<(Uuid, OffsetDateTime)>,
    finished_at: Option<OffsetDateTime>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, wanted: impl Fn(&User) -> bool) -> Option<Account> {
        self.tables()
            .accounts
            .values()
            .find(|account| wanted(&account.user))
            .cloned()
    }
}

impl Tables {
    /// The constraint that this account, or its deletion, would violate.
    fn violation(&self, account: &Account, is_deleted: bool) -> Option<StoreErrorKind> {
        let before = self.accounts.get(&account.user.id);
        if before.is_some_and(Account::is_active_admin)
            && (is_deleted || !account.is_active_admin())
            && !self.others(account).any(Account::is_active_admin)
        {
            return Some(StoreErrorKind::LastAdmin);
        }
        self.conflict(account)
    }

    /// The unique value that another user has.
    fn conflict(&self, account: &Account) -> Option<StoreErrorKind> {
        self.others(account)
            .find_map(|other| shared_key(&account.user, &other.user))
            .map(StoreErrorKind::Conflict)
    }

    fn others(&self, account: &Account) -> impl Iterator<Item = &Account> {
        let id = account.user.id;
        let all = self.accounts.values();
        all.filter(move |other| other.user.id != id)
    }

    fn insert_users(&mut self, new: &[NewUser]) -> Result<(), StoreError> {
        for (inserted, NewUser { account, .. }) in new.iter().enumerate() {
            if let Some(violation) = self.violation(account, false) {
                for NewUser { account, .. } in &new[..inserted] {
                    self.accounts.remove(&account.user.id);
                }
                return Err(StoreError::new(violation));
            }
            self.accounts.insert(account.user.id, account.clone());
        }
        self.audit.extend(new.iter().map(|new| new.event.clone()));
        for message in new.iter().flat_map(|new| &new.messages) {
            self.insert_message(message.clone());
        }
        Ok(())
    }

    /// Calls `change` for an account, without writing.
    fn change_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<(Account, AccountUpdate)>, StoreError> {
        let Some(mut account) = self.accounts.get(&id).cloned() else {
            return Ok(None);
        };
        let Some(update) = change(&mut account)? else {
            return Ok(None);
        };
        let is_open = |session: &StoredSession| session.user == id && session.end.is_none();
        let has_ended = update
            .require_live_session
            .is_some_and(|open| !self.sessions.get(&open).is_some_and(is_open));
        let is_own = |challenge: &StoredChallenge| challenge.user == id;
        let is_missing = update
            .complete_challenge
            .is_some_and(|challenge| !self.challenges.get(&challenge).is_some_and(is_own));
        let is_void = update
            .end_promotion
            .is_some_and(|ended| self.promotions.get(&id).map(|found| found.id) != Some(ended));
        let was_used = update
            .use_challenge
            .is_some_and(|used| self.used_challenges.contains_key(&used.id));
        let is_possible = match &update.passkey {
            Some(change) => self.allows_passkey_change(id, change)?,
            None => true,
        };
        if has_ended || is_missing || is_void {
            Ok(None)
        } else if was_used || !is_possible {
            Err(StoreError::new(StoreErrorKind::PasskeyChanged))
        } else {
            Ok(Some((account, update)))
        }
    }

    /// Writes changed accounts and inserts users, all or none.
    fn write_accounts(
        &mut self,
        changed: &[(Account, AccountUpdate)],
        new: &[NewUser],
    ) -> Result<(), StoreError> {
        let before = self.accounts.clone();
        for (account, _) in changed {
            self.accounts.insert(account.user.id, account.clone());
        }
        let mut accounts = changed.iter().map(|(account, _)| account);
        let written = match accounts.find_map(|account| self.conflict(account)) {
            Some(conflict) => Err(StoreError::new(conflict)),
            None if self.removes_all_admins(&before, changed, new) => {
                Err(StoreError::new(StoreErrorKind::LastAdmin))
            }
            None => self.insert_users(new),
        };
        if written.is_err() {
            self.accounts = before;
        }
        written
    }

    fn removes_all_admins(
        &self,
        before: &HashMap<UserId, Account>,
        changed: &[(Account, AccountUpdate)],
        new: &[NewUser],
    ) -> bool {
        let had_admin = changed
            .iter()
            .filter_map(|(account, _)| before.get(&account.user.id))
            .any(Account::is_active_admin);
        let is_deleted = |account: &Account| {
            let mut deleted = changed.iter().filter(|(_, update)| update.delete_user);
            deleted.any(|(deleted, _)| deleted.user.id == account.user.id)
        };
        let new = new.iter().map(|new| &new.account);
        let mut left = self.accounts.values().chain(new);
        had_admin && !left.any(|account| account.is_active_admin() && !is_deleted(account))
    }

    fn apply(&mut self, user: UserId, update: AccountUpdate) -> Vec<SessionId> {
        let ended = self.update_sessions(user, &update);
        if let Some(challenge) = update.complete_challenge {
            self.challenges.remove(&challenge);
        }
        if let Some(challenge) = update.begin_challenge {
            self.challenges.insert(challenge.id, challenge);
        }
        if update.end_promotion.is_some() {
            self.promotions.remove(&user);
        }
        if let Some(promotion) = update.request_promotion {
            self.promotions.insert(user, promotion);
        }
        if let Some(used) = update.use_challenge {
            self.used_challenges.insert(used.id, used.expires_at);
        }
        if let Some(change) = update.passkey {
            self.change_passkeys(user, change);
        }
        if let Some(device) = update.keep_device {
            self.keep_device(device);
        }
        if let Some(device) = update.delete_device {
            self.devices
                .retain(|id, kept| *id != device || kept.user != user);
        }
        if let Some(attempt) = &update.settle {
            let _ = self.change_counters(attempt);
        }
        for account in &update.clear_counters {
            self.counters
                .retain(|key, _| !key.kind.is_of_account() || !key.id.starts_with(&account.0));
        }
        for (from, to) in &update.move_counters {
            for kind in ThrottleKind::OF_ACCOUNT {
                let to = ThrottleKey::new(kind, to.0);
                match self.counters.remove(&ThrottleKey::new(kind, from.0)) {
                    Some(counter) => self.counters.insert(to, counter),
                    None => self.counters.remove(&to),
                };
            }
        }
        if update.delete_messages {
            self.delete_messages(user);
        }
        for message in update.messages {
            self.insert_message(message);
        }
        if update.delete_user {
            self.delete_user(user);
        }
        self.audit.extend(update.events);
        ended
    }
}

impl Tables {
    fn keep_device(&mut self, device: StoredDevice) {
        let user = device.user;
        self.devices.insert(device.id, device);
        let own = self.devices.values().filter(|device| device.user == user);
        let mut own: Vec<_> = own.map(|device| (device.last_used_at, device.id)).collect();
        own.sort_by_key(|&key| std::cmp::Reverse(key));
        for (_, id) in own.into_iter().skip(MAX_DEVICES as usize) {
            self.devices.remove(&id);
        }
    }

    fn delete_messages(&mut self, user: UserId) {
        let is_own = |row: &OutboxRow| {
            row.message.user == user && row.message.channel == MessageChannel::Telegram
        };
        self.outbox.retain(|_, row| !is_own(row));
    }

    fn insert_message(&mut self, message: NewMessage) {
        self.last_message += 1;
        let row = OutboxRow {
            position: None,
            attempts: 0,
            claimed_at: None,
            next_attempt_at: message.created_at,
            lease: None,
            finished_at: None,
            message,
        };
        self.outbox.insert(self.last_message, row);
    }

    fn report_ended(&mut self, user: UserId, ended: &[SessionId], at: OffsetDateTime) {
        for id in ended {
            if let Some(SessionEnd { reason, .. }) = self.sessions.get(id).and_then(|s| s.end) {
                self.insert_message(NewMessage::session_revoked(user, *id, reason, at));
            }
        }
    }

    fn delete_user(&mut self, user: UserId) {
        self.delete_messages(user);
        self.accounts.remove(&user);
        self.sessions.retain(|_, session| session.user != user);
        self.devices.retain(|_, device| device.user != user);
        self.challenges
            .retain(|_, challenge| challenge.user != user);
        self.promotions
            .retain(|_, promotion| promotion.user != user && promotion.requested_by != user);
        self.passkeys.retain(|_, passkey| passkey.user != user);
    }

    /// Returns `false` if the passkey does not exist, or its counter has changed.
    fn allows_passkey_change(
        &self,
        user: UserId,
        change: &PasskeyChange,
    ) -> Result<bool, StoreError> {
        let own = |id| {
            let found = self.passkeys.get(id);
            found.filter(|passkey: &&StoredPasskey| passkey.user == user)
        };
        Ok(match change {
            PasskeyChange::Add(added) => {
                let mut all = self.passkeys.values();
                if all.any(|passkey| passkey.credential_id == added.credential_id) {
                    return Err(StoreError::new(StoreErrorKind::Conflict(
                        UniqueKey::Passkey,
                    )));
                }
                true
            }
            PasskeyChange::Use(usage) => {
                own(&usage.id).is_some_and(|passkey| passkey.counter == usage.seen_counter)
            }
            PasskeyChange::Rename(id, _) | PasskeyChange::Delete(id) => own(id).is_some(),
            PasskeyChange::DeleteAll => true,
        })
    }

    fn change_passkeys(&mut self, user: UserId, change: PasskeyChange) {
        match change {
            PasskeyChange::Add(passkey) => {
                self.passkeys.insert(passkey.id, passkey);
            }
            PasskeyChange::Use(usage) => {
                if let Some(passkey) = self.passkeys.get_mut(&usage.id) {
                    passkey.counter = usage.counter;
                    passkey.is_backed_up = usage.is_backed_up;
                    passkey.last_used_at = Some(usage.at);
                }
            }
            PasskeyChange::Rename(id, name) => {
                if let Some(passkey) = self.passkeys.get_mut(&id) {
                    passkey.name = name;
                }
            }
            PasskeyChange::Delete(id) => {
                self.passkeys.remove(&id);
            }
            PasskeyChange::DeleteAll => self.passkeys.retain(|_, passkey| passkey.user != user),
        }
    }

    /// Deletes the oldest ended sessions of a user, beyond the number that is kept.
    /// Ends, begins and proves sessions of an account. Returns the sessions that ended.
    fn update_sessions(&mut self, user: UserId, update: &AccountUpdate) -> Vec<SessionId> {
        let mut ended = Vec::new();
        if let Some(sessions) = update.end {
            let EndSessions { at, reason, .. } = sessions;
            let own = self
                .sessions
                .values_mut()
                .filter(|session| session.user == user);
            let is_chosen = |session: &&mut StoredSession| {
                sessions.only.is_none_or(|only| session.id == only)
                    && sessions.except != Some(session.id)
            };
            for session in own.filter(is_chosen) {
                end(session, SessionEnd { at, reason }, &mut ended);
            }
        }
        if let Some(begun) = &update.begin {
            let at = begun.created_at;
            let own = self
                .sessions
                .values_mut()
                .filter(|session| session.user == user);
            let mut live: Vec<_> = own.filter(|session| session.is_live(at)).collect();
            live.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
            for session in live.into_iter().skip(MAX_LIVE_SESSIONS as usize - 1) {
                end(session, SessionEnd::new(at, EndReason::Limit), &mut ended);
            }
            let replaced = self.sessions.values_mut().filter(|session| {
                session.user == user
                    && begun.init_data.is_some()
                    && session.init_data == begun.init_data
            });
            for session in replaced {
                end(
                    session,
                    SessionEnd::new(at, EndReason::Replaced),
                    &mut ended,
                );
            }
            self.delete_ended(user);
            self.sessions.insert(begun.id, begun.clone());
        }
        if let Some(at) = update.report_ended {
            self.report_ended(user, &ended, at);
        }
        if let Some(proof) = &update.prove
            && let Some(session) = self.sessions.get_mut(&proof.session)
            && session.user == user
        {
            session.authenticated_at = proof.at;
            session.auth_methods = proof.methods;
        }
        ended
    }

    fn delete_ended(&mut self, user: UserId) {
        let own = self
            .sessions
            .values()
            .filter(|session| session.user == user);
        let mut ended: Vec<_> = own
            .filter_map(|session| Some((session.end?.at, session.id)))
            .collect();
        ended.sort_by_key(|&key| std::cmp::Reverse(key));
        for (_, id) in ended.into_iter().skip(MAX_ENDED_SESSIONS as usize) {
            self.sessions.remove(&id);
        }
    }

    fn change_counters(&mut self, update: &ThrottleUpdate) -> ThrottleOutcome {
        let keys = update.keys();
        let stored = |key| self.counters.get(key).copied();
        let mut counters: Vec<Counter> = keys
            .iter()
            .map(|key| stored(key).unwrap_or(Counter::new(update.at())))
            .collect();
        let outcome = update.apply(&mut counters);
        if outcome.decision == Decision::Allowed {
            self.counters.extend(keys.iter().cloned().zip(counters));
        }
        outcome
    }
}

fn end(session: &mut StoredSession, end: SessionEnd, ended: &mut Vec<SessionId>) {
    if session.end.is_none() {
        session.end = Some(end);
        ended.push(session.id);
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.tables().accounts.get(&id).cloned())
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        Ok(self.find(|user| user.phone.as_ref() == Some(phone)))
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        Ok(self.find(|user| user.email.as_ref() == Some(email)))
    }

    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError> {
        Ok(self.find(|user| user.telegram_id == Some(id)))
    }

    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
        let tables = self.tables();
        let all = tables.accounts.values();
        let found = all.filter(|account| query.matches(&account.user)).cloned();
        let mut found: Vec<User> = if query.with_metadata {
            found.map(Account::into_user_with_metadata).collect()
        } else {
            found.map(|account| account.user).collect()
        };
        found.sort_by_key(|user| std::cmp::Reverse(user.id));
        found.truncate(query.limit as usize);
        Ok(found.into())
    }

    async fn count_users(&self, query: &UserQuery) -> Result<UserCount, StoreError> {
        let query = UserQuery {
            before: None,
            ..query.clone()
        };
        let tables = self.tables();
        let users = tables.accounts.values().map(|account| &account.user);
        let found = users.filter(|user| query.matches(user)).count();
        Ok(UserCount::new(
            u32::try_from(found).unwrap_or(u32::MAX),
            true,
        ))
    }

    async fn users_by_keys(&self, keys: &UserKeys) -> Result<Vec<User>, StoreError> {
        let (phones, emails, telegram_ids, external_ids) = (
            keys.phones.iter().collect::<HashSet<_>>(),
            keys.emails.iter().collect::<HashSet<_>>(),
            keys.telegram_ids.iter().collect::<HashSet<_>>(),
            keys.external_ids.iter().collect::<HashSet<_>>(),
        );
        let has_key = |user: &&User| {
            (user.phone.as_ref()).is_some_and(|phone| phones.contains(phone))
                || (user.email.as_ref()).is_some_and(|email| emails.contains(email))
                || (user.telegram_id.as_ref()).is_some_and(|id| telegram_ids.contains(id))
                || (user.external_id.as_ref()).is_some_and(|id| external_ids.contains(id))
        };
        let tables = self.tables();
        Ok(tables
            .accounts
            .values()
            .map(|account| &account.user)
            .filter(has_key)
            .cloned()
            .collect())
    }

    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError> {
        self.tables().insert_users(new)
    }

    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        let mut tables = self.tables();
        let Some((account, update)) = tables.change_account(id, change)? else {
            return Ok(None);
        };
        if let Some(violation) = tables.violation(&account, update.delete_user) {
            return Err(StoreError::new(violation));
        }
        tables.accounts.insert(id, account.clone());
        let ended = tables.apply(id, update);
        Ok(Some(UpdatedAccount { account, ended }))
    }

    async fn update_accounts(
        &self,
        ids: &BTreeSet<UserId>,
        change: &UpdateFn<'_>,
        new: &[NewUser],
    ) -> Result<Option<Vec<UpdatedAccount>>, StoreError> {
        let mut is_bootstrapped = self.bootstrapped.lock().await;
        let mut tables = self.tables();
        let mut changed = Vec::new();
        for id in ids {
            match tables.change_account(*id, change)? {
                Some(account) => changed.push(account),
                None => return Ok(None),
            }
        }
        tables.write_accounts(&changed, new)?;
        *is_bootstrapped |= new.iter().any(|new| new.account.is_active_admin());
        let apply = |(account, update): (Account, _)| {
            let ended = tables.apply(account.user.id, update);
            UpdatedAccount { account, ended }
        };
        Ok(Some(changed.into_iter().map(apply).collect()))
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError> {
        let tables = self.tables();
        let Some(session) = tables.sessions.get(&id) else {
            return Ok(None);
        };
        let user = tables
            .accounts
            .get(&session.user)
            .map(|account| account.user.clone());
        Ok(user.map(|user| (session.clone(), user)))
    }

    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError> {
        let tables = self.tables();
        let own = tables
            .sessions
            .values()
            .filter(|session| session.user == user);
        let mut live: Vec<_> = own.filter(|session| session.is_live(at)).cloned().collect();
        live.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(live)
    }

    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let unchanged = |session: &&mut StoredSession| {
            session.end.is_none() && session.rotation == advance.seen
        };
        let Some(session) = tables.sessions.get_mut(&advance.session).filter(unchanged) else {
            return Ok(false);
        };
        session.rotation = advance.next;
        session.expires_at = advance.expires_at;
        Ok(true)
    }

    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.sessions.len();
        tables.sessions.retain(|_, session| {
            session.ends_at >= before && session.end.is_none_or(|end| end.at >= before)
        });
        Ok((all - tables.sessions.len()) as u64)
    }
}

#[async_trait]
impl DeviceStore for MemoryStore {
    async fn device(&self, id: DeviceId) -> Result<Option<StoredDevice>, StoreError> {
        Ok(self.tables().devices.get(&id).cloned())
    }

    async fn devices_of(&self, user: UserId) -> Result<Vec<StoredDevice>, StoreError> {
        let tables = self.tables();
        let own = tables.devices.values().filter(|device| device.user == user);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|device| std::cmp::Reverse((device.last_used_at, device.id)));
        Ok(own)
    }

    async fn purge_devices(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.devices.len();
        tables
            .devices
            .retain(|_, device| device.last_used_at >= before);
        Ok((all - tables.devices.len()) as u64)
    }
}

#[async_trait]
impl PromotionStore for MemoryStore {
    async fn promotion(&self, id: PromotionId) -> Result<Option<StoredPromotion>, StoreError> {
        let tables = self.tables();
        let found = tables.promotions.values().find(|found| found.id == id);
        Ok(found.cloned())
    }

    async fn promotions(&self, now: OffsetDateTime) -> Result<Vec<StoredPromotion>, StoreError> {
        let tables = self.tables();
        let open = |promotion: &&StoredPromotion| promotion.expires_at > now;
        let mut found: Vec<_> = tables.promotions.values().filter(open).cloned().collect();
        found.sort_by_key(|promotion| std::cmp::Reverse(promotion.id));
        found.truncate(MAX_PROMOTIONS as usize);
        Ok(found)
    }

    async fn purge_promotions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.promotions.len();
        tables
            .promotions
            .retain(|_, promotion| promotion.expires_at >= before);
        Ok((all - tables.promotions.len()) as u64)
    }
}

#[async_trait]
impl ChallengeStore for MemoryStore {
    async fn challenge(&self, id: &[u8; 32]) -> Result<Option<StoredChallenge>, StoreError> {
        Ok(self.tables().challenges.get(id).cloned())
    }

    async fn count_challenge_attempt(
        &self,
        id: &[u8; 32],
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let Some(challenge) = tables.challenges.get_mut(id) else {
            return Ok(false);
        };
        let is_open = now < challenge.expires_at && challenge.attempts < MAX_CHALLENGE_ATTEMPTS;
        challenge.attempts += u32::from(is_open);
        Ok(is_open)
    }

    async fn purge_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.challenges.len();
        tables
            .challenges
            .retain(|_, challenge| challenge.expires_at >= before);
        Ok((all - tables.challenges.len()) as u64)
    }
}

#[async_trait]
impl PasskeyStore for MemoryStore {
    async fn passkeys_of(&self, user: UserId) -> Result<Vec<StoredPasskey>, StoreError> {
        let tables = self.tables();
        let own = tables
            .passkeys
            .values()
            .filter(|passkey| passkey.user == user);
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|passkey| (passkey.created_at, passkey.id));
        Ok(own)
    }

    async fn purge_used_challenges(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.used_challenges.len();
        tables
            .used_challenges
            .retain(|_, expires_at| *expires_at >= before);
        Ok((all - tables.used_challenges.len()) as u64)
    }
}

#[async_trait]
impl ServiceStore for MemoryStore {
    async fn service(&self, id: ServiceId) -> Result<Option<StoredService>, StoreError> {
        Ok(self.tables().services.get(&id).cloned())
    }

    async fn services(&self) -> Result<Vec<StoredService>, StoreError> {
        Ok(self.tables().services.values().rev().cloned().collect())
    }

    async fn insert_service(
        &self,
        new: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.services.len() >= MAX_SERVICES as usize {
            return Ok(false);
        }
        tables.services.insert(new.id, new.clone());
        tables.audit.push(event.clone());
        Ok(true)
    }

    async fn update_service(
        &self,
        next: &StoredService,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let is_seen = |stored: &&mut StoredService| stored.version + 1 == next.version;
        let Some(stored) = tables.services.get_mut(&next.id).filter(is_seen) else {
            return Ok(false);
        };
        let before = std::mem::replace(stored, next.clone());
        stored.last_used_at = before.last_used_at;
        for secret in &mut stored.secrets {
            let mut before = before.secrets.iter();
            let before = before.find(|before| before.id == secret.id);
            secret.last_used_at = before.and_then(|before| before.last_used_at);
        }
        tables.audit.push(event.clone());
        Ok(true)
    }

    async fn delete_service(&self, id: ServiceId, event: &AuditEvent) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        if tables.services.remove(&id).is_none() {
            return Ok(false);
        }
        tables.audit.push(event.clone());
        Ok(true)
    }

    async fn use_service(
        &self,
        id: ServiceId,
        secret: ServiceSecretId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if let Some(stored) = tables.services.get_mut(&id) {
            stored.last_used_at = stored.last_used_at.max(Some(at));
            let mut secrets = stored.secrets.iter_mut();
            if let Some(stored) = secrets.find(|stored| stored.id == secret) {
                stored.last_used_at = stored.last_used_at.max(Some(at));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn claim_messages(
        &self,
        claim: &ClaimMessages,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let mut tables = self.tables();
        let on_channel = tables
            .outbox
            .iter_mut()
            .filter(|(_, row)| row.message.channel == claim.channel);
        let (mut recent, mut users, mut due) = (0, HashSet::new(), Vec::new());
        for (id, row) in on_channel {
            recent += u32::from(row.claimed_at.is_some_and(|at| at > claim.since()));
            let is_oldest = row.finished_at.is_none() && users.insert(row.message.user);
            let is_free = row.lease.is_none_or(|(_, until)| until <= claim.now);
            if is_oldest && is_free && row.next_attempt_at <= claim.now {
                due.push((*id, row));
            }
        }
        due.sort_by_key(|(id, row)| (row.next_attempt_at, *id));
        let limit = claim.limit.min(claim.per_second.saturating_sub(recent));
        due.truncate(limit as usize);
        due.sort_by_key(|(id, _)| *id);
        let claimed = due.into_iter().map(|(id, row)| {
            row.attempts += 1;
            row.claimed_at = Some(claim.now);
            row.lease = Some((claim.owner, claim.until));
            let lease = MessageLease::new(id, claim.owner, row.attempts);
            StoredMessage::new(lease, row.message.clone())
        });
        Ok(claimed.collect())
    }

    async fn settle_message(
        &self,
        lease: MessageLease,
        outcome: MessageOutcome,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let is_held = |row: &&mut OutboxRow| {
            row.lease.is_some_and(|(owner, _)| owner == lease.owner)
                && row.attempts == lease.attempts
                && row.finished_at.is_none()
        };
        let Some(row) = tables.outbox.get_mut(&lease.message).filter(is_held) else {
            return Ok(false);
        };
        row.lease = None;
        match outcome {
            MessageOutcome::Retry { at } => row.next_attempt_at = at,
            MessageOutcome::Finished { at, .. } => row.finished_at = Some(at),
        }
        Ok(true)
    }

    async fn waiting_messages(
        &self,
        channel: MessageChannel,
    ) -> Result<WaitingMessages, StoreError> {
        let tables = self.tables();
        let waiting = tables
            .outbox
            .values()
            .filter(|row| row.message.channel == channel && row.finished_at.is_none());
        let times = waiting.map(|row| row.message.created_at);
        Ok(WaitingMessages::new(
            times.clone().count() as u64,
            times.min(),
        ))
    }

    async fn purge_messages(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.outbox.len();
        tables
            .outbox
            .retain(|_, row| row.finished_at.is_none_or(|at| at >= before));
        Ok((all - tables.outbox.len()) as u64)
    }
}

#[async_trait]
impl ThrottleStore for MemoryStore {
    async fn counters(&self, keys: &[ThrottleKey]) -> Result<Vec<Option<Counter>>, StoreError> {
        let tables = self.tables();
        Ok(keys
            .iter()
            .map(|key| tables.counters.get(key).copied())
            .collect())
    }

    async fn update_counters(
        &self,
        update: &ThrottleUpdate,
        events: &[AuditEvent],
    ) -> Result<ThrottleOutcome, StoreError> {
        let mut tables = self.tables();
        let outcome = tables.change_counters(update);
        if outcome.decision == Decision::Allowed {
            tables.audit.extend_from_slice(events);
        }
        Ok(outcome)
    }

    async fn purge_counters(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        tables
            .counters
            .retain(|key, counter| !counter.is_expired(key.kind, now));
        Ok(tables.counters.len() as u64)
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let tables = self.tables();
        let mut found: Vec<_> = tables
            .audit
            .iter()
            .filter(|event| query.matches(event))
            .cloned()
            .collect();
        found.sort_by_key(|event| std::cmp::Reverse(event.id));
        found.truncate(query.limit as usize);
        let name = |id: Option<UserId>| Some(tables.accounts.get(&id?)?.user.full_name.clone());
        for event in &mut found {
            event.actor_name = name(event.actor_id);
            event.subject_name = name(event.subject_id);
        }
        Ok(found)
    }

    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let all = tables.audit.len();
        tables.audit.retain(|event| event.at >= before);
        Ok((all - tables.audit.len()) as u64)
    }
}

#[async_trait]
impl BootstrapStore for MemoryStore {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        Ok(*self.bootstrapped.lock().await)
    }

    async fn claim_bootstrap(
        &self,
        _: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        let row = Arc::clone(&self.bootstrapped).lock_owned().await;
        Ok(if *row {
            None
        } else {
            Some(Box::new(MemoryClaim {
                store: self.clone(),
                row,
            }))
        })
    }
}

struct MemoryClaim {
    store: MemoryStore,
    row: OwnedMutexGuard<bool>,
}

#[async_trait]
impl BootstrapClaim for MemoryClaim {
    async fn complete(mut self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError> {
        self.store.insert_users(new).await?;
        *self.row = true;
        Ok(())
    }
}

fn shared_key(a: &User, b: &User) -> Option<UniqueKey> {
    if a.email.is_some() && a.email == b.email {
        Some(UniqueKey::Email)
    } else if a.phone.is_some() && a.phone == b.phone {
        Some(UniqueKey::Phone)
    } else if a.telegram_id.is_some() && a.telegram_id == b.telegram_id {
        Some(UniqueKey::TelegramId)
    } else if a.external_id.is_some() && a.external_id == b.external_id {
        Some(UniqueKey::ExternalId)
    } else {
        None
    }
}
