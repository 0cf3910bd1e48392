use divan_core::store::{Account, NewUser};
use divan_core::types::{AuditAction, AuditEvent, AuditId};

/// Combines an account with the audit event of its creation.
pub(crate) fn created(account: &Account) -> NewUser {
    let user = &account.user;
    let event = AuditEvent::new(
        AuditId(user.id.0),
        user.created_at,
        AuditAction::UserCreated,
        Some(user.id),
    );
    NewUser::new(account.clone(), event)
}
