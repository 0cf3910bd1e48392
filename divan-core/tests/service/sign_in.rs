//! The rules of signing in, held against the service.

use crate::created::created;
use crate::support::{Refusal, refusal};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use divan_core::api::{
    BootstrapRequest, ChangePasswordRequest, CreateUserRequest, Role, UpdateUserRequest,
};
use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::password::{
    Argon2idHasher, HashError, Password, PasswordHash, PasswordHasher, Verification,
};
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, BootstrapPolicy, ClientInfo, Field, ServiceError, SignInPhone,
};
use divan_core::store::{Account, AccountUpdate, MemoryStore, Store, UserStore};
use divan_core::token::{Audience, Audiences, SecretKey};
use divan_core::types::{TelegramId, User, UserId};

const NOW: u64 = 1_780_000_000;
const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const ADMIN_EMAIL: &str = "admin@example.com";
const ADMIN_PASSWORD: &str = "tram under the plum";
const PHONE: &str = "+77011234567";
const PASSWORD: &str = "umbrella 77";

/// Counts hash computations, and runs a hook in the middle of one.
#[derive(Default)]
struct CountingHasher {
    computations: AtomicUsize,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for CountingHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CountingHasher")
    }
}

impl CountingHasher {
    fn count(&self) {
        self.computations.fetch_add(1, Ordering::SeqCst);
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
    }

    fn taken(&self) -> usize {
        self.computations.swap(0, Ordering::SeqCst)
    }
}

impl PasswordHasher for CountingHasher {
    fn hash(&self, password: &Password, salt: &[u8; 16]) -> Result<PasswordHash, HashError> {
        self.count();
        Argon2idHasher::insecure_for_tests().hash(password, salt)
    }

    fn verify(&self, password: &Password, stored: Option<&PasswordHash>) -> Verification {
        self.count();
        Argon2idHasher::insecure_for_tests().verify(password, stored)
    }
}

struct Fixture {
    service: AuthService,
    store: Arc<MemoryStore>,
    hasher: Arc<CountingHasher>,
    clock: Arc<ManualClock>,
}

fn fixture_with(policy: BootstrapPolicy) -> Fixture {
    let store = Arc::new(MemoryStore::new());
    let hasher = Arc::new(CountingHasher::default());
    let clock = Arc::new(ManualClock::at_unix(NOW));
    let service = AuthService::builder(
        store.clone(),
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .telegram(BOT.parse().unwrap())
    .bootstrap(policy)
    .hasher(hasher.clone())
    .clock(clock.clone())
    .build();
    Fixture {
        service,
        store,
        hasher,
        clock,
    }
}

/// A service with an administrator and one employee.
async fn fixture() -> Fixture {
    let f = fixture_with(BootstrapPolicy::OpenToAnyone);
    f.service
        .bootstrap(None, &bootstrap_request(), &ClientInfo::unknown())
        .await
        .unwrap();
    let admin = f.admin().await;
    f.service
        .create_user(&admin, &employee_request(PHONE), &ClientInfo::unknown())
        .await
        .unwrap();
    f.hasher.taken();
    f
}

fn bootstrap_request() -> BootstrapRequest {
    BootstrapRequest::new(ADMIN_EMAIL, ADMIN_PASSWORD)
}

fn employee_request(phone: &str) -> CreateUserRequest {
    CreateUserRequest::employee("First Last", phone).password(PASSWORD)
}

fn init_data(telegram_id: i64) -> Secret {
    let token: BotToken = BOT.parse().unwrap();
    InitDataBuilder::new(NOW)
        .user_named(telegram_id, "First", "first_last")
        .sign(&token)
        .into()
}

impl Fixture {
    async fn admin(&self) -> Admin {
        let session = self
            .service
            .admin_login(ADMIN_EMAIL, &ADMIN_PASSWORD.into(), &ClientInfo::unknown())
            .await
            .unwrap();
        let caller = self
            .service
            .authenticate(session.access_token.expose())
            .await
            .unwrap();
        caller.into_admin().unwrap()
    }

    async fn login(
        &self,
        phone: &str,
        password: &str,
        telegram_id: i64,
    ) -> Result<User, ServiceError> {
        let init_data = init_data(telegram_id);
        let session = self
            .service
            .telegram_login(
                SignInPhone::Typed(phone),
                &password.into(),
                &init_data,
                &ClientInfo::unknown(),
            )
            .await?;
        Ok(session.user)
    }

    async fn stored(&self, phone: &str) -> Account {
        self.store
            .account_by_phone(&phone.parse().unwrap())
            .await
            .unwrap()
            .unwrap()
    }

    /// Adds an account that no endpoint makes.
    async fn insert(&self, phone: &str, change: impl FnOnce(&mut User)) {
        let mut account = self.stored(PHONE).await;
        account.user.id = UserId(uuid::Uuid::from_u128(phone.bytes().map(u128::from).sum()));
        account.user.phone = Some(phone.parse().unwrap());
        account.user.telegram_id = None;
        change(&mut account.user);
        self.store.insert_users(&[created(&account)]).await.unwrap();
    }
}

#[tokio::test]
async fn an_employee_signs_in_and_is_bound() {
    let f = fixture().await;
    let session = f
        .service
        .telegram_login(
            SignInPhone::Typed("8 701 123 45 67"),
            &PASSWORD.into(),
            &init_data(42),
            &ClientInfo::unknown(),
        )
        .await
        .unwrap();
    assert_eq!(session.user.telegram_id, Some(TelegramId(42)));
    assert_eq!(
        session.user.telegram_username.as_deref(),
        Some("first_last")
    );
    assert_eq!(session.expires_in, 900);
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
async fn every_attempt_costs_exactly_one_hash() {
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
        ("unknown address", "nobody@example.com", ADMIN_PASSWORD),
        ("wrong password", ADMIN_EMAIL, "wrong password"),
    ] {
        let outcome = f
            .service
            .admin_login(email, &password.into(), &ClientInfo::unknown())
            .await;
        assert_eq!(refusal(outcome), Refusal::InvalidCredentials, "{what}");
        assert_eq!(f.hasher.taken(), 1, "{what}");
    }
    f.admin().await;
    assert_eq!(f.hasher.taken(), 1, "success");
}

#[tokio::test]
async fn an_employee_does_not_sign_in_to_the_admin_panel() {
    let f = fixture().await;
    f.insert("+77010000002", |user| {
        user.email = Some("employee@example.com".parse().unwrap())
    })
    .await;
    let outcome = f
        .service
        .admin_login(
            "employee@example.com",
            &PASSWORD.into(),
            &ClientInfo::unknown(),
        )
        .await;
    assert_eq!(refusal(outcome), Refusal::InvalidCredentials);
}

#[tokio::test]
async fn init_data_is_checked_before_anything_of_the_account() {
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
            "a contact beside a user",
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
                .telegram_login(
                    SignInPhone::Typed(PHONE),
                    &password.into(),
                    &raw.as_str().into(),
                    &ClientInfo::unknown(),
                )
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
async fn what_reveals_something_comes_only_after_a_right_password() {
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
        Refusal::TelegramAccountMismatch
    );
    assert!(f.stored("+77010000002").await.user.telegram_id.is_none());
    f.login(PHONE, PASSWORD, 42).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_during_the_hash_wins() {
    let f = fixture().await;
    let account = f.stored(PHONE).await;
    let (store, runtime) = (f.store.clone(), tokio::runtime::Handle::current());
    *f.hasher.meanwhile.lock().unwrap() = Some(Box::new(move || {
        let reset = |account: &mut Account| {
            account.password_hash = PasswordHash::from_stored("of another password");
            Ok(Some(AccountUpdate::none()))
        };
        runtime
            .block_on(store.update_account(account.user.id, &reset))
            .unwrap()
            .unwrap();
    }));
    assert_eq!(
        refusal(f.login(PHONE, PASSWORD, 42).await),
        Refusal::InvalidCredentials
    );
    assert!(f.stored(PHONE).await.user.telegram_id.is_none());
}

/// Another sign-in has made the hash anew, of the same password.
fn rehash(f: &Fixture) -> Box<dyn FnOnce() + Send> {
    let (store, runtime) = (f.store.clone(), tokio::runtime::Handle::current());
    Box::new(move || {
        let anew = |account: &mut Account| {
            let password = Password::new(&PASSWORD.into()).unwrap();
            account.password_hash = Argon2idHasher::insecure_for_tests()
                .hash(&password, &[9; 16])
                .unwrap();
            Ok(Some(AccountUpdate::none()))
        };
        runtime.block_on(async {
            let id = store
                .account_by_phone(&PHONE.parse().unwrap())
                .await
                .unwrap()
                .unwrap()
                .user
                .id;
            store.update_account(id, &anew).await.unwrap().unwrap();
        });
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_password_hashed_anew_meanwhile_refuses_nobody() {
    let f = fixture().await;
    *f.hasher.meanwhile.lock().unwrap() = Some(rehash(&f));
    f.login(PHONE, PASSWORD, 42).await.unwrap();
    assert_eq!(f.hasher.taken(), 2, "compared again, once");
    *f.hasher.meanwhile.lock().unwrap() = Some(rehash(&f));
    assert_eq!(
        refusal(f.login(PHONE, "wrong password", 42).await),
        Refusal::InvalidCredentials
    );
    assert_eq!(f.hasher.taken(), 1, "wrong password");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_password_hashed_anew_meanwhile_refuses_no_change_of_it() {
    let f = fixture().await;
    let (phone, password, data) = (SignInPhone::Typed(PHONE), PASSWORD.into(), init_data(42));
    let session = f
        .service
        .telegram_login(phone, &password, &data, &ClientInfo::unknown())
        .await
        .unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    *f.hasher.meanwhile.lock().unwrap() = Some(rehash(&f));
    let request = ChangePasswordRequest::new(PASSWORD, "plum 4 the tram");
    f.service
        .change_password(&caller, &request, &ClientInfo::unknown())
        .await
        .unwrap();
    f.login(PHONE, "plum 4 the tram", 42).await.unwrap();
}

/// What comes in between while a password is changed: each of these ends the session that asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_or_promotion_during_the_change_of_a_password_wins() {
    for promotes in [false, true] {
        let f = fixture().await;
        let phone = SignInPhone::Typed(PHONE);
        let (password, data, client) = (PASSWORD.into(), init_data(42), ClientInfo::unknown());
        let session = f
            .service
            .telegram_login(phone, &password, &data, &client)
            .await
            .unwrap();
        let caller = f
            .service
            .authenticate(session.access_token.expose())
            .await
            .unwrap();
        let (admin, service) = (f.admin().await, f.service.clone());
        let (user, runtime) = (caller.user().id, tokio::runtime::Handle::current());
        *f.hasher.meanwhile.lock().unwrap() = Some(Box::new(move || {
            let mut promote = UpdateUserRequest::default();
            promote.role = Some(Role::Admin);
            promote.email = Some(Some("second@example.com".to_owned()));
            runtime.block_on(async {
                if promotes {
                    service
                        .update_user(&admin, user, &promote, &ClientInfo::unknown())
                        .await
                        .unwrap();
                } else {
                    service
                        .end_user_sessions(&admin, user, &ClientInfo::unknown())
                        .await
                        .unwrap();
                }
            });
        }));
        let request = ChangePasswordRequest::new(PASSWORD, "plum 4 t");
        let changed = f
            .service
            .change_password(&caller, &request, &ClientInfo::unknown())
            .await;
        assert_eq!(refusal(changed), Refusal::TokenInvalid);
        assert_eq!(
            f.stored(PHONE).await.user.password_change_required,
            promotes
        );
    }
}

#[tokio::test]
async fn a_hash_with_other_parameters_is_made_anew_at_a_sign_in() {
    let f = fixture().await;
    let password = Password::new(&PASSWORD.into()).unwrap();
    let mut account = f.stored(PHONE).await;
    account.user.id = UserId(uuid::Uuid::from_u128(2));
    account.user.phone = Some("+77010000002".parse().unwrap());
    account.password_hash = Argon2idHasher::default().hash(&password, &[1; 16]).unwrap();
    f.store.insert_users(&[created(&account)]).await.unwrap();

    f.login("+77010000002", PASSWORD, 42).await.unwrap();
    assert_eq!(f.hasher.taken(), 2, "one to check, one to store");
    let rehashed = f.stored("+77010000002").await.password_hash;
    assert!(
        !rehashed.expose().contains("m=19456"),
        "{}",
        rehashed.expose()
    );
    f.login("+77010000002", PASSWORD, 42).await.unwrap();
    assert_eq!(f.hasher.taken(), 1);
}

#[tokio::test]
async fn a_token_of_somebody_who_is_gone_or_inactive_opens_nothing() {
    let f = fixture().await;
    f.insert("+77010000002", |_| {}).await;
    let init_data = init_data(42);
    let session = f
        .service
        .telegram_login(
            SignInPhone::Typed("+77010000002"),
            &PASSWORD.into(),
            &init_data,
            &ClientInfo::unknown(),
        )
        .await
        .unwrap();
    let token = session.access_token.expose();
    f.service.authenticate(token).await.unwrap();

    // The same key on another database: the token is good, the user is not there.
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
async fn a_demoted_administrator_is_none_any_more() {
    let f = fixture().await;
    let session = f
        .service
        .admin_login(ADMIN_EMAIL, &ADMIN_PASSWORD.into(), &ClientInfo::unknown())
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
async fn without_a_bot_token_nobody_signs_in_through_telegram() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    let key = SecretKey::new([7; 32]).unwrap();
    let service = AuthService::builder(store, &key, "https://sec.example.com", audiences).build();
    let outcome = service
        .telegram_login(
            SignInPhone::Typed(PHONE),
            &PASSWORD.into(),
            &init_data(42),
            &ClientInfo::unknown(),
        )
        .await;
    assert_eq!(refusal(outcome), Refusal::TelegramNotConfigured);
}

#[tokio::test]
async fn bootstrap_needs_its_token() {
    let closed = fixture_with(BootstrapPolicy::Closed);
    let token = Secret::new("bootstrap");
    let outcome = closed
        .service
        .bootstrap(Some(&token), &bootstrap_request(), &ClientInfo::unknown())
        .await;
    assert_eq!(refusal(outcome), Refusal::BootstrapTokenRequired);

    let f = fixture_with(BootstrapPolicy::Token(token.clone()));
    for wrong in [None, Some(Secret::new("")), Some(Secret::new("bootstraq"))] {
        let outcome = f
            .service
            .bootstrap(wrong.as_ref(), &bootstrap_request(), &ClientInfo::unknown())
            .await;
        assert_eq!(refusal(outcome), Refusal::BootstrapTokenRequired);
    }
    let user = f
        .service
        .bootstrap(Some(&token), &bootstrap_request(), &ClientInfo::unknown())
        .await
        .unwrap();
    assert_eq!(
        (user.role, user.full_name.as_str()),
        (Role::Admin, "Administrator")
    );
}

#[tokio::test]
async fn a_refused_bootstrap_leaves_it_open_and_a_good_one_closes_it() {
    let f = fixture_with(BootstrapPolicy::OpenToAnyone);
    let weak = BootstrapRequest::new(ADMIN_EMAIL, "too short");
    assert_eq!(
        refusal(
            f.service
                .bootstrap(None, &weak, &ClientInfo::unknown())
                .await
        ),
        Refusal::WeakPassword
    );
    let malformed = BootstrapRequest::new("not an address", ADMIN_PASSWORD);
    assert_eq!(
        refusal(
            f.service
                .bootstrap(None, &malformed, &ClientInfo::unknown())
                .await
        ),
        Refusal::ValidationFailed
    );
    assert!(!f.service.is_bootstrapped().await.unwrap());
    f.hasher.taken();

    f.service
        .bootstrap(None, &bootstrap_request(), &ClientInfo::unknown())
        .await
        .unwrap();
    let again = f
        .service
        .bootstrap(None, &bootstrap_request(), &ClientInfo::unknown())
        .await;
    assert_eq!(refusal(again), Refusal::AlreadyBootstrapped);
    assert_eq!(f.hasher.taken(), 1, "the refused call does not hash");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_new_user_is_told_at_once() {
    let f = fixture().await;
    let admin = f.admin().await;
    let mut request = employee_request("12");
    request.full_name = " \n ".to_owned();
    request.email = Some("nowhere".to_owned());
    request.password = Some(Secret::new(""));
    let Err(ServiceError::Invalid(errors)) = f
        .service
        .create_user(&admin, &request, &ClientInfo::unknown())
        .await
    else {
        panic!("an invalid request");
    };
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["full_name", "phone", "email", "password"]);
}

#[tokio::test]
async fn each_role_needs_what_it_signs_in_with() {
    let f = fixture().await;
    let admin = f.admin().await;
    let mut no_phone = employee_request(PHONE);
    no_phone.phone = None;
    let mut no_email = employee_request("+77010000002");
    no_email.role = Role::Admin;
    for (request, field) in [(no_phone, Field::Phone), (no_email, Field::Email)] {
        match f
            .service
            .create_user(&admin, &request, &ClientInfo::unknown())
            .await
        {
            Err(ServiceError::Invalid(errors)) => assert_eq!(errors[0].field, field),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_phone_an_email_and_a_password_are_checked_against_the_others_and_the_person() {
    let f = fixture().await;
    let admin = f.admin().await;
    let taken = f
        .service
        .create_user(
            &admin,
            &employee_request("8 701 123 45 67"),
            &ClientInfo::unknown(),
        )
        .await;
    assert_eq!(refusal(taken), Refusal::PhoneTaken);

    let mut same_email = employee_request("+77010000002");
    same_email.email = Some("ADMIN@example.com".to_owned());
    assert_eq!(
        refusal(
            f.service
                .create_user(&admin, &same_email, &ClientInfo::unknown())
                .await
        ),
        Refusal::EmailTaken
    );

    for weak in ["12345678", "7011234599", "FirstLast1"] {
        let mut request = employee_request("+77011234599");
        request.password = Some(Secret::new(weak));
        assert_eq!(
            refusal(
                f.service
                    .create_user(&admin, &request, &ClientInfo::unknown())
                    .await
            ),
            Refusal::WeakPassword,
            "{weak}"
        );
    }
    let mut short_for_an_admin = employee_request("+77010000002");
    short_for_an_admin.role = Role::Admin;
    short_for_an_admin.email = Some("second@example.com".to_owned());
    assert_eq!(
        refusal(
            f.service
                .create_user(&admin, &short_for_an_admin, &ClientInfo::unknown())
                .await
        ),
        Refusal::WeakPassword
    );
}

#[tokio::test]
async fn errors_and_debug_output_hold_no_secret() {
    let f = fixture().await;
    let raw = init_data(42);
    let session = f
        .service
        .telegram_login(
            SignInPhone::Typed(PHONE),
            &PASSWORD.into(),
            &raw,
            &ClientInfo::unknown(),
        )
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

fn contact(user_id: i64, phone: &str) -> Secret {
    let token: BotToken = BOT.parse().unwrap();
    InitDataBuilder::new(NOW)
        .contact(user_id, phone, "First")
        .sign(&token)
        .into()
}

#[tokio::test]
async fn a_shared_contact_stands_in_place_of_the_phone_number() {
    let f = fixture().await;
    let login = async |contact: Secret, password: &str| {
        f.service
            .telegram_login(
                SignInPhone::Shared(&contact),
                &password.into(),
                &init_data(42),
                &ClientInfo::unknown(),
            )
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
async fn a_contact_that_proves_nothing_is_refused_before_anything_is_hashed() {
    let f = fixture().await;
    let hashed = f.hasher.taken();
    let token: BotToken = BOT.parse().unwrap();
    let other: BotToken = "1:another".parse().unwrap();
    let shared = |auth_date: u64| InitDataBuilder::new(auth_date).contact(42, PHONE, "First");
    for (what, contact, expected) in [
        (
            "somebody else's",
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
        let phone = SignInPhone::Shared(&contact);
        let outcome = f
            .service
            .telegram_login(
                phone,
                &PASSWORD.into(),
                &init_data(42),
                &ClientInfo::unknown(),
            )
            .await;
        assert_eq!(refusal(outcome), expected, "{what}");
    }
    assert_eq!(f.hasher.taken(), hashed, "nothing was hashed");
}
