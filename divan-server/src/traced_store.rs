//! Says what a request asks of the database, for `RUST_LOG=divan_server=debug`: inside the
//! request's span, so that each line names the request.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use divan_core::store::{
    Account, AuditQuery, AuditStore, BootstrapClaim, BootstrapStore, FoundUsers, NewUser,
    SessionAdvance, SessionStore, Store, StoreError, StoredSession, UpdateFn, UpdatedAccount,
    UserQuery, UserStore,
};
use divan_core::types::{AuditEvent, Email, Phone, SessionId, TelegramId, User, UserId};
use time::OffsetDateTime;

/// A store that writes a line for each call: which one it was, and how long it took. Never what it
/// was about.
#[derive(Debug)]
pub(crate) struct TracedStore(pub(crate) Arc<dyn Store>);

async fn traced<T>(
    call: &'static str,
    answer: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return answer.await;
    }
    let asked = Instant::now();
    let answer = answer.await;
    let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    let error = answer
        .as_ref()
        .err()
        .map(|error| tracing::field::debug(error.kind()));
    tracing::debug!(call, micros, error, "store");
    answer
}

#[async_trait]
impl UserStore for TracedStore {
    async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
        traced("account", self.0.account(id)).await
    }

    async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        traced("account_by_phone", self.0.account_by_phone(phone)).await
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        traced("account_by_email", self.0.account_by_email(email)).await
    }

    async fn account_by_telegram(&self, id: TelegramId) -> Result<Option<Account>, StoreError> {
        traced("account_by_telegram", self.0.account_by_telegram(id)).await
    }

    async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
        traced("users", self.0.users(query)).await
    }

    async fn users_by_contact(
        &self,
        phones: &[Phone],
        emails: &[Email],
    ) -> Result<Vec<User>, StoreError> {
        traced("users_by_contact", self.0.users_by_contact(phones, emails)).await
    }

    async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError> {
        traced("insert_users", self.0.insert_users(new)).await
    }

    async fn update_account(
        &self,
        id: UserId,
        change: &UpdateFn<'_>,
    ) -> Result<Option<UpdatedAccount>, StoreError> {
        traced("update_account", self.0.update_account(id, change)).await
    }
}

#[async_trait]
impl SessionStore for TracedStore {
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError> {
        traced("session", self.0.session(id)).await
    }

    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError> {
        traced("sessions_of", self.0.sessions_of(user, at)).await
    }

    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError> {
        traced("advance_session", self.0.advance_session(advance)).await
    }

    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        traced("purge_sessions", self.0.purge_sessions(before)).await
    }
}

#[async_trait]
impl AuditStore for TracedStore {
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        traced("audit", self.0.audit(query)).await
    }

    async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        traced("purge_audit", self.0.purge_audit(before)).await
    }
}

#[async_trait]
impl BootstrapStore for TracedStore {
    async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
        traced("is_bootstrapped", self.0.is_bootstrapped()).await
    }

    async fn claim_bootstrap(
        &self,
        at: OffsetDateTime,
    ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
        traced("claim_bootstrap", self.0.claim_bootstrap(at)).await
    }
}

#[async_trait]
impl Store for TracedStore {
    async fn ping(&self) -> Result<(), StoreError> {
        traced("ping", self.0.ping()).await
    }
}
