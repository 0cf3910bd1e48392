//! Sign-in with a password.

use std::sync::Arc;
use std::time::Duration;

use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, BootstrapPolicy, ClientInfo, ListAuditEventsQuery,
};
use divan_core::store::{Account, AccountUpdate, MemoryStore, Store, UserStore};
use divan_core::token::{Audience, Audiences, SecretKey};
use divan_core::types::{AuditAction, Role, TelegramId};

use crate::created::created;
use crate::support::counting::{
    bootstrap_request, employee_request, fixture, fixture_with, init_data,
};
use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, BOT, NOW, PASSWORD, PHONE, Refusal, login_command, refusal,
};

#[tokio::test]
async fn first_sign_in_links_the_telegram_account() {
    let f = fixture().await;
    let session = f
        .service
        .for_client(&ClientInfo::unknown())
        .telegram_login(&login_command("8 701 123 45 67", PASSWORD, &init_data(42)))
        .await
        .unwrap();
    assert_eq!(session.user.telegram_id, Some(TelegramId(42)));
    assert_eq!(
        session.user.telegram_username.as_deref(),
        Some("first_last")
    );
    assert_eq!(session.expires_in, Duration::from_mins(15));
    assert!(session.user.last_login_at.is_some());

    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    assert_eq!(
        (caller.user(), caller.audience()),
        (&session.user, Audience::MiniApp)
    );
    assert_eq!(refusal(caller.into_admin()), Refusal::AdminRequired);
}

#[tokio::test]
async fn every_sign_in_attempt_computes_exactly_one_hash() {
    let f = fixture().await;
    f.insert("+77010000002", |user| user.is_active = false)
        .await;
    f.insert("+77010000003", |user| {
        user.role = Role::Admin;
        user.email = Some("other@example.com".parse().unwrap());
    })
    .await;

    for (what, phone, password) in [
        ("unknown phone", "+77019999999", PASSWORD),
        ("wrong password", PHONE, "wrong password"),
        ("inactive", "+77010000002", PASSWORD),
        ("wrong role", "+77010000003", PASSWORD),
    ] {
        assert_eq!(
            refusal(f.login(phone, password, 42).await),
            Refusal::InvalidCredentials,
            "{what}"
        );
        assert_eq!(f.hasher.taken(), 1, "{what}");
    }
    f.login(PHONE, PASSWORD, 42).await.unwrap();
    assert_eq!(f.hasher.taken(), 1, "success");

    for (what, email, password) in [
        ("unknown address", "unknown@example.com", ADMIN_PASSWORD),
        ("wrong password", ADMIN_EMAIL, "wrong password"),
    ] {
        let outcome = f
            .service
            .for_client(&ClientInfo::unknown())
            .admin_login(&AdminLoginCommand::new(email, password))
            .await;
        assert_eq!(refusal(outcome), Refusal::InvalidCredentials, "{what}");
        assert_eq!(f.hasher.taken(), 1, "{what}");
    }
    f.admin().await;
    assert_eq!(f.hasher.taken(), 1, "success");
}

#[tokio::test]
async fn an_employee_cannot_sign_in_to_the_admin_panel() {
    let f = fixture().await;
    f.insert("+77010000002", |user| {
        user.email = Some("employee@example.com".parse().unwrap());
    })
    .await;
    let outcome = f
        .service
        .for_client(&ClientInfo::unknown())
        .admin_login(&AdminLoginCommand::new("employee@example.com", PASSWORD))
        .await;
    assert_eq!(refusal(outcome), Refusal::InvalidCredentials);
}

#[tokio::test]
async fn init_data_is_verified_before_the_account_is_looked_up() {
    let f = fixture().await;
    let token: BotToken = BOT.parse().unwrap();
    let foreign: BotToken = "1234567891:AAFakeTokenForDivanTestVectorsOnly_0000"
        .parse()
        .unwrap();
    let fresh = || InitDataBuilder::new(NOW);
    let contact = r#"{"user_id":42,"phone_number":"77011234567","first_name":"First"}"#;
    let tampered = init_data(42).expose().replace("42", "43");

    for (what, raw, expected) in [
        ("empty", String::new(), Refusal::InitDataMissing),
        ("tampered", tampered, Refusal::InitDataInvalid),
        (
            "another bot's",
            fresh().user(42, "First").sign(&foreign),
            Refusal::InitDataInvalid,
        ),
        (
            "without a user",
            fresh().sign(&token),
            Refusal::InitDataInvalid,
        ),
        (
            "a shared contact",
            fresh().field("contact", contact).sign(&token),
            Refusal::InitDataInvalid,
        ),
        (
            "a contact in addition to a user",
            fresh()
                .user(42, "First")
                .field("contact", contact)
                .sign(&token),
            Refusal::InitDataInvalid,
        ),
        (
            "user not an object",
            fresh().field("user", "[]").sign(&token),
            Refusal::InitDataInvalid,
        ),
        (
            "a day old",
            InitDataBuilder::new(NOW - 24 * 3600 - 1)
                .user(42, "First")
                .sign(&token),
            Refusal::InitDataExpired,
        ),
        (
            "of tomorrow",
            InitDataBuilder::new(NOW + 24 * 3600)
                .user(42, "First")
                .sign(&token),
            Refusal::InitDataInvalid,
        ),
    ] {
        for password in [PASSWORD, "wrong password"] {
            let outcome = f
                .service
                .for_client(&ClientInfo::unknown())
                .telegram_login(&login_command(PHONE, password, &raw.as_str().into()))
                .await;
            assert_eq!(refusal(outcome), expected, "{what}");
        }
    }
    assert_eq!(f.hasher.taken(), 0, "nothing was hashed");
    assert!(
        f.stored(PHONE).await.user.telegram_id.is_none(),
        "nothing was bound"
    );
}

#[tokio::test]
async fn account_mismatch_is_revealed_only_after_a_correct_password() {
    let f = fixture().await;
    f.login(PHONE, PASSWORD, 42).await.unwrap();

    assert_eq!(
        refusal(f.login(PHONE, "wrong password", 43).await),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(f.login(PHONE, PASSWORD, 43).await),
        Refusal::TelegramAccountMismatch
    );

    f.insert("+77010000002", |_| {}).await;
    assert_eq!(
        refusal(f.login("+77010000002", "wrong password", 42).await),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(f.login("+77010000002", PASSWORD, 42).await),
        Refusal::TelegramAccountTaken
    );
    let (holder, other) = (f.stored(PHONE).await, f.stored("+77010000002").await);
    let events = |action| {
        let admin = Admin::operator();
        let mut query = ListAuditEventsQuery::default();
        query.action = Some(action);
        let service = f.service.clone();
        async move {
            let client = ClientInfo::unknown();
            let list = service
                .as_admin(&admin, &client)
                .list_audit_events(&query)
                .await;
            let items = list.unwrap().items;
            items
                .iter()
                .map(|event| (event.actor_id, event.subject_id))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(
        events(AuditAction::TelegramTaken).await,
        [(Some(holder.user.id), Some(other.user.id))],
        "the actor is the user to unlink"
    );
    assert_eq!(
        events(AuditAction::TelegramMismatch).await,
        [(None, Some(holder.user.id))],
        "the subject is the user to unlink"
    );
    assert!(f.stored("+77010000002").await.user.telegram_id.is_none());
    f.login(PHONE, PASSWORD, 42).await.unwrap();
}

#[tokio::test]
async fn a_token_of_an_unknown_or_inactive_user_is_rejected() {
    let f = fixture().await;
    f.insert("+77010000002", |_| {}).await;
    let init_data = init_data(42);
    let session = f
        .service
        .for_client(&ClientInfo::unknown())
        .telegram_login(&login_command("+77010000002", PASSWORD, &init_data))
        .await
        .unwrap();
    let token = session.access_token.expose();
    f.service.authenticate(token).await.unwrap();

    // The same key on another database: the token is valid, but the user does not exist.
    let other = fixture_with(BootstrapPolicy::Closed);
    assert_eq!(
        refusal(other.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
    let mut inactive = f.stored("+77010000002").await;
    inactive.user.is_active = false;
    other
        .store
        .insert_users(&[created(&inactive)])
        .await
        .unwrap();
    assert_eq!(
        refusal(other.service.authenticate(token).await),
        Refusal::TokenInvalid
    );

    f.clock.advance(Duration::from_secs(931));
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenExpired
    );
}

#[tokio::test]
async fn a_demoted_administrator_loses_admin_access() {
    let f = fixture().await;
    let session = f
        .service
        .for_client(&ClientInfo::unknown())
        .admin_login(&AdminLoginCommand::new(ADMIN_EMAIL, ADMIN_PASSWORD))
        .await
        .unwrap();
    let admin = f
        .store
        .account_by_email(&ADMIN_EMAIL.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    f.insert("+77010000002", |user| {
        user.role = Role::Admin;
        user.email = Some("other@example.com".parse().unwrap());
    })
    .await;
    let demote = |account: &mut Account| {
        account.user.role = Role::Employee;
        account.user.phone = Some("+77010000003".parse().unwrap());
        Ok(Some(AccountUpdate::none()))
    };
    f.store
        .update_account(admin.user.id, &demote)
        .await
        .unwrap()
        .unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    assert_eq!(refusal(caller.into_admin()), Refusal::AdminRequired);
}

#[tokio::test]
async fn without_a_bot_token_telegram_login_is_not_configured() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    let key = SecretKey::new([7; 32]).unwrap();
    let service = AuthService::builder(store, &key, "https://sec.example.com", audiences).build();
    let outcome = service
        .for_client(&ClientInfo::unknown())
        .telegram_login(&login_command(PHONE, PASSWORD, &init_data(42)))
        .await;
    assert_eq!(refusal(outcome), Refusal::TelegramNotConfigured);
}

#[tokio::test]
async fn errors_and_debug_output_contain_no_secret() {
    let f = fixture().await;
    let raw = init_data(42);
    let session = f
        .service
        .for_client(&ClientInfo::unknown())
        .telegram_login(&login_command(PHONE, PASSWORD, &raw))
        .await
        .unwrap();
    let shown = [
        format!("{:?} {:?}", f.service, session),
        format!("{:?} {:?}", employee_request(PHONE), bootstrap_request()),
        format!("{:?}", f.stored(PHONE).await),
        format!("{:?}", f.login(PHONE, "wrong password", 43).await),
    ]
    .concat();
    let bot_secret = BOT.split_once(':').unwrap().1;
    let hash = f.stored(PHONE).await.password_hash;
    for secret in [
        PASSWORD,
        ADMIN_PASSWORD,
        bot_secret,
        raw.expose(),
        session.access_token.expose(),
        hash.expose(),
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
