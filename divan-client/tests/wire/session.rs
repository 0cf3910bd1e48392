//! How a handle stays signed in, and how it notices that it is not.

use std::time::Duration;

use divan_client::api::{ChangePasswordRequest, Me, ProblemCode, Refresh, Sessions};
use divan_client::test_util::MockDivan;
use divan_client::{MiniApp, TokenStore};

use crate::support::store_with;

/// A server with the employee signed in.
async fn signed_in() -> (MockDivan, MiniApp) {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp();
    miniapp.login(&MockDivan::employee_login()).await.unwrap();
    (divan, miniapp)
}

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
    let (divan, miniapp) = signed_in().await;
    for round in 1..=3 {
        divan.expire_access_tokens();
        twenty_calls(&miniapp).await;
        assert_eq!(divan.calls::<Refresh>(), round);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_at_once_with_a_token_that_the_clock_calls_expired_make_one_refresh() {
    let (divan, miniapp) = signed_in().await;
    divan.pass(Duration::from_hours(1));
    twenty_calls(&miniapp).await;
    assert_eq!((divan.calls::<Refresh>(), divan.calls::<Me>()), (1, 20));
}

#[tokio::test]
async fn tokens_are_renewed_between_80_and_90_percent_of_their_life() {
    for _ in 0..5 {
        let (divan, miniapp) = signed_in().await;
        divan.pass(Duration::from_secs(719));
        miniapp.me().await.unwrap();
        assert_eq!(divan.calls::<Refresh>(), 0);
        divan.pass(Duration::from_secs(92));
        miniapp.me().await.unwrap();
        assert_eq!((divan.calls::<Refresh>(), divan.calls::<Me>()), (1, 2));
    }
}

#[tokio::test]
async fn tokens_that_are_still_good_are_used_when_they_cannot_be_renewed() {
    let (divan, miniapp) = signed_in().await;
    divan.refuse::<Refresh>(ProblemCode::Unavailable);
    divan.pass(Duration::from_mins(14));
    miniapp.me().await.unwrap();
    miniapp.me().await.unwrap();
    assert_eq!(
        divan.calls::<Refresh>(),
        3,
        "one refresh with its three tries"
    );

    // It is tried again in the middle of what is left, and when nothing is left it is an error.
    divan.pass(Duration::from_secs(31));
    miniapp.me().await.unwrap();
    assert_eq!(divan.calls::<Refresh>(), 6);
    divan.pass(Duration::from_secs(31));
    let error = miniapp.me().await.unwrap_err();
    assert_eq!(
        (error.code(), divan.calls::<Me>()),
        (Some(ProblemCode::Unavailable), 3)
    );

    divan.allow::<Refresh>();
    miniapp.me().await.unwrap();
}

#[tokio::test]
async fn after_a_refresh_the_call_is_made_once_more_and_no_more() {
    let (divan, miniapp) = signed_in().await;
    divan.pass(Duration::from_mins(1));
    divan.refuse::<Me>(ProblemCode::TokenExpired);
    assert!(miniapp.me().await.unwrap_err().is_token_expired());
    assert_eq!((divan.calls::<Refresh>(), divan.calls::<Me>()), (1, 2));
}

#[tokio::test]
async fn tokens_that_have_just_come_are_not_renewed() {
    let (divan, miniapp) = signed_in().await;
    divan.pass(Duration::from_secs(15));
    divan.refuse_times::<Me>(2, ProblemCode::TokenExpired);
    assert!(miniapp.me().await.unwrap_err().is_token_expired());
    miniapp.refresh().await.unwrap();
    assert_eq!(divan.calls::<Refresh>(), 0);

    divan.pass(Duration::from_secs(1));
    miniapp.me().await.unwrap();
    assert_eq!(divan.calls::<Refresh>(), 1);
}

#[tokio::test]
async fn a_token_that_is_not_valid_any_more_is_renewed_too() {
    let (divan, miniapp) = signed_in().await;
    divan.pass(Duration::from_mins(1));
    divan.refuse_times::<Sessions>(1, ProblemCode::TokenInvalid);
    assert_eq!(miniapp.sessions().await.unwrap().items.len(), 1);
    assert_eq!(divan.calls::<Refresh>(), 1);
}

#[tokio::test]
async fn a_session_that_is_over_is_told_once_and_then_nothing_is_sent() {
    let (divan, miniapp) = signed_in().await;
    divan.end_sessions();
    let error = miniapp.me().await.unwrap_err();
    assert!(
        error.is_signed_out() && error.is_unauthorized(),
        "{error:?}"
    );
    assert_eq!(error.code(), Some(ProblemCode::RefreshTokenInvalid));
    assert_eq!((divan.calls::<Refresh>(), divan.calls::<Me>()), (1, 1));

    assert!(!miniapp.is_signed_in().await.unwrap());
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(miniapp.refresh().await.unwrap_err().is_signed_out());
    assert_eq!((divan.calls::<Refresh>(), divan.calls::<Me>()), (1, 1));

    miniapp.login(&MockDivan::employee_login()).await.unwrap();
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
        assert_eq!(error.to_string(), "nobody is signed in");
    }
    assert_eq!((divan.calls::<Me>(), divan.calls::<Sessions>()), (0, 0));
}

#[tokio::test]
async fn a_change_of_the_password_goes_on_with_a_new_session() {
    let (divan, miniapp) = signed_in().await;
    let elsewhere = divan.client().miniapp();
    elsewhere.login(&MockDivan::employee_login()).await.unwrap();

    divan.pass(Duration::from_mins(1));
    let change = ChangePasswordRequest::new("umbrella 77", "umbrella 78");
    assert_eq!(
        miniapp.change_password(&change).await.unwrap(),
        miniapp.me().await.unwrap()
    );
    assert!(elsewhere.me().await.unwrap_err().is_signed_out());
    let wrong = miniapp
        .login(&MockDivan::employee_login())
        .await
        .unwrap_err();
    assert!(wrong.is_invalid_credentials());
    miniapp.me().await.unwrap();
}

#[tokio::test]
async fn an_access_token_for_a_service_of_ones_own_is_renewed_like_any_other() {
    let (divan, miniapp) = signed_in().await;
    let first = miniapp.access_token().await.unwrap();
    assert_eq!(divan.client().me(&first).await.unwrap(), divan.employee());

    divan.pass(Duration::from_hours(1));
    assert!(
        divan
            .client()
            .me(&first)
            .await
            .unwrap_err()
            .is_token_expired()
    );
    let second = miniapp.access_token().await.unwrap();
    assert_eq!(divan.client().me(&second).await.unwrap(), divan.employee());
    assert_eq!(divan.calls::<Refresh>(), 1);
}

#[tokio::test]
async fn the_audiences_have_sessions_of_their_own() {
    let divan = MockDivan::start().await;
    let client = divan.client();
    client
        .miniapp()
        .login(&MockDivan::employee_login())
        .await
        .unwrap();
    client
        .admin()
        .login(&MockDivan::admin_login())
        .await
        .unwrap();
    assert_eq!(client.miniapp().me().await.unwrap(), divan.employee());
    assert_eq!(client.admin().me().await.unwrap(), divan.admin());

    client.miniapp().logout().await.unwrap();
    assert!(client.miniapp().me().await.unwrap_err().is_signed_out());
    client.clone().admin().me().await.unwrap();
}

#[tokio::test]
async fn a_store_of_another_audience_or_server_is_refused_and_kept() {
    let (divan, miniapp) = signed_in().await;
    let other = MockDivan::start().await;
    let tokens = crate::support::tokens(&divan.uri(), divan_client::api::Audience::MiniApp);
    let store = store_with(&tokens).await;
    let admin = divan.client().admin_with(store.clone());
    let elsewhere = other.client().miniapp_with(store.clone());
    for error in [
        admin.me().await.unwrap_err(),
        admin.login(&MockDivan::admin_login()).await.unwrap_err(),
        admin.logout().await.unwrap_err(),
        admin.forget().await.unwrap_err(),
        elsewhere.me().await.unwrap_err(),
        elsewhere.refresh().await.unwrap_err(),
        elsewhere
            .login(&MockDivan::employee_login())
            .await
            .unwrap_err(),
    ] {
        assert!(
            error.is_setup() && error.to_string().contains("another server or audience"),
            "{error:?}"
        );
    }
    assert_eq!(
        (
            other.calls::<Me>(),
            other.calls::<Refresh>(),
            divan.calls::<Me>()
        ),
        (0, 0, 0)
    );
    assert!(store.load().await.unwrap().unwrap().is_same_pair(&tokens));
    miniapp.me().await.unwrap();
}
