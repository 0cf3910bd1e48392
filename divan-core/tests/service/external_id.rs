//! The ids of users in other systems.

use divan_core::service::{CreateUserCommand, ListUsersQuery, UpdateUserCommand};

use crate::support::admin::{Fixture, client};
use crate::support::{PHONE, Refusal, refusal};

on_every_store!(
    an_external_id_belongs_to_one_user,
    a_removed_external_id_can_be_used_again,
    invalid_external_ids_are_rejected,
);

fn employee(phone: &str, external_id: &str) -> CreateUserCommand {
    let mut command = CreateUserCommand::employee("First Last", phone);
    command.external_id = Some(external_id.to_owned());
    command
}

fn update(external_id: Option<&str>) -> UpdateUserCommand {
    let mut command = UpdateUserCommand::default();
    command.external_id = Some(external_id.map(str::to_owned));
    command
}

async fn an_external_id_belongs_to_one_user(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let first = users.create_user(&employee(PHONE, "HR-1")).await.unwrap();
    let second = employee("+77010000002", " HR-1 ");
    assert_eq!(
        refusal(users.create_user(&second).await),
        Refusal::ExternalIdTaken
    );
    let second = employee("+77010000002", "hr-1");
    let second = users.create_user(&second).await.unwrap().user;
    assert_eq!(
        refusal(users.update_user(second.id, &update(Some("HR-1"))).await),
        Refusal::ExternalIdTaken
    );

    let mut query = ListUsersQuery::default();
    query.external_id = Some("HR-1".to_owned());
    let found = users.list_users(&query).await.unwrap().items;
    assert_eq!(found, [first.user]);
    query.external_id = Some("HR".to_owned());
    assert!(users.list_users(&query).await.unwrap().items.is_empty());
}

async fn a_removed_external_id_can_be_used_again(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let first = users.create_user(&employee(PHONE, "HR-1")).await.unwrap();
    let id = first.user.id;
    f.tick();
    let changed = users.update_user(id, &update(None)).await.unwrap();
    assert_eq!(changed.external_id, None);
    assert_eq!(f.changes(id).await, ["external_id"]);
    users
        .create_user(&employee("+77010000002", "HR-1"))
        .await
        .unwrap();
}

async fn invalid_external_ids_are_rejected(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let user = f
        .add(&CreateUserCommand::employee("First Last", PHONE))
        .await;
    for invalid in ["", " ", "a\0b", "a\nb", &"x".repeat(129)] {
        let created = users.create_user(&employee("+77010000002", invalid)).await;
        assert_eq!(refusal(created), Refusal::ValidationFailed, "{invalid:?}");
        let updated = users.update_user(user.id, &update(Some(invalid))).await;
        assert_eq!(refusal(updated), Refusal::ValidationFailed, "{invalid:?}");
        let mut query = ListUsersQuery::default();
        query.external_id = Some(invalid.to_owned());
        let listed = users.list_users(&query).await;
        assert_eq!(refusal(listed), Refusal::ValidationFailed, "{invalid:?}");
    }
}
