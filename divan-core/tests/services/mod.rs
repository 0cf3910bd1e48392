//! The contract of service credentials.

use divan_core::store::{AuditQuery, MAX_SERVICES, StoredService, StoredServiceSecret};
use divan_core::types::{
    AuditAction, AuditEvent, AuditId, ServiceId, ServiceScope, ServiceSecretId,
};
use time::Duration;
use uuid::Uuid;

use super::{AnyStore, id, now};

fn service_id(n: u128) -> ServiceId {
    ServiceId(Uuid::from_u128(n))
}

fn secret(n: u8) -> StoredServiceSecret {
    let id = ServiceSecretId(Uuid::from_u128(n.into()));
    StoredServiceSecret::new(id, [n; 32], "wxyz", now())
}

fn service(n: u128) -> StoredService {
    let secret = secret(u8::try_from(n).unwrap());
    StoredService::new(service_id(n), format!("Service {n}"), secret, now())
}

fn event(n: u128, action: AuditAction) -> AuditEvent {
    let mut event = AuditEvent::new(AuditId(Uuid::from_u128(n)), now(), action, None);
    event.service_id = Some(service_id(1));
    event.service_name = Some("Service 1".to_owned());
    event
}

async fn insert(store: &AnyStore, service: &StoredService) {
    let event = event(service.id.0.as_u128(), AuditAction::ServiceCreated);
    assert!(store.insert_service(service, &event).await.unwrap());
}

async fn stored(store: &AnyStore, n: u128) -> StoredService {
    store.service(service_id(n)).await.unwrap().unwrap()
}

/// Returns the credential after a change of its name.
fn renamed(before: &StoredService, name: &str) -> StoredService {
    let mut next = before.clone();
    name.clone_into(&mut next.name);
    next.version += 1;
    next
}

pub(crate) async fn a_service_is_stored_with_its_secrets(store: AnyStore) {
    let mut first = service(1);
    first.scopes = ServiceScope::ALL.to_vec();
    first.allowed_addresses = ["192.0.2.0/24", "2001:db8::1"]
        .map(|range| range.parse().unwrap())
        .to_vec();
    first.created_by = Some(id(7));
    first.expires_at = Some(now() + Duration::days(90));
    first.secrets[0].expires_at = Some(now() + Duration::days(1));
    first.secrets.push(secret(3));
    insert(&store, &first).await;
    let mut second = service(2);
    second.scopes = vec![ServiceScope::Introspect];
    insert(&store, &second).await;

    assert_eq!(stored(&store, 1).await, first);
    assert_eq!(store.services().await.unwrap(), [second, first]);
    assert_eq!(store.service(service_id(3)).await.unwrap(), None);
}

pub(crate) async fn a_change_of_a_service_requires_the_seen_version(store: AnyStore) {
    let mut first = service(1);
    first.scopes = vec![ServiceScope::UsersRead];
    first.secrets.push(secret(3));
    insert(&store, &first).await;
    let mut next = renamed(&first, "Another name");
    next.scopes = vec![ServiceScope::AuditRead];
    next.allowed_addresses = vec!["192.0.2.1".parse().unwrap()];
    next.expires_at = Some(now());
    next.secrets = vec![secret(3), secret(4)];
    next.secrets[0].expires_at = Some(now() + Duration::hours(1));
    let event = |n| event(n, AuditAction::ServiceUpdated);
    assert!(store.update_service(&next, &event(2)).await.unwrap());
    assert_eq!(stored(&store, 1).await, next);

    assert!(!store.update_service(&next, &event(3)).await.unwrap());
    let mut unknown = renamed(&service(5), "x");
    unknown.secrets = vec![secret(9)];
    assert!(!store.update_service(&unknown, &event(4)).await.unwrap());
    assert_eq!(store.services().await.unwrap(), [next]);
    let events = store.audit(&AuditQuery::newest(10)).await.unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0], event(2));
}

pub(crate) async fn one_of_concurrent_changes_of_a_service_succeeds(store: AnyStore) {
    let mut first = service(1);
    first.scopes = vec![ServiceScope::UsersRead];
    insert(&store, &first).await;
    let changes = (2_u8..6).map(|n| {
        let (store, first) = (store.clone(), first.clone());
        tokio::spawn(async move {
            let mut next = renamed(&first, &format!("Name {n}"));
            next.secrets.push(secret(n));
            let event = event(n.into(), AuditAction::ServiceSecretRotated);
            store.update_service(&next, &event).await.unwrap()
        })
    });
    let changes: Vec<_> = changes.collect();
    let mut succeeded = 0;
    for change in changes {
        succeeded += usize::from(change.await.unwrap());
    }
    assert_eq!(succeeded, 1);
    let left = stored(&store, 1).await;
    assert_eq!((left.version, left.secrets.len()), (2, 2));
    assert_eq!(store.audit(&AuditQuery::newest(10)).await.unwrap().len(), 2);
}

pub(crate) async fn a_use_of_a_service_is_stored_and_kept(store: AnyStore) {
    let mut first = service(1);
    first.scopes = vec![ServiceScope::UsersRead];
    first.secrets.push(secret(3));
    insert(&store, &first).await;
    let (id, used) = (first.id, first.secrets[1].id);
    let later = now() + Duration::minutes(1);
    for at in [later, now()] {
        store.use_service(id, used, at).await.unwrap();
    }
    first.last_used_at = Some(later);
    first.secrets[1].last_used_at = Some(later);
    assert_eq!(stored(&store, 1).await, first);

    let mut next = renamed(&service(1), "Another name");
    next.scopes = first.scopes.clone();
    next.secrets.push(secret(3));
    let event = event(2, AuditAction::ServiceUpdated);
    assert!(store.update_service(&next, &event).await.unwrap());
    assert_eq!(stored(&store, 1).await, renamed(&first, "Another name"));
    let unknown = service(5);
    let secret = unknown.secrets[0].id;
    store.use_service(unknown.id, secret, later).await.unwrap();
}

pub(crate) async fn a_deleted_service_leaves_only_audit_events(store: AnyStore) {
    for n in [1, 2] {
        insert(&store, &service(n)).await;
    }
    let event = |n| event(n, AuditAction::ServiceDeleted);
    assert!(
        store
            .delete_service(service_id(1), &event(3))
            .await
            .unwrap()
    );
    assert!(
        !store
            .delete_service(service_id(1), &event(4))
            .await
            .unwrap()
    );
    assert_eq!(store.service(service_id(1)).await.unwrap(), None);
    let left: Vec<_> = store.services().await.unwrap();
    assert_eq!(
        left.iter().map(|left| left.id).collect::<Vec<_>>(),
        [service_id(2)]
    );
    let events = store.audit(&AuditQuery::newest(10)).await.unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(events[0], event(3));
}

pub(crate) async fn there_are_at_most_a_hundred_services(store: AnyStore) {
    for n in 1..=u128::from(MAX_SERVICES) {
        insert(&store, &service(n)).await;
    }
    let event = event(200, AuditAction::ServiceCreated);
    assert!(!store.insert_service(&service(101), &event).await.unwrap());
    assert_eq!(store.services().await.unwrap().len(), 100);
    let newest = store.audit(&AuditQuery::newest(1)).await.unwrap();
    assert_ne!(newest[0], event);
}
