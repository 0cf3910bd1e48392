//! Time limits of a refresh.

use std::time::Duration;

use divan_client::Retries;
use divan_client::api::Audience;
use tokio::time::Instant;

use crate::scripted_server::{Action, ScriptedServer, json};
use crate::support::{
    NOW, builder_with_expired_tokens, clock, miniapp_with_expired_tokens, session, store_with,
    tokens, user,
};

#[tokio::test(start_paused = true)]
async fn refresh_times_out_after_14_seconds_including_retries() {
    for retries in [
        Retries::off(),
        Retries::default(),
        Retries::default().attempts(100),
    ] {
        let server = ScriptedServer::start((0..100).map(|_| Action::Hang)).await;
        let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
        let builder = builder_with_expired_tokens(&server.uri)
            .retries(retries)
            .timeout(Duration::from_mins(2));
        let miniapp = builder.miniapp_store(store).build().unwrap().miniapp();
        let start = Instant::now();
        assert!(miniapp.refresh().await.unwrap_err().is_timeout());
        let elapsed = start.elapsed();
        assert!(elapsed <= Duration::from_millis(14_010), "{elapsed:?}");
        assert!(elapsed > Duration::from_secs(10), "{elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_refresh_until_its_own_timeout() {
    let server = ScriptedServer::start([Action::Hang]).await;
    let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
    let builder = builder_with_expired_tokens(&server.uri).timeout(Duration::from_secs(5));
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
async fn a_call_without_time_left_is_not_sent() {
    let mut server = ScriptedServer::start([Action::Hang, json(200, &user())]).await;
    let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
    let early = clock();
    early.set_unix(NOW + 800);
    let builder = builder_with_expired_tokens(&server.uri)
        .clock(early)
        .timeout(Duration::from_secs(5));
    let miniapp = builder.miniapp_store(store).build().unwrap().miniapp();
    assert!(miniapp.me().await.unwrap_err().is_timeout());
    assert_eq!(server.received(), ["POST /auth/refresh"]);
}

#[tokio::test]
async fn a_refresh_whose_runtime_has_shut_down_is_restarted() {
    let mut server =
        ScriptedServer::start([Action::Hang, json(200, &session()), json(200, &user())]).await;
    let store = store_with(&tokens(&server.uri, Audience::MiniApp)).await;
    let miniapp = miniapp_with_expired_tokens(&server.uri, store);
    let elsewhere = miniapp.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.spawn(async move { elsewhere.me().await });
    assert_eq!(server.next_request().await, "POST /auth/refresh");
    runtime.shutdown_background();
    // The server's half of that connection is never response; the refresh is.
    while miniapp.me().await.is_err() {}
    assert_eq!(server.received().last().unwrap(), "GET /auth/me");
}
