//! The attributes of users for the application.

use divan_core::service::{CreateUserCommand, ListUsersQuery, UpdateUserCommand};
use divan_core::types::Metadata;
use serde_json::{Map, Value, json};

use crate::support::admin::{Fixture, client};
use crate::support::{PHONE, Refusal, refusal};

on_every_store!(
    metadata_is_returned_on_request_only,
    an_update_replaces_the_metadata_as_a_whole,
    metadata_of_more_than_4096_bytes_is_rejected,
);

fn members(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn employee(metadata: Value) -> CreateUserCommand {
    let mut command = CreateUserCommand::employee("First Last", PHONE);
    command.metadata = Some(members(metadata));
    command.password("umbrella 77")
}

fn update(metadata: Option<Value>) -> UpdateUserCommand {
    let mut command = UpdateUserCommand::default();
    command.metadata = Some(metadata.map(members));
    command
}

async fn metadata_is_returned_on_request_only(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let metadata = Metadata::new(members(json!({"department": "sales"}))).unwrap();
    let command = employee(json!({"department": "sales"}));
    let created = users.create_user(&command).await.unwrap().user;
    assert_eq!(created.metadata.as_ref(), Some(&metadata));
    assert_eq!(users.get_user(created.id).await.unwrap().metadata, None);
    let got = users.get_user_with_metadata(created.id).await.unwrap();
    assert_eq!(got, created);

    let mut query = ListUsersQuery::default();
    query.query = Some("first".to_owned());
    let listed = users.list_users(&query).await.unwrap().items;
    assert_eq!(listed[0].metadata, None);
    query.with_metadata = true;
    let listed = users.list_users(&query).await.unwrap().items;
    assert_eq!(listed[0].metadata.as_ref(), Some(&metadata));

    let session = f.login(&"umbrella 77".into()).await.unwrap();
    assert_eq!(session.user.metadata, None);
    let token = session.access_token.expose();
    let caller = f.service.authenticate(token).await.unwrap();
    let own = f.service.as_caller(&caller, &client);
    assert_eq!(own.user().metadata, None);
    assert_eq!(
        own.user_with_metadata().await.unwrap().metadata,
        Some(metadata)
    );
}

async fn an_update_replaces_the_metadata_as_a_whole(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let id = f.add(&employee(json!({"a": 1, "b": 2}))).await.id;
    f.tick();
    let changed = users.update_user(id, &update(Some(json!({"a": 2})))).await;
    let changed = changed.unwrap();
    assert_eq!(changed.metadata.unwrap().to_json(), r#"{"a":2}"#);
    assert!(changed.updated_at > changed.created_at);
    assert_eq!(f.changes(id).await, ["metadata"]);

    let before = f.actions(id).await;
    users
        .update_user(id, &update(Some(json!({"a": 2}))))
        .await
        .unwrap();
    assert_eq!(f.actions(id).await, before, "nothing has changed");

    let removed = users.update_user(id, &update(None)).await.unwrap();
    assert_eq!(removed.metadata, Some(Metadata::default()));
    let mut name = UpdateUserCommand::default();
    name.full_name = Some("Another Name".to_owned());
    assert_eq!(users.update_user(id, &name).await.unwrap().metadata, None);
}

async fn metadata_of_more_than_4096_bytes_is_rejected(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let of_size = |bytes: usize| json!({"a": "x".repeat(bytes - 8)});
    let created = users.create_user(&employee(of_size(4097))).await;
    assert_eq!(refusal(created), Refusal::ValidationFailed);
    let id = f.add(&employee(of_size(4096))).await.id;
    let updated = users.update_user(id, &update(Some(of_size(4097)))).await;
    assert_eq!(refusal(updated), Refusal::ValidationFailed);
}
