//! The ways out.

use std::time::Duration;

use divan_client::MiniApp;
use divan_client::api::{Logout, ProblemCode, Refresh};
use divan_client::test_util::MockDivan;

async fn signed_in() -> (MockDivan, MiniApp) {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp();
    miniapp.login(&MockDivan::employee_login()).await.unwrap();
    (divan, miniapp)
}

#[tokio::test]
async fn logout_ends_the_session_and_empties_the_store() {
    let (divan, miniapp) = signed_in().await;
    let token = miniapp.access_token().await.unwrap();
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
    assert!(
        divan
            .client()
            .me(&token)
            .await
            .unwrap_err()
            .is_unauthorized()
    );
    let error = miniapp
        .auto_login(&MockDivan::employee_auto_login())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasswordRequired));
}

#[tokio::test]
async fn logout_of_a_session_that_is_over_is_a_success() {
    let (divan, miniapp) = signed_in().await;
    divan.end_sessions();
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());

    // Also when it was over before the tokens could have been renewed.
    let (divan, miniapp) = signed_in().await;
    divan.refuse::<Logout>(ProblemCode::TokenInvalid);
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn logout_of_nobody_sends_nothing() {
    let divan = MockDivan::start().await;
    divan.client().miniapp().logout().await.unwrap();
    assert_eq!(divan.calls::<Logout>(), 0);
}

#[tokio::test]
async fn logout_with_a_token_that_has_expired_renews_it_first() {
    let (divan, miniapp) = signed_in().await;
    divan.pass(Duration::from_hours(1));
    miniapp.logout().await.unwrap();
    assert_eq!((divan.calls::<Refresh>(), divan.calls::<Logout>()), (1, 1));
}

#[tokio::test]
async fn a_logout_that_did_not_reach_the_server_can_be_tried_again() {
    let (divan, miniapp) = signed_in().await;
    divan.refuse::<Logout>(ProblemCode::Unavailable);
    assert_eq!(
        miniapp.logout().await.unwrap_err().code(),
        Some(ProblemCode::Unavailable)
    );
    assert_eq!(
        divan.calls::<Logout>(),
        1,
        "bytes went out, so it is not sent again"
    );
    assert!(miniapp.is_signed_in().await.unwrap());

    divan.allow::<Logout>();
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn forget_empties_the_store_and_asks_nobody() {
    let (divan, miniapp) = signed_in().await;
    let token = miniapp.access_token().await.unwrap();
    miniapp.forget().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
    assert_eq!(divan.calls::<Logout>(), 0);
    divan.client().me(&token).await.unwrap();
    miniapp.forget().await.unwrap();
}

#[tokio::test]
async fn ending_ones_own_session_is_noticed_by_the_next_call() {
    let (divan, miniapp) = signed_in().await;
    let own = miniapp
        .sessions()
        .await
        .unwrap()
        .items
        .into_iter()
        .find(|session| session.is_current)
        .unwrap();
    miniapp.end_session(own.id).await.unwrap();
    divan.pass(Duration::from_mins(1));
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(!miniapp.is_signed_in().await.unwrap());
}
