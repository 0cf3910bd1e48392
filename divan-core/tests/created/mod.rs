use divan_core::store::{Account, NewUser};
use divan_core::types::{AuditAction, AuditEvent, AuditId};

/// The account to add, with a line of the audit.
pub(crate) fn created(account: &Account) -> NewUser {
    let user = &account.user;
    let record = AuditEvent::new(
        AuditId(user.id.0),
        user.created_at,
        AuditAction::UserCreated,
        Some(user.id),
    );
    NewUser::new(account.clone(), record)
}
