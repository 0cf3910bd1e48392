//! A refresh among others: other callers, other processes, stores that fail, callers that go.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use divan_client::api::{Audience, Me, Refresh, TelegramLogin};
use divan_client::test_util::MockDivan;
use divan_client::{
    Client, MemoryStore, Retries, StoreError, Swapped, TokenStore, Tokens, async_trait,
};
use tokio::sync::{Notify, oneshot};

use crate::sockets::{Act, Sockets, answer, json, json_text};
use crate::support::{TOKEN, clock, overdue, session, store_with, tokens, tokens_with, user};

/// A store that has its answers written down.
#[derive(Debug, Default)]
struct Script {
    loads: Mutex<VecDeque<Tokens>>,
    swaps: Mutex<VecDeque<Swapped>>,
}

#[async_trait]
impl TokenStore for Script {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        Ok(Some(self.loads.lock().unwrap().pop_front().unwrap()))
    }

    async fn swap(&self, _: Option<&Tokens>, _: Option<&Tokens>) -> Result<Swapped, StoreError> {
        Ok(self.swaps.lock().unwrap().pop_front().unwrap())
    }
}

fn refused() -> Act {
    let problem = r#"{"status":401,"code":"refresh_token_invalid"}"#;
    Act::Answer(answer(
        401,
        "content-type: application/problem+json\r\n",
        problem,
    ))
}

#[tokio::test]
async fn a_pair_that_another_process_has_stored_is_taken_instead_of_a_refresh() {
    let mut server = Sockets::acting([json(200, &user())]).await;
    let old = tokens_with(&server.uri, Audience::MiniApp, "old");
    let newer = tokens_with(&server.uri, Audience::MiniApp, "newer");
    let store = Script {
        loads: Mutex::new([old, newer].into()),
        ..Script::default()
    };
    overdue(&server.uri, store).me().await.unwrap();
    assert_eq!(server.seen(), ["GET /auth/me"]);
}

#[tokio::test]
async fn a_pair_that_was_stored_during_the_refresh_is_taken_instead_of_the_answer() {
    // Whether the refresh succeeds or is too late itself.
    for answered in [json(200, &session()), refused()] {
        let mut server = Sockets::acting([answered, json(200, &user())]).await;
        let [old, newer] =
            ["old", "newer"].map(|name| tokens_with(&server.uri, Audience::MiniApp, name));
        let loads = Mutex::new([old.clone(), old].into());
        let store = Script {
            loads,
            swaps: Mutex::new([Swapped::Changed(Some(newer))].into()),
        };
        overdue(&server.uri, store).me().await.unwrap();
        assert_eq!(server.seen(), ["POST /auth/refresh", "GET /auth/me"]);
    }
}

#[tokio::test]
async fn a_sign_out_during_the_refresh_wins() {
    for answered in [json(200, &session()), refused()] {
        let mut server = Sockets::acting([answered]).await;
        let old = tokens(&server.uri, Audience::MiniApp);
        let loads = Mutex::new([old.clone(), old].into());
        let store = Script {
            loads,
            swaps: Mutex::new([Swapped::Changed(None)].into()),
        };
        assert!(
            overdue(&server.uri, store)
                .me()
                .await
                .unwrap_err()
                .is_signed_out()
        );
        assert_eq!(server.seen(), ["POST /auth/refresh"]);
    }
}

#[tokio::test]
async fn a_logout_leaves_alone_what_another_process_has_stored_meanwhile() {
    let mut server = Sockets::acting([Act::Answer(answer(204, "", ""))]).await;
    let [old, newer] =
        ["old", "newer"].map(|name| tokens_with(&server.uri, Audience::MiniApp, name));
    // It looks once and writes once: what is there by then is of another session.
    let store = Script {
        loads: Mutex::new([old].into()),
        swaps: Mutex::new([Swapped::Changed(Some(newer))].into()),
    };
    let client = Client::builder(&server.uri)
        .retries(Retries::off())
        .clock(clock())
        .miniapp_store(store);
    client.build().unwrap().miniapp().logout().await.unwrap();
    assert_eq!(server.seen(), ["POST /auth/logout"]);
}

/// A store that tells when it is written, and can be broken.
#[derive(Debug, Default)]
struct Watched {
    inner: MemoryStore,
    written: Notify,
    is_broken: Mutex<bool>,
}

#[async_trait]
impl TokenStore for Watched {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        self.inner.load().await
    }

    async fn swap(
        &self,
        expected: Option<&Tokens>,
        next: Option<&Tokens>,
    ) -> Result<Swapped, StoreError> {
        if *self.is_broken.lock().unwrap() {
            return Err(StoreError::new("the disk is full"));
        }
        let swapped = self.inner.swap(expected, next).await;
        self.written.notify_one();
        swapped
    }
}

#[tokio::test]
async fn a_pair_that_cannot_be_stored_is_not_used_and_not_missed() {
    let divan = MockDivan::start().await;
    let store = Arc::new(Watched::default());
    let miniapp = divan.client().miniapp_with(Arc::clone(&store));
    miniapp.login(&MockDivan::employee_login()).await.unwrap();

    *store.is_broken.lock().unwrap() = true;
    divan.expire_access_tokens();
    let error = miniapp.me().await.unwrap_err();
    assert!(error.is_store() && !error.is_problem(), "{error:?}");
    assert_eq!(error.to_string(), "token store: the disk is full");
    assert_eq!((divan.calls::<Refresh>(), divan.calls::<Me>()), (1, 1));

    // To the server it is an answer that was lost, however much later.
    *store.is_broken.lock().unwrap() = false;
    divan.pass(Duration::from_hours(1));
    miniapp.me().await.unwrap();
}

/// A store that is not there.
#[derive(Debug)]
struct Broken;

#[async_trait]
impl TokenStore for Broken {
    async fn load(&self) -> Result<Option<Tokens>, StoreError> {
        Err(StoreError::new("no such disk"))
    }

    async fn swap(&self, _: Option<&Tokens>, _: Option<&Tokens>) -> Result<Swapped, StoreError> {
        Err(StoreError::new("no such disk"))
    }
}

#[tokio::test]
async fn nothing_is_sent_for_tokens_that_could_not_be_kept() {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp_with(Broken);
    assert!(
        miniapp
            .login(&MockDivan::employee_login())
            .await
            .unwrap_err()
            .is_store()
    );
    assert!(miniapp.me().await.unwrap_err().is_store());
    assert!(miniapp.is_signed_in().await.unwrap_err().is_store());
    assert!(miniapp.forget().await.unwrap_err().is_store());
    assert_eq!(
        (divan.calls::<TelegramLogin>(), divan.calls::<Me>()),
        (0, 0)
    );
}

#[tokio::test]
async fn a_caller_that_goes_loses_no_answer() {
    let (word, answer_now) = oneshot::channel();
    let answered = Act::AnswerAt(answer_now, json_text(200, &session()));
    let mut server = Sockets::acting([answered]).await;
    let old = tokens_with(&server.uri, Audience::MiniApp, "old");
    let store = Arc::new(Watched::default());
    assert!(matches!(
        store.swap(None, Some(&old)).await.unwrap(),
        Swapped::Done
    ));
    store.written.notified().await;

    let miniapp = overdue(&server.uri, Arc::clone(&store));
    let caller = tokio::spawn(async move { miniapp.me().await });
    assert_eq!(server.next().await, "POST /auth/refresh");
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    word.send(()).unwrap();
    store.written.notified().await;
    let stored = store.load().await.unwrap().unwrap();
    assert!(!stored.is_same_pair(&old));
    assert!(stored.to_text().expose().contains(TOKEN));
}

#[tokio::test]
async fn all_who_wait_for_a_refresh_share_its_failure() {
    let (word, answer_now) = oneshot::channel();
    let mut server = Sockets::acting([Act::AnswerAt(answer_now, answer(503, "", ""))]).await;
    let miniapp = overdue(
        &server.uri,
        store_with(&tokens(&server.uri, Audience::MiniApp)).await,
    );
    // On this runtime each of them has joined the refresh before its request goes out.
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let miniapp = miniapp.clone();
            tokio::spawn(async move { miniapp.me().await })
        })
        .collect();
    server.next().await;
    word.send(()).unwrap();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().status(), Some(503));
    }
    assert!(server.seen().is_empty());
}
