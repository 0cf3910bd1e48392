//! Throttling of attempts to guess a secret, on every store.

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::ManualClock;
use divan_core::init_data::InitDataBuilder;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, BootstrapCommand, BootstrapPolicy,
    ChangePasswordCommand, ClientInfo, CreateUserCommand, FailedSignIns, IssuedTokens, LoginPhone,
    ServiceError, TelegramLoginCommand, UpdateUserCommand,
};
use divan_core::session::EndReason;
use divan_core::store::{AuditQuery, SqliteStore};
use divan_core::token::SecretKey;
use divan_core::types::{AuditAction, Role};
use sqlx::Executor;
use sqlx::sqlite::SqlitePoolOptions;

use crate::support::employee::{DAY, Fixture};
use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, BOT, NOW, PASSWORD, PHONE, Refusal, bootstrap, builder, init_data,
    login_command, refusal,
};

on_every_store!(
    untrusted_failures_are_limited_by_account_and_telegram_account,
    known_and_unknown_accounts_are_refused_alike,
    a_refused_attempt_writes_nothing_and_computes_no_hash,
    a_linked_telegram_account_is_not_refused_by_failures_of_others,
    a_shared_contact_is_trusted_until_an_account_is_linked,
    a_known_device_is_not_refused_by_failures_of_others,
    a_device_token_is_void_after_a_password_change_or_another_user,
    a_device_token_is_void_after_a_deactivation,
    a_device_expires_after_90_days_without_a_sign_in,
    trusted_failures_wait_and_close_after_a_hundred,
    an_unlock_and_a_reset_clear_the_counters,
    a_changed_phone_or_email_keeps_the_counters,
    administrators_cannot_unlock_their_own_account,
    a_success_resets_the_lane_and_refunds_the_attempt,
    a_correct_password_from_another_telegram_account_stays_charged,
    two_servers_together_allow_no_further_attempt,
    a_clock_set_back_allows_no_further_attempt,
    the_tenth_wrong_own_password_ends_the_session,
    auto_logins_are_limited_by_telegram_account,
    an_auto_login_with_the_same_init_data_replaces_its_session,
    refused_refresh_tokens_are_limited_by_address,
    bootstrap_tokens_are_limited_by_address,
    failures_are_audited_once_an_hour,
    a_previous_key_keeps_sessions_and_devices,
    a_user_has_at_most_a_hundred_ended_sessions,
);

/// A trigger refuses each new session, as a fault between the count of the attempt and the session.
#[tokio::test]
async fn a_sign_in_that_the_database_does_not_complete_is_not_counted() {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let store = SqliteStore::from_pools(pool.clone(), pool.clone());
    store.migrate().await.unwrap();
    let clock = Arc::new(ManualClock::at_unix(NOW));
    let service = builder(Arc::new(store), &clock).build();
    let client = ClientInfo::unknown();
    bootstrap(&service, &client).await;
    let fault = "CREATE TRIGGER fault BEFORE INSERT ON divan_sessions BEGIN SELECT RAISE(ABORT, 'fault'); END";
    pool.execute(fault).await.unwrap();
    let sign_in = async || {
        let command = AdminLoginCommand::new(ADMIN_EMAIL, ADMIN_PASSWORD);
        service.for_client(&client).admin_login(&command).await
    };
    for _ in 0..40 {
        let error = sign_in().await.unwrap_err();
        assert!(matches!(error, ServiceError::Store(_)), "{error:?}");
    }
    pool.execute("DROP TRIGGER fault").await.unwrap();
    sign_in().await.unwrap();
}

/// Signs in with a wrong password from a Telegram account that is not linked.
async fn guess(f: &Fixture, phone: &str, telegram: i64) -> Result<IssuedTokens, ServiceError> {
    guess_at(f, &f.service, phone, telegram, &ClientInfo::unknown()).await
}

async fn guess_at(
    f: &Fixture,
    service: &AuthService,
    phone: &str,
    telegram: i64,
    client: &ClientInfo,
) -> Result<IssuedTokens, ServiceError> {
    let data = init_data(&f.clock, telegram);
    let command = login_command(phone, "a wrong password", &data);
    service.for_client(client).telegram_login(&command).await
}

fn wait(result: Result<IssuedTokens, ServiceError>) -> Duration {
    match result {
        Err(ServiceError::TooManyAttempts { retry_after }) => retry_after,
        other => panic!("expected a refusal, got {:?}", other.map(|_| "tokens")),
    }
}

/// Makes as many attempts as are allowed within a day, and returns their number.
async fn guesses_in_a_day(
    f: &Fixture,
    mut attempt: impl AsyncFnMut(u32) -> Option<Duration>,
) -> u32 {
    let (mut guesses, mut passed) = (0, Duration::ZERO);
    while passed < DAY {
        match attempt(guesses).await {
            None => guesses += 1,
            Some(wait) => {
                passed += wait;
                f.pass(wait);
            }
        }
    }
    guesses
}

fn retry_after<T>(result: Result<T, ServiceError>) -> Option<Duration> {
    match result {
        Err(ServiceError::TooManyAttempts { retry_after }) => Some(retry_after),
        Err(
            ServiceError::InvalidCredentials
            | ServiceError::TelegramAccountMismatch
            | ServiceError::TelegramAccountTaken,
        ) => None,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("signed in"),
    }
}

async fn untrusted_failures_are_limited_by_account_and_telegram_account(f: Fixture) {
    for _ in 0..3 {
        assert_eq!(
            refusal(guess(&f, PHONE, 7).await),
            Refusal::InvalidCredentials
        );
    }
    assert_eq!(wait(guess(&f, PHONE, 7).await), Duration::from_secs(30));
    // Another Telegram account has a lane of its own, but the account has one bucket.
    for telegram in 100..107 {
        assert_eq!(
            refusal(guess(&f, PHONE, telegram).await),
            Refusal::InvalidCredentials
        );
    }
    assert_eq!(
        wait(guess(&f, PHONE, 107).await),
        Duration::from_hours(1),
        "ten attempts on the account"
    );
    // A Telegram account has one bucket for all accounts.
    for n in 0..7 {
        let phone = format!("+7701000001{n}");
        assert_eq!(
            refusal(guess(&f, &phone, 7).await),
            Refusal::InvalidCredentials
        );
    }
    assert_eq!(
        wait(guess(&f, "+77010000020", 7).await),
        Duration::from_hours(1)
    );
}

async fn known_and_unknown_accounts_are_refused_alike(f: Fixture) {
    let run = async |phone: &str, telegram: i64| {
        let mut outcomes = Vec::new();
        for _ in 0..4 {
            outcomes.push(guess(&f, phone, telegram).await.unwrap_err().to_string());
        }
        outcomes.push(format!("{:?}", wait(guess(&f, phone, telegram).await)));
        outcomes
    };
    assert_eq!(run(PHONE, 7).await, run("+77019999999", 8).await);
}

async fn a_refused_attempt_writes_nothing_and_computes_no_hash(f: Fixture) {
    for _ in 0..3 {
        let _ = guess(&f, PHONE, 7).await;
    }
    let hashes = f.service.hash_load().untrusted.started;
    let events = f.store.audit(&AuditQuery::newest(100)).await.unwrap();
    for _ in 0..20 {
        wait(guess(&f, PHONE, 7).await);
    }
    assert_eq!(f.service.hash_load().untrusted.started, hashes);
    assert_eq!(
        f.store.audit(&AuditQuery::newest(100)).await.unwrap(),
        events
    );
    f.pass(Duration::from_secs(30));
    assert_eq!(
        refusal(guess(&f, PHONE, 7).await),
        Refusal::InvalidCredentials,
        "refused attempts prolong nothing"
    );
}

async fn a_linked_telegram_account_is_not_refused_by_failures_of_others(f: Fixture) {
    f.login().await;
    for telegram in 100..110 {
        let _ = guess(&f, PHONE, telegram).await;
    }
    wait(guess(&f, PHONE, 111).await);
    f.login().await;
    assert_eq!(
        refusal(guess(&f, PHONE, 42).await),
        Refusal::InvalidCredentials,
        "the owner may err too"
    );
    f.login().await;
}

async fn a_shared_contact_is_trusted_until_an_account_is_linked(f: Fixture) {
    for telegram in 100..110 {
        let _ = guess(&f, PHONE, telegram).await;
    }
    let contact: Secret = InitDataBuilder::new(divan_core::clock::Clock::unix_seconds(&*f.clock))
        .contact(42, "77011234567", "First")
        .sign(&BOT.parse().unwrap())
        .into();
    let command = TelegramLoginCommand::new(
        LoginPhone::Contact(contact),
        PASSWORD,
        f.init_data(Duration::ZERO),
    );
    let client = ClientInfo::unknown();
    let signed_in = f.service.for_client(&client).telegram_login(&command).await;
    assert!(signed_in.is_ok(), "{:?}", signed_in.err());
}

async fn admin_login(
    f: &Fixture,
    password: &str,
    device: Option<&Secret>,
    address: &str,
) -> Result<IssuedTokens, ServiceError> {
    let mut command = AdminLoginCommand::new(ADMIN_EMAIL, password);
    command.device_token = device.cloned();
    let client = ClientInfo::unknown().address(address.parse().unwrap());
    f.service.for_client(&client).admin_login(&command).await
}

async fn a_known_device_is_not_refused_by_failures_of_others(f: Fixture) {
    let tokens = admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1")
        .await
        .unwrap();
    let device = tokens.device_token.unwrap();
    for n in 0..10 {
        let _ = admin_login(&f, "a wrong password", None, &format!("198.51.{n}.1")).await;
    }
    wait(admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1").await);
    let forged = Secret::from(device.expose().replace("dvd1.A", "dvd1.B"));
    wait(admin_login(&f, ADMIN_PASSWORD, Some(&forged), "203.0.113.1").await);
    let again = admin_login(&f, ADMIN_PASSWORD, Some(&device), "203.0.113.1")
        .await
        .unwrap();
    let renewed = again.device_token.unwrap();
    assert_eq!(renewed.expose(), device.expose(), "the same device");

    // A new device during the attack: the operator issues a token.
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = f.service.as_admin(&operator, &client);
    let user = admin.find_user(ADMIN_EMAIL).await.unwrap();
    let issued = admin.issue_device_token(user.id).await.unwrap();
    admin_login(&f, ADMIN_PASSWORD, Some(&issued), "192.0.2.99")
        .await
        .unwrap();
    assert_eq!(
        refusal(admin.issue_device_token(f.employee).await),
        Refusal::NotFound
    );
}

async fn a_device_token_is_void_after_a_password_change_or_another_user(f: Fixture) {
    let tokens = admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1")
        .await
        .unwrap();
    let old = tokens.device_token.clone().unwrap();
    let caller = f.access(&tokens).await.unwrap();
    let client = ClientInfo::unknown();
    let new_password = "a lamp across the river";
    let change = ChangePasswordCommand::new(ADMIN_PASSWORD, new_password);
    let changed = f
        .service
        .as_caller(&caller, &client)
        .change_password(&change)
        .await
        .unwrap();
    let new = changed.device_token.unwrap();
    for n in 0..10 {
        let _ = admin_login(&f, "a wrong password", None, &format!("198.51.{n}.1")).await;
    }
    wait(admin_login(&f, new_password, Some(&old), "203.0.113.1").await);
    admin_login(&f, new_password, Some(&new), "203.0.113.1")
        .await
        .unwrap();
}

async fn a_device_token_is_void_after_a_deactivation(f: Fixture) {
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = f.service.as_admin(&operator, &client);
    let mut other = CreateUserCommand::new(Role::Admin, "Other");
    other.email = Some("other@example.com".to_owned());
    admin.create_user(&other).await.unwrap();
    let tokens = admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1")
        .await
        .unwrap();
    let device = tokens.device_token.unwrap();
    for n in 0..10 {
        let _ = admin_login(&f, "a wrong password", None, &format!("198.51.{n}.1")).await;
    }
    for is_active in [false, true] {
        let mut update = UpdateUserCommand::default();
        update.is_active = Some(is_active);
        admin.update_user(tokens.user.id, &update).await.unwrap();
        wait(admin_login(&f, ADMIN_PASSWORD, Some(&device), "203.0.113.1").await);
    }
}

async fn a_device_expires_after_90_days_without_a_sign_in(f: Fixture) {
    let tokens = admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1")
        .await
        .unwrap();
    let device = tokens.device_token.unwrap();
    f.pass(DAY * 89);
    let tokens = admin_login(&f, ADMIN_PASSWORD, Some(&device), "203.0.113.1")
        .await
        .unwrap();
    let client = ClientInfo::unknown();
    let caller = f.access(&tokens).await.unwrap();
    let devices = f
        .service
        .as_caller(&caller, &client)
        .devices()
        .await
        .unwrap();
    assert!(devices.len() >= 2, "the fixture's sign-in and this one");
    f.pass(DAY * 90);
    let tokens = admin_login(&f, ADMIN_PASSWORD, Some(&device), "203.0.113.1")
        .await
        .unwrap();
    assert_ne!(
        tokens.device_token.as_ref().unwrap().expose(),
        device.expose()
    );
    let caller = f.access(&tokens).await.unwrap();
    let service = f.service.as_caller(&caller, &client);
    let devices = service.devices().await.unwrap();
    assert_eq!(devices.len(), 1);
    service.remove_device(devices[0].id).await.unwrap();
    assert_eq!(service.devices().await.unwrap().len(), 0);
    assert_eq!(
        refusal(service.remove_device(devices[0].id).await),
        Refusal::NotFound
    );
}

async fn trusted_failures_wait_and_close_after_a_hundred(f: Fixture) {
    f.login().await;
    let mut waits = Vec::new();
    for _ in 0..100 {
        while let Some(wait) = retry_after(guess(&f, PHONE, 42).await) {
            waits.push(wait.as_secs());
            f.pass(wait);
        }
    }
    assert_eq!(waits[..11], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
    let closed = f.login_with(PASSWORD).await;
    assert_eq!(wait(closed), Duration::from_hours(1));
    f.pass(DAY * 2);
    wait(f.login_with(PASSWORD).await);

    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = f.service.as_admin(&operator, &client);
    let failed = admin.failed_sign_ins(f.employee).await.unwrap();
    assert_eq!((failed.trusted, failed.is_trusted_refused), (100, true));
    admin.unlock_user(f.employee).await.unwrap();
    assert_eq!(
        admin.failed_sign_ins(f.employee).await.unwrap(),
        FailedSignIns::default()
    );
    f.login().await;
    let closings = events(&f, AuditAction::SignInClosed).await;
    assert_eq!(closings, 1);
    assert_eq!(events(&f, AuditAction::UserUnlocked).await, 1);
}

async fn events(f: &Fixture, action: AuditAction) -> usize {
    let mut query = AuditQuery::newest(1000);
    query.action = Some(action);
    f.store.audit(&query).await.unwrap().len()
}

async fn an_unlock_and_a_reset_clear_the_counters(f: Fixture) {
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = f.service.as_admin(&operator, &client);
    for telegram in 100..110 {
        let _ = guess(&f, PHONE, telegram).await;
    }
    wait(guess(&f, PHONE, 111).await);
    let failed = admin.failed_sign_ins(f.employee).await.unwrap();
    assert_eq!((failed.untrusted, failed.is_untrusted_refused), (10, true));
    admin.unlock_user(f.employee).await.unwrap();
    for telegram in 120..130 {
        let _ = guess(&f, PHONE, telegram).await;
    }
    wait(f.login_with(PASSWORD).await);
    let generated = admin.reset_password(f.employee).await.unwrap();
    let tokens = f.login_with(generated.expose()).await.unwrap();
    assert!(tokens.user.password_change_required);
}

/// Otherwise the holder of a stolen access token changes the e-mail address after each ten guesses.
async fn a_changed_phone_or_email_keeps_the_counters(f: Fixture) {
    const OTHER_PHONE: &str = "+77015550000";
    const OTHER_EMAIL: &str = "other@example.com";
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = f.service.as_admin(&operator, &client);
    let user = admin.find_user(ADMIN_EMAIL).await.unwrap().id;
    for n in 0..10 {
        let _ = guess(&f, PHONE, 100 + n).await;
        let _ = admin_login(&f, "a wrong password", None, &format!("198.51.{n}.1")).await;
    }
    let mut command = UpdateUserCommand::default();
    command.phone = Some(Some(OTHER_PHONE.to_owned()));
    admin.update_user(f.employee, &command).await.unwrap();
    let mut command = UpdateUserCommand::default();
    command.email = Some(Some(OTHER_EMAIL.to_owned()));
    admin.update_user(user, &command).await.unwrap();

    wait(guess(&f, OTHER_PHONE, 200).await);
    let command = AdminLoginCommand::new(OTHER_EMAIL, ADMIN_PASSWORD);
    wait(f.service.for_client(&client).admin_login(&command).await);
    for user in [f.employee, user] {
        let failed = admin.failed_sign_ins(user).await.unwrap();
        assert_eq!(failed.untrusted, 10);
    }
    // The former phone number is one of no user.
    assert_eq!(retry_after(guess(&f, PHONE, 200).await), None);
}

async fn administrators_cannot_unlock_their_own_account(f: Fixture) {
    let tokens = admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1")
        .await
        .unwrap();
    let token = tokens.access_token.expose();
    let admin = f.service.authenticate(token).await.unwrap();
    let (admin, client) = (admin.into_admin().unwrap(), ClientInfo::unknown());
    let service = f.service.as_admin(&admin, &client);
    let own = admin.id().unwrap();
    assert_eq!(refusal(service.unlock_user(own).await), Refusal::OwnAccount);
    assert_eq!(events(&f, AuditAction::UserUnlocked).await, 0);
    service.unlock_user(f.employee).await.unwrap();
}

async fn a_success_resets_the_lane_and_refunds_the_attempt(f: Fixture) {
    // 42 is not linked yet, so its attempts are untrusted.
    for _ in 0..3 {
        let _ = guess(&f, PHONE, 42).await;
    }
    wait(f.login_with(PASSWORD).await);
    f.pass(Duration::from_secs(30));
    f.login().await;
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = f.service.as_admin(&operator, &client);
    let failed = admin.failed_sign_ins(f.employee).await.unwrap();
    assert_eq!(failed.untrusted, 0, "failures in a row");
    // Three failures stay in the bucket of ten.
    let mut allowed = 0;
    for telegram in 200.. {
        match retry_after(guess(&f, PHONE, telegram).await) {
            None => allowed += 1,
            Some(_) => break,
        }
    }
    assert_eq!(allowed, 7);
}

async fn a_correct_password_from_another_telegram_account_stays_charged(f: Fixture) {
    f.login().await;
    let mut telegram = 1000;
    let guesses = guesses_in_a_day(&f, async |_| {
        telegram += 1;
        let data = init_data(&f.clock, telegram);
        let command = login_command(PHONE, PASSWORD, &data);
        let client = ClientInfo::unknown();
        retry_after(f.service.for_client(&client).telegram_login(&command).await)
    })
    .await;
    assert!((24..=34).contains(&guesses), "{guesses}");
    let mismatches = events(&f, AuditAction::TelegramMismatch).await;
    assert_eq!(mismatches, guesses as usize, "each is recorded");
}

async fn two_servers_together_allow_no_further_attempt(f: Fixture) {
    let servers = [f.service.clone(), f.another_server()];
    let mut tasks = tokio::task::JoinSet::new();
    for (telegram, service) in (1000..1040).zip(servers.iter().cycle()) {
        let service = service.clone();
        let data = init_data(&f.clock, telegram);
        tasks.spawn(async move {
            let command = login_command(PHONE, "a wrong password", &data);
            let client = ClientInfo::unknown();
            retry_after(service.for_client(&client).telegram_login(&command).await).is_none()
        });
    }
    let guesses = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|&guessed| guessed)
        .count();
    assert_eq!(guesses, 10);
}

async fn a_clock_set_back_allows_no_further_attempt(f: Fixture) {
    for telegram in 100..110 {
        let _ = guess(&f, PHONE, telegram).await;
    }
    f.clock
        .set_unix(divan_core::clock::Clock::unix_seconds(&*f.clock) - 3600);
    wait(guess(&f, PHONE, 111).await);
    f.pass(Duration::from_hours(1));
    wait(guess(&f, PHONE, 111).await);
    f.pass(Duration::from_hours(1));
    assert_eq!(
        refusal(guess(&f, PHONE, 111).await),
        Refusal::InvalidCredentials
    );
    wait(guess(&f, PHONE, 112).await);
}

async fn the_tenth_wrong_own_password_ends_the_session(f: Fixture) {
    let tokens = f.login().await;
    let other = f.login().await;
    let caller = f.access(&tokens).await.unwrap();
    let client = ClientInfo::unknown();
    let change = ChangePasswordCommand::new("a wrong password", "plum 4 the tram");
    let mut waits = Vec::new();
    for _ in 0..10 {
        loop {
            let result = f
                .service
                .as_caller(&caller, &client)
                .change_password(&change)
                .await;
            let Some(wait) = retry_after(result) else {
                break;
            };
            waits.push(wait.as_secs());
            f.pass(wait);
        }
    }
    assert_eq!(waits, [2, 4, 8, 16]);
    assert_eq!(refusal(f.access(&tokens).await), Refusal::TokenInvalid);
    assert_eq!(f.end_reason(&tokens).await, Some(EndReason::WrongPassword));
    f.access(&other).await.unwrap();
    assert_eq!(events(&f, AuditAction::WrongPasswordSignOut).await, 1);
}

async fn auto_logins_are_limited_by_telegram_account(f: Fixture) {
    f.login().await;
    for _ in 0..30 {
        f.auto_login().await.unwrap();
    }
    assert_eq!(wait(f.auto_login().await), Duration::from_mins(1));
    f.pass(Duration::from_mins(1));
    f.auto_login().await.unwrap();
}

async fn an_auto_login_with_the_same_init_data_replaces_its_session(f: Fixture) {
    f.login().await;
    let data = f.init_data(Duration::ZERO);
    let client = ClientInfo::unknown();
    let first = f
        .service
        .for_client(&client)
        .auto_login(&data)
        .await
        .unwrap();
    let second = f
        .service
        .for_client(&client)
        .auto_login(&data)
        .await
        .unwrap();
    assert_eq!(f.end_reason(&first).await, Some(EndReason::Replaced));
    assert_eq!(refusal(f.access(&first).await), Refusal::TokenInvalid);
    f.access(&second).await.unwrap();
    f.pass(Duration::from_secs(1));
    f.auto_login().await.unwrap();
    f.access(&second).await.unwrap();
}

async fn refused_refresh_tokens_are_limited_by_address(f: Fixture) {
    let tokens = f.login().await;
    let client = ClientInfo::unknown().address("203.0.113.9".parse().unwrap());
    let service = f.service.for_client(&client);
    let invalid = Secret::from("dvr1.invalid");
    for _ in 0..60 {
        let refused = service.refresh(&invalid).await;
        assert_eq!(refusal(refused), Refusal::RefreshTokenInvalid);
    }
    wait(service.refresh(&invalid).await);
    service.refresh(&tokens.refresh_token).await.unwrap();
}

async fn bootstrap_tokens_are_limited_by_address(f: Fixture) {
    let policy = BootstrapPolicy::Token("the bootstrap token of this test".into());
    let service = builder(f.store.clone(), &f.clock).bootstrap(policy).build();
    let client = ClientInfo::unknown().address("203.0.113.9".parse().unwrap());
    let mut command = BootstrapCommand::new("second@example.com", "a lamp across the river");
    command.token = Some("a wrong token".into());
    for _ in 0..5 {
        let refused = service.for_client(&client).bootstrap(&command).await;
        assert!(matches!(refused, Err(ServiceError::BootstrapTokenRequired)));
    }
    command.token = Some("the bootstrap token of this test".into());
    let refused = service.for_client(&client).bootstrap(&command).await;
    assert!(matches!(refused, Err(ServiceError::TooManyAttempts { .. })));
    assert_eq!(events(&f, AuditAction::BootstrapRefused).await, 1);
}

async fn failures_are_audited_once_an_hour(f: Fixture) {
    for telegram in 100..104 {
        let _ = guess(&f, PHONE, telegram).await;
        let _ = guess(&f, "+77019999999", telegram + 50).await;
    }
    let mut query = AuditQuery::newest(10);
    query.action = Some(AuditAction::SignInFailed);
    let events = f.store.audit(&query).await.unwrap();
    assert_eq!(events.len(), 2);
    let known = events
        .iter()
        .find(|event| event.subject_id == Some(f.employee));
    assert_eq!(known.unwrap().account, None);
    let unknown = events.iter().find(|event| event.subject_id.is_none());
    assert_eq!(unknown.unwrap().account.as_ref().unwrap().len(), 32);
    f.pass(Duration::from_hours(1));
    let _ = guess(&f, PHONE, 105).await;
    assert_eq!(f.store.audit(&query).await.unwrap().len(), 3);
}

async fn a_previous_key_keeps_sessions_and_devices(f: Fixture) {
    let employee = f.login().await;
    let admin = admin_login(&f, ADMIN_PASSWORD, None, "203.0.113.1")
        .await
        .unwrap();
    let rotated = |previous: bool| {
        let builder = AuthService::builder(
            f.store.clone(),
            &SecretKey::new([8; 32]).unwrap(),
            "https://sec.example.com",
            divan_core::token::Audiences::new("divan.example.com", "sec.example.com").unwrap(),
        )
        .clock(f.clock.clone())
        .hasher(std::sync::Arc::new(
            divan_core::password::Argon2idHasher::insecure_for_tests(),
        ));
        if previous {
            builder
                .previous_key(&SecretKey::new([7; 32]).unwrap())
                .build()
        } else {
            builder.build()
        }
    };
    let client = ClientInfo::unknown().address("203.0.113.1".parse().unwrap());
    let without = rotated(false)
        .for_client(&client)
        .refresh(&employee.refresh_token)
        .await;
    assert_eq!(refusal(without), Refusal::RefreshTokenInvalid);
    let service = rotated(true);
    let service = service.for_client(&client);
    service.refresh(&employee.refresh_token).await.unwrap();
    let device = admin.device_token.unwrap();
    let command = AdminLoginCommand::new(ADMIN_EMAIL, ADMIN_PASSWORD).device_token(device.clone());
    let tokens = service.admin_login(&command).await.unwrap();
    let renewed = tokens.device_token.unwrap();
    assert_ne!(renewed.expose(), device.expose(), "issued with the new key");
    let id = |token: &Secret| {
        let token: divan_core::token::DeviceToken = token.expose().parse().unwrap();
        token.device()
    };
    assert_eq!(id(&renewed), id(&device));
}

async fn a_user_has_at_most_a_hundred_ended_sessions(f: Fixture) {
    let first = f.login().await;
    for _ in 0..130 {
        f.pass(Duration::from_millis(1));
        f.login().await;
    }
    let id = crate::support::employee::id_of(&first);
    assert_eq!(f.store.session(id).await.unwrap(), None);
    let live = f
        .store
        .sessions_of(f.employee, time::OffsetDateTime::UNIX_EPOCH)
        .await
        .unwrap();
    assert_eq!(live.len(), 20);
}
