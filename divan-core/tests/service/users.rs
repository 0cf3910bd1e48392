//! Changes of users by administrators.

use std::time::Duration;

use divan_core::service::{Admin, ChangePasswordCommand, CreateUserCommand, UpdateUserCommand};
use divan_core::store::{Account, AccountUpdate, StoreErrorKind, UserQuery};
use divan_core::types::{Role, UserId};
use uuid::Uuid;

use crate::random::Random;
use crate::support::admin::{Fixture, client};
use crate::support::{ADMIN_PASSWORD, PHONE, Refusal, init_data, login_command, refusal};

on_every_store!(
    unlink_without_a_linked_account_changes_nothing,
    create_user_without_a_password_generates_one,
    a_generated_password_expires_after_three_days,
    tokens_of_a_generated_password_expire_with_it,
    a_chosen_password_expires_while_no_telegram_account_is_linked,
    reset_password_generates_a_password_and_ends_all_sessions,
    an_administrator_cannot_change_their_own_role_or_activity,
    random_concurrent_demotions_leave_an_administrator,
    the_contact_of_a_deactivated_user_can_be_removed_and_used_again,
    white_space_around_a_generated_password_is_ignored,
);

async fn unlink_without_a_linked_account_changes_nothing(f: Fixture) {
    let user = f
        .add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    let before = f.actions(user.id).await;
    let unlinked = f
        .service
        .as_admin(&f.admin().await, &client())
        .unlink_telegram(user.id)
        .await;
    assert_eq!(refusal(unlinked), Refusal::TelegramNotLinked);
    let account = f.store.account(user.id).await.unwrap().unwrap();
    assert_eq!((account.user, f.actions(user.id).await), (user, before));
    f.login(&"umbrella 77".into()).await.unwrap();
}

async fn create_user_without_a_password_generates_one(f: Fixture) {
    let admin = f.admin().await;
    let request = CreateUserCommand::employee("First Last", PHONE);
    let created = f
        .service
        .as_admin(&admin, &client())
        .create_user(&request)
        .await
        .unwrap();
    let password = created.generated_password.unwrap();
    assert!(created.user.password_change_required);
    assert_eq!(password.expose().len(), 19);
    let session = f.login(&password).await.unwrap();
    let token = session.access_token.expose();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::PasswordChangeRequired
    );

    // From then on the password of the user does not expire.
    let caller = f.service.authenticate_any_scope(token).await.unwrap();
    let change = ChangePasswordCommand::new(password, "plum 4 the tram");
    f.service
        .as_caller(&caller, &client())
        .change_password(&change)
        .await
        .unwrap();
    f.clock.advance(Duration::from_hours(100));
    let user = f.login(&"plum 4 the tram".into()).await.unwrap().user;
    assert!(!user.password_change_required);

    let request =
        CreateUserCommand::employee("Second Last", "+77010000002").password("umbrella 77");
    let created = f
        .service
        .as_admin(&f.admin().await, &client())
        .create_user(&request)
        .await
        .unwrap();
    assert!(created.generated_password.is_none() && !created.user.password_change_required);
}

async fn a_generated_password_expires_after_three_days(f: Fixture) {
    let request = CreateUserCommand::employee("First Last", PHONE);
    let created = f
        .service
        .as_admin(&f.admin().await, &client())
        .create_user(&request)
        .await
        .unwrap();
    let password = created.generated_password.unwrap();
    f.clock.advance(Duration::from_secs(72 * 3600 - 1));
    f.login(&password).await.unwrap();
    f.clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(f.login(&password).await), Refusal::PasswordExpired);
    assert_eq!(
        refusal(f.login(&"another".into()).await),
        Refusal::InvalidCredentials
    );
}

async fn tokens_of_a_generated_password_expire_with_it(f: Fixture) {
    let request = CreateUserCommand::employee("First Last", PHONE);
    let created = f
        .service
        .as_admin(&f.admin().await, &client())
        .create_user(&request)
        .await
        .unwrap();
    let password = created.generated_password.unwrap();
    f.clock.advance(Duration::from_mins(72 * 60 - 1));
    let tokens = f.login(&password).await.unwrap();
    assert_eq!(tokens.expires_in, Duration::from_mins(1));
    f.clock.advance(Duration::from_secs(59));
    let client = client();
    let service = f.service.for_client(&client);
    let tokens = service.refresh(&tokens.refresh_token).await.unwrap();
    assert_eq!(tokens.expires_in, Duration::from_secs(1));
    let token = tokens.access_token.expose();
    f.service.authenticate_any_scope(token).await.unwrap();
    f.clock.advance(Duration::from_secs(1));
    f.service.authenticate_any_scope(token).await.unwrap_err();
    assert_eq!(
        refusal(service.refresh(&tokens.refresh_token).await),
        Refusal::RefreshTokenInvalid
    );
}

async fn a_chosen_password_expires_while_no_telegram_account_is_linked(f: Fixture) {
    let chosen = |phone| CreateUserCommand::employee("First Last", phone).password("umbrella 77");
    f.add(&chosen(PHONE)).await;
    f.clock.advance(Duration::from_hours(71));
    f.login(&"umbrella 77".into()).await.unwrap();
    f.clock.advance(Duration::from_hours(1000));
    f.login(&"umbrella 77".into()).await.unwrap();

    let other = f.add(&chosen("+77010000002")).await;
    f.clock.advance(Duration::from_hours(72));
    let data = init_data(&f.clock, 43);
    let login = async || {
        let command = login_command("+77010000002", "umbrella 77", &data);
        let client = client();
        f.service.for_client(&client).telegram_login(&command).await
    };
    assert_eq!(refusal(login().await), Refusal::PasswordExpired);
    let as_before_the_upgrade = |account: &mut Account| {
        account.password_expires_at = None;
        Ok(Some(AccountUpdate::none()))
    };
    let updated = f
        .store
        .update_account(other.id, &as_before_the_upgrade)
        .await;
    updated.unwrap().unwrap();
    login().await.unwrap();
}

async fn reset_password_generates_a_password_and_ends_all_sessions(f: Fixture) {
    let user = f
        .add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let token = session.access_token.expose();
    f.service.authenticate(token).await.unwrap();
    let admin = f.admin().await;
    let reset = f
        .service
        .as_admin(&admin, &client())
        .reset_password(user.id)
        .await
        .unwrap();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
    assert_eq!(
        refusal(f.login(&"umbrella 77".into()).await),
        Refusal::InvalidCredentials
    );
    let account = f.store.account(user.id).await.unwrap().unwrap();
    assert!(account.password_verified_at.is_none());
    assert!(f.login(&reset).await.unwrap().user.password_change_required);
    let nobody = UserId(Uuid::from_u128(1));
    assert_eq!(
        refusal(
            f.service
                .as_admin(&admin, &client())
                .reset_password(nobody)
                .await
        ),
        Refusal::NotFound
    );
}

async fn an_administrator_cannot_change_their_own_role_or_activity(f: Fixture) {
    let admin = f.admin().await;
    let (mut demote, mut deactivate) = <(UpdateUserCommand, UpdateUserCommand)>::default();
    demote.role = Some(Role::Employee);
    demote.phone = Some(Some(PHONE.to_owned()));
    deactivate.is_active = Some(false);
    for request in [demote, deactivate] {
        let refused = f
            .service
            .as_admin(&admin, &client())
            .update_user(admin.id().unwrap(), &request)
            .await;
        assert_eq!(refusal(refused), Refusal::ValidationFailed);
    }
    let mut rename = UpdateUserCommand::default();
    rename.full_name = Some("Another Name".to_owned());
    f.service
        .as_admin(&admin, &client())
        .update_user(admin.id().unwrap(), &rename)
        .await
        .unwrap();
}

/// Administrators demote and deactivate each other concurrently; those affected lose admin access.
async fn random_concurrent_demotions_leave_an_administrator(f: Fixture) {
    for seed in 0..4 {
        let mut random = Random(seed);
        let client = client();
        let mut admins = vec![f.admin().await.id().unwrap()];
        for n in 0..6 {
            let email = format!("admin{seed}{n}@example.com");
            let request = CreateUserCommand::admin("Admin", email.clone()).password(ADMIN_PASSWORD);
            let operator = Admin::operator();
            let service = f.service.as_admin(&operator, &client);
            admins.push(service.create_user(&request).await.unwrap().user.id);
        }
        let mut attempts = Vec::new();
        for _ in 0..40 {
            let (store, target) = (f.store.clone(), random.one_of(&admins));
            let demotes = random.below(2) == 0;
            attempts.push(tokio::spawn(async move {
                let change = move |account: &mut Account| {
                    if demotes {
                        account.user.role = Role::Employee;
                        account.user.phone = Some(
                            format!("+7701{:07}", target.0.as_u128() % 9_999_999)
                                .parse()
                                .unwrap(),
                        );
                    } else {
                        account.user.is_active = false;
                    }
                    Ok(Some(AccountUpdate::none()))
                };
                match store.update_account(target, &change).await {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), StoreErrorKind::LastAdmin, "{error:?}"),
                }
            }));
        }
        for attempt in attempts {
            attempt.await.unwrap();
        }
        let mut query = UserQuery::newest(100);
        (query.role, query.is_active) = (Some(Role::Admin), Some(true));
        let left = f.store.users(&query).await.unwrap().users;
        assert!(!left.is_empty(), "seed {seed}");
        // The next round begins with the first administrator again.
        let id = admins[0];
        let restore = |account: &mut Account| {
            (account.user.role, account.user.is_active) = (Role::Admin, true);
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(id, &restore).await.unwrap().unwrap();
    }
}

async fn the_contact_of_a_deactivated_user_can_be_removed_and_used_again(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let employee = CreateUserCommand::employee("First Last", PHONE).password("umbrella 77");
    let second = CreateUserCommand::admin("Second Admin", "second@example.com");
    for command in [employee, second] {
        let mut removal = UpdateUserCommand::default();
        match command.role {
            Role::Employee => removal.phone = Some(None),
            _ => removal.email = Some(None),
        }
        let id = users.create_user(&command).await.unwrap().user.id;
        let refused = users.update_user(id, &removal).await;
        assert_eq!(refusal(refused), Refusal::ValidationFailed);

        removal.is_active = Some(false);
        let changed = users.update_user(id, &removal).await.unwrap();
        assert_eq!((changed.phone, changed.email), (None, None));
        let mut activation = UpdateUserCommand::default();
        activation.is_active = Some(true);
        let refused = users.update_user(id, &activation).await;
        assert_eq!(refusal(refused), Refusal::ValidationFailed);

        let next = users.create_user(&command).await.unwrap();
        assert_ne!(next.user.id, id);
        (activation.phone, activation.email) = match command.role {
            Role::Employee => (Some(Some("+77010000009".to_owned())), None),
            _ => (None, Some(Some("third@example.com".to_owned()))),
        };
        assert!(users.update_user(id, &activation).await.unwrap().is_active);
    }
}

async fn white_space_around_a_generated_password_is_ignored(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let command = CreateUserCommand::employee("First Last", PHONE);
    let users = f.service.as_admin(&admin, &client);
    let created = users.create_user(&command).await.unwrap();
    let generated = created.generated_password.unwrap();
    let pasted = format!(" {}\n", generated.expose());
    let session = f.login(&pasted.as_str().into()).await.unwrap();
    let token = session.access_token.expose();
    let caller = f.service.authenticate_any_scope(token).await.unwrap();
    let change = ChangePasswordCommand::new(pasted, " umbrella 77 ");
    let own = f.service.as_caller(&caller, &client);
    own.change_password(&change).await.unwrap();

    let trimmed = f.login(&"umbrella 77".into()).await;
    assert_eq!(refusal(trimmed), Refusal::InvalidCredentials);
    f.login(&" umbrella 77 ".into()).await.unwrap();
}
