//! When keys are fetched, and which ones are used.

use futures_util::future::join_all;
use tokio::time::{advance, timeout};

use super::*;

const UNKNOWN: Refusal = Refusal::TokenInvalid(TokenError::UnknownKey);

async fn result(keys: &RemoteKeys, token: &str) -> Result<Role, Refusal> {
    keys.verify(token).await.map(|claims| claims.role)
}

/// Lets tasks in the background run.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_and_again_when_they_are_old() {
    let server = Server::publishing(&key(1));
    let keys = server.keys(KeySettings::default());
    let token = token(&key(1), Role::Employee);
    for _ in 0..10 {
        assert_eq!(result(&keys, &token).await, Ok(Role::Employee));
    }
    advance(Duration::from_secs(299)).await;
    assert_eq!(result(&keys, &token).await, Ok(Role::Employee));
    settle().await;
    assert_eq!(server.requests(), 1);

    server.set(State::Publishes(key(2).jwks()));
    advance(Duration::from_secs(1)).await;
    assert!(result(&keys, &token).await.is_ok(), "it does not wait");
    settle().await;
    assert_eq!(server.requests(), 2);
    advance(Duration::from_secs(5)).await;
    assert_eq!(
        result(&keys, &token).await,
        Err(UNKNOWN),
        "the key was removed"
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_is_fetched_at_most_once_in_the_interval() {
    let server = Server::publishing(&key(1));
    let keys = server.keys(KeySettings::default());
    let (first, second) = (token(&key(1), Role::Admin), token(&key(2), Role::Admin));
    assert!(result(&keys, &first).await.is_ok());
    server.set(State::Publishes(key(2).jwks()));
    for _ in 0..100 {
        assert_eq!(result(&keys, &second).await, Err(UNKNOWN));
    }
    assert_eq!(server.requests(), 1, "the last request was recent");
    advance(Duration::from_secs(5)).await;
    assert_eq!(result(&keys, &second).await, Ok(Role::Admin));
    for seed in 3..100 {
        let forged = token(&key(seed), Role::Admin);
        assert_eq!(result(&keys, &forged).await, Err(UNKNOWN));
    }
    assert_eq!(server.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn concurrent_callers_share_one_request_and_none_can_cancel_it() {
    let server = Server::default();
    server.set(State::Slow(key(1).jwks()));
    let keys = server.keys(KeySettings::default());
    let token = token(&key(1), Role::Admin);
    // This caller goes away before the response.
    let first = timeout(Duration::from_millis(10), keys.verify(&token)).await;
    assert!(first.is_err());
    let results = join_all((0..50).map(|_| result(&keys, &token))).await;
    assert!(results.iter().all(|result| *result == Ok(Role::Admin)));
    assert_eq!(server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_delay_the_next_request_more_and_more() {
    let server = Server::default();
    let keys = server.keys(KeySettings::default());
    let token = token(&key(1), Role::Admin);
    for (count, delay) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60)] {
        assert_eq!(result(&keys, &token).await, Err(Refusal::Unavailable));
        assert_eq!(server.requests(), count);
        assert!(keys.last_error().await.is_some());
        advance(Duration::from_secs(delay - 1)).await;
        assert_eq!(result(&keys, &token).await, Err(Refusal::Unavailable));
        assert_eq!(server.requests(), count, "{delay}");
        advance(Duration::from_secs(1)).await;
    }
    server.set(State::Publishes(key(1).jwks()));
    assert_eq!(result(&keys, &token).await, Ok(Role::Admin));
    assert!(keys.last_error().await.is_none());
    // A success ends the delays.
    server.set(State::Fails);
    advance(Duration::from_mins(5)).await;
    assert_eq!(result(&keys, &token).await, Ok(Role::Admin));
    settle().await;
    assert_eq!(server.requests(), 8);
    advance(Duration::from_secs(5)).await;
    assert_eq!(result(&keys, &token).await, Ok(Role::Admin));
    settle().await;
    assert_eq!(server.requests(), 9);
}

#[tokio::test(start_paused = true)]
async fn old_keys_are_used_in_an_outage_but_not_for_ever() {
    let server = Server::publishing(&key(1));
    let keys = server.keys(KeySettings::default());
    let known = token(&key(1), Role::Admin);
    assert!(result(&keys, &known).await.is_ok());
    server.set(State::Fails);
    advance(Duration::from_secs(24 * 3600 - 1)).await;
    assert_eq!(result(&keys, &known).await, Ok(Role::Admin));
    assert_eq!(
        result(&keys, &token(&key(2), Role::Admin)).await,
        Err(UNKNOWN)
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(result(&keys, &known).await, Err(Refusal::Unavailable));
    server.set(State::Publishes(key(1).jwks()));
    advance(Duration::from_mins(1)).await;
    assert_eq!(result(&keys, &known).await, Ok(Role::Admin));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_does_not_stop_known_keys() {
    let server = Server::publishing(&key(1));
    let keys = server.keys(KeySettings::default());
    let known = token(&key(1), Role::Admin);
    assert!(result(&keys, &known).await.is_ok());
    server.set(State::Hangs);
    advance(Duration::from_mins(5)).await;
    let second = token(&key(2), Role::Admin);
    let unknown = keys.verify(&second);
    let started = tokio::time::Instant::now();
    let known = timeout(Duration::from_secs(1), result(&keys, &known)).await;
    assert_eq!(known, Ok(Ok(Role::Admin)));
    assert_eq!(unknown.await.err(), Some(UNKNOWN));
    assert!(started.elapsed() <= Duration::from_secs(21));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_public_keys_is_believed() {
    let server = Server::publishing(&key(1));
    let keys = server.keys(KeySettings::default());
    let known = token(&key(1), Role::Admin);
    assert!(result(&keys, &known).await.is_ok());
    server.set(State::Publishes(JwkSet::default()));
    advance(Duration::from_secs(5)).await;
    keys.refresh().await;
    assert_eq!(result(&keys, &known).await, Err(UNKNOWN));
}
