//! Proofs of identity for critical operations, on every store.

use std::time::Duration;

use divan_core::secret::Secret;
use divan_core::service::{
    Caller, CreateUserCommand, ExistingUsers, FreshToken, ImportedUser, SecondFactorMethod,
    SecondFactorProof, ServiceError, StepUpProof, UpdateUserCommand,
};
use divan_core::types::{AuditAction, AuthMethod, AuthMethods, PasskeyId, Role, UserId};

use crate::second_factor::add_admin;
use crate::support::admin::{Fixture, client};
use crate::support::enrolled::{Enrolled, authenticate, login};
use crate::support::{ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, PHONE, Refusal, refusal, verifier};

on_every_store!(
    critical_operations_need_a_proof_of_the_last_five_minutes,
    imports_of_administrators_and_addresses_need_a_recent_proof,
    role_and_activity_of_administrators_need_a_recent_proof,
    a_step_up_is_recorded,
    a_code_without_a_second_factor_is_not_counted,
    other_operations_need_no_new_proof,
    a_step_up_with_the_password_renews_the_proof,
    a_step_up_does_not_renew_an_earlier_access_token,
    a_second_factor_is_proved_with_a_code,
    a_code_of_a_sign_in_is_no_step_up,
    a_recovery_code_is_a_step_up_once,
    a_step_up_needs_a_token_of_the_admin_panel,
    the_tenth_wrong_proof_ends_the_session,
    a_step_up_after_a_sign_out_is_rejected,
);

const MAX_AGE: Duration = Duration::from_mins(5);

async fn add_employee(f: &Fixture) -> UserId {
    let command = CreateUserCommand::employee("First Last", PHONE).password(PASSWORD);
    let employee = f.add(&command).await.id;
    f.login(&PASSWORD.into()).await.unwrap();
    employee
}

async fn sign_in(f: &Fixture) -> Caller {
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    authenticate(&f.service, &tokens.access_token).await
}

async fn step_up(
    f: &Fixture,
    caller: &Caller,
    proof: StepUpProof,
) -> Result<FreshToken, ServiceError> {
    let client = client();
    f.service.as_caller(caller, &client).step_up(&proof).await
}

fn password(password: &str) -> StepUpProof {
    StepUpProof::Password(password.into())
}

/// Tries all critical operations with an access token.
async fn critical_operations(f: &Fixture, caller: &Caller, employee: UserId) -> Vec<Refusal> {
    let client = client();
    let own = f.service.as_caller(caller, &client);
    let admin = caller.clone().into_admin().unwrap();
    let admins = f.service.as_admin(&admin, &client);
    let mut email = UpdateUserCommand::default();
    email.email = Some(Some("other@example.com".to_owned()));
    let new = CreateUserCommand::admin("Second", "second@example.com");
    vec![
        refusal(admins.reset_password(employee).await),
        refusal(admins.unlink_telegram(employee).await),
        refusal(admins.promote_user(employee, Some("a@example.com")).await),
        refusal(admins.create_user(&new).await),
        refusal(admins.update_user(employee, &email).await),
        refusal(admins.update_user(caller.user().id, &email).await),
        refusal(admins.reset_second_factor(employee).await),
        refusal(admins.unlock_user(employee).await),
        refusal(admins.delete_user(employee).await),
        refusal(own.begin_totp().await),
        refusal(own.replace_recovery_codes().await),
        refusal(own.disable_second_factor().await),
        refusal(own.begin_passkey().await),
        refusal(own.remove_passkey(PasskeyId(caller.user().id.0)).await),
    ]
}

async fn critical_operations_need_a_proof_of_the_last_five_minutes(f: Fixture) {
    let employee = add_employee(&f).await;
    let caller = sign_in(&f).await;
    f.clock.advance(MAX_AGE + Duration::from_secs(1));
    for refusal in critical_operations(&f, &caller, employee).await {
        assert_eq!(refusal, Refusal::InsufficientAuthentication);
    }
    let token = step_up(&f, &caller, password(ADMIN_PASSWORD)).await;
    let caller = authenticate(&f.service, &token.unwrap().access_token).await;
    f.clock.advance(MAX_AGE);
    let (admin, client) = (caller.clone().into_admin().unwrap(), client());
    let admins = f.service.as_admin(&admin, &client);
    admins.unlink_telegram(employee).await.unwrap();
    admins.reset_password(employee).await.unwrap();
    let new = CreateUserCommand::admin("Second", "second@example.com");
    admins.create_user(&new).await.unwrap();
    let mut email = UpdateUserCommand::default();
    email.email = Some(Some("other@example.com".to_owned()));
    admins.update_user(employee, &email).await.unwrap();
    admins.promote_user(employee, None).await.unwrap();
    let own = f.service.as_caller(&caller, &client);
    own.begin_totp().await.unwrap();
}

async fn imports_of_administrators_and_addresses_need_a_recent_proof(f: Fixture) {
    let caller = sign_in(&f).await;
    f.clock.advance(MAX_AGE + Duration::from_secs(1));
    let (admin, client) = (caller.into_admin().unwrap(), client());
    let admins = f.service.as_admin(&admin, &client);
    let email = |role| {
        let mut user = ImportedUser::new(2, role, "Second");
        user.email = Some("second@example.com".to_owned());
        user.phone = Some(PHONE.to_owned());
        user
    };
    for (user, is_critical) in [(email(Role::Admin), true), (email(Role::Employee), false)] {
        let import = admins.check_import(&[user], ExistingUsers::Reject).await;
        let import = import.unwrap().unwrap();
        match admins.authorize_import(&import).await {
            Ok(()) => assert!(!is_critical),
            refused => {
                assert_eq!(refusal(refused), Refusal::InsufficientAuthentication);
                assert!(is_critical);
                let refused = admins.prepare_import(import, &|_| {}).await;
                assert_eq!(refusal(refused), Refusal::InsufficientAuthentication);
            }
        }
    }
}

async fn role_and_activity_of_administrators_need_a_recent_proof(f: Fixture) {
    let second = add_admin(&f, "second@example.com").await;
    let caller = sign_in(&f).await;
    f.clock.advance(MAX_AGE + Duration::from_secs(1));
    let (admin, client) = (caller.into_admin().unwrap(), client());
    let admins = f.service.as_admin(&admin, &client);
    let mut changes = [UpdateUserCommand::default(), UpdateUserCommand::default()];
    changes[0].is_active = Some(false);
    changes[1].role = Some(Role::Employee);
    changes[1].phone = Some(Some("+77010000002".to_owned()));
    for change in changes {
        let refused = admins.update_user(second, &change).await;
        assert_eq!(refusal(refused), Refusal::InsufficientAuthentication);
    }
}

async fn a_step_up_is_recorded(f: Fixture) {
    let caller = sign_in(&f).await;
    step_up(&f, &caller, password(ADMIN_PASSWORD))
        .await
        .unwrap();
    let actions = f.actions(caller.user().id).await;
    assert!(
        actions.contains(&AuditAction::IdentityProved),
        "{actions:?}"
    );
}

async fn a_code_without_a_second_factor_is_not_counted(f: Fixture) {
    let caller = sign_in(&f).await;
    for _ in 0..12 {
        let code = SecondFactorProof::Code("123456".into());
        let refused = step_up(&f, &caller, StepUpProof::SecondFactor(code)).await;
        assert_eq!(refusal(refused), Refusal::InsufficientAuthentication);
    }
    step_up(&f, &caller, password(ADMIN_PASSWORD))
        .await
        .unwrap();
}

async fn other_operations_need_no_new_proof(f: Fixture) {
    let employee = add_employee(&f).await;
    let caller = sign_in(&f).await;
    f.clock.advance(MAX_AGE + Duration::from_secs(1));
    let (admin, client) = (caller.into_admin().unwrap(), client());
    let admins = f.service.as_admin(&admin, &client);
    let mut rename = UpdateUserCommand::default();
    rename.full_name = Some("Another Name".to_owned());
    admins.update_user(employee, &rename).await.unwrap();
    let new = CreateUserCommand::employee("Second", "+77010000002");
    admins.create_user(&new).await.unwrap();
    admins.end_user_sessions(employee).await.unwrap();
}

async fn a_step_up_with_the_password_renews_the_proof(f: Fixture) {
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    f.clock.advance(Duration::from_mins(8));
    let wrong = step_up(&f, &caller, password("a wrong password")).await;
    assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
    let none = step_up(&f, &caller, password("")).await;
    assert_eq!(refusal(none), Refusal::ValidationFailed);
    let token = step_up(&f, &caller, password(ADMIN_PASSWORD))
        .await
        .unwrap();
    let client = client();
    let refreshed = f.service.for_client(&client).refresh(&tokens.refresh_token);
    let refreshed = refreshed.await.unwrap().access_token;
    let (verifier, now) = (verifier(&f.clock), unix(&f));
    for token in [token.access_token, refreshed] {
        let claims = verifier.verify(token.expose()).unwrap();
        assert_eq!(claims.auth_time, Some(now));
        assert_eq!(claims.auth_methods, AuthMethods::PASSWORD);
    }
}

fn unix(f: &Fixture) -> u64 {
    use divan_core::clock::Clock;
    f.clock.unix_seconds()
}

/// A stolen access token stays as it is when the owner proves the identity.
async fn a_step_up_does_not_renew_an_earlier_access_token(f: Fixture) {
    let employee = add_employee(&f).await;
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    f.clock.advance(MAX_AGE + Duration::from_secs(1));
    step_up(&f, &caller, password(ADMIN_PASSWORD))
        .await
        .unwrap();
    let stolen = authenticate(&f.service, &tokens.access_token).await;
    for refusal in critical_operations(&f, &stolen, employee).await {
        assert_eq!(refusal, Refusal::InsufficientAuthentication);
    }
}

async fn a_second_factor_is_proved_with_a_code(f: Fixture) {
    let employee = add_employee(&f).await;
    let admin = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    f.clock.advance(MAX_AGE + Duration::from_secs(1));
    for refusal in critical_operations(&f, &admin.caller, employee).await {
        assert_eq!(refusal, Refusal::InsufficientAuthentication);
    }
    assert!(matches!(
        step_up(&f, &admin.caller, password(ADMIN_PASSWORD)).await,
        Err(ServiceError::InsufficientAuthentication { second_factor })
            if second_factor == [SecondFactorMethod::Totp, SecondFactorMethod::RecoveryCode]
    ));
    let code = StepUpProof::SecondFactor(admin.code(0));
    let token = step_up(&f, &admin.caller, code).await.unwrap();
    let claims = verifier(&f.clock).verify(token.access_token.expose());
    let claims = claims.unwrap();
    assert_eq!(claims.auth_time, Some(unix(&f)));
    assert!(claims.auth_methods.contains(AuthMethod::OneTimeCode));
    let caller = authenticate(&f.service, &token.access_token).await;
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    own.disable_second_factor().await.unwrap();
}

async fn a_code_of_a_sign_in_is_no_step_up(f: Fixture) {
    let admin = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    let code = admin.next_code();
    admin.sign_in(&f.service, code.clone()).await.unwrap();
    let replayed = StepUpProof::SecondFactor(code);
    let replayed = step_up(&f, &admin.caller, replayed).await;
    assert_eq!(refusal(replayed), Refusal::SecondFactorInvalid);
    let next = StepUpProof::SecondFactor(admin.next_code());
    step_up(&f, &admin.caller, next.clone()).await.unwrap();
    let again = step_up(&f, &admin.caller, next).await;
    assert_eq!(refusal(again), Refusal::SecondFactorInvalid);
}

async fn a_recovery_code_is_a_step_up_once(f: Fixture) {
    let admin = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    let code = StepUpProof::SecondFactor(admin.recovery_code(0));
    step_up(&f, &admin.caller, code.clone()).await.unwrap();
    let used = step_up(&f, &admin.caller, code).await;
    assert_eq!(refusal(used), Refusal::SecondFactorInvalid);
    let actions = f.actions(admin.caller.user().id).await;
    assert!(actions.contains(&AuditAction::RecoveryCodeUsed));
}

async fn a_step_up_needs_a_token_of_the_admin_panel(f: Fixture) {
    add_employee(&f).await;
    let tokens = f.login(&PASSWORD.into()).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let code = SecondFactorProof::Code(Secret::new("123456"));
    for proof in [password(PASSWORD), StepUpProof::SecondFactor(code)] {
        let refused = step_up(&f, &caller, proof).await;
        assert_eq!(refusal(refused), Refusal::AdminRequired);
    }
}

async fn the_tenth_wrong_proof_ends_the_session(f: Fixture) {
    let admin = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    for n in 0..10 {
        let wrong = SecondFactorProof::Code(Secret::new("wrong"));
        let wrong = StepUpProof::SecondFactor(wrong);
        let refused = step_up(&f, &admin.caller, wrong).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid, "{n}");
        f.clock.advance(Duration::from_secs(16));
    }
    let right = StepUpProof::SecondFactor(admin.next_code());
    let ended = step_up(&f, &admin.caller, right).await;
    assert!(matches!(
        refusal(ended),
        Refusal::TokenInvalid | Refusal::TooManyAttempts
    ));
    admin.sign_in(&f.service, admin.next_code()).await.unwrap();
}

async fn a_step_up_after_a_sign_out_is_rejected(f: Fixture) {
    let caller = sign_in(&f).await;
    let client = client();
    f.service
        .as_caller(&caller, &client)
        .logout()
        .await
        .unwrap();
    let refused = step_up(&f, &caller, password(ADMIN_PASSWORD)).await;
    assert_eq!(refusal(refused), Refusal::TokenInvalid);
}
