//! Changes of the password, and concurrent loss of the permission.

use divan_core::service::{
    Admin, AdminLoginCommand, ChangePasswordCommand, ClientInfo, CreateUserCommand,
    UpdateUserCommand,
};
use divan_core::store::{Account, AccountUpdate};
use divan_core::types::Role;

use crate::support::employee::Fixture;
use crate::support::{ADMIN_PASSWORD, PASSWORD, Refusal, refusal};

on_every_store!(
    change_password_ends_all_sessions_and_begins_one,
    a_required_password_change_limits_the_caller,
    a_caller_signed_out_concurrently_is_rejected,
    an_administrator_demoted_concurrently_is_rejected,
);

async fn change_password_ends_all_sessions_and_begins_one(f: Fixture) {
    let (here, there) = (f.login().await, f.login().await);
    f.access(&there).await.unwrap();
    let caller = f.access(&here).await.unwrap();
    let client = ClientInfo::unknown();
    let change = async |current: &str, new: &str| {
        f.service
            .as_caller(&caller, &client)
            .change_password(&ChangePasswordCommand::new(current, new))
            .await
    };
    assert_eq!(
        refusal(change("wrong password", "plum 4 the tram").await),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(change(PASSWORD, PASSWORD).await),
        Refusal::WeakPassword
    );
    assert_eq!(
        refusal(change(PASSWORD, "short").await),
        Refusal::WeakPassword
    );
    f.access(&there).await.unwrap();

    let session = change(PASSWORD, "plum 4 the tram").await.unwrap();
    f.access(&session).await.unwrap();
    f.assert_signed_out(&here).await;
    f.assert_signed_out(&there).await;
    assert_eq!(refusal(f.auto_login().await), Refusal::PasswordRequired);
    assert_eq!(
        refusal(f.login_with(PASSWORD).await),
        Refusal::InvalidCredentials
    );
    f.login_with("plum 4 the tram").await.unwrap();
}

async fn a_required_password_change_limits_the_caller(f: Fixture) {
    let require = |account: &mut Account| {
        account.user.password_change_required = true;
        Ok(Some(AccountUpdate::none()))
    };
    f.store.update_account(f.employee, &require).await.unwrap();
    let session = f.login().await;
    assert_eq!(
        refusal(f.access(&session).await),
        Refusal::PasswordChangeRequired
    );
    let token = session.access_token.expose();
    let caller = f.service.authenticate_any_scope(token).await.unwrap();
    assert_eq!(
        refusal(caller.clone().into_admin()),
        Refusal::PasswordChangeRequired
    );
    let refreshed = f.refresh(&session).await.unwrap();
    assert_eq!(
        refusal(f.access(&refreshed).await),
        Refusal::PasswordChangeRequired
    );

    let request = ChangePasswordCommand::new(PASSWORD, "plum 4 the tram");
    let free = f
        .service
        .as_caller(&caller, &ClientInfo::unknown())
        .change_password(&request)
        .await
        .unwrap();
    assert!(!free.user.password_change_required);
    f.access(&free).await.unwrap();
}

/// The token was valid when the request began, and its body arrived later.
async fn a_caller_signed_out_concurrently_is_rejected(f: Fixture) {
    let caller = f.access(&f.login().await).await.unwrap();
    f.service
        .as_admin(&f.admin().await, &ClientInfo::unknown())
        .end_user_sessions(f.employee)
        .await
        .unwrap();
    let request = ChangePasswordCommand::new(PASSWORD, "plum 4 the tram");
    let changed = f
        .service
        .as_caller(&caller, &ClientInfo::unknown())
        .change_password(&request)
        .await;
    assert_eq!(refusal(changed), Refusal::TokenInvalid);
    f.login_with(PASSWORD).await.unwrap();
}

async fn an_administrator_demoted_concurrently_is_rejected(f: Fixture) {
    const EMAIL: &str = "second@example.com";
    let first = f.admin().await;
    let request = CreateUserCommand::admin("Second", EMAIL).password(ADMIN_PASSWORD);
    let id = f
        .service
        .as_admin(&Admin::operator(), &ClientInfo::unknown())
        .create_user(&request)
        .await
        .unwrap()
        .user
        .id;
    let (mut deactivate, mut demote, mut activate) =
        <(UpdateUserCommand, UpdateUserCommand, UpdateUserCommand)>::default();
    deactivate.is_active = Some(false);
    demote.role = Some(Role::Employee);
    demote.phone = Some(Some("+77010000009".to_owned()));
    activate.is_active = Some(true);
    for end in [deactivate, demote] {
        f.service
            .as_admin(&first, &ClientInfo::unknown())
            .update_user(id, &activate)
            .await
            .unwrap();
        // No one can promote with a chosen password.
        let promote = |account: &mut Account| {
            account.user.role = Role::Admin;
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(id, &promote).await.unwrap();
        let session = f
            .service
            .for_client(&ClientInfo::unknown())
            .admin_login(&AdminLoginCommand::new(EMAIL, ADMIN_PASSWORD))
            .await
            .unwrap();
        let second = f.access(&session).await.unwrap().into_admin().unwrap();
        f.service
            .as_admin(&first, &ClientInfo::unknown())
            .update_user(id, &end)
            .await
            .unwrap();

        let another = CreateUserCommand::admin("Third", "third@example.com");
        assert_eq!(
            refusal(
                f.service
                    .as_admin(&second, &ClientInfo::unknown())
                    .create_user(&another)
                    .await
            ),
            Refusal::TokenInvalid
        );
        assert_eq!(
            refusal(
                f.service
                    .as_admin(&second, &ClientInfo::unknown())
                    .update_user(id, &activate)
                    .await
            ),
            Refusal::TokenInvalid
        );
        assert_eq!(
            refusal(
                f.service
                    .as_admin(&second, &ClientInfo::unknown())
                    .unlink_telegram(f.employee)
                    .await
            ),
            Refusal::TokenInvalid
        );
        assert_eq!(
            refusal(
                f.service
                    .as_admin(&second, &ClientInfo::unknown())
                    .end_user_sessions(f.employee)
                    .await
            ),
            Refusal::TokenInvalid
        );
    }
}
