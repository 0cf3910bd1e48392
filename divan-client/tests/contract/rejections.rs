//! Problems returned by the server.

use divan_client::api::{
    AutoLoginRequest, BootstrapRequest, ChangePasswordRequest, CreateUserRequest, ProblemCode,
    TelegramLoginRequest, UpdateUserRequest, UserId,
};

use divan_core::init_data::{BotToken, InitDataBuilder};

use crate::fixture::{ADMIN_PASSWORD, BOT, EMAIL, Fixture, PASSWORD, fixture, signed_in};

#[tokio::test]
async fn bootstrap_requires_the_token_and_succeeds_once() {
    let f = fixture().await;
    let request = BootstrapRequest::new(EMAIL, ADMIN_PASSWORD);
    let without_token = f.client.bootstrap(None, &request).await.unwrap_err();
    assert_eq!(
        without_token.code(),
        Some(ProblemCode::BootstrapTokenRequired)
    );
    f.bootstrap().await;
    let again = f
        .client
        .bootstrap(Some(&f.bootstrap_token), &request)
        .await
        .unwrap_err();
    assert_eq!(again.code(), Some(ProblemCode::AlreadyBootstrapped));
}

#[tokio::test]
async fn login_rejects_invalid_passwords_and_unsigned_init_data() {
    let f = signed_in().await;
    let miniapp = f.another().build().unwrap().miniapp();
    assert!(
        miniapp
            .login(&f.login("wrong password"))
            .await
            .unwrap_err()
            .is_invalid_credentials()
    );
    let unsigned =
        TelegramLoginRequest::new("+77011234567", PASSWORD, "user=%7B%7D&auth_date=1&hash=00");
    assert_eq!(
        miniapp.login(&unsigned).await.unwrap_err().code(),
        Some(ProblemCode::InitDataInvalid)
    );
    assert!(!miniapp.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn absent_init_data_and_contacts_are_missing() {
    let f = signed_in().await;
    let miniapp = f.another().build().unwrap().miniapp();
    for absent in ["", "undefined", "null", "[object Object]"] {
        let login = TelegramLoginRequest::new("+77011234567", PASSWORD, absent);
        let error = miniapp.login(&login).await.unwrap_err();
        assert_eq!(error.code(), Some(ProblemCode::InitDataMissing));
        let auto_login = miniapp.auto_login(&AutoLoginRequest::new(absent)).await;
        assert_eq!(
            auto_login.unwrap_err().code(),
            Some(ProblemCode::InitDataMissing)
        );
        let init_data = f.login(PASSWORD).init_data.unwrap();
        let contact = TelegramLoginRequest::with_contact(absent, PASSWORD, init_data);
        let error = miniapp.login(&contact).await.unwrap_err();
        assert_eq!(error.code(), Some(ProblemCode::ContactMissing));
        assert_eq!(error.problem().unwrap().errors()[0].pointer(), "/contact");
    }
}

/// The strings of `init_data_command.rs` in the tests of the server.
#[tokio::test]
async fn init_data_has_the_same_answer_as_in_the_service() {
    let f = signed_in().await;
    let miniapp = f.another().build().unwrap().miniapp();
    let (bot, now) = (BOT.parse::<BotToken>().unwrap(), f.server_time());
    let other: BotToken = "1:AAFakeTokenForDivanTestVectorsOnly_0000".parse().unwrap();
    let of_age = |age: u64| InitDataBuilder::new(now - age);
    let good = of_age(0).user(42, "First").sign(&bot);
    let (invalid, expired) = (ProblemCode::InitDataInvalid, ProblemCode::InitDataExpired);
    let mut strings = vec![
        (of_age(0).user(42, "First").sign(&other), invalid),
        (of_age(0).sign(&bot), invalid),
        (of_age(0).field("user", "{}").sign(&bot), invalid),
        (
            of_age(0).contact(42, "77011234567", "First").sign(&bot),
            invalid,
        ),
        (of_age(0).user(42, "First").encode(), invalid),
        (format!("?{good}"), invalid),
        (format!("{good}&{good}"), invalid),
        (format!("x y&{good}"), invalid),
        ("a".repeat(9000), invalid),
        (of_age(86_500).user(42, "First").sign(&bot), expired),
        (of_age(86_500).sign(&bot), expired),
    ];
    for absent in [
        "\u{A0}",
        "None",
        "NaN",
        "nil",
        "[object Null]",
        "[object Undefined]",
    ] {
        strings.push((absent.to_owned(), ProblemCode::InitDataMissing));
    }
    for (raw, expected) in strings {
        let login = TelegramLoginRequest::new("+77011234567", PASSWORD, raw.as_str());
        let error = miniapp.login(&login).await.unwrap_err();
        assert_eq!(error.code(), Some(expected), "{raw}");
    }
    let login = TelegramLoginRequest::new("+77011234567", PASSWORD, good);
    miniapp.login(&login).await.unwrap();
}

#[tokio::test]
async fn create_user_rejects_taken_phones_and_weak_passwords() {
    let f = signed_in().await;
    let admin = f.client.admin();
    let taken = admin
        .create_user(&Fixture::new_employee())
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Some(ProblemCode::PhoneTaken));
    let weak = CreateUserRequest::employee("First Last", "+77010000002").password("password");
    let weak = admin.create_user(&weak).await.unwrap_err();
    assert_eq!(weak.problem().unwrap().errors()[0].pointer(), "/password");
    let unknown = "01920000-0000-7000-8000-00000000ffff"
        .parse::<UserId>()
        .unwrap();
    assert_eq!(
        admin.unlink_telegram(unknown).await.unwrap_err().code(),
        Some(ProblemCode::NotFound)
    );
    assert_eq!(
        admin.end_user_sessions(unknown).await.unwrap_err().code(),
        Some(ProblemCode::NotFound)
    );
}

#[tokio::test]
async fn administrators_cannot_deactivate_themselves() {
    let f = signed_in().await;
    let admin = f.client.admin();
    let mut request = UpdateUserRequest::default();
    request.is_active = Some(false);
    let last = admin
        .update_user(admin.me().await.unwrap().id, &request)
        .await
        .unwrap_err();
    assert_eq!(
        (last.status(), last.code()),
        (Some(422), Some(ProblemCode::ValidationFailed))
    );
}

#[tokio::test]
async fn change_password_rejects_invalid_and_weak_passwords() {
    let f = signed_in().await;
    let miniapp = f.client.miniapp();
    let wrong = ChangePasswordRequest::new("another password", "umbrella 78");
    assert!(
        miniapp
            .change_password(&wrong)
            .await
            .unwrap_err()
            .is_invalid_credentials()
    );
    let weak = miniapp
        .change_password(&ChangePasswordRequest::new(PASSWORD, "password"))
        .await
        .unwrap_err();
    assert_eq!(
        weak.problem().unwrap().errors()[0].pointer(),
        "/new_password"
    );
    miniapp.me().await.unwrap();
}
