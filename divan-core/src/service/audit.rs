use super::page::{self, Page};
use super::validation::Validation;
use super::{Admin, AuthService, ClientInfo, Field, InvalidFieldReason, ServiceError};
use crate::api::{AuditPage, AuditRequest};
use crate::store::{AuditQuery, StoreError};
use crate::types::{AuditAction, AuditEvent, AuditId, UserId};

impl AuthService {
    /// A page of the audit, the newest lines first.
    ///
    /// # Errors
    /// What is wrong with the request, all of it at once.
    pub async fn audit(
        &self,
        _: &Admin,
        request: &AuditRequest,
    ) -> Result<AuditPage, ServiceError> {
        let mut validation = Validation::default();
        let filters = format!(
            "audit {:?} {:?} {:?}",
            request.user, request.actor, request.action
        );
        let Page { limit, before } =
            validation.page(request.limit, request.cursor.as_deref(), &filters);
        if request.action == Some(AuditAction::Unknown) {
            validation.reject(Field::Action, InvalidFieldReason::UnknownAction);
        }
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        let mut query = AuditQuery::newest(limit + 1);
        query.subject = request.user;
        query.actor = request.actor;
        query.action = request.action;
        query.before = before.map(AuditId);
        let mut items = self.parts.store.audit(&query).await?;
        let next_cursor = page::truncate_page(&mut items, limit, |record| {
            page::cursor(&filters, record.id.0)
        });
        Ok(AuditPage::new(items, next_cursor))
    }

    /// Forgets what the audit says of times that long ago. Tells how many lines there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_audit(&self, older_than: std::time::Duration) -> Result<u64, StoreError> {
        self.parts
            .store
            .purge_audit(
                self.now()
                    .saturating_sub(super::session::to_time_duration(older_than)),
            )
            .await
    }

    /// A line of the audit about what an administrator does now: for who still is one, so right
    /// before it is done.
    pub(super) async fn record_of(
        &self,
        admin: &Admin,
        action: AuditAction,
        subject: UserId,
        client: &ClientInfo,
    ) -> Result<AuditEvent, ServiceError> {
        self.still_admin(admin).await?;
        self.record(action, admin.id(), subject, client)
    }

    /// A line of the audit about what happens now.
    pub(super) fn record(
        &self,
        action: AuditAction,
        actor: Option<UserId>,
        subject: UserId,
        client: &ClientInfo,
    ) -> Result<AuditEvent, ServiceError> {
        let id = AuditId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let mut record = AuditEvent::new(id, self.now(), action, Some(subject));
        record.actor_id = actor;
        record.address = client.address;
        record.request_id.clone_from(&client.request_id);
        Ok(record)
    }
}
