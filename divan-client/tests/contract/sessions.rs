//! A person stays signed in, and a thief does not.

use std::time::Duration;

use divan_client::api::Audience;
use divan_client::{FileStore, MemoryStore, MiniApp, Swapped, TokenStore};

use crate::fixture::{Fixture, PASSWORD, signed_in};

async fn twenty_calls(miniapp: &MiniApp) {
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let miniapp = miniapp.clone();
            tokio::spawn(async move { miniapp.me().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_at_once_with_a_token_that_the_server_calls_expired_make_one_refresh() {
    let f = signed_in().await;
    for round in 1..=3 {
        // The client thinks that the token is still good.
        f.pass_on_the_server(Duration::from_mins(16));
        f.pass_on_the_client(Duration::from_mins(1));
        twenty_calls(&f.client.miniapp()).await;
        assert_eq!(f.calls("/auth/refresh"), round);
    }
    assert!(
        f.calls("/auth/me") > 60,
        "some were told that it had expired"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_at_once_with_a_token_that_both_call_expired_make_one_refresh() {
    let f = signed_in().await;
    f.pass(Duration::from_hours(1));
    twenty_calls(&f.client.miniapp()).await;
    assert_eq!((f.calls("/auth/refresh"), f.calls("/auth/me")), (1, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_that_share_a_file_stay_signed_in() {
    let f = signed_in().await;
    let processes: Vec<_> = (0..3)
        .map(|_| {
            let store = FileStore::new(f.folder.path().join("tokens"));
            f.another().miniapp_store(store).build().unwrap().miniapp()
        })
        .collect();
    processes[0].login(&f.login(PASSWORD)).await.unwrap();
    for round in 0_u64..60 {
        // From half a minute to a day and more; the access token lives for a quarter of an hour.
        f.pass(Duration::from_secs(30 + round * round * 37));
        let calls: Vec<_> = processes
            .iter()
            .cycle()
            .take(9)
            .map(|process| {
                let process = process.clone();
                tokio::spawn(async move { process.me().await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
    assert!(
        (55..=180).contains(&f.calls("/auth/refresh")),
        "{}",
        f.calls("/auth/refresh")
    );
}

#[tokio::test]
async fn an_answer_that_was_lost_signs_nobody_out() {
    let f = signed_in().await;
    let miniapp = f.client.miniapp();
    for lost_for in [1, 29, 31, 86_400] {
        f.pass(Duration::from_mins(1));
        // Somebody refreshes with the same pair, and forgets the answer before it is stored.
        copy(&f).await.refresh().await.unwrap();
        f.pass(Duration::from_secs(lost_for));
        miniapp.refresh().await.unwrap();
        miniapp.me().await.unwrap();
    }
}

#[tokio::test]
async fn two_who_go_on_with_one_pair_are_signed_out_both() {
    let f = signed_in().await;
    let miniapp = f.client.miniapp();
    let thief = copy(&f).await;
    f.pass(Duration::from_mins(1));
    miniapp.refresh().await.unwrap();
    miniapp.me().await.unwrap();
    f.pass(Duration::from_mins(1));
    assert!(thief.refresh().await.unwrap_err().is_signed_out());
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(!miniapp.is_signed_in().await.unwrap());
}

/// A client with a copy of what the first one has stored by now.
async fn copy(f: &Fixture) -> MiniApp {
    let (stored, store) = (f.miniapp_store.load().await.unwrap(), MemoryStore::new());
    assert!(matches!(
        store.swap(None, stored.as_ref()).await.unwrap(),
        Swapped::Done
    ));
    f.another().miniapp_store(store).build().unwrap().miniapp()
}

#[tokio::test]
async fn each_audience_has_a_session_of_its_own() {
    let f = signed_in().await;
    f.client.miniapp().logout().await.unwrap();
    assert!(f.client.miniapp().me().await.unwrap_err().is_signed_out());
    let sessions = f.client.admin().sessions().await.unwrap().items;
    assert_eq!(
        sessions
            .iter()
            .map(|session| session.audience)
            .collect::<Vec<_>>(),
        [Audience::Admin]
    );
}
