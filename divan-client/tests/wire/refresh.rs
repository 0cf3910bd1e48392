//! Refresh with concurrent callers, other processes, failing stores and cancelled callers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use divan_client::api::{Audience, Me, Refresh, TelegramLogin};
use divan_client::test_util::MockDivan;
use divan_client::{
    CasResult, Client, MemoryStore, Retries, StoreError, TokenStore, Tokens, async_trait,
};
use tokio::sync::{Notify, oneshot};

use crate::scripted_server::{Action, ScriptedServer, json, json_text, response};
use crate::support::{
    TOKEN, clock, miniapp_with_expired_tokens, session, store_with, tokens, tokens_with, user,
};

/// Store with scripted results.
#[derive(Debug, Default)]
struct ScriptedStore {
    loads: Mutex<VecDeque<Tokens>>,
    swaps: Mutex<VecDeque<CasResult>>,
}

#[async_trait]
impl TokenStore for ScriptedStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        Ok(Some(self.loads.lock().unwrap().pop_front().unwrap()))
    }

    async fn compare_and_swap(
        &self,
        _: Option<&Tokens>,
        _: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        Ok(self.swaps.lock().unwrap().pop_front().unwrap())
    }
}

fn rejected() -> Action {
    let problem = r#"{"status":401,"code":"refresh_token_invalid"}"#;
    Action::Respond(response(
        401,
        "content-type: application/problem+json\r\n",
        problem,
    ))
}

#[tokio::test]
async fn tokens_stored_by_another_process_are_used_without_a_refresh() {
    let mut server = ScriptedServer::start([json(200, &user())]).await;
    let old = tokens_with(&server.uri, Audience::MiniApp, "old");
    let newer = tokens_with(&server.uri, Audience::MiniApp, "newer");
    let store = ScriptedStore {
        loads: Mutex::new([old, newer].into()),
        ..ScriptedStore::default()
    };
    miniapp_with_expired_tokens(&server.uri, store)
        .me()
        .await
        .unwrap();
    assert_eq!(server.received(), ["GET /auth/me"]);
}

#[tokio::test]
async fn tokens_stored_during_the_refresh_replace_its_response() {
    // The result of the refresh does not matter.
    for response in [json(200, &session()), rejected()] {
        let mut server = ScriptedServer::start([response, json(200, &user())]).await;
        let [old, newer] =
            ["old", "newer"].map(|name| tokens_with(&server.uri, Audience::MiniApp, name));
        let loads = Mutex::new([old.clone(), old].into());
        let store = ScriptedStore {
            loads,
            swaps: Mutex::new([CasResult::Conflict(Some(newer))].into()),
        };
        miniapp_with_expired_tokens(&server.uri, store)
            .me()
            .await
            .unwrap();
        assert_eq!(server.received(), ["POST /auth/refresh", "GET /auth/me"]);
    }
}

#[tokio::test]
async fn a_sign_out_during_the_refresh_prevails() {
    for response in [json(200, &session()), rejected()] {
        let mut server = ScriptedServer::start([response]).await;
        let old = tokens(&server.uri, Audience::MiniApp);
        let loads = Mutex::new([old.clone(), old].into());
        let store = ScriptedStore {
            loads,
            swaps: Mutex::new([CasResult::Conflict(None)].into()),
        };
        assert!(
            miniapp_with_expired_tokens(&server.uri, store)
                .me()
                .await
                .unwrap_err()
                .is_signed_out()
        );
        assert_eq!(server.received(), ["POST /auth/refresh"]);
    }
}

#[tokio::test]
async fn logout_keeps_tokens_stored_concurrently_by_another_process() {
    let mut server = ScriptedServer::start([Action::Respond(response(204, "", ""))]).await;
    let [old, newer] =
        ["old", "newer"].map(|name| tokens_with(&server.uri, Audience::MiniApp, name));
    // One load and one swap: the newer tokens belong to another session.
    let store = ScriptedStore {
        loads: Mutex::new([old].into()),
        swaps: Mutex::new([CasResult::Conflict(Some(newer))].into()),
    };
    let client = Client::builder(&server.uri)
        .retries(Retries::off())
        .clock(clock())
        .miniapp_store(store);
    client.build().unwrap().miniapp().logout().await.unwrap();
    assert_eq!(server.received(), ["POST /auth/logout"]);
}

/// Store that notifies about writes and can be made to fail.
#[derive(Debug, Default)]
struct ObservedStore {
    inner: MemoryStore,
    written: Notify,
    is_failing: Mutex<bool>,
}

#[async_trait]
impl TokenStore for ObservedStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        self.inner.load().await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<&Tokens>,
        next: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        if *self.is_failing.lock().unwrap() {
            return Err(StoreError::new("the disk is full"));
        }
        let swapped = self.inner.compare_and_swap(expected, next).await;
        self.written.notify_one();
        swapped
    }
}

#[tokio::test]
async fn tokens_that_cannot_be_stored_are_not_used_and_can_be_refreshed_later() {
    let divan = MockDivan::start().await;
    let store = Arc::new(ObservedStore::default());
    let miniapp = divan.client().miniapp_with(Arc::clone(&store));
    miniapp.login(&divan.employee_login()).await.unwrap();

    *store.is_failing.lock().unwrap() = true;
    divan.expire_access_tokens();
    let error = miniapp.me().await.unwrap_err();
    assert!(error.is_store() && !error.is_problem(), "{error:?}");
    assert_eq!(error.to_string(), "token store: the disk is full");
    assert_eq!(
        (
            divan.request_count::<Refresh>(),
            divan.request_count::<Me>()
        ),
        (1, 1)
    );

    // For the server, the response was lost; the refresh can be repeated at any time.
    *store.is_failing.lock().unwrap() = false;
    divan.advance_clock(Duration::from_hours(1));
    miniapp.me().await.unwrap();
}

/// Store that always fails.
#[derive(Debug)]
struct UnavailableStore;

#[async_trait]
impl TokenStore for UnavailableStore {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        Err(StoreError::new("no such disk"))
    }

    async fn compare_and_swap(
        &self,
        _: Option<&Tokens>,
        _: Option<&Tokens>,
    ) -> Result<CasResult, StoreError> {
        Err(StoreError::new("no such disk"))
    }
}

#[tokio::test]
async fn nothing_is_sent_when_the_store_is_unavailable() {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp_with(UnavailableStore);
    assert!(
        miniapp
            .login(&divan.employee_login())
            .await
            .unwrap_err()
            .is_store()
    );
    assert!(miniapp.me().await.unwrap_err().is_store());
    assert!(miniapp.is_signed_in().await.unwrap_err().is_store());
    assert!(miniapp.clear_tokens().await.unwrap_err().is_store());
    assert_eq!(
        (
            divan.request_count::<TelegramLogin>(),
            divan.request_count::<Me>()
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn a_cancelled_caller_does_not_lose_the_refresh_response() {
    let (signal, response_signal) = oneshot::channel();
    let response = Action::RespondAfter(response_signal, json_text(200, &session()));
    let mut server = ScriptedServer::start([response]).await;
    let old = tokens_with(&server.uri, Audience::MiniApp, "old");
    let store = Arc::new(ObservedStore::default());
    assert!(matches!(
        store.compare_and_swap(None, Some(&old)).await.unwrap(),
        CasResult::Swapped
    ));
    store.written.notified().await;

    let miniapp = miniapp_with_expired_tokens(&server.uri, Arc::clone(&store));
    let caller = tokio::spawn(async move { miniapp.me().await });
    assert_eq!(server.next_request().await, "POST /auth/refresh");
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    signal.send(()).unwrap();
    store.written.notified().await;
    let stored = store.load().await.unwrap().unwrap();
    assert!(!stored.is_same_pair(&old));
    assert!(stored.to_text().expose().contains(TOKEN));
}

#[tokio::test]
async fn concurrent_callers_share_the_error_of_a_refresh() {
    let (signal, response_signal) = oneshot::channel();
    let mut server =
        ScriptedServer::start([Action::RespondAfter(response_signal, response(503, "", ""))]).await;
    let miniapp = miniapp_with_expired_tokens(
        &server.uri,
        store_with(&tokens(&server.uri, Audience::MiniApp)).await,
    );
    // On a single-threaded runtime all callers join before the request is sent.
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let miniapp = miniapp.clone();
            tokio::spawn(async move { miniapp.me().await })
        })
        .collect();
    server.next_request().await;
    signal.send(()).unwrap();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().status(), Some(503));
    }
    assert!(server.received().is_empty());
}
