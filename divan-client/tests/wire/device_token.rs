//! The device token of an administrator across sign-outs.

use std::sync::Arc;

use divan_client::api::{AdminLogin, ChangePasswordRequest, CreateUserRequest, ProblemCode};
use divan_client::test_util::MockDivan;
use divan_client::{AdminPanel, FileStore, KnownDevice, MemoryStore, Secret, TokenStore};

/// Signs in with wrong passwords, without a device token, until sign-ins are refused.
async fn attack(divan: &MockDivan) {
    let attacker = divan.client().admin();
    let mut guess = divan.admin_login();
    guess.password = Secret::new("a wrong password");
    for _ in 0..20 {
        let error = attacker.login(&guess).await.unwrap_err();
        if error.code() == Some(ProblemCode::TooManyAttempts) {
            assert_eq!(error.status(), Some(429));
            assert!(error.retry_after().is_some_and(|wait| wait.as_secs() >= 30));
            return;
        }
        assert!(error.is_invalid_credentials(), "{error}");
    }
    panic!("the sign-ins were never refused");
}

async fn is_known(admin: &AdminPanel, divan: &MockDivan) -> bool {
    match admin.login(&divan.admin_login()).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), Some(ProblemCode::TooManyAttempts));
            false
        }
    }
}

#[tokio::test]
async fn a_device_is_known_after_a_sign_out() {
    let divan = MockDivan::start().await;
    let folder = tempfile::tempdir().unwrap();
    let stores: [Arc<dyn TokenStore>; 2] = [
        Arc::new(MemoryStore::new()),
        Arc::new(FileStore::new(folder.path().join("tokens"))),
    ];
    let [in_memory, in_file] = stores.map(|store| divan.client().admin_with(store));
    for admin in [&in_memory, &in_file] {
        assert!(is_known(admin, &divan).await);
        admin.logout().await.unwrap();
        assert!(!admin.is_signed_in().await.unwrap());
    }
    attack(&divan).await;
    assert!(!is_known(&divan.client().admin(), &divan).await);
    for admin in [&in_memory, &in_file] {
        assert!(is_known(admin, &divan).await);
    }
    // A new process with the same file.
    let restarted = FileStore::new(folder.path().join("tokens"));
    assert!(is_known(&divan.client().admin_with(restarted), &divan).await);
}

#[tokio::test]
async fn a_refused_sign_in_is_not_repeated() {
    let divan = MockDivan::start().await;
    divan.fail::<AdminLogin>(ProblemCode::TooManyAttempts);
    let error = divan.client().admin().login(&divan.admin_login()).await;
    assert_eq!(
        error.unwrap_err().code(),
        Some(ProblemCode::TooManyAttempts)
    );
    assert_eq!(divan.request_count::<AdminLogin>(), 1);
}

#[tokio::test]
async fn a_changed_password_replaces_the_device_token() {
    let divan = MockDivan::start().await;
    let store = Arc::new(MemoryStore::new());
    let admin = divan.client().admin_with(Arc::clone(&store));
    admin.login(&divan.admin_login()).await.unwrap();
    let before = store.load_device().await.unwrap().unwrap();
    let change = ChangePasswordRequest::new("tram under the plum", "plum over the tram");
    admin.change_password(&change).await.unwrap();
    let after = store.load_device().await.unwrap().unwrap();
    assert_ne!(before.to_text().expose(), after.to_text().expose());

    attack(&divan).await;
    let mut login = divan.admin_login();
    login.password = Secret::new("plum over the tram");
    admin.login(&login).await.unwrap();
}

#[tokio::test]
async fn the_device_token_is_sent_for_the_same_e_mail_address_and_server_only() {
    let (divan, other) = (MockDivan::start().await, MockDivan::start().await);
    let store = Arc::new(MemoryStore::new());
    let admin = divan.client().admin_with(Arc::clone(&store));
    admin.login(&divan.admin_login()).await.unwrap();
    let first = store.load_device().await.unwrap().unwrap();
    assert_eq!(first.email().as_str(), "admin@example.com");
    attack(&divan).await;
    let mut spelling = divan.admin_login();
    spelling.email = "Admin@Example.com".to_owned();
    admin.login(&spelling).await.unwrap();

    // Another administrator replaces the device.
    let second = CreateUserRequest::admin("Second Admin", "second@example.com");
    let second = admin.create_user(&second).await.unwrap();
    let mut login = divan.admin_login();
    login.email = "second@example.com".to_owned();
    login.password = second.generated_password.unwrap();
    admin.login(&login).await.unwrap();
    assert!(!is_known(&admin, &divan).await);

    // Another server, with the same store after a sign-out, gets no token of the first.
    store.save_device(&first).await.unwrap();
    admin.logout().await.unwrap();
    attack(&other).await;
    let elsewhere = other.client().admin_with(Arc::clone(&store));
    assert!(!is_known(&elsewhere, &other).await);
}

#[tokio::test]
async fn a_device_has_one_text_and_shows_no_token() {
    let divan = MockDivan::start().await;
    let store = Arc::new(MemoryStore::new());
    let admin = divan.client().admin_with(Arc::clone(&store));
    admin.login(&divan.admin_login()).await.unwrap();
    let device = store.load_device().await.unwrap().unwrap();
    let text = device.to_text();
    let read = KnownDevice::from_text(&text).unwrap();
    assert_eq!(read.to_text().expose(), text.expose());
    let at = text.expose().find("dvd1.").unwrap();
    let token = &text.expose()[at..at + 75];
    assert!(!format!("{device:?} {store:?}").contains(token));
    for broken in [
        text.expose().replace("device_token", "token"),
        token.to_owned(),
    ] {
        let error = KnownDevice::from_text(&Secret::new(broken)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(token), "{error:?}");
    }
}
