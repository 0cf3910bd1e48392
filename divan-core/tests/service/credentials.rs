//! Management of service credentials, on every store.

use std::time::Duration;

use divan_core::service::{
    Admin, AdminService, CreateServiceCommand, Field, NewServiceSecret, ServiceError,
    UpdateServiceCommand,
};
use divan_core::store::AuditQuery;
use divan_core::token::ServiceSecret;
use divan_core::types::{AuditAction, AuditEvent, ServiceScope, ServiceSecretId};
use time::OffsetDateTime;

use crate::support::admin::{Fixture, client};
use crate::support::{NOW, Refusal, refusal};

on_every_store!(
    a_created_service_is_listed_without_its_secret,
    invalid_services_are_refused,
    a_service_is_changed,
    a_rotation_keeps_the_previous_secret_for_some_time,
    a_third_secret_replaces_the_oldest,
    a_rotation_is_undone_by_removing_the_new_secret,
    the_last_valid_secret_cannot_be_removed,
    concurrent_rotations_keep_two_secrets,
    changes_of_services_are_recorded,
    changes_of_services_need_a_recent_proof,
    a_hundred_services_can_exist,
    the_operator_creates_services,
);

fn command() -> CreateServiceCommand {
    CreateServiceCommand::new("HR system", [ServiceScope::UsersRead])
}

async fn create(services: AdminService<'_>) -> NewServiceSecret {
    services.create_service(&command()).await.unwrap()
}

fn time(after: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(NOW + after).unwrap()).unwrap()
}

/// Returns the newest events, oldest first.
async fn events(f: &Fixture, count: u32) -> Vec<AuditEvent> {
    let mut events = f.store.audit(&AuditQuery::newest(count)).await.unwrap();
    events.reverse();
    events
}

async fn a_created_service_is_listed_without_its_secret(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let services = f.service.as_admin(&admin, &client);
    let mut command = CreateServiceCommand::new(
        " HR system ",
        [
            ServiceScope::UsersWrite,
            ServiceScope::UsersRead,
            ServiceScope::UsersRead,
        ],
    );
    command.allowed_addresses = ["192.0.2.7/24", "2001:db8::1", "192.0.2.0/24"]
        .map(str::to_owned)
        .to_vec();
    command.expires_at = Some(time(3600));
    let created = services.create_service(&command).await.unwrap();
    let secret: ServiceSecret = created.secret.expose().parse().unwrap();
    f.tick();
    let other = create(services).await;

    let view = &created.service;
    assert_eq!(view.name, "HR system");
    assert_eq!(
        view.scopes,
        [ServiceScope::UsersRead, ServiceScope::UsersWrite]
    );
    let ranges: Vec<_> = view
        .allowed_addresses
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(ranges, ["192.0.2.0/24", "2001:db8::1"]);
    assert_eq!(
        (view.created_by, view.expires_at),
        (admin.id(), Some(time(3600)))
    );
    assert_eq!((view.secrets.len(), view.last_used_at), (1, None));
    assert_eq!(view.secrets[0].hint, secret.hint());
    assert_eq!(services.get_service(view.id).await.unwrap(), *view);
    let listed = services.list_services().await.unwrap();
    assert_eq!(listed, [other.service, created.service.clone()]);
    let stored = f.store.service(view.id).await.unwrap().unwrap();
    assert_eq!(stored.secrets[0].digest, secret.digest());
    assert!(!format!("{stored:?} {created:?}").contains(&secret.expose()[4..20]));
}

async fn invalid_services_are_refused(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let services = f.service.as_admin(&admin, &client);
    let id = create(services).await.service.id;
    let mut command = CreateServiceCommand::new("", []);
    command.allowed_addresses = vec!["example.com".to_owned()];
    command.expires_at = Some(time(0));
    let Err(ServiceError::Invalid(fields)) = services.create_service(&command).await else {
        panic!("the command is invalid");
    };
    let names: Vec<Field> = fields.iter().map(|field| field.field).collect();
    let expected = [
        Field::Name,
        Field::Scopes,
        Field::AllowedAddresses,
        Field::ExpiresAt,
    ];
    assert_eq!(names, expected);

    let changed = |change: &dyn Fn(&mut UpdateServiceCommand)| {
        let mut command = UpdateServiceCommand::default();
        change(&mut command);
        command
    };
    for command in [
        changed(&|command| command.name = Some("x".repeat(101))),
        changed(&|command| command.scopes = Some(vec![ServiceScope::Unknown])),
        changed(&|command| command.allowed_addresses = Some(vec!["192.0.2.1".to_owned(); 33])),
        changed(&|command| command.allowed_addresses = Some(vec![" ".to_owned()])),
        changed(&|command| command.expires_at = Some(Some(time(0)))),
        changed(&|_| {}),
    ] {
        let refused = refusal(services.update_service(id, &command).await);
        assert_eq!(refused, Refusal::ValidationFailed);
    }
    let keep = Duration::from_secs(30 * 24 * 3600 + 1);
    let refused = refusal(services.rotate_service_secret(id, keep).await);
    assert_eq!(refused, Refusal::ValidationFailed);
    assert_eq!(services.list_services().await.unwrap().len(), 1);
}

async fn a_service_is_changed(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let services = f.service.as_admin(&admin, &client);
    let created = create(services).await.service;
    let mut command = UpdateServiceCommand::default();
    command.name = Some("Gateway".to_owned());
    command.scopes = Some(vec![ServiceScope::Introspect]);
    command.allowed_addresses = Some(vec!["192.0.2.1".to_owned()]);
    command.expires_at = Some(Some(time(60)));
    let changed = services.update_service(created.id, &command).await.unwrap();
    assert_eq!(changed, services.get_service(created.id).await.unwrap());
    assert_eq!(
        (changed.name.as_str(), changed.expires_at),
        ("Gateway", Some(time(60)))
    );
    assert_eq!(changed.scopes, [ServiceScope::Introspect]);
    assert_eq!(changed.secrets, created.secrets);

    let mut command = UpdateServiceCommand::default();
    command.allowed_addresses = Some(Vec::new());
    command.expires_at = Some(None);
    let changed = services.update_service(created.id, &command).await.unwrap();
    assert_eq!(
        (changed.allowed_addresses.len(), changed.expires_at),
        (0, None)
    );
    services.delete_service(created.id).await.unwrap();
    for refused in [
        refusal(services.get_service(created.id).await),
        refusal(services.update_service(created.id, &command).await),
        refusal(
            services
                .rotate_service_secret(created.id, Duration::ZERO)
                .await,
        ),
        refusal(services.delete_service(created.id).await),
    ] {
        assert_eq!(refused, Refusal::NotFound);
    }
}

async fn a_rotation_keeps_the_previous_secret_for_some_time(f: Fixture) {
    let (admin, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&admin, &client);
    let created = create(services).await;
    f.tick();
    let hour = Duration::from_hours(1);
    let rotated = services
        .rotate_service_secret(created.service.id, hour)
        .await
        .unwrap();
    assert_ne!(rotated.secret.expose(), created.secret.expose());
    let secrets = &rotated.service.secrets;
    assert_eq!(
        (secrets.len(), secrets[0].id),
        (2, created.service.secrets[0].id)
    );
    assert_eq!(secrets[0].expires_at, Some(secrets[1].created_at + hour));
    assert_eq!(secrets[1].expires_at, None);

    f.clock.advance(hour);
    let left = services.get_service(created.service.id).await.unwrap();
    assert_eq!(left.secrets, secrets[1..]);
    let only = services
        .rotate_service_secret(left.id, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(only.service.secrets.len(), 1);
    assert_ne!(only.service.secrets[0].id, secrets[1].id);
}

async fn a_third_secret_replaces_the_oldest(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let services = f.service.as_admin(&admin, &client);
    let id = create(services).await.service.id;
    let mut seen: Vec<ServiceSecretId> = Vec::new();
    for _ in 0..3 {
        f.tick();
        let hour = Duration::from_hours(1);
        let rotated = services.rotate_service_secret(id, hour).await.unwrap();
        let secrets = rotated.service.secrets;
        assert_eq!(secrets.len(), 2);
        assert!(seen.last().is_none_or(|last| *last == secrets[0].id));
        seen.push(secrets[1].id);
    }
    let stored = f.store.service(id).await.unwrap().unwrap();
    assert_eq!(stored.secrets.len(), 2);
}

async fn a_rotation_is_undone_by_removing_the_new_secret(f: Fixture) {
    let (admin, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&admin, &client);
    let created = create(services).await.service;
    f.tick();
    let hour = Duration::from_hours(1);
    let rotated = services
        .rotate_service_secret(created.id, hour)
        .await
        .unwrap();
    let new = rotated.service.secrets[1].id;
    services
        .remove_service_secret(created.id, new)
        .await
        .unwrap();
    f.clock.advance(hour * 2);
    let left = services.get_service(created.id).await.unwrap();
    assert_eq!(left.secrets, created.secrets);
    let again = refusal(services.remove_service_secret(created.id, new).await);
    assert_eq!(again, Refusal::NotFound);
}

async fn the_last_valid_secret_cannot_be_removed(f: Fixture) {
    let (admin, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&admin, &client);
    let created = create(services).await.service;
    let first = created.secrets[0].id;
    let refused = services.remove_service_secret(created.id, first).await;
    assert_eq!(refusal(refused), Refusal::LastServiceSecret);
    f.tick();
    let second = Duration::from_secs(1);
    let rotated = services
        .rotate_service_secret(created.id, second)
        .await
        .unwrap();
    f.clock.advance(second);
    let new = rotated.service.secrets[1].id;
    let refused = services.remove_service_secret(created.id, new).await;
    assert_eq!(refusal(refused), Refusal::LastServiceSecret);
    let expired = services.remove_service_secret(created.id, first).await;
    assert_eq!(refusal(expired), Refusal::NotFound);
}

async fn concurrent_rotations_keep_two_secrets(f: Fixture) {
    let admin = f.admin().await;
    let id = create(f.service.as_admin(&admin, &client()))
        .await
        .service
        .id;
    let rotations = (0..4).map(|_| {
        let (service, admin) = (f.service.clone(), admin.clone());
        tokio::spawn(async move {
            let client = client();
            let services = service.as_admin(&admin, &client);
            let hour = Duration::from_hours(1);
            services
                .rotate_service_secret(id, hour)
                .await
                .unwrap()
                .secret
        })
    });
    let rotations: Vec<_> = rotations.collect();
    let mut digests = Vec::new();
    for rotation in rotations {
        let secret = rotation.await.unwrap();
        digests.push(secret.expose().parse::<ServiceSecret>().unwrap().digest());
    }
    let stored = f.store.service(id).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.secrets.len()), (5, 2));
    for secret in stored.secrets {
        assert!(digests.contains(&secret.digest));
    }
}

async fn changes_of_services_are_recorded(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    f.tick();
    let services = f.service.as_admin(&admin, &client);
    let id = create(services).await.service.id;
    f.tick();
    let mut command = UpdateServiceCommand::default();
    command.name = Some("Gateway".to_owned());
    command.scopes = Some(vec![ServiceScope::UsersRead]);
    for _ in 0..2 {
        services.update_service(id, &command).await.unwrap();
        f.tick();
    }
    let rotated = services
        .rotate_service_secret(id, Duration::from_hours(1))
        .await;
    let old = rotated.unwrap().service.secrets[0].id;
    f.tick();
    services.remove_service_secret(id, old).await.unwrap();
    f.tick();
    services.delete_service(id).await.unwrap();

    let events = events(&f, 5).await;
    let actions: Vec<_> = events.iter().map(|event| event.action).collect();
    let expected = [
        AuditAction::ServiceCreated,
        AuditAction::ServiceUpdated,
        AuditAction::ServiceSecretRotated,
        AuditAction::ServiceSecretRemoved,
        AuditAction::ServiceDeleted,
    ];
    assert_eq!(
        actions, expected,
        "an update that changes nothing is not recorded"
    );
    assert_eq!(events[1].changes, ["name"]);
    for event in events {
        assert_eq!((event.actor_id, event.service_id), (admin.id(), Some(id)));
        let name = event.service_name.unwrap();
        let is_first = event.action == AuditAction::ServiceCreated;
        assert_eq!(name, if is_first { "HR system" } else { "Gateway" });
        let address = Some([203, 0, 113, 7].into());
        assert_eq!((event.subject_id, event.address), (None, address));
    }
}

async fn changes_of_services_need_a_recent_proof(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let services = f.service.as_admin(&admin, &client);
    let created = create(services).await.service;
    f.clock.advance(Duration::from_secs(301));
    let mut command = UpdateServiceCommand::default();
    command.name = Some("Gateway".to_owned());
    for refused in [
        refusal(services.create_service(&self::command()).await),
        refusal(services.update_service(created.id, &command).await),
        refusal(
            services
                .rotate_service_secret(created.id, Duration::ZERO)
                .await,
        ),
        refusal(
            services
                .remove_service_secret(created.id, created.secrets[0].id)
                .await,
        ),
        refusal(services.delete_service(created.id).await),
    ] {
        assert_eq!(refused, Refusal::InsufficientAuthentication);
    }
    let listed = services.list_services().await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&created));
    assert_eq!(services.get_service(created.id).await.unwrap(), created);
}

async fn a_hundred_services_can_exist(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let services = f.service.as_admin(&admin, &client);
    for _ in 0..100 {
        create(services).await;
    }
    let refused = refusal(services.create_service(&command()).await);
    assert_eq!(refused, Refusal::TooManyServices);
    assert_eq!(services.list_services().await.unwrap().len(), 100);
}

async fn the_operator_creates_services(f: Fixture) {
    f.tick();
    let (operator, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&operator, &client);
    let created = create(services).await.service;
    assert_eq!(created.created_by, None);
    let event = events(&f, 1).await.remove(0);
    assert_eq!((event.actor_id, event.service_id), (None, Some(created.id)));
}
