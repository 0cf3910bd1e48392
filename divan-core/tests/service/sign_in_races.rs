//! Sign-ins and password changes during concurrent changes.

use divan_core::password::{Argon2idHasher, HashMemory, Password, PasswordHash, PasswordHasher};
use divan_core::service::{AdminLoginCommand, ChangePasswordCommand, ClientInfo};
use divan_core::session::EndReason;
use divan_core::store::{Account, AccountUpdate, EndSessions, StoredTotp, UserStore};
use divan_core::types::{Role, UserId};

use crate::created::created;
use crate::support::counting::{Fixture, fixture, init_data};
use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, PHONE, Refusal, login_command, refusal,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_password_reset_wins_over_the_sign_in() {
    let f = fixture().await;
    let account = f.stored(PHONE).await;
    let (store, runtime) = (f.store.clone(), tokio::runtime::Handle::current());
    *f.hasher.during_hash.lock().unwrap() = Some(Box::new(move || {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_that_is_turned_on_during_a_sign_in_rejects_it() {
    let totp = |account: &mut Account| {
        let app = StoredTotp::new(vec![1], account.user.created_at, 1);
        account.second_factor.totp = Some(app);
    };
    let passkey = |account: &mut Account| account.second_factor.passkeys = 1;
    for turn_on in [totp as fn(&mut Account), passkey] {
        let f = fixture().await;
        let admin = f.admin().await.id().unwrap();
        let (store, runtime) = (f.store.clone(), tokio::runtime::Handle::current());
        *f.hasher.during_hash.lock().unwrap() = Some(Box::new(move || {
            let change = |account: &mut Account| {
                turn_on(account);
                Ok(Some(AccountUpdate::none()))
            };
            let updated = runtime.block_on(store.update_account(admin, &change));
            updated.unwrap().unwrap();
        }));
        let login = AdminLoginCommand::new(ADMIN_EMAIL, ADMIN_PASSWORD);
        let client = ClientInfo::unknown();
        let refused = f.service.for_client(&client).admin_login(&login).await;
        assert_eq!(refusal(refused), Refusal::InvalidCredentials);
    }
}

/// Replaces the hash with a new one of the same password, as another sign-in would.
fn rehash(f: &Fixture) -> Box<dyn FnOnce() + Send> {
    let (store, runtime) = (f.store.clone(), tokio::runtime::Handle::current());
    Box::new(move || {
        let rehash = |account: &mut Account| {
            let password = Password::new(&PASSWORD.into()).unwrap();
            account.password_hash = Argon2idHasher::insecure_for_tests()
                .hash(&password, &[9; 16], &mut HashMemory::new())
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
            store.update_account(id, &rehash).await.unwrap().unwrap();
        });
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_rehash_does_not_reject_the_sign_in() {
    let f = fixture().await;
    *f.hasher.during_hash.lock().unwrap() = Some(rehash(&f));
    f.login(PHONE, PASSWORD, 42).await.unwrap();
    assert_eq!(f.hasher.taken(), 2, "compared again, once");
    *f.hasher.during_hash.lock().unwrap() = Some(rehash(&f));
    assert_eq!(
        refusal(f.login(PHONE, "wrong password", 42).await),
        Refusal::InvalidCredentials
    );
    assert_eq!(f.hasher.taken(), 1, "wrong password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_rehash_does_not_reject_the_password_change() {
    let f = fixture().await;
    let session = f
        .service
        .for_client(&ClientInfo::unknown())
        .telegram_login(&login_command(PHONE, PASSWORD, &init_data(42)))
        .await
        .unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    *f.hasher.during_hash.lock().unwrap() = Some(rehash(&f));
    let request = ChangePasswordCommand::new(PASSWORD, "plum 4 the tram");
    f.service
        .as_caller(&caller, &ClientInfo::unknown())
        .change_password(&request)
        .await
        .unwrap();
    f.login(PHONE, "plum 4 the tram", 42).await.unwrap();
}

/// Changes concurrent to a password change that end the session of the caller.
#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_sign_out_or_promotion_wins_over_the_password_change() {
    for promotes in [false, true] {
        let f = fixture().await;
        let client = ClientInfo::unknown();
        let session = f
            .service
            .for_client(&client)
            .telegram_login(&login_command(PHONE, PASSWORD, &init_data(42)))
            .await
            .unwrap();
        let caller = f
            .service
            .authenticate(session.access_token.expose())
            .await
            .unwrap();
        let (admin, service, store) = (f.admin().await, f.service.clone(), f.store.clone());
        let (user, runtime) = (caller.user().id, tokio::runtime::Handle::current());
        *f.hasher.during_hash.lock().unwrap() = Some(Box::new(move || {
            runtime.block_on(async {
                if promotes {
                    // A promotion through the service would wait for this hash.
                    let promote = |account: &mut Account| {
                        account.user.role = Role::Admin;
                        account.user.email = Some("second@example.com".parse().unwrap());
                        account.user.password_change_required = true;
                        let now = account.user.updated_at;
                        let end = EndSessions::all(now, EndReason::RoleChanged);
                        Ok(Some(AccountUpdate::none().end(end)))
                    };
                    store.update_account(user, &promote).await.unwrap().unwrap();
                } else {
                    service
                        .as_admin(&admin, &ClientInfo::unknown())
                        .end_user_sessions(user)
                        .await
                        .unwrap();
                }
            });
        }));
        let request = ChangePasswordCommand::new(PASSWORD, "plum 4 t");
        let changed = f
            .service
            .as_caller(&caller, &ClientInfo::unknown())
            .change_password(&request)
            .await;
        assert_eq!(refusal(changed), Refusal::TokenInvalid);
        assert_eq!(
            f.stored(PHONE).await.user.password_change_required,
            promotes
        );
    }
}

#[tokio::test]
async fn a_hash_with_outdated_parameters_is_rehashed_at_sign_in() {
    let f = fixture().await;
    let password = Password::new(&PASSWORD.into()).unwrap();
    let mut account = f.stored(PHONE).await;
    account.user.id = UserId(uuid::Uuid::from_u128(2));
    account.user.phone = Some("+77010000002".parse().unwrap());
    account.password_hash = Argon2idHasher::default()
        .hash(&password, &[1; 16], &mut HashMemory::new())
        .unwrap();
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
