//! Sign-in with a contact that the Mini App shares.

use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::secret::Secret;
use divan_core::service::{ClientInfo, LoginPhone, TelegramLoginCommand};

use crate::support::counting::{employee_request, fixture, init_data};
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
async fn a_signed_number_signs_in_whatever_its_spelling_or_numbering_plan() {
    let f = fixture().await;
    let admin = f.admin().await;
    for (id, created, spellings) in [
        (1, "+888 0513 1234", ["88805131234", "+88805131234"]),
        (2, "+52 1 55 1234 5678", ["5215512345678", "525512345678"]),
        (3, "+52 55 1234 5679", ["5215512345679", "525512345679"]),
        (4, "+54 11 2345 6789", ["541123456789", "5491123456789"]),
        (5, "+55 11 98765 4321", ["551187654321", "5511987654321"]),
        (6, "+55 11 8765 4322", ["551187654322", "5511987654322"]),
        (7, "+999 1234 567", ["9991234567", "+9991234567"]),
    ] {
        let client = ClientInfo::unknown();
        let administrator = f.service.as_admin(&admin, &client);
        let employee = employee_request(created);
        let user = administrator.create_user(&employee).await.unwrap().user;
        for signed in spellings {
            let typed = format!("+{}", signed.trim_start_matches('+'));
            for phone in [
                LoginPhone::Contact(contact(id, signed)),
                LoginPhone::Typed(typed),
            ] {
                let command = TelegramLoginCommand::new(phone, PASSWORD, init_data(id));
                let tokens = f.service.for_client(&client).telegram_login(&command);
                assert_eq!(tokens.await.unwrap().user.id, user.id, "{signed}");
            }
            let again = employee_request(&format!("+{}", signed.trim_start_matches('+')));
            let taken = administrator.create_user(&again).await;
            assert_eq!(refusal(taken), Refusal::PhoneTaken, "{signed}");
        }
    }
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
            Refusal::ContactMismatch,
        ),
        ("no phone", contact(42, "12"), Refusal::ContactInvalid),
        (
            "of another bot",
            shared(NOW).sign(&other).into(),
            Refusal::ContactInvalid,
        ),
        (
            "old",
            shared(NOW - 25 * 3600).sign(&token).into(),
            Refusal::ContactExpired,
        ),
        ("init data", init_data(42), Refusal::ContactInvalid),
        (
            "with a user",
            shared(NOW).user(42, "First").sign(&token).into(),
            Refusal::ContactInvalid,
        ),
        ("empty", Secret::default(), Refusal::ContactMissing),
        ("absent", "undefined".into(), Refusal::ContactMissing),
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
