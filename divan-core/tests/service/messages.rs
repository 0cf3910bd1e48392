//! Messages to people about changes of their account.

use std::time::Duration;

use divan_core::clock::Clock;
use divan_core::init_data::InitDataBuilder;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, ClientInfo, Delivery, IssuedTokens, MessageKind, MessageResult,
    OutgoingMessage, ServiceError, StepUpProof,
};
use divan_core::store::{Account, AccountUpdate, UserKeys};
use divan_core::types::{Role, TelegramId, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::employee::{DAY, Fixture};
use crate::support::enrolled::{Enrolled, challenge, complete, login};
use crate::support::{ADMIN_EMAIL, BOT, PASSWORD, PHONE, builder, login_command};

on_every_store!(
    a_new_link_is_reported_to_the_linked_account,
    a_sign_in_on_a_new_device_is_reported_once,
    an_administrator_on_an_unknown_device_gets_a_message,
    changes_of_the_second_factor_are_reported,
    a_password_reset_is_reported_to_a_linked_user,
    a_stolen_session_is_reported,
    a_user_who_refuses_messages_gets_none,
    an_unreachable_user_gets_messages_after_a_sign_in_that_allows_them,
    a_failed_message_is_repeated_later_and_given_up_after_a_day,
    a_wait_that_the_service_asks_for_is_obeyed,
    a_refused_message_does_not_delay_the_next_one,
    an_expired_message_is_not_sent,
    two_servers_send_each_message_once_in_order,
    messages_are_off_by_default,
);

const ANDROID: &str =
    "Mozilla/5.0 (Linux; Android 14; K) Chrome/120.0 Telegram-Android/11.2 (Samsung)";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148";

/// Signs the employee in with the password on a device, from a Telegram client.
async fn sign_in_on(f: &Fixture, device: &str, client: Value) -> IssuedTokens {
    let init_data = init_data(f, client);
    let client = ClientInfo::unknown().device(device);
    let client = f.service.for_client(&client);
    let command = login_command(PHONE, PASSWORD, &init_data);
    client.telegram_login(&command).await.unwrap()
}

fn init_data(f: &Fixture, mut client: Value) -> Secret {
    client["id"] = json!(42);
    client["first_name"] = json!("First");
    InitDataBuilder::new(f.clock.unix_seconds())
        .field("user", &client.to_string())
        .sign(&BOT.parse().unwrap())
        .into()
}

async fn claim(f: &Fixture) -> Vec<OutgoingMessage> {
    claim_on(&f.service).await
}

async fn claim_on(service: &AuthService) -> Vec<OutgoingMessage> {
    let claimed = service.claim_messages(Uuid::from_u128(1), 100).await;
    claimed.unwrap()
}

async fn settle(f: &Fixture, message: &OutgoingMessage, outcome: Delivery) {
    f.service.settle_message(message, outcome).await.unwrap();
}

/// Delivers all messages. Returns their kinds.
async fn deliver(f: &Fixture) -> Vec<MessageKind> {
    let mut kinds = Vec::new();
    loop {
        let claimed = claim(f).await;
        if claimed.is_empty() {
            return kinds;
        }
        for message in claimed {
            settle(f, &message, Delivery::Delivered).await;
            kinds.push(message.kind);
        }
        f.pass(Duration::from_secs(1));
    }
}

/// Links the first administrator to a Telegram account. Returns the id of the user.
async fn linked_admin(f: &Fixture) -> UserId {
    let mut keys = UserKeys::default();
    keys.emails = vec![ADMIN_EMAIL.parse().unwrap()];
    let admin = f.store.users_by_keys(&keys).await.unwrap().remove(0).id;
    let change = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(7));
        Ok(Some(AccountUpdate::none()))
    };
    f.store
        .update_account(admin, &change)
        .await
        .unwrap()
        .unwrap();
    admin
}

async fn reset_password(f: &Fixture, user: UserId) -> Result<Secret, ServiceError> {
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let operator = f.service.as_admin(&operator, &client);
    operator.reset_password(user).await
}

async fn a_new_link_is_reported_to_the_linked_account(f: Fixture) {
    sign_in_on(
        &f,
        ANDROID,
        json!({"language_code": "kk", "allows_write_to_pm": true}),
    )
    .await;
    let claimed = claim(&f).await;
    let [message] = &claimed[..] else {
        panic!("{claimed:?}")
    };
    assert_eq!(
        (message.user, message.telegram_id, message.role),
        (f.employee, TelegramId(42), Role::Employee)
    );
    assert_eq!(message.kind, MessageKind::TelegramLinked);
    assert_eq!(
        message.created_at.unix_timestamp().cast_unsigned(),
        f.clock.unix_seconds()
    );
    let client = message.client.as_ref().unwrap();
    assert_eq!(client.bot_id, 1_234_567_890);
    assert_eq!(client.language.as_deref(), Some("kk"));
    settle(&f, message, Delivery::Delivered).await;
    assert_eq!(deliver(&f).await, []);
    let delivered = f.service.message_results(MessageResult::Delivered);
    assert_eq!(delivered, 1);
    assert_eq!(f.service.waiting_messages().await.unwrap().count, 0);
    f.pass(DAY + Duration::from_secs(1));
    assert_eq!(f.service.purge_messages().await.unwrap(), 1);
}

async fn a_sign_in_on_a_new_device_is_reported_once(f: Fixture) {
    sign_in_on(&f, ANDROID, json!({})).await;
    assert_eq!(deliver(&f).await, [MessageKind::TelegramLinked]);
    let updated = ANDROID.replace("120.0", "121.0");
    sign_in_on(&f, &updated, json!({})).await;
    assert_eq!(deliver(&f).await, []);

    let client = ClientInfo::unknown().device(IPHONE);
    let auto_login = async || {
        let client = f.service.for_client(&client);
        client.auto_login(&init_data(&f, json!({}))).await.unwrap()
    };
    auto_login().await;
    let claimed = claim(&f).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(
        (claimed[0].kind, claimed[0].system.as_deref()),
        (MessageKind::NewDevice, Some("iPhone"))
    );
    settle(&f, &claimed[0], Delivery::Delivered).await;
    auto_login().await;
    sign_in_on(&f, ANDROID, json!({})).await;
    assert_eq!(deliver(&f).await, []);
}

async fn an_administrator_on_an_unknown_device_gets_a_message(f: Fixture) {
    linked_admin(&f).await;
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let claimed = claim(&f).await;
    assert_eq!(
        (claimed.len(), claimed[0].kind, claimed[0].role),
        (1, MessageKind::NewDevice, Role::Admin)
    );
    settle(&f, &claimed[0], Delivery::Delivered).await;
    let device = tokens.device_token.as_ref();
    login(&f.service, ADMIN_EMAIL, device).await.unwrap();
    assert_eq!(deliver(&f).await, []);
}

async fn changes_of_the_second_factor_are_reported(f: Fixture) {
    let admin = linked_admin(&f).await;
    let enrolled = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    let enabled = [MessageKind::NewDevice, MessageKind::SecondFactorEnabled];
    assert_eq!(deliver(&f).await, enabled);

    let unknown = challenge(login(&f.service, ADMIN_EMAIL, None).await);
    complete(&f.service, &unknown, enrolled.recovery_code(0))
        .await
        .unwrap();
    let recovered = [MessageKind::NewDevice, MessageKind::RecoveryCodeUsed];
    assert_eq!(deliver(&f).await, recovered);

    let client = ClientInfo::unknown();
    let caller = f.service.as_caller(&enrolled.caller, &client);
    let proof = StepUpProof::SecondFactor(enrolled.recovery_code(1));
    caller.step_up(&proof).await.unwrap();
    caller.replace_recovery_codes().await.unwrap();
    caller.disable_second_factor().await.unwrap();
    let changed = [
        MessageKind::RecoveryCodeUsed,
        MessageKind::RecoveryCodesReplaced,
        MessageKind::SecondFactorDisabled,
    ];
    assert_eq!(deliver(&f).await, changed);

    Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    deliver(&f).await;
    let operator = Admin::operator();
    let operator = f.service.as_admin(&operator, &client);
    operator.reset_second_factor(admin).await.unwrap();
    assert_eq!(deliver(&f).await, [MessageKind::SecondFactorReset]);
}

async fn a_password_reset_is_reported_to_a_linked_user(f: Fixture) {
    reset_password(&f, f.employee).await.unwrap();
    assert_eq!(deliver(&f).await, [], "no Telegram account is linked");
    let change = |account: &mut Account| {
        account.user.telegram_id = Some(TelegramId(42));
        Ok(Some(AccountUpdate::none()))
    };
    f.store.update_account(f.employee, &change).await.unwrap();
    reset_password(&f, f.employee).await.unwrap();
    assert_eq!(deliver(&f).await, [MessageKind::PasswordReset]);

    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let operator = f.service.as_admin(&operator, &client);
    operator.unlink_telegram(f.employee).await.unwrap();
    assert_eq!(deliver(&f).await, [], "the account was unlinked");
    let account = f.store.account(f.employee).await.unwrap().unwrap();
    assert!(account.telegram_client.is_none() && account.seen_devices.is_empty());
}

async fn a_stolen_session_is_reported(f: Fixture) {
    let tokens = f.login().await;
    deliver(&f).await;
    let first = f.refresh(&tokens).await.unwrap();
    f.refresh(&first).await.unwrap();
    f.pass(DAY);
    f.refresh(&tokens).await.unwrap_err();
    f.refresh(&tokens).await.unwrap_err();
    assert_eq!(deliver(&f).await, [MessageKind::SessionStolen]);
}

async fn a_user_who_refuses_messages_gets_none(f: Fixture) {
    sign_in_on(&f, ANDROID, json!({"allows_write_to_pm": false})).await;
    sign_in_on(&f, IPHONE, json!({})).await;
    assert_eq!(deliver(&f).await, [], "unknown does not replace a refusal");
    sign_in_on(&f, "Another", json!({"allows_write_to_pm": true})).await;
    assert_eq!(deliver(&f).await, [MessageKind::NewDevice]);
}

async fn an_unreachable_user_gets_messages_after_a_sign_in_that_allows_them(f: Fixture) {
    sign_in_on(&f, ANDROID, json!({})).await;
    sign_in_on(&f, IPHONE, json!({})).await;
    let claimed = claim(&f).await;
    let bot_id = 1_234_567_890;
    settle(&f, &claimed[0], Delivery::Unreachable { bot_id }).await;
    assert_eq!(claim(&f).await, [], "the second message is not sent");
    let undeliverable = f.service.message_results(MessageResult::Undeliverable);
    assert_eq!(undeliverable, 2);
    reset_password(&f, f.employee).await.unwrap();
    assert_eq!(f.service.waiting_messages().await.unwrap().count, 0);

    let change = |account: &mut Account| {
        account.user.password_change_required = false;
        account.password_verified_at = Some(f.clock.now().into());
        Ok(Some(AccountUpdate::none()))
    };
    f.store.update_account(f.employee, &change).await.unwrap();
    for (allows, expected) in [(None, 0), (Some(true), 1)] {
        let client = ClientInfo::unknown().device(&format!("Device {allows:?}"));
        let client = f.service.for_client(&client);
        let init_data = init_data(&f, json!({ "allows_write_to_pm": allows }));
        match allows {
            None => client.auto_login(&f.init_data(Duration::ZERO)).await,
            Some(_) => client.auto_login(&init_data).await,
        }
        .unwrap();
        assert_eq!(deliver(&f).await.len(), expected, "{allows:?}");
    }
}

async fn a_failed_message_is_repeated_later_and_given_up_after_a_day(f: Fixture) {
    const STEP: Duration = Duration::from_secs(15);
    sign_in_on(&f, ANDROID, json!({})).await;
    let written = f.clock.unix_seconds();
    // Its own day must not end with that of the first one.
    f.pass(4 * STEP);
    sign_in_on(&f, IPHONE, json!({})).await;
    let (mut attempts, mut waited, mut longest) = (0, 0, 0);
    loop {
        let claimed = claim(&f).await;
        if let Some(message) = claimed.first() {
            if message.kind != MessageKind::TelegramLinked {
                break;
            }
            assert_eq!(claimed.len(), 1, "the second message waits");
            settle(&f, message, Delivery::Failed).await;
            attempts += 1;
            longest = longest.max(waited);
            waited = 0;
        }
        assert!(f.clock.unix_seconds() - written <= 24 * 3600);
        f.pass(STEP);
        waited += STEP.as_secs();
    }
    assert!((90..400).contains(&attempts), "{attempts}");
    assert!((600..=915).contains(&longest), "{longest}");
    let age = f.clock.unix_seconds() - written;
    assert!(age >= 24 * 3600 - 915, "{age}");
    assert_eq!(f.service.message_results(MessageResult::GivenUp), 1);
    let failed = f.service.message_results(MessageResult::Failed);
    // The message is given up by its last attempt, or when the day ends before the next one.
    assert!(
        [attempts, attempts - 1].contains(&failed),
        "{failed} of {attempts}"
    );
}

async fn a_wait_that_the_service_asks_for_is_obeyed(f: Fixture) {
    sign_in_on(&f, ANDROID, json!({})).await;
    let claimed = claim(&f).await;
    let wait = Duration::from_hours(1);
    settle(&f, &claimed[0], Delivery::RetryAfter(wait)).await;
    f.pass(wait.saturating_sub(Duration::from_secs(1)));
    assert_eq!(claim(&f).await, []);
    f.pass(Duration::from_secs(1));
    let claimed = claim(&f).await;
    assert_eq!(claimed.len(), 1);
    settle(&f, &claimed[0], Delivery::RetryAfter(DAY)).await;
    assert_eq!(f.service.message_results(MessageResult::GivenUp), 1);
}

async fn a_refused_message_does_not_delay_the_next_one(f: Fixture) {
    sign_in_on(&f, ANDROID, json!({})).await;
    sign_in_on(&f, IPHONE, json!({})).await;
    let claimed = claim(&f).await;
    settle(&f, &claimed[0], Delivery::Refused).await;
    assert_eq!(f.service.message_results(MessageResult::GivenUp), 1);
    assert_eq!(deliver(&f).await, [MessageKind::NewDevice]);
}

async fn an_expired_message_is_not_sent(f: Fixture) {
    sign_in_on(&f, ANDROID, json!({})).await;
    f.pass(DAY);
    assert_eq!(claim(&f).await, []);
    assert_eq!(f.service.message_results(MessageResult::GivenUp), 1);
    assert_eq!(f.service.waiting_messages().await.unwrap().count, 0);
}

async fn two_servers_send_each_message_once_in_order(f: Fixture) {
    let other = f.another_server();
    sign_in_on(&f, ANDROID, json!({})).await;
    sign_in_on(&f, IPHONE, json!({})).await;
    let first = claim(&f).await;
    assert_eq!(claim_on(&other).await, [], "the first has a lease");
    // The first server stops; its lease expires.
    f.pass(Duration::from_mins(1));
    let again = claim_on(&other).await;
    assert_eq!(again[0].kind, MessageKind::TelegramLinked);
    settle(&f, &first[0], Delivery::Delivered).await;
    let delivered = f.service.message_results(MessageResult::Delivered);
    assert_eq!(delivered, 0, "the lease has expired");
    other
        .settle_message(&again[0], Delivery::Delivered)
        .await
        .unwrap();
    assert_eq!(deliver(&f).await, [MessageKind::NewDevice]);
}

async fn messages_are_off_by_default(f: Fixture) {
    let silent = builder(f.store.clone(), &f.clock).messages(false).build();
    let f = Fixture {
        service: silent,
        ..f
    };
    sign_in_on(&f, ANDROID, json!({})).await;
    reset_password(&f, f.employee).await.unwrap();
    assert_eq!(f.service.waiting_messages().await.unwrap().count, 0);
}
