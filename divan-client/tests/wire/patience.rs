//! How long a refresh is waited for.

use std::time::Duration;

use divan_client::Retries;
use divan_client::api::Audience;
use tokio::time::Instant;

use crate::sockets::{Act, Sockets, json};
use crate::support::{NOW, clock, overdue, overdue_builder, session, store_with, tokens, user};

#[tokio::test(start_paused = true)]
async fn a_refresh_is_given_up_after_14_seconds_with_all_its_tries() {
    for retries in [
        Retries::off(),
        Retries::default(),
        Retries::default().attempts(100),
    ] {
        let server = Sockets::acting((0..100).map(|_| Act::Silence)).await;
        let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
        let builder = overdue_builder(&server.uri)
            .retries(retries)
            .timeout(Duration::from_mins(2));
        let miniapp = builder.miniapp_store(store).build().unwrap().miniapp();
        let start = Instant::now();
        assert!(miniapp.refresh().await.unwrap_err().is_timeout());
        let taken = start.elapsed();
        assert!(taken <= Duration::from_millis(14_010), "{taken:?}");
        assert!(taken > Duration::from_secs(10), "{taken:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_a_refresh_no_longer_than_for_anything_else() {
    let server = Sockets::acting([Act::Silence]).await;
    let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
    let builder = overdue_builder(&server.uri).timeout(Duration::from_secs(5));
    let miniapp = builder.miniapp_store(store).build().unwrap().miniapp();
    let start = Instant::now();
    let error = miniapp.me().await.unwrap_err();
    assert!(error.is_timeout() && !error.is_connect(), "{error:?}");
    assert!(
        start.elapsed() <= Duration::from_millis(5_010),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_for_which_no_time_is_left_is_not_sent() {
    let mut server = Sockets::acting([Act::Silence, json(200, &user())]).await;
    let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
    let early = clock();
    early.set_unix(NOW + 800);
    let builder = overdue_builder(&server.uri)
        .clock(early)
        .timeout(Duration::from_secs(5));
    let miniapp = builder.miniapp_store(store).build().unwrap().miniapp();
    assert!(miniapp.me().await.unwrap_err().is_timeout());
    assert_eq!(server.seen(), ["POST /auth/refresh"]);
}

#[tokio::test]
async fn a_refresh_whose_runtime_has_ended_is_begun_anew() {
    let mut server =
        Sockets::acting([Act::Silence, json(200, &session()), json(200, &user())]).await;
    let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
    let miniapp = overdue(&server.uri, store);
    let elsewhere = miniapp.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.spawn(async move { elsewhere.me().await });
    assert_eq!(server.next().await, "POST /auth/refresh");
    runtime.shutdown_background();
    // The server's half of that connection is never answered; the refresh is.
    while miniapp.me().await.is_err() {}
    assert_eq!(server.seen().last().unwrap(), "GET /auth/me");
}
