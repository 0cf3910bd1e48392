//! Passkeys of administrators, on every store.

use std::time::Duration;

use divan_core::clock::Clock;
use divan_core::passkey::SoftwareAuthenticator;
use divan_core::second_factor::TotpSecret;
use divan_core::service::{
    AddPasskeyCommand, Admin, AuthService, Caller, CreateUserCommand, PasskeyLoginCommand,
    SecondFactorMethod, SecondFactorPolicy, SecondFactorProof, ServiceError, UpdateUserCommand,
};
use divan_core::types::{AuditAction, AuthMethods, PasskeyOptions, UserId};

use crate::second_factor::add_admin;
use crate::support::admin::{Fixture, client};
use crate::support::enrolled::{Enrolled, authenticate, challenge, complete, enrol, login};
use crate::support::key_holder::{
    KeyHolder, add_passkey, login_options, passkey_login, passkey_proof, second_factor,
};
use crate::support::{
    ADMIN_EMAIL, ISSUER, PASSWORD, PHONE, Refusal, builder, builder_with_key, refusal, verifier,
};

on_every_store!(
    a_passkey_signs_in_without_a_password,
    a_passkey_completes_a_sign_in_with_the_password,
    a_passkey_proves_the_identity_again,
    the_first_passkey_comes_with_recovery_codes,
    a_registration_is_for_one_session_and_five_minutes,
    a_registration_must_come_from_a_verified_user_of_the_panel,
    a_passkey_belongs_to_one_user,
    a_user_has_ten_passkeys,
    a_passkey_is_renamed_by_its_owner,
    the_last_passkey_turns_the_second_factor_off,
    an_authenticator_app_and_passkeys_are_independent,
    the_operator_replaces_passkeys_by_an_app,
    another_administrator_resets_passkeys,
    a_passkey_counts_as_a_required_second_factor,
    assertions_for_another_origin_rp_id_or_without_user_verification_are_refused,
    a_challenge_is_for_one_purpose,
    an_assertion_is_accepted_once_within_five_minutes,
    an_assertion_is_accepted_once_by_two_servers,
    a_passkey_of_another_user_is_refused,
    a_passkey_of_an_account_that_cannot_sign_in_is_refused,
    a_counter_set_back_is_refused_and_recorded_once,
    a_used_counter_is_refused_by_two_servers,
    wrong_assertions_are_throttled_like_passwords,
    a_correct_passkey_signs_in_during_an_attack,
    wrong_assertions_in_a_session_end_it,
    a_generated_password_limits_a_sign_in_with_a_passkey,
    a_previous_key_keeps_open_ceremonies,
);

async fn key_holder(f: &Fixture) -> KeyHolder {
    KeyHolder::new(&f.service, ADMIN_EMAIL).await
}

fn methods_of(f: &Fixture, token: &divan_core::secret::Secret) -> AuthMethods {
    let claims = verifier(&f.clock).verify(token.expose());
    claims.unwrap().auth_methods
}

async fn count(f: &Fixture, user: UserId, action: AuditAction) -> usize {
    let actions = f.actions(user).await;
    actions
        .iter()
        .filter(|recorded| **recorded == action)
        .count()
}

async fn a_passkey_signs_in_without_a_password(f: Fixture) {
    let mut admin = key_holder(&f).await;
    f.tick();
    let tokens = admin.sign_in(&f.service).await.unwrap();
    assert_eq!(tokens.user.email.as_ref().unwrap().as_str(), ADMIN_EMAIL);
    assert!(tokens.device_token.is_some() && tokens.scope.is_none());
    let methods = methods_of(&f, &tokens.access_token);
    assert_eq!(methods.to_string(), "hwk user mfa");
    let claims = verifier(&f.clock).verify(tokens.access_token.expose());
    assert_eq!(claims.unwrap().auth_time, Some(crate::support::NOW));

    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    let passkeys = own.passkeys().await.unwrap();
    assert!(passkeys[0].last_used_at.is_some());
    own.begin_totp().await.unwrap();
    assert_eq!(
        f.actions(tokens.user.id).await.last(),
        Some(&AuditAction::SignedIn)
    );
}

async fn a_passkey_completes_a_sign_in_with_the_password(f: Fixture) {
    let mut admin = key_holder(&f).await;
    admin.authenticator.user_handle = None;
    let refused = login(&f.service, ADMIN_EMAIL, None).await.unwrap_err();
    let ServiceError::SecondFactorRequired {
        methods, passkey, ..
    } = &refused
    else {
        panic!("{refused:?}")
    };
    let expected = [
        SecondFactorMethod::Passkey,
        SecondFactorMethod::RecoveryCode,
    ];
    assert_eq!(methods, &expected);
    let allowed = &passkey.as_ref().unwrap().as_json()["allowCredentials"];
    assert_eq!(allowed.as_array().unwrap().len(), 1);

    let tokens = admin.sign_in_with_password(&f.service).await.unwrap();
    let methods = methods_of(&f, &tokens.access_token);
    assert_eq!(methods.to_string(), "pwd hwk user mfa");
}

async fn a_passkey_proves_the_identity_again(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let client = client();
    let own = f.service.as_caller(&admin.caller, &client);
    f.clock.advance(Duration::from_mins(6));
    let old = own.begin_passkey().await.unwrap_err();
    let ServiceError::InsufficientAuthentication { second_factor } = old else {
        panic!("{old:?}")
    };
    let expected = [
        SecondFactorMethod::Passkey,
        SecondFactorMethod::RecoveryCode,
    ];
    assert_eq!(second_factor, expected);

    let options = own.begin_step_up().await.unwrap();
    let credential = admin.authenticator.get(&options);
    let token = own
        .step_up(&passkey_proof(credential.clone()))
        .await
        .unwrap();
    let replayed = own.step_up(&passkey_proof(credential)).await;
    assert_eq!(refusal(replayed), Refusal::SecondFactorInvalid);
    let methods = methods_of(&f, &token.access_token);
    assert_eq!(methods.to_string(), "pwd hwk user mfa");
    let caller = authenticate(&f.service, &token.access_token).await;
    let own = f.service.as_caller(&caller, &client);
    own.begin_passkey().await.unwrap();
}

async fn the_first_passkey_comes_with_recovery_codes(f: Fixture) {
    let admin = key_holder(&f).await;
    assert_eq!(admin.added.recovery_codes.len(), 10);
    let mut second = SoftwareAuthenticator::new(ISSUER, "second");
    second.is_synced = true;
    let added = add_passkey(&f.service, &admin.caller, &mut second).await;
    let added = added.unwrap();
    assert!(added.recovery_codes.is_empty() && added.passkey.is_synced);

    let (challenge, _) = admin.challenge(&f.service).await;
    let code = admin.added.recovery_codes[0].clone();
    let code = SecondFactorProof::RecoveryCode(code);
    let tokens = complete(&f.service, &challenge, code).await.unwrap();
    assert_eq!(
        count(&f, tokens.user.id, AuditAction::PasskeyAdded).await,
        2
    );
    let caller = authenticate(&f.service, &added.token.access_token).await;
    let client = client();
    let status = f.service.as_caller(&caller, &client).second_factor();
    let status = status.await.unwrap();
    assert_eq!((status.passkeys, status.recovery_codes), (2, 9));
    assert_eq!(status.confirmed_at, None);
}

async fn begin(f: &Fixture, caller: &Caller) -> PasskeyOptions {
    let client = client();
    let own = f.service.as_caller(caller, &client);
    own.begin_passkey().await.unwrap()
}

async fn add(
    f: &Fixture,
    caller: &Caller,
    authenticator: &mut SoftwareAuthenticator,
    options: &PasskeyOptions,
) -> Result<(), Refusal> {
    let command = AddPasskeyCommand::new("Laptop", authenticator.create(options));
    let client = client();
    let own = f.service.as_caller(caller, &client);
    own.add_passkey(&command)
        .await
        .map(drop)
        .map_err(Refusal::from)
}

async fn a_registration_is_for_one_session_and_five_minutes(f: Fixture) {
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
        sessions.push(authenticate(&f.service, &tokens.access_token).await);
    }
    let options = begin(&f, &sessions[0]).await;
    let mut authenticator = SoftwareAuthenticator::new(ISSUER, "first");
    let other = add(&f, &sessions[1], &mut authenticator, &options).await;
    assert_eq!(other, Err(Refusal::SecondFactorInvalid));
    f.clock.advance(Duration::from_mins(5));
    let expired = add(&f, &sessions[0], &mut authenticator, &options).await;
    assert_eq!(expired, Err(Refusal::SecondFactorInvalid));

    let options = begin(&f, &sessions[0]).await;
    f.clock.advance(Duration::from_secs(299));
    add(&f, &sessions[0], &mut authenticator, &options)
        .await
        .unwrap();
    let mut second = SoftwareAuthenticator::new(ISSUER, "second");
    let again = add(&f, &sessions[0], &mut second, &options).await;
    assert_eq!(again, Err(Refusal::SecondFactorInvalid), "used");
    let ended = f.service.authenticate(&sessions_token(&f).await).await;
    assert!(ended.is_err());
}

/// Returns an access token that a registration by another session has ended.
async fn sessions_token(f: &Fixture) -> String {
    let mut second = SoftwareAuthenticator::new(ISSUER, "first");
    second.user_handle = None;
    let (challenge, options) = second_factor(login(&f.service, ADMIN_EMAIL, None).await);
    let proof = SecondFactorProof::Passkey(second.get(&options));
    let first = complete(&f.service, &challenge, proof).await.unwrap();
    let (challenge, options) = second_factor(login(&f.service, ADMIN_EMAIL, None).await);
    let proof = SecondFactorProof::Passkey(second.get(&options));
    let other = complete(&f.service, &challenge, proof).await.unwrap();
    let caller = authenticate(&f.service, &other.access_token).await;
    let mut third = SoftwareAuthenticator::new(ISSUER, "third");
    add_passkey(&f.service, &caller, &mut third).await.unwrap();
    first.access_token.expose().to_owned()
}

/// Deviations that each ceremony must refuse.
const DEVIATIONS: [fn(&mut SoftwareAuthenticator); 4] = [
    |authenticator| "https://divan.example.com".clone_into(&mut authenticator.origin),
    |authenticator| authenticator.rp_id = Some("example.com".to_owned()),
    |authenticator| authenticator.top_origin = Some("https://evil.example".to_owned()),
    |authenticator| authenticator.is_user_verified = false,
];

async fn a_registration_must_come_from_a_verified_user_of_the_panel(f: Fixture) {
    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    for deviate in DEVIATIONS {
        let mut authenticator = SoftwareAuthenticator::new(ISSUER, "first");
        deviate(&mut authenticator);
        let refused = add_passkey(&f.service, &caller, &mut authenticator).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
    }
    let mut authenticator = SoftwareAuthenticator::new(ISSUER, "first");
    let options = begin(&f, &caller).await;
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    for name in ["", " ", "a\nb", &"a".repeat(65)] {
        let command = AddPasskeyCommand::new(name, authenticator.create(&options));
        let refused = own.add_passkey(&command).await;
        assert_eq!(refusal(refused), Refusal::ValidationFailed, "{name}");
    }
    assert!(own.passkeys().await.unwrap().is_empty());
    let status = own.second_factor().await.unwrap();
    assert_eq!((status.passkeys, status.recovery_codes), (0, 0));
}

async fn a_passkey_belongs_to_one_user(f: Fixture) {
    let first = key_holder(&f).await;
    add_admin(&f, "second@example.com").await;
    let tokens = login(&f.service, "second@example.com", None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    for caller in [&caller, &first.caller] {
        let mut authenticator = first.authenticator.clone();
        let refused = add_passkey(&f.service, caller, &mut authenticator).await;
        assert_eq!(refusal(refused), Refusal::PasskeyTaken);
    }
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    assert!(own.passkeys().await.unwrap().is_empty());
}

async fn a_user_has_ten_passkeys(f: Fixture) {
    let mut caller = key_holder(&f).await.caller;
    let mut pending = None;
    for n in 1..10 {
        pending = Some(begin(&f, &caller).await);
        let mut authenticator = SoftwareAuthenticator::new(ISSUER, &n.to_string());
        let added = add_passkey(&f.service, &caller, &mut authenticator).await;
        let token = added.unwrap().token.access_token;
        caller = authenticate(&f.service, &token).await;
    }
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    assert_eq!(own.passkeys().await.unwrap().len(), 10);
    let refused = own.begin_passkey().await;
    assert_eq!(refusal(refused), Refusal::TooManyPasskeys);
    let mut authenticator = SoftwareAuthenticator::new(ISSUER, "eleventh");
    let begun_before = add(&f, &caller, &mut authenticator, &pending.unwrap()).await;
    assert_eq!(begun_before, Err(Refusal::TooManyPasskeys));
}

async fn a_passkey_is_renamed_by_its_owner(f: Fixture) {
    let admin = key_holder(&f).await;
    add_admin(&f, "second@example.com").await;
    let other = KeyHolder::new(&f.service, "second@example.com").await;
    let client = client();
    let own = f.service.as_caller(&admin.caller, &client);
    let id = admin.added.passkey.id;
    let renamed = own.rename_passkey(id, " Old laptop ").await.unwrap();
    assert_eq!((renamed.id, renamed.name.as_str()), (id, "Old laptop"));
    let refused = own.rename_passkey(id, "").await;
    assert_eq!(refusal(refused), Refusal::ValidationFailed);

    let others = f.service.as_caller(&other.caller, &client);
    let foreign = others.rename_passkey(id, "Mine").await;
    assert_eq!(refusal(foreign), Refusal::NotFound);
    let foreign = others.remove_passkey(id).await;
    assert_eq!(refusal(foreign), Refusal::NotFound);
    assert_eq!(own.passkeys().await.unwrap(), [renamed]);
    let status = others.second_factor().await.unwrap();
    assert_eq!((status.passkeys, status.recovery_codes), (1, 10));
}

async fn the_last_passkey_turns_the_second_factor_off(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let other = admin.sign_in(&f.service).await.unwrap();
    let client = client();
    let own = f.service.as_caller(&admin.caller, &client);
    let id = admin.added.passkey.id;
    let token = own.remove_passkey(id).await.unwrap();
    let methods = methods_of(&f, &token.access_token);
    assert_eq!(methods, AuthMethods::PASSWORD);
    let refused = own.remove_passkey(id).await;
    assert_eq!(refusal(refused), Refusal::NotFound);
    let status = own.second_factor().await.unwrap();
    assert_eq!((status.passkeys, status.recovery_codes), (0, 0));
    let ended = f.service.authenticate(other.access_token.expose()).await;
    assert!(ended.is_err());
    login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let removed = admin.sign_in(&f.service).await;
    assert_eq!(refusal(removed), Refusal::PasskeyInvalid);
}

async fn an_authenticator_app_and_passkeys_are_independent(f: Fixture) {
    let app = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    let mut authenticator = SoftwareAuthenticator::new(ISSUER, "first");
    let added = add_passkey(&f.service, &app.caller, &mut authenticator).await;
    let added = added.unwrap();
    assert!(added.recovery_codes.is_empty());
    let caller = authenticate(&f.service, &added.token.access_token).await;
    let refused = login(&f.service, ADMIN_EMAIL, Some(&app.device)).await;
    let refused = refused.unwrap_err();
    let ServiceError::SecondFactorRequired { methods, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(methods, SecondFactorMethod::ALL);
    app.sign_in(&f.service, app.next_code()).await.unwrap();

    let client = client();
    let own = f.service.as_caller(&caller, &client);
    let token = own.disable_second_factor().await.unwrap();
    let methods = methods_of(&f, &token.access_token);
    assert!(methods.has_second_factor());
    let status = own.second_factor().await.unwrap();
    assert_eq!((status.passkeys, status.recovery_codes), (1, 10));
    assert_eq!(status.confirmed_at, None);
    let (challenge, options) = second_factor(login(&f.service, ADMIN_EMAIL, None).await);
    let code = complete(&f.service, &challenge, app.next_code()).await;
    assert_eq!(refusal(code), Refusal::SecondFactorInvalid);
    let proof = SecondFactorProof::Passkey(authenticator.get(&options));
    complete(&f.service, &challenge, proof).await.unwrap();

    enrol(&f.service, &f.clock, &caller).await;
    let status = own.second_factor().await.unwrap();
    assert_eq!(status.passkeys, 1);
    let token = own.remove_passkey(added.passkey.id).await.unwrap();
    assert!(methods_of(&f, &token.access_token).has_second_factor());
    let status = own.second_factor().await.unwrap();
    assert!(status.confirmed_at.is_some() && status.recovery_codes == 10);
}

async fn the_operator_replaces_passkeys_by_an_app(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let user = admin.caller.user().clone();
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    let enrolment = admins.new_totp(&user).unwrap();
    let secret: TotpSecret = enrolment.secret.expose().parse().unwrap();
    let code = secret.code(f.clock.unix_seconds() / TotpSecret::STEP_SECONDS);
    let code = code.into();
    let enabled = admins.enable_totp(user.id, &enrolment.secret, &code);
    enabled.await.unwrap();
    let refused = admin.sign_in(&f.service).await;
    assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    assert_eq!(admins.second_factor_of(user.id).await.unwrap().passkeys, 0);
}

async fn another_administrator_resets_passkeys(f: Fixture) {
    add_admin(&f, "second@example.com").await;
    let mut lost = KeyHolder::new(&f.service, "second@example.com").await;
    let user = lost.caller.user().id;
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    assert_eq!(admins.second_factor_of(user).await.unwrap().passkeys, 1);
    admins.reset_second_factor(user).await.unwrap();
    let again = admins.reset_second_factor(user).await;
    assert_eq!(refusal(again), Refusal::NotFound);
    assert_eq!(admins.second_factor_of(user).await.unwrap().passkeys, 0);
    assert_eq!(f.store.passkeys_of(user).await.unwrap(), []);
    assert_eq!(count(&f, user, AuditAction::SecondFactorReset).await, 1);
    let removed = lost.sign_in(&f.service).await;
    assert_eq!(refusal(removed), Refusal::PasskeyInvalid);
    let tokens = login(&f.service, &lost.email, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let again = add_passkey(&f.service, &caller, &mut lost.authenticator).await;
    assert_eq!(again.unwrap().recovery_codes.len(), 10);
}

async fn a_passkey_counts_as_a_required_second_factor(f: Fixture) {
    let required = builder(f.store.clone(), &f.clock)
        .admin_second_factor(SecondFactorPolicy::Required)
        .build();
    let tokens = login(&required, ADMIN_EMAIL, None).await.unwrap();
    assert!(tokens.scope.is_some());
    let mut admin = KeyHolder::new(&required, ADMIN_EMAIL).await;
    required
        .authenticate(admin.added.token.access_token.expose())
        .await
        .unwrap();
    let tokens = admin.sign_in(&required).await.unwrap();
    assert!(tokens.scope.is_none());
    let tokens = admin.sign_in_with_password(&required).await.unwrap();
    assert!(tokens.scope.is_none());
}

async fn assertions_for_another_origin_rp_id_or_without_user_verification_are_refused(f: Fixture) {
    let admin = key_holder(&f).await;
    let client = client();
    let own = f.service.as_caller(&admin.caller, &client);
    for deviate in DEVIATIONS {
        let mut authenticator = admin.authenticator.clone();
        deviate(&mut authenticator);
        let credential = authenticator.get(&login_options(&f.service));
        let refused = passkey_login(&f.service, credential).await;
        assert_eq!(refusal(refused), Refusal::PasskeyInvalid);

        let (challenge, options) = admin.challenge(&f.service).await;
        f.clock.advance(Duration::from_secs(30));
        let proof = SecondFactorProof::Passkey(authenticator.get(&options));
        let refused = complete(&f.service, &challenge, proof).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);

        let options = own.begin_step_up().await.unwrap();
        let refused = own
            .step_up(&passkey_proof(authenticator.get(&options)))
            .await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
        f.clock.advance(Duration::from_mins(2));
    }
    let user = admin.caller.user().id;
    assert!(count(&f, user, AuditAction::SecondFactorFailed).await >= 4);
    assert_eq!(
        count(&f, user, AuditAction::SignInFailed).await,
        1,
        "one in an hour"
    );
}

async fn a_challenge_is_for_one_purpose(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let client = client();
    let caller = admin.caller.clone();
    let own = f.service.as_caller(&caller, &client);
    let (first, of_first) = admin.challenge(&f.service).await;
    let (_, of_second) = admin.challenge(&f.service).await;
    let other_session = admin.sign_in(&f.service).await.unwrap();
    let other_session = authenticate(&f.service, &other_session.access_token).await;
    let step_up = own.begin_step_up().await.unwrap();
    let registration = own.begin_passkey().await.unwrap();
    let sign_in = login_options(&f.service);

    for options in [&of_first, &step_up, &registration] {
        let credential = admin.authenticator.get(options);
        let refused = passkey_login(&f.service, credential).await;
        assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    }
    for options in [&of_second, &step_up, &registration, &sign_in] {
        let proof = SecondFactorProof::Passkey(admin.authenticator.get(options));
        let refused = complete(&f.service, &first, proof).await;
        assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
        f.clock.advance(Duration::from_secs(20));
    }
    for options in [&of_first, &registration, &sign_in] {
        let proof = passkey_proof(admin.authenticator.get(options));
        assert_eq!(
            refusal(own.step_up(&proof).await),
            Refusal::SecondFactorInvalid
        );
    }
    let other = f.service.as_caller(&other_session, &client);
    let proof = passkey_proof(admin.authenticator.get(&step_up));
    assert_eq!(
        refusal(other.step_up(&proof).await),
        Refusal::SecondFactorInvalid
    );
    own.step_up(&proof).await.unwrap();
}

async fn an_assertion_is_accepted_once_within_five_minutes(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let credential = admin.authenticator.get(&login_options(&f.service));
    passkey_login(&f.service, credential.clone()).await.unwrap();
    let replayed = passkey_login(&f.service, credential.clone()).await;
    assert_eq!(refusal(replayed), Refusal::PasskeyInvalid);
    f.service.purge_attempts().await.unwrap();
    let replayed = passkey_login(&f.service, credential).await;
    assert_eq!(refusal(replayed), Refusal::PasskeyInvalid);

    let [late, expired] = [(); 2].map(|()| admin.authenticator.get(&login_options(&f.service)));
    f.clock.advance(Duration::from_secs(299));
    passkey_login(&f.service, late).await.unwrap();
    f.clock.advance(Duration::from_secs(1));
    let refused = passkey_login(&f.service, expired).await;
    assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    let malformed = divan_core::types::PasskeyCredential::new(serde_json::json!({}));
    let refused = passkey_login(&f.service, malformed).await;
    assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
}

fn other_server(f: &Fixture) -> AuthService {
    builder(f.store.clone(), &f.clock).build()
}

async fn an_assertion_is_accepted_once_by_two_servers(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let other = other_server(&f);
    for _ in 0..5 {
        let credential = admin.authenticator.get(&login_options(&other));
        let both = tokio::join!(
            passkey_login(&f.service, credential.clone()),
            passkey_login(&other, credential),
        );
        let both = [both.0, both.1];
        assert_eq!(both.iter().filter(|signed_in| signed_in.is_ok()).count(), 1);
        for refused in both.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
        }
        let (challenge, options) = admin.challenge(&f.service).await;
        let proof = SecondFactorProof::Passkey(admin.authenticator.get(&options));
        let both = tokio::join!(
            complete(&f.service, &challenge, proof.clone()),
            complete(&other, &challenge, proof),
        );
        let both = [both.0, both.1];
        assert_eq!(both.iter().filter(|signed_in| signed_in.is_ok()).count(), 1);
        f.clock.advance(Duration::from_mins(1));
    }
}

async fn a_passkey_of_another_user_is_refused(f: Fixture) {
    let admin = key_holder(&f).await;
    add_admin(&f, "second@example.com").await;
    let mut other = KeyHolder::new(&f.service, "second@example.com").await;
    let (challenge, options) = admin.challenge(&f.service).await;
    let proof = SecondFactorProof::Passkey(other.authenticator.get(&options));
    let refused = complete(&f.service, &challenge, proof).await;
    assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);

    let client = client();
    let own = f.service.as_caller(&admin.caller, &client);
    let options = own.begin_step_up().await.unwrap();
    let refused = own
        .step_up(&passkey_proof(other.authenticator.get(&options)))
        .await;
    assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);

    let mine = admin.authenticator.user_handle.clone();
    for handle in [mine, None, Some("AAAA".to_owned())] {
        other.authenticator.user_handle = handle;
        let refused = other.sign_in(&f.service).await;
        assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    }
}

async fn a_passkey_of_an_account_that_cannot_sign_in_is_refused(f: Fixture) {
    add_admin(&f, "second@example.com").await;
    let mut other = KeyHolder::new(&f.service, "second@example.com").await;
    let user = other.caller.user().id;
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    let mut change = UpdateUserCommand::default();
    change.is_active = Some(false);
    admins.update_user(user, &change).await.unwrap();
    let refused = other.sign_in(&f.service).await;
    assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    admins.delete_user(user).await.unwrap();
    let refused = other.sign_in(&f.service).await;
    assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    assert_eq!(f.store.passkeys_of(user).await.unwrap(), []);
}

async fn counting(f: &Fixture) -> KeyHolder {
    let mut authenticator = SoftwareAuthenticator::new(ISSUER, "counting");
    authenticator.counter = Some(5);
    KeyHolder::with(&f.service, ADMIN_EMAIL, authenticator).await
}

async fn a_counter_set_back_is_refused_and_recorded_once(f: Fixture) {
    let mut admin = counting(&f).await;
    let user = admin.caller.user().id;
    let mut copy = admin.authenticator.clone();
    admin.sign_in(&f.service).await.unwrap();
    let credential = copy.get(&login_options(&f.service));
    for _ in 0..2 {
        let refused = passkey_login(&f.service, credential.clone()).await;
        assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    }
    assert_eq!(count(&f, user, AuditAction::PasskeyCopied).await, 1);
    assert_eq!(f.service.copied_passkeys(), 1);

    copy.counter = Some(0);
    let (challenge, options) = admin.challenge(&f.service).await;
    let proof = SecondFactorProof::Passkey(copy.get(&options));
    let refused = complete(&f.service, &challenge, proof).await;
    assert_eq!(refusal(refused), Refusal::SecondFactorInvalid);
    assert_eq!(count(&f, user, AuditAction::PasskeyCopied).await, 2);
    admin.sign_in(&f.service).await.unwrap();
}

async fn a_used_counter_is_refused_by_two_servers(f: Fixture) {
    let admin = counting(&f).await;
    let other = other_server(&f);
    let (mut first, mut second) = (admin.authenticator.clone(), admin.authenticator.clone());
    let credentials = [
        first.get(&login_options(&f.service)),
        second.get(&login_options(&other)),
    ];
    let [a, b] = credentials;
    let both = tokio::join!(passkey_login(&f.service, a), passkey_login(&other, b));
    let both = [both.0, both.1];
    assert_eq!(both.iter().filter(|signed_in| signed_in.is_ok()).count(), 1);
}

/// Signs in with a wrong signature. The ids are those of the passkey.
async fn forge(f: &Fixture, admin: &KeyHolder) -> Refusal {
    let mut authenticator = admin.authenticator.clone();
    authenticator.is_user_verified = false;
    let credential = authenticator.get(&login_options(&f.service));
    refusal(passkey_login(&f.service, credential).await)
}

async fn wrong_assertions_are_throttled_like_passwords(f: Fixture) {
    let admin = key_holder(&f).await;
    let mut wrong = 0;
    while forge(&f, &admin).await == Refusal::PasskeyInvalid {
        wrong += 1;
        assert!(wrong < 10, "no limit");
    }
    assert_eq!(wrong, 3, "the free attempts of an address");
    let blocked = login(&f.service, ADMIN_EMAIL, None).await;
    assert_eq!(refusal(blocked), Refusal::TooManyAttempts);
    let known = login(&f.service, ADMIN_EMAIL, Some(&admin.device)).await;
    challenge(known);

    let mut stranger = SoftwareAuthenticator::new(ISSUER, "stranger");
    let handle = admin.authenticator.user_handle.clone();
    stranger.user_handle = handle;
    let mut refusals = 0;
    loop {
        let credential = stranger.get(&login_options(&f.service));
        match refusal(passkey_login(&f.service, credential).await) {
            Refusal::PasskeyInvalid => refusals += 1,
            refused => {
                assert_eq!(refused, Refusal::TooManyAttempts);
                break;
            }
        }
    }
    assert_eq!(refusals, 60, "per address");
}

async fn a_correct_passkey_signs_in_during_an_attack(f: Fixture) {
    let mut admin = key_holder(&f).await;
    while forge(&f, &admin).await == Refusal::PasskeyInvalid {}
    let tokens = admin.sign_in(&f.service).await.unwrap();
    let credential = admin.authenticator.get(&login_options(&f.service));
    let command = PasskeyLoginCommand::new(credential).device_token(tokens.device_token.unwrap());
    let tokens = f
        .service
        .for_client(&client())
        .passkey_login(&command)
        .await;
    let user = tokens.unwrap().user.id;
    let devices = f.store.devices_of(user).await.unwrap();
    assert_eq!(devices.len(), 2, "the device is renewed");
}

async fn wrong_assertions_in_a_session_end_it(f: Fixture) {
    let mut admin = key_holder(&f).await;
    admin.authenticator.is_user_verified = false;
    let client = client();
    let own = f.service.as_caller(&admin.caller, &client);
    for _ in 0..10 {
        let options = own.begin_step_up().await.unwrap();
        let proof = passkey_proof(admin.authenticator.get(&options));
        assert_eq!(
            refusal(own.step_up(&proof).await),
            Refusal::SecondFactorInvalid
        );
        f.clock.advance(Duration::from_secs(20));
    }
    let token = admin.added.token.access_token.expose();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
}

async fn a_generated_password_limits_a_sign_in_with_a_passkey(f: Fixture) {
    add_admin(&f, "second@example.com").await;
    let mut other = KeyHolder::new(&f.service, "second@example.com").await;
    let (operator, client) = (Admin::operator(), client());
    let admins = f.service.as_admin(&operator, &client);
    admins.reset_password(other.caller.user().id).await.unwrap();
    let tokens = other.sign_in(&f.service).await.unwrap();
    let limited = f.service.authenticate(tokens.access_token.expose()).await;
    assert_eq!(refusal(limited), Refusal::PasswordChangeRequired);
    f.clock.advance(Duration::from_hours(73));
    let expired = other.sign_in(&f.service).await;
    assert_eq!(refusal(expired), Refusal::PasswordExpired);
}

async fn a_previous_key_keeps_open_ceremonies(f: Fixture) {
    let mut admin = key_holder(&f).await;
    let options = login_options(&f.service);
    let credential = admin.authenticator.get(&options);
    let replaced = builder_with_key(8, f.store.clone(), &f.clock).build();
    let refused = passkey_login(&replaced, credential.clone()).await;
    assert_eq!(refusal(refused), Refusal::PasskeyInvalid);
    let previous = divan_core::token::SecretKey::new([7; 32]).unwrap();
    let rotated = builder_with_key(8, f.store.clone(), &f.clock)
        .previous_key(&previous)
        .build();
    passkey_login(&rotated, credential).await.unwrap();
    admin.sign_in(&rotated).await.unwrap();
}

#[tokio::test]
async fn an_employee_has_no_passkeys() {
    let store = std::sync::Arc::new(divan_core::store::MemoryStore::new());
    let f = Fixture::on(store).await;
    f.add(&CreateUserCommand::employee("Employee", PHONE).password(PASSWORD))
        .await;
    let tokens = f.login(&PASSWORD.into()).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    let client = client();
    let own = f.service.as_caller(&caller, &client);
    assert_eq!(refusal(own.begin_passkey().await), Refusal::AdminRequired);
    assert_eq!(refusal(own.begin_step_up().await), Refusal::AdminRequired);
    assert_eq!(refusal(own.passkeys().await), Refusal::AdminRequired);
}

#[tokio::test]
async fn a_service_without_an_address_has_no_passkeys() {
    use divan_core::token::{Audiences, SecretKey};
    let store = std::sync::Arc::new(divan_core::store::MemoryStore::new());
    let key = SecretKey::new([7; 32]).unwrap();
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    let service = AuthService::builder(store, &key, ISSUER, audiences).build();
    assert!(!service.has_passkeys());
    let client = client();
    let refused = service.for_client(&client).begin_passkey_login();
    assert_eq!(refusal(refused), Refusal::PasskeysNotConfigured);
}
