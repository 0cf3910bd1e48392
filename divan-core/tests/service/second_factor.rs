//! The second factor of administrators, on every store.

use std::time::Duration;

use divan_core::clock::Clock;
use divan_core::second_factor::TotpSecret;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, ChangePasswordCommand, CreateUserCommand, SecondFactorMethod, SecondFactorPolicy,
    SecondFactorProof, ServiceError, UpdateUserCommand,
};
use divan_core::token::{Scope, SecretKey, TokenError};
use divan_core::types::{AuditAction, AuthMethod, AuthMethods, Role, UserId};

use crate::support::admin::{Fixture, client};
use crate::support::employee::DAY;
use crate::support::enrolled::{Enrolled, authenticate, challenge, complete, enrol, login};
use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, PHONE, Refusal, builder, builder_with_key, refusal,
    verifier,
};

on_every_store!(
    a_sign_in_needs_the_password_and_a_code,
    codes_of_the_last_and_the_next_step_are_accepted_once,
    codes_of_another_account_and_of_another_hour_are_rejected,
    one_of_two_servers_accepts_a_code,
    one_of_two_servers_accepts_a_recovery_code,
    a_recovery_code_replaces_a_code_once,
    a_challenge_completes_one_sign_in,
    a_challenge_of_another_user_does_not_sign_in,
    a_challenge_expires_after_five_minutes,
    a_challenge_is_void_after_a_password_reset,
    a_challenge_allows_five_codes,
    codes_are_throttled_like_passwords,
    wrong_codes_do_not_refuse_the_owner_on_a_known_device,
    an_enrolment_is_confirmed_by_its_session_only,
    an_enrolment_is_confirmed_within_15_minutes_with_a_code,
    a_replaced_authenticator_app_is_valid_until_the_new_one_is_confirmed,
    wrong_codes_of_an_enrolment_end_the_session,
    an_enrolment_needs_a_fresh_proof_of_an_administrator,
    a_second_factor_can_be_turned_off,
    a_confirmation_without_an_enrolment_is_not_counted,
    an_administrator_who_becomes_an_employee_has_no_second_factor,
    the_operator_sets_up_a_second_factor,
    another_administrator_resets_a_second_factor,
    a_required_second_factor_limits_the_caller_to_its_enrolment,
    a_password_change_keeps_the_second_factor_of_the_session,
    a_previous_key_keeps_second_factors,
    a_deleted_user_loses_open_sign_ins,
);

async fn enrolled(f: &Fixture) -> Enrolled {
    Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await
}

/// Creates another administrator.
pub(crate) async fn add_admin(f: &Fixture, email: &str) -> UserId {
    let command = CreateUserCommand::admin("Second", email).password(ADMIN_PASSWORD);
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    admins.create_user(&command).await.unwrap().user.id
}

async fn a_sign_in_needs_the_password_and_a_code(f: Fixture) {
    let admin = enrolled(&f).await;
    let refused = login(&f.service, ADMIN_EMAIL, None).await.unwrap_err();
    let ServiceError::SecondFactorRequired {
        challenge,
        methods,
        passkey: None,
    } = refused
    else {
        panic!("{refused:?}")
    };
    let all = [SecondFactorMethod::Totp, SecondFactorMethod::RecoveryCode];
    assert_eq!(methods, all);
    let tokens = complete(&f.service, &challenge, admin.next_code()).await;
    let tokens = tokens.unwrap();
    assert!(tokens.device_token.is_some() && tokens.scope.is_none());

    let client = client();
    let refreshed = f.service.for_client(&client).refresh(&tokens.refresh_token);
    let refreshed = refreshed.await.unwrap();
    let verifier = verifier(&f.clock);
    for token in [tokens.access_token, refreshed.access_token] {
        let claims = verifier.verify(token.expose()).unwrap();
        let methods = AuthMethods::PASSWORD.with(AuthMethod::OneTimeCode);
        assert_eq!(claims.auth_methods, methods);
    }
    let actions = f.actions(tokens.user.id).await;
    assert!(actions.contains(&AuditAction::SecondFactorEnabled));
    assert_eq!(actions.last(), Some(&AuditAction::SignedIn));
}

async fn codes_of_the_last_and_the_next_step_are_accepted_once(f: Fixture) {
    let admin = enrolled(&f).await;
    f.clock.advance(Duration::from_mins(5));
    let (last, next) = (admin.code(-1), admin.code(1));
    admin.sign_in(&f.service, last.clone()).await.unwrap();
    let challenge = admin.challenge(&f.service).await;
    let replayed = complete(&f.service, &challenge, last).await;
    assert_eq!(refusal(replayed), Refusal::SecondFactorInvalid);
    complete(&f.service, &challenge, next.clone())
        .await
        .unwrap();
    for used in [next, admin.code(0)] {
        let used = admin.sign_in(&f.service, used).await;
        assert_eq!(refusal(used), Refusal::SecondFactorInvalid);
    }
}

async fn codes_of_another_account_and_of_another_hour_are_rejected(f: Fixture) {
    add_admin(&f, "second@example.com").await;
    let admin = enrolled(&f).await;
    let other = Enrolled::new(&f.service, &f.clock, "second@example.com").await;
    f.clock.advance(Duration::from_mins(5));
    for wrong in [
        other.code(0),
        admin.code(-120),
        admin.code(120),
        other.recovery_code(0),
    ] {
        let refused = admin.sign_in(&f.service, wrong).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
        admin.sign_in(&f.service, admin.next_code()).await.unwrap();
    }
}

/// Completes two sign-ins with the same code on two servers. Returns how many succeed.
async fn at_once(f: &Fixture, admin: &Enrolled, proof: SecondFactorProof) -> usize {
    let other = builder(f.store.clone(), &f.clock).build();
    let challenges = [
        admin.challenge(&f.service).await,
        admin.challenge(&other).await,
    ];
    let (first, second) = tokio::join!(
        complete(&f.service, &challenges[0], proof.clone()),
        complete(&other, &challenges[1], proof),
    );
    let all = [first, second];
    let refused = all.iter().filter_map(|completed| completed.as_ref().err());
    for error in refused {
        assert!(
            matches!(error, ServiceError::SecondFactorInvalid),
            "{error}"
        );
    }
    all.iter().filter(|completed| completed.is_ok()).count()
}

async fn one_of_two_servers_accepts_a_code(f: Fixture) {
    let admin = enrolled(&f).await;
    for _ in 0..5 {
        let code = admin.next_code();
        assert_eq!(at_once(&f, &admin, code).await, 1);
    }
}

async fn one_of_two_servers_accepts_a_recovery_code(f: Fixture) {
    let admin = enrolled(&f).await;
    for index in 0..5 {
        let code = admin.recovery_code(index);
        assert_eq!(at_once(&f, &admin, code).await, 1);
        f.clock.advance(Duration::from_mins(1));
    }
}

async fn a_recovery_code_replaces_a_code_once(f: Fixture) {
    let admin = enrolled(&f).await;
    assert_eq!(admin.recovery_codes.len(), 10);
    let typed = admin.recovery_codes[0].expose().replace('-', " ");
    let typed = SecondFactorProof::RecoveryCode(typed.to_uppercase().into());
    let tokens = admin.sign_in(&f.service, typed.clone()).await.unwrap();
    let signed_in = admin.sign_in(&f.service, typed).await;
    assert_eq!(refusal(signed_in), Refusal::SecondFactorInvalid);
    admin
        .sign_in(&f.service, admin.recovery_code(2))
        .await
        .unwrap();
    let user = tokens.user.id;
    let recorded = f.actions(user).await;
    assert!(recorded.contains(&AuditAction::RecoveryCodeUsed));
    assert!(recorded.contains(&AuditAction::SecondFactorFailed));

    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let caller = f.service.as_caller(&caller, &client);
    let left = caller.second_factor().await.unwrap();
    assert_eq!(left.recovery_codes, 8);
    let replaced = caller.replace_recovery_codes().await.unwrap();
    let old = admin.sign_in(&f.service, admin.recovery_code(1)).await;
    assert_eq!(refusal(old), Refusal::SecondFactorInvalid);
    let new = SecondFactorProof::RecoveryCode(replaced[0].clone());
    admin.sign_in(&f.service, new).await.unwrap();
}

async fn a_challenge_completes_one_sign_in(f: Fixture) {
    let admin = enrolled(&f).await;
    let challenge = admin.challenge(&f.service).await;
    let first = complete(&f.service, &challenge, admin.next_code()).await;
    first.unwrap();
    let second = complete(&f.service, &challenge, admin.next_code()).await;
    assert_eq!(refusal(second), Refusal::ChallengeInvalid);
    for unknown in ["", "dvc1.", &format!("{}A", challenge.expose())] {
        let refused = complete(&f.service, &unknown.into(), admin.code(0)).await;
        assert_eq!(refusal(refused), Refusal::ChallengeInvalid);
    }
}

async fn a_challenge_of_another_user_does_not_sign_in(f: Fixture) {
    add_admin(&f, "second@example.com").await;
    let admin = enrolled(&f).await;
    let other = Enrolled::new(&f.service, &f.clock, "second@example.com").await;
    let challenge = other.challenge(&f.service).await;
    let refused = complete(&f.service, &challenge, admin.next_code()).await;
    assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
    let tokens = complete(&f.service, &challenge, other.code(0)).await;
    assert_eq!(
        tokens.unwrap().user.email.unwrap().as_str(),
        "second@example.com"
    );
}

async fn a_challenge_expires_after_five_minutes(f: Fixture) {
    let admin = enrolled(&f).await;
    let challenges = [
        admin.challenge(&f.service).await,
        admin.challenge(&f.service).await,
    ];
    f.clock.advance(Duration::from_secs(299));
    complete(&f.service, &challenges[0], admin.code(0))
        .await
        .unwrap();
    f.clock.advance(Duration::from_secs(1));
    let expired = complete(&f.service, &challenges[1], admin.code(1)).await;
    assert_eq!(refusal(expired), Refusal::ChallengeInvalid);
}

async fn a_challenge_is_void_after_a_password_reset(f: Fixture) {
    let admin = enrolled(&f).await;
    let challenge = admin.challenge(&f.service).await;
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    let user = admin.caller.user().id;
    admins.reset_password(user).await.unwrap();
    let refused = complete(&f.service, &challenge, admin.next_code()).await;
    assert_eq!(refusal(refused), Refusal::ChallengeInvalid);
}

async fn a_challenge_allows_five_codes(f: Fixture) {
    let admin = enrolled(&f).await;
    let challenge = admin.challenge(&f.service).await;
    for _ in 0..5 {
        f.clock.advance(Duration::from_secs(40));
        let wrong = complete(&f.service, &challenge, admin.code(-9)).await;
        assert_eq!(refusal(wrong), Refusal::SecondFactorInvalid);
    }
    f.clock.advance(Duration::from_secs(40));
    let sixth = complete(&f.service, &challenge, admin.code(0)).await;
    assert_eq!(refusal(sixth), Refusal::ChallengeInvalid);
}

/// Returns the number of codes that an attacker with the password can try within a day.
async fn codes_in_a_day(f: &Fixture) -> u32 {
    let (mut codes, mut passed) = (0, Duration::ZERO);
    let mut open = None;
    while passed < DAY {
        let outcome = match &open {
            None => login(&f.service, ADMIN_EMAIL, None).await,
            Some(challenge) => {
                let wrong = SecondFactorProof::Code("wrong".into());
                complete(&f.service, challenge, wrong).await
            }
        };
        match outcome {
            Err(ServiceError::SecondFactorRequired { challenge, .. }) => open = Some(challenge),
            Err(ServiceError::SecondFactorInvalid) => codes += 1,
            Err(ServiceError::ChallengeInvalid) => open = None,
            Err(ServiceError::TooManyAttempts { retry_after }) => {
                passed += retry_after;
                f.clock.advance(retry_after);
            }
            other => panic!("{:?}", other.map(|_| "signed in")),
        }
    }
    codes
}

async fn codes_are_throttled_like_passwords(f: Fixture) {
    let _admin = enrolled(&f).await;
    let codes = codes_in_a_day(&f).await;
    assert!((1..=33).contains(&codes), "{codes}");
    assert!(codes_in_a_day(&f).await <= 24);
}

async fn wrong_codes_do_not_refuse_the_owner_on_a_known_device(f: Fixture) {
    let admin = enrolled(&f).await;
    codes_in_a_day(&f).await;
    let refused = async || refusal(login(&f.service, ADMIN_EMAIL, None).await);
    while refused().await != Refusal::TooManyAttempts {}
    admin.sign_in(&f.service, admin.next_code()).await.unwrap();
}

async fn an_enrolment_is_confirmed_by_its_session_only(f: Fixture) {
    let here = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let there = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let client = client();
    let (here_caller, there_caller) = (
        authenticate(&f.service, &here.access_token).await,
        authenticate(&f.service, &there.access_token).await,
    );
    let (here, elsewhere) = (
        f.service.as_caller(&here_caller, &client),
        f.service.as_caller(&there_caller, &client),
    );
    let secret = here.begin_totp().await.unwrap().secret;
    let secret: TotpSecret = secret.expose().parse().unwrap();
    let code = || Secret::from(secret.code(unix(&f) / 30));
    assert_eq!(
        refusal(elsewhere.confirm_totp(&code()).await),
        Refusal::NotFound
    );
    here.confirm_totp(&code()).await.unwrap();
    let token = there.access_token.expose();
    let ended = f.service.authenticate(token).await;
    assert_eq!(refusal(ended), Refusal::TokenInvalid);
    assert_eq!(
        refusal(here.confirm_totp(&code()).await),
        Refusal::NotFound,
        "confirmed already"
    );
}

fn unix(f: &Fixture) -> u64 {
    use divan_core::clock::Clock;
    f.clock.unix_seconds()
}

async fn an_enrolment_is_confirmed_within_15_minutes_with_a_code(f: Fixture) {
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let caller = f.service.as_caller(&caller, &client);
    let enrolment = caller.begin_totp().await.unwrap();
    let uri = enrolment.uri.expose();
    assert!(uri.starts_with("otpauth://totp/sec.example.com:admin%40example.com?secret="));
    assert!(enrolment.qr_code.is_some());
    let secret: TotpSecret = enrolment.secret.expose().parse().unwrap();
    let wrong = caller.confirm_totp(&"000 00".into()).await;
    assert_eq!(refusal(wrong), Refusal::SecondFactorInvalid);
    assert_eq!(caller.second_factor().await.unwrap().confirmed_at, None);
    login(&f.service, ADMIN_EMAIL, None).await.unwrap();

    f.clock.advance(Duration::from_mins(15));
    let code = secret.code(unix(&f) / 30).into();
    let late = caller.confirm_totp(&code).await;
    assert_eq!(refusal(late), Refusal::NotFound);
    assert_eq!(
        refusal(caller.replace_recovery_codes().await),
        Refusal::InsufficientAuthentication
    );
}

async fn a_replaced_authenticator_app_is_valid_until_the_new_one_is_confirmed(f: Fixture) {
    let admin = enrolled(&f).await;
    let tokens = admin.sign_in(&f.service, admin.next_code()).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let begun = f.service.as_caller(&caller, &client).begin_totp().await;
    begun.unwrap();
    admin.sign_in(&f.service, admin.next_code()).await.unwrap();
    let (secret, _) = enrol(&f.service, &f.clock, &caller).await;
    let old = admin.sign_in(&f.service, admin.next_code()).await;
    assert_eq!(refusal(old), Refusal::SecondFactorInvalid);
    let code = SecondFactorProof::Code(secret.code(unix(&f) / 30).into());
    admin.sign_in(&f.service, code).await.unwrap();
}

async fn wrong_codes_of_an_enrolment_end_the_session(f: Fixture) {
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let caller = f.service.as_caller(&caller, &client);
    caller.begin_totp().await.unwrap();
    for _ in 0..10 {
        let wrong = caller.confirm_totp(&"wrong".into()).await;
        assert_eq!(refusal(wrong), Refusal::SecondFactorInvalid);
        f.clock.advance(Duration::from_secs(16));
    }
    let token = tokens.access_token.expose();
    let ended = f.service.authenticate(token).await;
    assert_eq!(refusal(ended), Refusal::TokenInvalid);
}

async fn an_enrolment_needs_a_fresh_proof_of_an_administrator(f: Fixture) {
    f.add(&CreateUserCommand::employee("First Last", PHONE).password(PASSWORD))
        .await;
    let client = client();
    let employee = f.login(&PASSWORD.into()).await.unwrap();
    let employee = authenticate(&f.service, &employee.access_token).await;
    let employee = f.service.as_caller(&employee, &client);
    assert_eq!(refusal(employee.begin_totp().await), Refusal::AdminRequired);

    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    f.clock.advance(Duration::from_secs(301));
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let caller = f.service.as_caller(&caller, &client);
    assert!(matches!(
        caller.begin_totp().await,
        Err(ServiceError::InsufficientAuthentication { second_factor })
            if second_factor.is_empty()
    ));
}

async fn a_second_factor_can_be_turned_off(f: Fixture) {
    let admin = enrolled(&f).await;
    let other = admin.sign_in(&f.service, admin.next_code()).await.unwrap();
    let client = client();
    let caller = f.service.as_caller(&admin.caller, &client);
    let token = caller.disable_second_factor().await.unwrap();
    assert_eq!(
        refusal(caller.disable_second_factor().await),
        Refusal::NotFound
    );
    f.service
        .authenticate(token.access_token.expose())
        .await
        .unwrap();
    let ended = f.service.authenticate(other.access_token.expose()).await;
    assert_eq!(refusal(ended), Refusal::TokenInvalid);
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let actions = f.actions(tokens.user.id).await;
    assert!(actions.contains(&AuditAction::SecondFactorDisabled));
    assert_eq!(
        refusal(caller.replace_recovery_codes().await),
        Refusal::NotFound
    );
}

async fn a_confirmation_without_an_enrolment_is_not_counted(f: Fixture) {
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    for _ in 0..12 {
        let refused = own.confirm_totp(&"1".into()).await;
        assert_eq!(refusal(refused), Refusal::NotFound);
    }
    enrol(&f.service, &f.clock, &caller).await;
}

async fn an_administrator_who_becomes_an_employee_has_no_second_factor(f: Fixture) {
    let second = add_admin(&f, "second@example.com").await;
    Enrolled::new(&f.service, &f.clock, "second@example.com").await;
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    let mut change = UpdateUserCommand::default();
    change.role = Some(Role::Employee);
    change.phone = Some(Some("+77010000002".to_owned()));
    admins.update_user(second, &change).await.unwrap();
    let status = admins.second_factor_of(second).await.unwrap();
    assert_eq!((status.confirmed_at, status.recovery_codes), (None, 0));
}

async fn the_operator_sets_up_a_second_factor(f: Fixture) {
    let session = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let user = &session.user;
    let caller = authenticate(&f.service, &session.access_token).await;
    let (admin, operator, client) = (caller.into_admin().unwrap(), Admin::operator(), client());
    let as_admin = f.service.as_admin(&admin, &client);
    let as_operator = f.service.as_admin(&operator, &client);
    let enrolment = as_operator.new_totp(user).unwrap();
    let secret: TotpSecret = enrolment.secret.expose().parse().unwrap();
    let step = f.clock.unix_seconds() / TotpSecret::STEP_SECONDS;
    let code = Secret::from(secret.code(step));

    assert_eq!(refusal(as_admin.new_totp(user)), Refusal::OperatorRequired);
    let refused = as_admin
        .enable_totp(user.id, &enrolment.secret, &code)
        .await;
    assert_eq!(refusal(refused), Refusal::OperatorRequired);
    for (secret, code) in [
        (&enrolment.secret, &Secret::new("12345")),
        (&Secret::new("not Base32"), &code),
    ] {
        let refused = as_operator.enable_totp(user.id, secret, code).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
    }
    let employee = f
        .add(&CreateUserCommand::employee("First Last", PHONE))
        .await;
    let refused = as_operator
        .enable_totp(employee.id, &enrolment.secret, &code)
        .await;
    assert_eq!(refusal(refused), Refusal::AdminRequired);

    let enabled = as_operator
        .enable_totp(user.id, &enrolment.secret, &code)
        .await;
    assert_eq!(enabled.unwrap().len(), 10);
    let ended = f.service.authenticate(session.access_token.expose()).await;
    assert_eq!(refusal(ended), Refusal::TokenInvalid);
    let challenge = challenge(login(&f.service, ADMIN_EMAIL, None).await);
    let repeated = complete(&f.service, &challenge, SecondFactorProof::Code(code)).await;
    assert_eq!(refusal(repeated), Refusal::SecondFactorInvalid);
    f.clock.advance(Duration::from_secs(30));
    let code = SecondFactorProof::Code(secret.code(step + 1).into());
    complete(&f.service, &challenge, code).await.unwrap();
}

async fn another_administrator_resets_a_second_factor(f: Fixture) {
    let second = add_admin(&f, "second@example.com").await;
    let other = Enrolled::new(&f.service, &f.clock, "second@example.com").await;
    let challenge = other.challenge(&f.service).await;
    let (admin, client) = (f.admin().await, client());
    let admins = f.service.as_admin(&admin, &client);
    let status = admins.second_factor_of(second).await.unwrap();
    assert!(status.confirmed_at.is_some());
    admins.reset_second_factor(second).await.unwrap();
    for (user, expected) in [
        (second, Refusal::NotFound),
        (admin.id().unwrap(), Refusal::OwnAccount),
    ] {
        assert_eq!(refusal(admins.reset_second_factor(user).await), expected);
    }
    let refreshed = f.service.for_client(&client).refresh(&other.refresh_token);
    assert_eq!(refusal(refreshed.await), Refusal::RefreshTokenInvalid);
    let open = complete(&f.service, &challenge, other.next_code()).await;
    assert_eq!(refusal(open), Refusal::ChallengeInvalid);
    login(&f.service, "second@example.com", None).await.unwrap();
    let actions = f.actions(second).await;
    assert!(actions.contains(&AuditAction::SecondFactorReset));
}

async fn a_required_second_factor_limits_the_caller_to_its_enrolment(f: Fixture) {
    let before = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let service = builder(f.store.clone(), &f.clock)
        .admin_second_factor(SecondFactorPolicy::Required)
        .build();
    let tokens = login(&service, ADMIN_EMAIL, None).await.unwrap();
    let limited = verifier(&f.clock).verify(tokens.access_token.expose());
    assert_eq!(limited, Err(TokenError::NotAccepted));
    assert_eq!(tokens.scope, Some(Scope::SecondFactorEnrolment));
    for tokens in [&before, &tokens] {
        let refused = service.authenticate(tokens.access_token.expose()).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorEnrolmentRequired);
    }
    let caller = authenticate(&service, &tokens.access_token).await;
    assert_eq!(
        refusal(caller.clone().into_admin()),
        Refusal::SecondFactorEnrolmentRequired
    );

    let (_, enabled) = enrol(&service, &f.clock, &caller).await;
    let token = enabled.token.access_token.expose();
    let admin = service.authenticate(token).await.unwrap();
    admin.clone().into_admin().unwrap();
    let client = client();
    let refreshed = service.for_client(&client).refresh(&tokens.refresh_token);
    assert_eq!(refreshed.await.unwrap().scope, None);

    let admin = service.as_caller(&admin, &client);
    let token = admin.disable_second_factor().await.unwrap().access_token;
    let refused = service.authenticate(token.expose()).await;
    assert_eq!(refusal(refused), Refusal::SecondFactorEnrolmentRequired);
}

async fn a_password_change_keeps_the_second_factor_of_the_session(f: Fixture) {
    let admin = enrolled(&f).await;
    let tokens = admin.sign_in(&f.service, admin.next_code()).await.unwrap();
    let signed_in_at = unix(&f);
    let caller = authenticate(&f.service, &tokens.access_token).await;
    f.clock.advance(Duration::from_mins(6));
    let client = client();
    let command = ChangePasswordCommand::new(ADMIN_PASSWORD, "a lamp across the river");
    let caller = f.service.as_caller(&caller, &client);
    let changed = caller.change_password(&command).await.unwrap();
    let claims = verifier(&f.clock).verify(changed.access_token.expose());
    let claims = claims.unwrap();
    assert!(claims.auth_methods.has_second_factor());
    assert_eq!(claims.auth_time, Some(signed_in_at), "no new code");
}

async fn a_previous_key_keeps_second_factors(f: Fixture) {
    let admin = enrolled(&f).await;
    let (store, clock) = (f.store.clone(), &f.clock);
    let new = builder_with_key(8, store.clone(), clock).build();
    let open = challenge(login(&new, ADMIN_EMAIL, None).await);
    let refused = complete(&new, &open, admin.next_code()).await;
    assert!(matches!(refused, Err(ServiceError::Internal(_))));

    let rotated = builder_with_key(8, store, clock)
        .previous_key(&SecretKey::new([7; 32]).unwrap())
        .build();
    let code = admin.recovery_code(0);
    admin.sign_in(&rotated, code).await.unwrap();
    admin.sign_in(&rotated, admin.next_code()).await.unwrap();
    // The secret is encrypted with the new key now.
    let open = challenge(login(&new, ADMIN_EMAIL, None).await);
    complete(&new, &open, admin.next_code()).await.unwrap();
}

async fn a_deleted_user_loses_open_sign_ins(f: Fixture) {
    let second = add_admin(&f, "second@example.com").await;
    let other = Enrolled::new(&f.service, &f.clock, "second@example.com").await;
    let challenge = other.challenge(&f.service).await;
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    admins.delete_user(second).await.unwrap();
    let refused = complete(&f.service, &challenge, other.next_code()).await;
    assert_eq!(refusal(refused), Refusal::ChallengeInvalid);
}
