use std::time::Duration;

use time::OffsetDateTime;

use super::page::{ListId, PageRequest, truncate_page};
use super::session::to_time_duration;
use super::validation::Validation;
use super::{
    AdminService, AuthService, ClientInfo, Cursor, Field, InvalidFieldReason, Page, ServiceError,
};
use crate::store::AuditQuery;
use crate::throttle::ThrottleUpdate;
use crate::types::{AuditAction, AuditEvent, AuditId, UserId};

/// A query of audit events. All filters apply together.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ListAuditEventsQuery {
    /// The user that was acted on.
    pub user: Option<UserId>,
    /// The user who acted.
    pub actor: Option<UserId>,
    /// The action.
    pub action: Option<AuditAction>,
    /// The time of the first event.
    pub from: Option<OffsetDateTime>,
    /// The time after the last event: only events before it.
    pub to: Option<OffsetDateTime>,
    /// The size of the page, 1 to 200. Default: 50.
    pub limit: Option<u32>,
    /// The cursor of the previous page.
    pub cursor: Option<Cursor>,
}

/// # Audit
impl AdminService<'_> {
    /// Lists audit events, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with all invalid fields.
    pub async fn list_audit_events(
        self,
        query: &ListAuditEventsQuery,
    ) -> Result<Page<AuditEvent>, ServiceError> {
        let id = |user: Option<UserId>| user.map(|id| id.to_string());
        let nanos = |time: Option<OffsetDateTime>| Some(time?.unix_timestamp_nanos().to_string());
        let list = ListId::new("audit")
            .filter("user", id(query.user).as_deref())
            .filter("actor", id(query.actor).as_deref())
            .filter("action", query.action.map(AuditAction::as_str))
            .filter("from", nanos(query.from).as_deref())
            .filter("to", nanos(query.to).as_deref())
            .tag();
        let mut validation = Validation::default();
        let PageRequest { limit, before } =
            validation.page(list, query.limit, query.cursor.as_ref());
        if query.action == Some(AuditAction::Unknown) {
            validation.reject(Field::Action, InvalidFieldReason::UnknownAction);
        }
        if !validation.is_valid() {
            return Err(validation.into_error());
        }
        let mut stored = AuditQuery::newest(limit + 1);
        stored.subject = query.user;
        stored.actor = query.actor;
        stored.action = query.action;
        (stored.from, stored.to) = (query.from, query.to);
        stored.before = before.map(AuditId);
        let mut items = self.service.parts.store.audit(&stored).await?;
        let last_id = truncate_page(&mut items, limit, |event| event.id.0);
        Ok(Page {
            items,
            next_cursor: last_id.map(|id| list.cursor_after(id)),
        })
    }

    /// Creates the audit event of an operation, right before the operation, if the caller still is
    /// an administrator.
    pub(super) async fn audit_event(
        self,
        action: AuditAction,
        subject: impl Into<Option<UserId>>,
    ) -> Result<AuditEvent, ServiceError> {
        let (service, client) = (self.service, self.client);
        service.require_current_admin(self.admin, client).await?;
        let mut event = service.audit_event(action, self.admin.id(), subject, client)?;
        if let Some(actor) = self.admin.as_service() {
            event.service_id = Some(actor.id());
            event.service_name = Some(actor.name().to_owned());
        }
        Ok(event)
    }
}

impl AuthService {
    /// Deletes audit events that are older than `older_than`, and returns their number. An audit event
    /// records the deletion, if there was anything to delete.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_audit(&self, older_than: Duration) -> Result<u64, ServiceError> {
        let before = self.now().saturating_sub(to_time_duration(older_than));
        let purged = self.parts.store.purge_audit(before).await?;
        if purged > 0 {
            let client = ClientInfo::unknown();
            let event = self.audit_event(AuditAction::AuditPurged, None, None, &client)?;
            let no_charge = ThrottleUpdate::charge(Vec::new(), self.now());
            let _ = self
                .parts
                .store
                .update_counters(&no_charge, &[event])
                .await?;
        }
        Ok(purged)
    }

    pub(super) fn audit_event(
        &self,
        action: AuditAction,
        actor: Option<UserId>,
        subject: impl Into<Option<UserId>>,
        client: &ClientInfo,
    ) -> Result<AuditEvent, ServiceError> {
        let id = AuditId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let mut event = AuditEvent::new(id, self.now(), action, subject.into());
        event.actor_id = actor;
        event.address = client.address;
        event.request_id.clone_from(&client.request_id);
        Ok(event)
    }
}
