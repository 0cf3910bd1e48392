//! Deletion of users.

use divan_core::service::{Admin, CreateUserCommand, ListUsersQuery};
use divan_core::types::{AuditAction, UserId};
use uuid::Uuid;

use crate::support::admin::{Fixture, client};
use crate::support::{PHONE, Refusal, refusal};

on_every_store!(
    a_deleted_user_is_signed_out_and_not_found,
    contacts_of_a_deleted_user_can_be_used_again,
    administrators_cannot_delete_their_own_account,
    the_operator_cannot_delete_the_last_administrator,
);

fn employee() -> CreateUserCommand {
    let mut command = CreateUserCommand::employee("First Last", PHONE);
    command.external_id = Some("HR-1".to_owned());
    command.password("umbrella 77")
}

async fn a_deleted_user_is_signed_out_and_not_found(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let id = f.add(&employee()).await.id;
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let token = session.access_token.expose();
    f.service.authenticate(token).await.unwrap();
    f.tick();
    users.delete_user(id).await.unwrap();

    let refused = f.service.authenticate(token).await;
    assert_eq!(refusal(refused), Refusal::TokenInvalid);
    let refreshed = f.service.for_client(&client);
    let refreshed = refreshed.refresh(&session.refresh_token).await;
    assert_eq!(refusal(refreshed), Refusal::RefreshTokenInvalid);
    let login = f.login(&"umbrella 77".into()).await;
    assert_eq!(refusal(login), Refusal::InvalidCredentials);

    assert_eq!(refusal(users.get_user(id).await), Refusal::NotFound);
    assert_eq!(refusal(users.find_user(PHONE).await), Refusal::NotFound);
    assert_eq!(refusal(users.delete_user(id).await), Refusal::NotFound);
    assert_eq!(refusal(users.reset_password(id).await), Refusal::NotFound);
    assert_eq!(refusal(users.user_sessions(id).await), Refusal::NotFound);
    let listed = users.list_users(&ListUsersQuery::default()).await.unwrap();
    assert!(listed.items.iter().all(|user| user.id != id));
    assert!(f.find("first").await.is_empty());
    let actions = f.actions(id).await;
    assert_eq!(actions.len(), 4, "the audit is kept: {actions:?}");
    assert_eq!(actions.last(), Some(&AuditAction::UserDeleted));
}

async fn contacts_of_a_deleted_user_can_be_used_again(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let first = f.add(&employee()).await.id;
    f.login(&"umbrella 77".into()).await.unwrap();
    let mut failures = 0;
    while matches!(
        refusal(f.login(&"wrong password".into()).await),
        Refusal::InvalidCredentials
    ) {
        failures += 1;
        assert!(failures < 1000, "attempts are limited");
    }
    users.delete_user(first).await.unwrap();

    // The phone number, the external id and the Telegram account are free, and no attempt counts.
    let second = f.add(&employee()).await.id;
    assert_ne!(first, second);
    let failed = users.failed_sign_ins(second).await.unwrap();
    assert_eq!((failed.trusted, failed.untrusted), (0, 0));
    f.login(&"umbrella 77".into()).await.unwrap();
}

async fn administrators_cannot_delete_their_own_account(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let own = admin.id().unwrap();
    assert_eq!(refusal(users.delete_user(own).await), Refusal::OwnAccount);
    let unknown = users.delete_user(UserId(Uuid::nil())).await;
    assert_eq!(refusal(unknown), Refusal::NotFound);
}

async fn the_operator_cannot_delete_the_last_administrator(f: Fixture) {
    let (operator, client) = (Admin::operator(), client());
    let users = f.service.as_admin(&operator, &client);
    let last = f.admin().await.id().unwrap();
    assert_eq!(refusal(users.delete_user(last).await), Refusal::LastAdmin);
    let second = CreateUserCommand::admin("Second Admin", "second@example.com");
    users.create_user(&second).await.unwrap();
    users.delete_user(last).await.unwrap();
}
