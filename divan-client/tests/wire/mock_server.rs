//! Mock server.

use std::sync::Arc;
use std::time::Duration;

use divan_client::api::{
    AdminLogin, Audience, BootstrapRequest, CreateUserRequest, HealthStatus, Live, Logout, Me,
    ProblemCode, Ready, Refresh, TelegramLogin, TelegramLoginRequest, UnlinkTelegram,
    UpdateUserRequest, UserId,
};
use divan_client::test_util::MockDivan;
use divan_client::{MemoryStore, TokenStore};

use crate::support::store_with;

#[tokio::test]
async fn the_employee_and_the_administrator_can_sign_in() {
    let divan = MockDivan::start().await;
    let client = divan.client();
    assert_eq!(
        client
            .miniapp()
            .login(&divan.employee_login())
            .await
            .unwrap()
            .phone,
        divan.employee().await.phone
    );
    assert_eq!(
        client.admin().login(&divan.admin_login()).await.unwrap(),
        divan.admin().await
    );
    assert_eq!(divan.employee().await.telegram_id.unwrap().0, 42);
    assert_eq!(client.live().await.unwrap().status, HealthStatus::Live);
    assert_eq!(client.ready().await.unwrap().status, HealthStatus::Ready);
    let error = client
        .bootstrap(None, &BootstrapRequest::new("a@example.com", "plum"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::BootstrapTokenRequired));
}

#[tokio::test]
async fn invalid_credentials_are_rejected() {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp();
    for (phone, password) in [("+77011234567", "wrong"), ("+77010000000", "umbrella 77")] {
        let login = TelegramLoginRequest::new(phone, password, divan.init_data(42));
        assert!(
            miniapp
                .login(&login)
                .await
                .unwrap_err()
                .is_invalid_credentials()
        );
    }
    let login = TelegramLoginRequest::new("+77011234567", "umbrella 77", "");
    assert_eq!(
        miniapp.login(&login).await.unwrap_err().code(),
        Some(ProblemCode::InitDataMissing)
    );
}

#[tokio::test]
async fn an_administrator_creates_users_and_ends_their_sessions() {
    let divan = MockDivan::start().await;
    let (admin, miniapp) = (divan.client().admin(), divan.client().miniapp());
    admin.login(&divan.admin_login()).await.unwrap();
    let request = CreateUserRequest::employee("Second", "+77010000002").password("umbrella 78");
    let created = admin.create_user(&request).await.unwrap().user;
    let error = admin.create_user(&request).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PhoneTaken));

    let login = TelegramLoginRequest::new("+77010000002", "umbrella 78", divan.init_data(42));
    assert_eq!(miniapp.login(&login).await.unwrap().id, created.id);
    assert_eq!(
        miniapp
            .auto_login(&divan.employee_auto_login())
            .await
            .unwrap()
            .id,
        created.id
    );
    assert_eq!(miniapp.sessions().await.unwrap().items.len(), 2);

    admin.end_user_sessions(created.id).await.unwrap();
    divan.advance_clock(Duration::from_mins(1));
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    admin.unlink_telegram(created.id).await.unwrap();
    let error = admin
        .unlink_telegram(
            "01920000-0000-7000-8000-00000000ffff"
                .parse::<UserId>()
                .unwrap(),
        )
        .await;
    assert_eq!(error.unwrap_err().code(), Some(ProblemCode::NotFound));
    let error = miniapp
        .auto_login(&divan.employee_auto_login())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasswordRequired));
    assert_eq!(divan.request_count::<UnlinkTelegram>(), 2);
}

#[tokio::test]
async fn an_administrator_updates_users_but_not_themselves() {
    let divan = MockDivan::start().await;
    let (admin, miniapp) = (divan.client().admin(), divan.client().miniapp());
    admin.login(&divan.admin_login()).await.unwrap();
    miniapp.login(&divan.employee_login()).await.unwrap();
    let mut request = UpdateUserRequest::default();
    request.full_name = Some("Another Name".to_owned());
    let id = divan.employee().await.id;
    assert_eq!(
        admin.update_user(id, &request).await.unwrap().full_name,
        "Another Name"
    );
    assert_eq!(miniapp.me().await.unwrap().full_name, "Another Name");

    request.is_active = Some(false);
    assert!(!admin.update_user(id, &request).await.unwrap().is_active);
    divan.advance_clock(Duration::from_mins(1));
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    assert!(
        miniapp
            .login(&divan.employee_login())
            .await
            .unwrap_err()
            .is_invalid_credentials()
    );
    let error = admin
        .update_user(divan.admin().await.id, &request)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::ValidationFailed));
}

#[tokio::test]
async fn sessions_are_listed_newest_first() {
    let divan = MockDivan::start().await;
    let (first, second) = (divan.client().miniapp(), divan.client().miniapp());
    first.login(&divan.employee_login()).await.unwrap();
    divan.advance_clock(Duration::from_millis(1));
    second.login(&divan.employee_login()).await.unwrap();
    let sessions = first.sessions().await.unwrap().items;
    let current: Vec<_> = sessions.iter().map(|session| session.is_current).collect();
    assert_eq!(current, [false, true]);
    assert_eq!(sessions[0].audience, Audience::MiniApp);

    first.end_session(sessions[0].id).await.unwrap();
    first.end_session(sessions[0].id).await.unwrap();
    let nowhere = "01920000-0000-7000-8000-00000000ffff".parse().unwrap();
    assert_eq!(
        first.end_session(nowhere).await.unwrap_err().code(),
        Some(ProblemCode::NotFound)
    );
    assert_eq!(first.sessions().await.unwrap().items.len(), 1);
    divan.advance_clock(Duration::from_mins(1));
    assert!(second.me().await.unwrap_err().is_signed_out());
}

#[tokio::test]
async fn every_problem_can_be_injected_into_an_operation() {
    let divan = MockDivan::start().await;
    let client = divan.client();
    client
        .miniapp()
        .login(&divan.employee_login())
        .await
        .unwrap();
    for &code in ProblemCode::ALL {
        divan.fail::<TelegramLogin>(code);
        let error = client
            .miniapp()
            .login(&divan.employee_login())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.status()),
            (Some(code), Some(code.status()))
        );
        assert_eq!(error.retry_after().is_some(), code.status() == 503);
    }
    divan.recover::<TelegramLogin>();
    client
        .miniapp()
        .login(&divan.employee_login())
        .await
        .unwrap();

    divan.fail_times::<Live>(1, ProblemCode::Internal);
    assert!(client.live().await.is_err());
    assert!(client.live().await.is_ok());
    divan.fail_times::<Me>(2, ProblemCode::Unavailable);
    client.miniapp().me().await.unwrap();
    assert_eq!(
        (
            divan.request_count::<Me>(),
            divan.request_count::<Live>(),
            divan.request_count::<Ready>()
        ),
        (3, 2, 0)
    );
    assert_eq!(divan.request_count::<AdminLogin>(), 0);
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_session() {
    let divan = MockDivan::start().await;
    let store = Arc::new(MemoryStore::new());
    let owner = divan.client().miniapp_with(Arc::clone(&store));
    owner.login(&divan.employee_login()).await.unwrap();
    let stolen = store.load().await.unwrap().unwrap();
    let attacker = async || divan.client().miniapp_with(store_with(&stolen).await);

    divan.advance_clock(Duration::from_mins(1));
    owner.refresh().await.unwrap();
    owner.me().await.unwrap();
    divan.advance_clock(Duration::from_secs(29));
    attacker().await.refresh().await.unwrap();

    divan.advance_clock(Duration::from_secs(2));
    let error = attacker().await.refresh().await.unwrap_err();
    assert!(error.is_signed_out());
    assert!(owner.me().await.unwrap_err().is_signed_out());
    assert_eq!(divan.request_count::<Refresh>(), 4);
}

#[tokio::test]
async fn a_dropped_connection_has_no_effect() {
    let divan = MockDivan::start().await;
    let miniapp = divan.client().miniapp();
    miniapp.login(&divan.employee_login()).await.unwrap();
    divan.drop_connections::<Logout>(1);
    let error = miniapp.logout().await.unwrap_err();
    assert!(error.is_unexpected_response(), "{error:?}");
    assert_eq!(miniapp.sessions().await.unwrap().items.len(), 1);

    divan.drop_connections::<Me>(2);
    miniapp.me().await.unwrap();
    assert_eq!(divan.request_count::<Me>(), 3);
}

#[tokio::test]
async fn a_lost_response_takes_effect() {
    let divan = MockDivan::start().await;
    let (first, second) = (divan.client().miniapp(), divan.client().miniapp());
    first.login(&divan.employee_login()).await.unwrap();
    divan.lose_responses::<TelegramLogin>(1);
    let error = second.login(&divan.employee_login()).await.unwrap_err();
    assert!(error.is_unexpected_response(), "{error:?}");
    assert_eq!(first.sessions().await.unwrap().items.len(), 2);

    divan.advance_clock(Duration::from_hours(1));
    divan.lose_responses::<Refresh>(1);
    first.me().await.unwrap();
    assert_eq!(divan.request_count::<Refresh>(), 2);
}
