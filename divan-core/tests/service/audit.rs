//! Audit events.

use std::time::Duration;

use divan_core::clock::Clock;
use divan_core::service::{
    ChangePasswordCommand, ClientInfo, CreateUserCommand, ListAuditEventsQuery, UpdateUserCommand,
};
use divan_core::store::AuditQuery;
use divan_core::types::{AuditAction, UserId};
use uuid::Uuid;

use crate::support::admin::{Fixture, client};
use crate::support::{PHONE, Refusal, refusal};

on_every_store!(
    every_operation_writes_one_audit_event,
    a_rejected_operation_writes_no_audit_event,
    audit_events_are_paged_and_purged,
    audit_events_of_a_time_are_listed,
);

#[expect(clippy::too_many_lines, reason = "one scenario, step by step")]
async fn every_operation_writes_one_audit_event(f: Fixture) {
    use AuditAction::*;
    let admin = f.admin().await;
    let user = f
        .add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    f.tick();
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    let change = ChangePasswordCommand::new("umbrella 77", "plum 4 the tram");
    f.tick();
    let session = f
        .service
        .as_caller(&caller, &client())
        .change_password(&change)
        .await
        .unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    f.tick();
    f.service
        .as_caller(&caller, &client())
        .logout()
        .await
        .unwrap();
    f.service
        .as_caller(&caller, &client())
        .logout()
        .await
        .unwrap();
    let mut changes = [(); 4].map(|()| UpdateUserCommand::default());
    changes[0].full_name = Some("Another Name".to_owned());
    changes[1].full_name = Some("Another Name".to_owned());
    (changes[2].is_active, changes[2].full_name) = (Some(false), Some("Gone".to_owned()));
    changes[3].is_active = Some(true);
    for change in &changes {
        f.tick();
        f.service
            .as_admin(&admin, &client())
            .update_user(user.id, change)
            .await
            .unwrap();
    }
    f.tick();
    f.service
        .as_admin(&admin, &client())
        .promote_user(user.id, Some("second@example.com"))
        .await
        .unwrap();
    f.tick();
    f.service
        .as_admin(&admin, &client())
        .unlink_telegram(user.id)
        .await
        .unwrap();
    f.tick();
    f.service
        .as_admin(&admin, &client())
        .end_user_sessions(user.id)
        .await
        .unwrap();
    f.tick();
    f.service
        .as_admin(&admin, &client())
        .reset_password(user.id)
        .await
        .unwrap();
    let mut actions = f.actions(user.id).await;
    // Events of one transaction have the same time, so they have no order.
    assert!(
        actions[1..3].contains(&TelegramLinked) && actions[1..3].contains(&SignedIn),
        "{actions:?}"
    );
    actions.drain(1..3);
    assert_eq!(
        actions,
        [
            UserCreated,
            PasswordChanged,
            SignedOut,
            UserUpdated,
            UserDeactivated,
            UserActivated,
            RoleChanged,
            TelegramUnlinked,
            SignedOutEverywhere,
            PasswordReset
        ]
    );

    let mut query = AuditQuery::newest(1);
    query.action = Some(UserDeactivated);
    let record = f.store.audit(&query).await.unwrap().remove(0);
    assert_eq!(record.changes, ["full_name", "is_active"]);
    assert_eq!(
        (record.actor_id, record.subject_id),
        (admin.id(), Some(user.id))
    );
    assert_eq!(record.address, Some([203, 0, 113, 7].into()));
    assert_eq!(record.request_id.as_deref(), Some("request-1"));
    assert!(f.actions(admin.id().unwrap()).await.contains(&Bootstrapped));
    let mut all = f.store.audit(&AuditQuery::newest(200)).await.unwrap();
    for event in &mut all {
        (event.actor_name, event.subject_name) = (None, None);
    }
    let all = format!("{all:?}");
    for secret in [
        "umbrella",
        "plum",
        "tram",
        "Gone",
        "second@",
        "701123",
        "auth_date",
    ] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

async fn a_rejected_operation_writes_no_audit_event(f: Fixture) {
    let admin = f.admin().await;
    f.add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    let before = f.store.audit(&AuditQuery::newest(100)).await.unwrap();
    let twice = CreateUserCommand::employee("First Last", PHONE).password("umbrella 77");
    assert_eq!(
        refusal(
            f.service
                .as_admin(&admin, &client())
                .create_user(&twice)
                .await
        ),
        Refusal::PhoneTaken
    );
    let nobody = UserId(Uuid::from_u128(1));
    assert_eq!(
        refusal(
            f.service
                .as_admin(&admin, &client())
                .unlink_telegram(nobody)
                .await
        ),
        Refusal::NotFound
    );
    let mut taken = UpdateUserCommand::default();
    taken.phone = Some(Some(PHONE.to_owned()));
    let refused = f
        .service
        .as_admin(&admin, &client())
        .update_user(admin.id().unwrap(), &taken)
        .await;
    assert_eq!(refusal(refused), Refusal::PhoneTaken);
    assert_eq!(
        f.store.audit(&AuditQuery::newest(100)).await.unwrap(),
        before
    );
}

async fn audit_events_are_paged_and_purged(f: Fixture) {
    let admin = f.admin().await;
    let user = f
        .add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    for _ in 0..5 {
        f.clock.advance(Duration::from_secs(1));
        f.service
            .as_admin(&admin, &client())
            .end_user_sessions(user.id)
            .await
            .unwrap();
    }
    let mut request = ListAuditEventsQuery::default();
    (request.limit, request.user, request.actor) = (Some(2), Some(user.id), admin.id());
    let mut seen = Vec::new();
    loop {
        let page = f
            .service
            .as_admin(&admin, &ClientInfo::unknown())
            .list_audit_events(&request)
            .await
            .unwrap();
        seen.extend(page.items);
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by(|a, b| a.id > b.id && a.at >= b.at));
    request.action = Some(AuditAction::Unknown);
    assert_eq!(
        refusal(
            f.service
                .as_admin(&admin, &ClientInfo::unknown())
                .list_audit_events(&request)
                .await
        ),
        Refusal::ValidationFailed
    );

    assert_eq!(
        f.service.purge_audit(Duration::from_secs(5)).await.unwrap(),
        0
    );
    f.clock.advance(Duration::from_secs(1));
    let all = f.store.audit(&AuditQuery::newest(100)).await.unwrap().len() as u64;
    assert_eq!(
        f.service.purge_audit(Duration::from_secs(5)).await.unwrap(),
        all - 5
    );
    let left = f.store.audit(&AuditQuery::newest(100)).await.unwrap();
    assert_eq!(left.len(), 6);
    assert_eq!(left[0].action, AuditAction::AuditPurged);
}

async fn audit_events_of_a_time_are_listed(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let as_admin = f.service.as_admin(&admin, &client);
    let command = CreateUserCommand::employee("First Last", PHONE);
    let user = f.add(&command).await;
    let mut times = Vec::new();
    for _ in 0..6 {
        f.clock.advance(Duration::from_mins(1));
        times.push(time::OffsetDateTime::from(f.clock.now()));
        as_admin.end_user_sessions(user.id).await.unwrap();
    }
    let mut query = ListAuditEventsQuery::default();
    (query.user, query.limit) = (Some(user.id), Some(2));
    (query.from, query.to) = (Some(times[1]), Some(times[4]));
    let first = as_admin.list_audit_events(&query).await.unwrap();
    query.cursor = first.next_cursor;
    let last = as_admin.list_audit_events(&query).await.unwrap();
    assert!(last.next_cursor.is_none());
    let listed: Vec<_> = first.items.iter().chain(&last.items).collect();
    let at: Vec<_> = listed.iter().map(|event| event.at).collect();
    let expected: Vec<_> = times[1..4].iter().rev().map(|at| micros(*at)).collect();
    assert_eq!(at, expected);
    assert!(listed.iter().all(|event| {
        event.actor_name.as_deref() == Some("Administrator")
            && event.subject_name.as_deref() == Some("First Last")
    }));
    query.to = None;
    assert_eq!(
        refusal(as_admin.list_audit_events(&query).await),
        Refusal::ValidationFailed,
        "the cursor belongs to other filters"
    );
}

/// Rounds a time to the precision of the databases.
fn micros(time: time::OffsetDateTime) -> time::OffsetDateTime {
    time.replace_nanosecond(time.nanosecond() / 1000 * 1000)
        .unwrap()
}
