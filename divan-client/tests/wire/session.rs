//! Token refresh and the end of a session.

use std::time::Duration;

use divan_client::api::{ChangePasswordRequest, Me, ProblemCode, Refresh, Sessions};
use divan_client::test_util::MockDivan;
use divan_client::{MiniApp, TokenStore};

use crate::support::store_with;

/// Starts a mock server with the employee signed in.
async fn signed_in() -> (MockDivan, MiniApp) {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp();
    miniapp.login(&divan.employee_login()).await.unwrap();
    (divan, miniapp)
}

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
    let (divan, miniapp) = signed_in().await;
    for round in 1..=3 {
        divan.expire_access_tokens();
        make_twenty_calls(&miniapp).await;
        assert_eq!(divan.request_count::<Refresh>(), round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_calls_share_one_refresh_when_the_token_has_expired() {
    let (divan, miniapp) = signed_in().await;
    divan.advance_clock(Duration::from_hours(1));
    make_twenty_calls(&miniapp).await;
    assert_eq!(
        (
            divan.request_count::<Refresh>(),
            divan.request_count::<Me>()
        ),
        (1, 20)
    );
}

#[tokio::test]
async fn tokens_are_refreshed_between_80_and_90_percent_of_their_lifetime() {
    for _ in 0..5 {
        let (divan, miniapp) = signed_in().await;
        divan.advance_clock(Duration::from_secs(719));
        miniapp.me().await.unwrap();
        assert_eq!(divan.request_count::<Refresh>(), 0);
        divan.advance_clock(Duration::from_secs(92));
        miniapp.me().await.unwrap();
        assert_eq!(
            (
                divan.request_count::<Refresh>(),
                divan.request_count::<Me>()
            ),
            (1, 2)
        );
    }
}

#[tokio::test]
async fn valid_tokens_are_used_when_the_refresh_fails() {
    let (divan, miniapp) = signed_in().await;
    divan.fail::<Refresh>(ProblemCode::Unavailable);
    divan.advance_clock(Duration::from_mins(14));
    miniapp.me().await.unwrap();
    miniapp.me().await.unwrap();
    assert_eq!(
        divan.request_count::<Refresh>(),
        3,
        "one refresh with three attempts"
    );

    // The next attempt is after half of the remaining lifetime. An expired token is an error.
    divan.advance_clock(Duration::from_secs(31));
    miniapp.me().await.unwrap();
    assert_eq!(divan.request_count::<Refresh>(), 6);
    divan.advance_clock(Duration::from_secs(31));
    let error = miniapp.me().await.unwrap_err();
    assert_eq!(
        (error.code(), divan.request_count::<Me>()),
        (Some(ProblemCode::Unavailable), 3)
    );

    divan.recover::<Refresh>();
    miniapp.me().await.unwrap();
}

#[tokio::test]
async fn a_call_is_repeated_once_after_a_refresh() {
    let (divan, miniapp) = signed_in().await;
    divan.advance_clock(Duration::from_mins(1));
    divan.fail::<Me>(ProblemCode::TokenExpired);
    assert!(miniapp.me().await.unwrap_err().is_token_expired());
    assert_eq!(
        (
            divan.request_count::<Refresh>(),
            divan.request_count::<Me>()
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn tokens_younger_than_16_seconds_are_not_refreshed() {
    let (divan, miniapp) = signed_in().await;
    divan.advance_clock(Duration::from_secs(15));
    divan.fail_times::<Me>(2, ProblemCode::TokenExpired);
    assert!(miniapp.me().await.unwrap_err().is_token_expired());
    miniapp.refresh().await.unwrap();
    assert_eq!(divan.request_count::<Refresh>(), 0);

    divan.advance_clock(Duration::from_secs(1));
    miniapp.me().await.unwrap();
    assert_eq!(divan.request_count::<Refresh>(), 1);
}

#[tokio::test]
async fn an_invalid_token_is_refreshed() {
    let (divan, miniapp) = signed_in().await;
    divan.advance_clock(Duration::from_mins(1));
    divan.fail_times::<Sessions>(1, ProblemCode::TokenInvalid);
    assert_eq!(miniapp.sessions().await.unwrap().items.len(), 1);
    assert_eq!(divan.request_count::<Refresh>(), 1);
}

#[tokio::test]
async fn an_ended_session_is_reported_once_and_nothing_is_sent_afterwards() {
    let (divan, miniapp) = signed_in().await;
    divan.end_sessions().await;
    let error = miniapp.me().await.unwrap_err();
    assert!(
        error.is_signed_out() && error.is_unauthorized(),
        "{error:?}"
    );
    assert_eq!(error.code(), Some(ProblemCode::RefreshTokenInvalid));
    assert_eq!(
        (
            divan.request_count::<Refresh>(),
            divan.request_count::<Me>()
        ),
        (1, 1)
    );

    assert!(!miniapp.is_signed_in().await.unwrap());
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(miniapp.refresh().await.unwrap_err().is_signed_out());
    assert_eq!(
        (
            divan.request_count::<Refresh>(),
            divan.request_count::<Me>()
        ),
        (1, 1)
    );

    miniapp.login(&divan.employee_login()).await.unwrap();
    miniapp.me().await.unwrap();
}

#[tokio::test]
async fn without_tokens_nothing_is_sent() {
    let divan = MockDivan::start().await;
    let client = divan.client();
    for error in [
        client.miniapp().me().await.unwrap_err(),
        client.admin().sessions().await.unwrap_err(),
        client.admin().access_token().await.unwrap_err(),
    ] {
        assert!(
            error.is_signed_out() && !error.is_problem() && !error.is_setup(),
            "{error:?}"
        );
        assert_eq!(error.to_string(), "no user is signed in");
    }
    assert_eq!(
        (
            divan.request_count::<Me>(),
            divan.request_count::<Sessions>()
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn change_password_continues_with_a_new_session() {
    let (divan, miniapp) = signed_in().await;
    let elsewhere = divan.client().miniapp();
    elsewhere.login(&divan.employee_login()).await.unwrap();

    divan.advance_clock(Duration::from_mins(1));
    let change = ChangePasswordRequest::new("umbrella 77", "umbrella 78");
    assert_eq!(
        miniapp.change_password(&change).await.unwrap(),
        miniapp.me().await.unwrap()
    );
    assert!(elsewhere.me().await.unwrap_err().is_signed_out());
    let wrong = miniapp.login(&divan.employee_login()).await.unwrap_err();
    assert!(wrong.is_invalid_credentials());
    miniapp.me().await.unwrap();
}

#[tokio::test]
async fn access_token_returns_a_refreshed_token() {
    let (divan, miniapp) = signed_in().await;
    let first = miniapp.access_token().await.unwrap();
    assert_eq!(
        divan.client().me(&first).await.unwrap(),
        divan.employee().await
    );

    divan.advance_clock(Duration::from_hours(1));
    assert!(
        divan
            .client()
            .me(&first)
            .await
            .unwrap_err()
            .is_token_expired()
    );
    let second = miniapp.access_token().await.unwrap();
    assert_eq!(
        divan.client().me(&second).await.unwrap(),
        divan.employee().await
    );
    assert_eq!(divan.request_count::<Refresh>(), 1);
}

#[tokio::test]
async fn audiences_have_separate_sessions() {
    let divan = MockDivan::start().await;
    let client = divan.client();
    client
        .miniapp()
        .login(&divan.employee_login())
        .await
        .unwrap();
    client.admin().login(&divan.admin_login()).await.unwrap();
    assert_eq!(client.miniapp().me().await.unwrap(), divan.employee().await);
    assert_eq!(client.admin().me().await.unwrap(), divan.admin().await);

    client.miniapp().logout().await.unwrap();
    assert!(client.miniapp().me().await.unwrap_err().is_signed_out());
    client.clone().admin().me().await.unwrap();
}

#[tokio::test]
async fn tokens_of_another_audience_or_server_are_rejected_and_kept() {
    let (divan, miniapp) = signed_in().await;
    let other = MockDivan::start().await;
    let tokens = crate::support::tokens(&divan.uri(), divan_client::api::Audience::MiniApp);
    let store = store_with(&tokens).await;
    let admin = divan.client().admin_with(store.clone());
    let elsewhere = other.client().miniapp_with(store.clone());
    for error in [
        admin.me().await.unwrap_err(),
        admin.login(&divan.admin_login()).await.unwrap_err(),
        admin.logout().await.unwrap_err(),
        admin.clear_tokens().await.unwrap_err(),
        elsewhere.me().await.unwrap_err(),
        elsewhere.refresh().await.unwrap_err(),
        elsewhere.login(&other.employee_login()).await.unwrap_err(),
    ] {
        assert!(
            error.is_setup() && error.to_string().contains("another server or audience"),
            "{error:?}"
        );
    }
    assert_eq!(
        (
            other.request_count::<Me>(),
            other.request_count::<Refresh>(),
            divan.request_count::<Me>()
        ),
        (0, 0, 0)
    );
    assert!(store.load().await.unwrap().unwrap().is_same_pair(&tokens));
    miniapp.me().await.unwrap();
}

#[tokio::test]
async fn login_session_returns_handles_that_share_no_tokens() {
    let divan = MockDivan::start().await;
    let client = divan.client();
    let first = client.login_session(&divan.employee_login()).await.unwrap();
    let second = client.login_session(&divan.employee_login()).await.unwrap();
    let admin = client.login_session(&divan.admin_login()).await.unwrap();
    assert_eq!(first.user.id, divan.employee().await.id);
    assert_eq!(admin.user.id, divan.admin().await.id);
    assert_eq!(admin.handle.me().await.unwrap(), divan.admin().await);
    assert!(!client.miniapp().is_signed_in().await.unwrap());
    assert!(!client.admin().is_signed_in().await.unwrap());

    first.handle.logout().await.unwrap();
    assert!(first.handle.me().await.unwrap_err().is_signed_out());
    second.handle.me().await.unwrap();
}
