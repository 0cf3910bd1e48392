use std::sync::Arc;

use super::*;
use crate::clock::ManualClock;
use crate::password::Argon2idHasher;
use crate::service::AdminLoginCommand;
use crate::store::{AuditQuery, AuditStore, MemoryStore, ThrottleStore};
use crate::token::Audiences;

#[test]
fn a_minute_has_a_limit_of_its_own() {
    let limit = PerMinute::new(2);
    assert_eq!(
        [0, 10, 59, 60, 61, 62].map(|second| limit.allows(second)),
        [true, true, false, true, true, false]
    );
}

/// Returns a service that shares counters above 100 rows.
fn service(store: &Arc<MemoryStore>) -> AuthService {
    let mut service = AuthService::builder(
        store.clone(),
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .clock(Arc::new(ManualClock::at_unix(1_780_000_000)))
    .build();
    let parts = Arc::get_mut(&mut service.parts).unwrap();
    parts.attempts.max_counters = 100;
    service
}

/// Signs in as accounts that do not exist, each once, and returns the number of refused attempts.
async fn invent(service: &AuthService, accounts: std::ops::Range<u32>) -> u32 {
    let mut refused = 0;
    for n in accounts {
        let [_, high, low, _] = (n << 8).to_be_bytes();
        // A network for each, so that their limits refuse none.
        let address = IpAddr::from([10, high, low, 1]);
        let client = ClientInfo::unknown().address(address);
        let command = AdminLoginCommand::new(format!("invented{n}@example.com"), "a guess");
        let result = service.for_client(&client).admin_login(&command).await;
        match result.map(drop).unwrap_err() {
            ServiceError::TooManyAttempts { .. } => refused += 1,
            error => assert!(matches!(error, ServiceError::InvalidCredentials), "{error}"),
        }
    }
    refused
}

async fn shared_counters(store: &MemoryStore) -> usize {
    let of = |kind| (0..=u16::MAX).map(move |id| ThrottleKey::new(kind, id.to_be_bytes()));
    let keys: Vec<_> = ThrottleKind::ALL.iter().copied().flat_map(of).collect();
    let counters = store.counters(&keys).await.unwrap();
    counters.iter().flatten().count()
}

#[tokio::test]
async fn invented_accounts_share_counters_above_the_limit() {
    let store = Arc::new(MemoryStore::new());
    let service = service(&store);
    let left = async || store.purge_counters(service.now()).await.unwrap();
    assert_eq!(invent(&service, 0..60).await, 0);
    let own = left().await;
    assert!(own > 100, "{own}");
    assert_eq!(shared_counters(&store).await, 0);

    service.purge_attempts().await.unwrap();
    let refused = invent(&service, 60..1_060).await;
    let shared = shared_counters(&store).await;
    assert_eq!(left().await, own + shared as u64, "no counter of its own");
    assert!(shared > 100, "{shared}");
    assert_eq!(refused, 0);

    // An account that was attempted before keeps its limit.
    assert_eq!(invent(&service, 0..1).await, 0);
    assert_eq!(left().await, own + shared as u64);
}

/// A response for an account that exists waits for the same write.
#[tokio::test]
async fn an_invented_account_is_counted_when_the_audit_takes_no_more_events() {
    let store = Arc::new(MemoryStore::new());
    let mut service = service(&store);
    Arc::get_mut(&mut service.parts)
        .unwrap()
        .attempts
        .max_counters = 10_000;
    assert_eq!(invent(&service, 0..70).await, 0);

    let mut query = AuditQuery::newest(200);
    query.action = Some(AuditAction::SignInFailed);
    assert_eq!(store.audit(&query).await.unwrap().len(), 60);
    for n in [0, 59, 60, 69] {
        let email = format!("invented{n}@example.com").parse().unwrap();
        let account = service.parts.attempts.keys.email(&email);
        let key = ThrottleKey::new(ThrottleKind::FailureEvent, account.to_string());
        let counters = store.counters(&[key]).await.unwrap();
        assert!(counters[0].is_some(), "{n}");
    }
}
