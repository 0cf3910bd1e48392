//! Sign-in with a contact that the Mini App shares.

use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::secret::Secret;
use divan_core::service::{ClientInfo, LoginPhone, TelegramLoginCommand};

use crate::support::counting::{fixture, init_data};
use crate::support::{BOT, NOW, PASSWORD, PHONE, Refusal, refusal};

fn contact(user_id: i64, phone: &str) -> Secret {
    let token: BotToken = BOT.parse().unwrap();
    InitDataBuilder::new(NOW)
        .contact(user_id, phone, "First")
        .sign(&token)
        .into()
}

#[tokio::test]
async fn a_shared_contact_replaces_the_phone_number() {
    let f = fixture().await;
    let login = async |contact: Secret, password: &str| {
        f.service
            .for_client(&ClientInfo::unknown())
            .telegram_login(&TelegramLoginCommand::new(
                LoginPhone::Contact(contact),
                password,
                init_data(42),
            ))
            .await
    };
    for written in [PHONE, PHONE.trim_start_matches('+')] {
        assert_eq!(
            login(contact(42, written), PASSWORD)
                .await
                .unwrap()
                .user
                .phone
                .unwrap()
                .as_str(),
            PHONE
        );
    }
    assert_eq!(
        refusal(login(contact(42, PHONE), "wrong password").await),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(login(contact(42, "+77010000099"), PASSWORD).await),
        Refusal::InvalidCredentials
    );
}

#[tokio::test]
async fn an_invalid_contact_is_rejected_before_hashing() {
    let f = fixture().await;
    let hashed = f.hasher.taken();
    let token: BotToken = BOT.parse().unwrap();
    let other: BotToken = "1:another".parse().unwrap();
    let shared = |auth_date: u64| InitDataBuilder::new(auth_date).contact(42, PHONE, "First");
    for (what, contact, expected) in [
        (
            "of another account",
            contact(43, PHONE),
            Refusal::InitDataInvalid,
        ),
        ("no phone", contact(42, "12"), Refusal::InitDataInvalid),
        (
            "no number that exists",
            contact(42, "+70000000"),
            Refusal::InitDataInvalid,
        ),
        (
            "of another bot",
            shared(NOW).sign(&other).into(),
            Refusal::InitDataInvalid,
        ),
        (
            "old",
            shared(NOW - 25 * 3600).sign(&token).into(),
            Refusal::InitDataExpired,
        ),
        ("init data", init_data(42), Refusal::InitDataInvalid),
        (
            "with a user",
            shared(NOW).user(42, "First").sign(&token).into(),
            Refusal::InitDataInvalid,
        ),
        ("empty", Secret::default(), Refusal::InitDataMissing),
    ] {
        let phone = LoginPhone::Contact(contact);
        let outcome = f
            .service
            .for_client(&ClientInfo::unknown())
            .telegram_login(&TelegramLoginCommand::new(phone, PASSWORD, init_data(42)))
            .await;
        assert_eq!(refusal(outcome), expected, "{what}");
    }
    assert_eq!(f.hasher.taken(), hashed, "nothing was hashed");
}
