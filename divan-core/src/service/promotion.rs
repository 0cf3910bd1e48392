//! Promotions to administrator, and the approval of a second administrator.

use time::{Duration, OffsetDateTime};

use super::validation::Validation;
use super::{AdminService, ServiceError};
use crate::secret::Secret;
use crate::session::EndReason;
use crate::store::{
    Account, AccountUpdate, StoreError, StoreErrorKind, StoredPromotion, UniqueKey,
};
use crate::types::{AuditAction, AuditEvent, Email, PromotionId, Role, User, UserId};

/// The time in which a promotion must be approved.
const PROMOTION_LIFE: Duration = Duration::hours(24);

/// The effect of a promotion.
#[derive(Clone, Debug)]
pub enum Promotion {
    /// The user is an administrator now, with this password. It is not stored and cannot be shown again.
    Done(Secret),
    /// A second administrator must approve the promotion first.
    Pending(Box<PendingPromotion>),
}

/// A promotion that waits for the approval of a second administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingPromotion {
    /// The id.
    pub id: PromotionId,
    /// The user to promote.
    pub user: User,
    /// The e-mail address to sign in with after the promotion.
    pub email: Option<Email>,
    /// The administrator who requested it.
    pub requested_by: User,
    /// Time of the request.
    pub requested_at: OffsetDateTime,
    /// Expiry.
    pub expires_at: OffsetDateTime,
}

impl PendingPromotion {
    fn new(stored: StoredPromotion, user: User, requested_by: User) -> Self {
        Self {
            id: stored.id,
            email: stored.email.or_else(|| user.email.clone()),
            user,
            requested_by,
            requested_at: stored.requested_at,
            expires_at: stored.expires_at,
        }
    }
}

/// # Approval of new administrators
///
/// With [`AuthServiceBuilder::admin_approval`](crate::service::AuthServiceBuilder::admin_approval), one
/// administrator requests a [promotion](Self::promote_user) and another one approves it.
impl AdminService<'_> {
    /// Lists the promotions that wait for an approval, newest first. A request is void after any change of the
    /// employee, and after its requester changed the password, was deactivated or lost the role.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending_promotions(self) -> Result<Vec<PendingPromotion>, ServiceError> {
        self.require_person()?;
        let service = self.service;
        let stored = service.parts.store.promotions(service.now()).await?;
        let mut pending = Vec::with_capacity(stored.len());
        for promotion in stored {
            pending.extend(self.open_promotion(promotion).await?);
        }
        Ok(pending)
    }

    /// Approves a promotion: the user becomes an administrator, with a generated password, which
    /// [`promote_user`](Self::promote_user) describes. Give it to the new administrator.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if the promotion was approved, declined, replaced or has expired, or if
    /// the request is void; [`ServiceError::OwnRequest`], [`ServiceError::InsufficientAuthentication`], and
    /// as [`promote_user`](Self::promote_user).
    pub async fn approve_promotion(self, id: PromotionId) -> Result<Secret, ServiceError> {
        self.require_person()?;
        let pending = self.pending_promotion(id).await?;
        if self.admin.id() == Some(pending.requested_by.id) {
            return Err(ServiceError::OwnRequest);
        }
        let user = pending.user.id;
        let event = self.audit_event(AuditAction::RoleChanged, user).await?;
        let promote = promotion(pending.email.as_ref());
        let shown = pending.user.updated_at;
        let promote = |account: &mut Account, event: &mut AuditEvent| {
            if account.user.updated_at != shown {
                return Err(ServiceError::NotFound);
            }
            promote(account, event)
        };
        let update = AccountUpdate::none().end_promotion(id);
        self.replace_password_with(event, user, EndReason::RoleChanged, &promote, update)
            .await
    }

    /// Declines a promotion, or withdraws the caller's own request.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] as [`approve_promotion`](Self::approve_promotion).
    pub async fn decline_promotion(self, id: PromotionId) -> Result<(), ServiceError> {
        self.require_person()?;
        let user = self.pending_promotion(id).await?.user.id;
        let event = self
            .audit_event(AuditAction::PromotionDeclined, user)
            .await?;
        let decline = |_: &mut Account| {
            let update = AccountUpdate::none().end_promotion(id);
            Ok(Some(update.event(event.clone())))
        };
        let updated = self.service.update_account(user, &decline).await?;
        updated.map(drop).ok_or(ServiceError::NotFound)
    }

    /// Returns `true` if a second administrator must approve what this one begins. The operator needs no
    /// approval.
    pub(super) fn needs_approval(self) -> bool {
        self.service.parts.admin_approval && !self.admin.is_operator()
    }

    /// Refuses to create an administrator without an approval.
    pub(super) fn require_no_approval(self) -> Result<(), ServiceError> {
        if self.needs_approval() {
            return Err(ServiceError::ApprovalRequired);
        }
        Ok(())
    }

    pub(super) async fn request_promotion(
        self,
        user: UserId,
        email: Option<Email>,
    ) -> Result<PendingPromotion, ServiceError> {
        self.require_fresh_proof().await?;
        let (service, store) = (self.service, &self.service.parts.store);
        let requested_by = self.admin.id().ok_or(ServiceError::AdminRequired)?;
        let requester = store.account(requested_by).await?;
        let requester = requester.ok_or(ServiceError::AdminRequired)?;
        if let Some(email) = &email
            && let Some(other) = store.account_by_email(email).await?
            && other.user.id != user
        {
            let taken = StoreErrorKind::Conflict(UniqueKey::Email);
            return Err(StoreError::new(taken).into());
        }
        let event = self
            .audit_event(AuditAction::PromotionRequested, user)
            .await?;
        let id =
            PromotionId::generate(service.parts.clock.as_ref(), service.parts.entropy.as_ref())?;
        let expires_at = event.at.saturating_add(PROMOTION_LIFE);
        let mut stored = StoredPromotion::new(id, user, requested_by, event.at, expires_at);
        stored.email = email;
        stored.password_version = requester.password_version;
        let check = promotion(stored.email.as_ref());
        let request = |account: &mut Account| {
            check(&mut account.clone(), &mut event.clone())?;
            if !account.user.is_active {
                return Err(ServiceError::NotFound.into());
            }
            let update = AccountUpdate::none().request_promotion(stored.clone());
            Ok(Some(update.event(event.clone())))
        };
        self.service
            .update_account(user, &request)
            .await?
            .ok_or(ServiceError::NotFound)?;
        self.pending_promotion(id).await
    }

    async fn pending_promotion(self, id: PromotionId) -> Result<PendingPromotion, ServiceError> {
        let service = self.service;
        let stored = service.parts.store.promotion(id).await?;
        let stored = stored.filter(|promotion| promotion.expires_at > service.now());
        let stored = stored.ok_or(ServiceError::NotFound)?;
        let pending = self.open_promotion(stored).await?;
        pending.ok_or(ServiceError::NotFound)
    }

    /// Adds the users to a promotion. `None` for a void one: the user was changed since the request, so that
    /// the approval would be of something else, or the requester lost the role for some time.
    async fn open_promotion(
        self,
        stored: StoredPromotion,
    ) -> Result<Option<PendingPromotion>, StoreError> {
        let store = &self.service.parts.store;
        let user = store.account(stored.user).await?;
        let requested_by = store.account(stored.requested_by).await?;
        let user = user.filter(|account| {
            let user = &account.user;
            user.is_active && user.role == Role::Employee && user.updated_at <= stored.requested_at
        });
        let requested_by = requested_by.filter(|account| {
            account.is_active_admin() && account.password_version == stored.password_version
        });
        Ok(user
            .zip(requested_by)
            .map(|(user, by)| PendingPromotion::new(stored, user.user, by.user)))
    }
}

/// Returns a change that makes an employee an administrator with this e-mail address.
pub(super) fn promotion(
    email: Option<&Email>,
) -> impl Fn(&mut Account, &mut AuditEvent) -> Result<(), ServiceError> + Send + Sync {
    move |account, event| {
        let user = &mut account.user;
        if user.role == Role::Admin {
            return Err(ServiceError::AlreadyAdmin);
        }
        event.changes = vec!["role".to_owned()];
        if email.is_some() && user.email.as_ref() != email {
            user.email = email.cloned();
            event.changes.push("email".to_owned());
        }
        user.role = Role::Admin;
        let mut validation = Validation::default();
        validation.require_login_field(user.role, user.phone.is_some(), user.email.is_some());
        if validation.is_valid() {
            Ok(())
        } else {
            Err(validation.into_error())
        }
    }
}
