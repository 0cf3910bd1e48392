//! Sign-out.

use std::time::Duration;

use divan_client::MiniApp;
use divan_client::api::{Logout, ProblemCode, Refresh};
use divan_client::test_util::MockDivan;

async fn signed_in() -> (MockDivan, MiniApp) {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp();
    miniapp.login(&divan.employee_login()).await.unwrap();
    (divan, miniapp)
}

#[tokio::test]
async fn logout_ends_the_session_and_clears_the_store() {
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
        .auto_login(&divan.employee_auto_login())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasswordRequired));
}

#[tokio::test]
async fn logout_of_an_ended_session_succeeds() {
    let (divan, miniapp) = signed_in().await;
    divan.end_sessions().await;
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());

    // The session ends while the tokens are too young to be refreshed.
    let (divan, miniapp) = signed_in().await;
    divan.fail::<Logout>(ProblemCode::RefreshTokenInvalid);
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn logout_without_tokens_sends_nothing() {
    let divan = MockDivan::start().await;
    divan.client().miniapp().logout().await.unwrap();
    assert_eq!(divan.request_count::<Logout>(), 0);
}

#[tokio::test]
async fn logout_with_an_expired_access_token_needs_no_refresh() {
    let (divan, miniapp) = signed_in().await;
    divan.advance_clock(Duration::from_hours(1));
    miniapp.logout().await.unwrap();
    assert_eq!(
        (
            divan.request_count::<Refresh>(),
            divan.request_count::<Logout>()
        ),
        (0, 1)
    );
    assert!(!miniapp.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn a_failed_logout_keeps_the_tokens_and_can_be_retried() {
    let (divan, miniapp) = signed_in().await;
    divan.fail::<Logout>(ProblemCode::Unavailable);
    assert_eq!(
        miniapp.logout().await.unwrap_err().code(),
        Some(ProblemCode::Unavailable)
    );
    assert_eq!(
        divan.request_count::<Logout>(),
        1,
        "a sent request is not retried"
    );
    assert!(miniapp.is_signed_in().await.unwrap());

    divan.recover::<Logout>();
    miniapp.logout().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn clear_tokens_sends_nothing_and_keeps_the_session() {
    let (divan, miniapp) = signed_in().await;
    let token = miniapp.access_token().await.unwrap();
    miniapp.clear_tokens().await.unwrap();
    assert!(!miniapp.is_signed_in().await.unwrap());
    assert_eq!(divan.request_count::<Logout>(), 0);
    divan.client().me(&token).await.unwrap();
    miniapp.clear_tokens().await.unwrap();
}

#[tokio::test]
async fn ending_the_current_session_signs_out_on_the_next_call() {
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
    divan.advance_clock(Duration::from_mins(1));
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(!miniapp.is_signed_in().await.unwrap());
}
