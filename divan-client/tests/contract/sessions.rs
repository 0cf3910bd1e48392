//! Token refresh against the server.

use std::time::Duration;

use divan_client::api::Audience;
use divan_client::{CasResult, FileStore, MemoryStore, MiniApp, TokenStore};

use crate::fixture::{Fixture, PASSWORD, signed_in};

async fn make_twenty_calls(miniapp: &MiniApp) {
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
async fn concurrent_calls_share_one_refresh_when_the_server_rejects_the_token() {
    let f = signed_in().await;
    for round in 1..=3 {
        // The token is still valid by the client's clock.
        f.advance_server_clock(Duration::from_mins(16));
        f.advance_client_clock(Duration::from_mins(1));
        make_twenty_calls(&f.client.miniapp()).await;
        assert_eq!(f.request_count("/auth/refresh"), round);
    }
    assert!(
        f.request_count("/auth/me") > 60,
        "some calls were rejected with token_expired"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_calls_share_one_refresh_when_the_token_has_expired() {
    let f = signed_in().await;
    f.advance_clocks(Duration::from_hours(1));
    make_twenty_calls(&f.client.miniapp()).await;
    assert_eq!(
        (
            f.request_count("/auth/refresh"),
            f.request_count("/auth/me")
        ),
        (1, 20)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_with_one_token_file_stay_signed_in() {
    let f = signed_in().await;
    let processes: Vec<_> = (0..3)
        .map(|_| {
            let store = FileStore::new(f.folder.path().join("tokens"));
            f.another().miniapp_store(store).build().unwrap().miniapp()
        })
        .collect();
    processes[0].login(&f.login(PASSWORD)).await.unwrap();
    for round in 0_u64..60 {
        // From half a minute to more than a day; an access token expires after 15 minutes.
        f.advance_clocks(Duration::from_secs(30 + round * round * 37));
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
        (55..=180).contains(&f.request_count("/auth/refresh")),
        "{}",
        f.request_count("/auth/refresh")
    );
}

#[tokio::test]
async fn a_lost_refresh_response_does_not_end_the_session() {
    let f = signed_in().await;
    let miniapp = f.client.miniapp();
    for lost_for in [1, 29, 31, 86_400] {
        f.advance_clocks(Duration::from_mins(1));
        // A refresh with the same tokens whose response is lost.
        copy(&f).await.refresh().await.unwrap();
        f.advance_clocks(Duration::from_secs(lost_for));
        miniapp.refresh().await.unwrap();
        miniapp.me().await.unwrap();
    }
}

#[tokio::test]
async fn use_of_one_refresh_token_by_two_clients_ends_the_session() {
    let f = signed_in().await;
    let miniapp = f.client.miniapp();
    let attacker = copy(&f).await;
    f.advance_clocks(Duration::from_mins(1));
    miniapp.refresh().await.unwrap();
    miniapp.me().await.unwrap();
    f.advance_clocks(Duration::from_mins(1));
    assert!(attacker.refresh().await.unwrap_err().is_signed_out());
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(!miniapp.is_signed_in().await.unwrap());
}

/// Creates a handle with a copy of the stored tokens.
async fn copy(f: &Fixture) -> MiniApp {
    let (stored, store) = (f.miniapp_store.load().await.unwrap(), MemoryStore::new());
    assert!(matches!(
        store.compare_and_swap(None, stored.as_ref()).await.unwrap(),
        CasResult::Swapped
    ));
    f.another().miniapp_store(store).build().unwrap().miniapp()
}

#[tokio::test]
async fn logout_of_one_audience_keeps_the_session_of_the_other() {
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
