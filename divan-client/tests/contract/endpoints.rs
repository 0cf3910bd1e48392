//! Behaviour of each endpoint.

use std::time::Duration;

use divan_client::api::{
    AddPasskeyRequest, AdminLoginRequest, Audience, AuditAction, AuditRequest, Auth,
    BootstrapState, ChangePasswordRequest, CompleteAdminLoginRequest, ConfirmSecondFactorRequest,
    CreateServiceRequest, CreateUserRequest, CreateWebhookRequest, ENDPOINTS, EndpointDescription,
    EventsRequest, HealthStatus, ListUsersRequest, MediaType, Metadata, PasskeyCredential,
    PasskeyId, PasskeyLoginRequest, ProblemCode, PromoteUserRequest, ProofMethod,
    RenamePasskeyRequest, ReplayWebhookRequest, Role, RotateServiceSecretRequest, ServiceScope,
    SessionId, StepUpRequest, UpdateServiceRequest, UpdateUserRequest, UpdateWebhookRequest,
    WebhookDisabledReason, WebhookState,
};
use divan_client::{AdminPanel, CasResult, Client, Error, MemoryStore, Secret, TokenStore, Tokens};
use divan_core::passkey::SoftwareAuthenticator;
use divan_core::second_factor::TotpSecret;
use divan_core::types::{EndReason, EventData};

use futures_util::TryStreamExt;
use time::OffsetDateTime;

use crate::fixture::{ADMIN_ORIGIN, ADMIN_PASSWORD, Fixture, PASSWORD, fixture, signed_in};

#[tokio::test]
async fn every_endpoint_works_through_the_client() {
    for endpoint in ENDPOINTS.iter().filter(|endpoint| !is_file(endpoint)) {
        match endpoint.operation {
            "bootstrap" => assert_eq!(fixture().await.bootstrap().await.role, Role::Admin),
            operation => call(&signed_in().await, operation).await,
        }
    }
}

/// Creates a webhook, changes and tests it, and deletes it.
async fn webhooks(f: &Fixture) {
    let admin = f.client.admin();
    let mut request = CreateWebhookRequest::new("https://hooks.example.com/divan");
    request.types = vec!["user.deleted".to_owned()];
    let created = admin.create_webhook(&request).await.unwrap();
    assert!(created.secret.expose().starts_with("whsec_"));
    let id = created.webhook.id;
    assert_eq!(admin.get_webhook(id).await.unwrap(), created.webhook);
    let mut change = UpdateWebhookRequest::default();
    change.description = Some(Some("HR system".to_owned()));
    change.state = Some(WebhookState::Disabled);
    let changed = admin.update_webhook(id, &change).await.unwrap();
    assert_eq!(changed.description.as_deref(), Some("HR system"));
    let reason = WebhookDisabledReason::Administrator;
    assert_eq!(changed.disabled_reason, Some(reason));
    let rotated = admin.rotate_webhook_secret(id).await.unwrap();
    assert_ne!(rotated.secret.expose(), created.secret.expose());
    let test = admin.test_webhook(id).await.unwrap();
    assert_eq!((test.delivered, test.status), (true, Some(204)));
    let replay = ReplayWebhookRequest::new(created.webhook.created_at);
    admin.replay_webhook(id, &replay).await.unwrap();
    assert_eq!(admin.list_webhooks().await.unwrap().items.len(), 1);
    admin.delete_webhook(id).await.unwrap();
    let unknown = admin.delete_webhook(id).await.unwrap_err();
    assert_eq!(unknown.code(), Some(ProblemCode::NotFound));
}

/// One administrator requests promotions, and another one approves one of them.
async fn promotions(f: &Fixture) {
    let employee = f.client.miniapp().me().await.unwrap();
    let second = CreateUserRequest::admin("Second Admin", "second@example.com");
    let created = f.client.admin().create_user(&second).await.unwrap();
    let (first, second) = (f.approval().await, f.approval().await);
    let login = AdminLoginRequest::new("second@example.com", created.generated_password.unwrap());
    second.admin().login(&login).await.unwrap();
    let change = ChangePasswordRequest::new(login.password, "lamp across the river");
    second.admin().change_password(&change).await.unwrap();
    let (first, second) = (first.admin(), second.admin());

    let new = CreateUserRequest::admin("Third Admin", "third@example.com");
    let refused = first.create_user(&new).await.unwrap_err();
    assert_eq!(refused.code(), Some(ProblemCode::ApprovalRequired));
    let request = PromoteUserRequest::email("third@example.com");
    for is_approved in [false, true] {
        let requested = first.promote_user(employee.id, &request).await.unwrap();
        assert!(requested.generated_password.is_none());
        let promotion = requested.promotion.unwrap();
        assert_eq!(promotion.user.id, employee.id);
        let listed = second.list_promotions().await.unwrap().items;
        assert_eq!(listed, std::slice::from_ref(&promotion));
        if !is_approved {
            second.decline_promotion(promotion.id).await.unwrap();
            let again = second.decline_promotion(promotion.id).await.unwrap_err();
            assert_eq!(again.code(), Some(ProblemCode::NotFound));
            continue;
        }
        let own = first.approve_promotion(promotion.id).await.unwrap_err();
        assert_eq!(own.code(), Some(ProblemCode::OtherAdministratorRequired));
        let approved = second.approve_promotion(promotion.id).await.unwrap();
        let login = AdminLoginRequest::new("third@example.com", approved.generated_password);
        let third = f.client.admin().login(&login).await.unwrap();
        assert_eq!(third.id, employee.id);
    }
}

/// Files are for browsers: programs list and create users one by one.
fn is_file(endpoint: &EndpointDescription) -> bool {
    [endpoint.request_type, endpoint.response_type] != [MediaType::Json; 2]
}

#[expect(clippy::too_many_lines, reason = "one arm for each endpoint")]
async fn call(f: &Fixture, operation: &str) {
    let (client, miniapp, admin) = (&f.client, f.client.miniapp(), f.client.admin());
    match operation {
        "live" => assert_eq!(client.live().await.unwrap().status, HealthStatus::Live),
        "ready" => assert_eq!(client.ready().await.unwrap().status, HealthStatus::Ready),
        "jwks" => {
            let keys = client.jwks().await.unwrap().keys;
            assert_eq!(keys.len(), 1);
            assert_eq!(
                keys[0].kid.as_deref(),
                Some(f.signing_key.verifying_key().kid())
            );
        }
        "authorization_server_metadata" | "openid_configuration" => {
            let metadata = client.authorization_server_metadata().await.unwrap();
            let again = client.openid_configuration().await.unwrap();
            assert_eq!(metadata, again);
            let algorithms = metadata.id_token_signing_alg_values_supported;
            assert_eq!(algorithms, ["EdDSA"]);
        }
        "admin_login" => assert_eq!(
            admin.login(&Fixture::admin_login()).await.unwrap().role,
            Role::Admin
        ),
        "telegram_login" => {
            let user = miniapp.login(&f.login(PASSWORD)).await.unwrap();
            assert_eq!(
                (user.role, user.telegram_id.unwrap().0),
                (Role::Employee, 42)
            );
        }
        "auto_login" => {
            let user = miniapp.auto_login(&f.auto_login()).await.unwrap();
            assert_eq!(user, miniapp.me().await.unwrap());
        }
        "get_bootstrap" => {
            assert_eq!(
                client.get_bootstrap().await.unwrap(),
                BootstrapState::CLOSED
            );
        }
        "telegram_config" => {
            let config = client.telegram_config().await.unwrap();
            assert_eq!((config.bot_username, config.test_sign_in), (None, false));
        }
        "me" => {
            assert_eq!(miniapp.me().await.unwrap().role, Role::Employee);
            assert_eq!(admin.me().await.unwrap().role, Role::Admin);
            let token = admin.access_token().await.unwrap();
            assert_eq!(client.me(&token).await.unwrap(), admin.me().await.unwrap());
        }
        "refresh" => {
            f.advance_clocks(Duration::from_mins(1));
            let before = miniapp.access_token().await.unwrap();
            miniapp.refresh().await.unwrap();
            assert_ne!(
                miniapp.access_token().await.unwrap().expose(),
                before.expose()
            );
            miniapp.me().await.unwrap();
        }
        "logout" => {
            let token = miniapp.access_token().await.unwrap();
            miniapp.logout().await.unwrap();
            assert!(!miniapp.is_signed_in().await.unwrap());
            assert_eq!(
                client.me(&token).await.unwrap_err().code(),
                Some(ProblemCode::TokenInvalid)
            );
        }
        "sessions" => {
            let sessions = admin.sessions().await.unwrap().items;
            assert_eq!((sessions.len(), sessions[0].is_current), (1, true));
            assert_eq!(sessions[0].audience, Audience::Admin);
        }
        "end_session" => end_session(f).await,
        "devices" => {
            let devices = admin.devices().await.unwrap().items;
            assert_eq!(devices.len(), 1);
            assert_eq!(miniapp.devices().await.unwrap().items, []);
        }
        "remove_device" => remove_device(f).await,
        "complete_admin_login"
        | "get_second_factor"
        | "begin_second_factor"
        | "confirm_second_factor"
        | "replace_recovery_codes"
        | "disable_second_factor" => second_factor(f).await,
        "step_up" => step_up(f).await,
        "begin_passkey_login"
        | "passkey_login"
        | "begin_step_up"
        | "passkeys"
        | "begin_passkey"
        | "add_passkey"
        | "rename_passkey"
        | "remove_passkey" => passkeys(f).await,
        "get_user_second_factor" | "reset_second_factor" => reset_second_factor(f).await,
        "get_failed_sign_ins" | "unlock_user" => unlock_user(f).await,
        "change_password" => {
            let change = ChangePasswordRequest::new(ADMIN_PASSWORD, "plum over the tram");
            let user = admin.change_password(&change).await.unwrap();
            assert_eq!(user, admin.me().await.unwrap());
            assert!(
                admin
                    .login(&Fixture::admin_login())
                    .await
                    .unwrap_err()
                    .is_invalid_credentials()
            );
        }
        "create_user" => {
            let employee = miniapp.me().await.unwrap();
            assert_eq!(
                (employee.role, employee.full_name.as_str()),
                (Role::Employee, "First Last")
            );
        }
        // The client lists users with the filters in the body.
        "list_users" | "search_users" => list_users(f).await,
        "get_user" => {
            let employee = miniapp.me().await.unwrap();
            assert_eq!(admin.get_user(employee.id).await.unwrap(), employee);
            let mut request = UpdateUserRequest::default();
            let metadata: Metadata = r#"{"department":"sales"}"#.parse().unwrap();
            request.metadata = Some(Some(metadata.clone().into()));
            let updated = admin.update_user(employee.id, &request).await.unwrap();
            assert_eq!(updated.metadata, Some(metadata));
            let got = admin.get_user_with_metadata(employee.id).await.unwrap();
            assert_eq!(got, updated);
            assert_eq!(miniapp.me_with_metadata().await.unwrap(), updated);
            let token = miniapp.access_token().await.unwrap();
            assert_eq!(client.me_with_metadata(&token).await.unwrap(), updated);
        }
        "delete_user" => {
            let employee = miniapp.me().await.unwrap().id;
            admin.delete_user(employee).await.unwrap();
            assert_signed_out(f).await;
            let error = admin.delete_user(employee).await.unwrap_err();
            assert_eq!(error.code(), Some(ProblemCode::NotFound));
            let own = admin.me().await.unwrap().id;
            let error = admin.delete_user(own).await.unwrap_err();
            assert_eq!(error.code(), Some(ProblemCode::OwnAccount));
        }
        "reset_password" => {
            let employee = miniapp.me().await.unwrap().id;
            let password = admin
                .reset_password(employee)
                .await
                .unwrap()
                .generated_password;
            assert_signed_out(f).await;
            let user = miniapp.login(&f.login(password.expose())).await.unwrap();
            assert!(user.password_change_required);
        }
        "audit" => audit(f).await,
        "list_events" => events(f).await,
        "update_user" => {
            let mut request = UpdateUserRequest::default();
            (request.full_name, request.is_active) = (Some("Another Name".to_owned()), Some(false));
            let updated = admin
                .update_user(miniapp.me().await.unwrap().id, &request)
                .await
                .unwrap();
            assert_eq!(
                (updated.full_name.as_str(), updated.is_active),
                ("Another Name", false)
            );
            assert_signed_out(f).await;
        }
        "unlink_telegram" => {
            let employee = miniapp.me().await.unwrap();
            let reset = admin.unlink_telegram(employee.id).await.unwrap();
            assert_signed_out(f).await;
            let again = admin.unlink_telegram(employee.id).await.unwrap_err();
            assert_eq!(again.code(), Some(ProblemCode::TelegramNotLinked));
            let login = f.login(reset.generated_password.expose());
            assert_eq!(miniapp.login(&login).await.unwrap().id, employee.id);
        }
        "promote_user" => {
            let employee = miniapp.me().await.unwrap().id;
            let request = PromoteUserRequest::email("second@example.com");
            let promoted = admin.promote_user(employee, &request).await.unwrap();
            assert_signed_out(f).await;
            assert_eq!(admin.get_user(employee).await.unwrap().role, Role::Admin);
            let again = admin.promote_user(employee, &request).await.unwrap_err();
            assert_eq!(again.code(), Some(ProblemCode::AlreadyAdmin));
            let login =
                AdminLoginRequest::new("second@example.com", promoted.generated_password.unwrap());
            assert_eq!(admin.login(&login).await.unwrap().id, employee);
        }
        "list_promotions" | "approve_promotion" | "decline_promotion" => promotions(f).await,
        "list_services"
        | "create_service"
        | "get_service"
        | "update_service"
        | "delete_service"
        | "rotate_service_secret"
        | "remove_service_secret" => services(f).await,
        "list_webhooks"
        | "create_webhook"
        | "get_webhook"
        | "update_webhook"
        | "delete_webhook"
        | "rotate_webhook_secret"
        | "test_webhook"
        | "replay_webhook" => webhooks(f).await,
        "user_sessions" => {
            let employee = miniapp.me().await.unwrap().id;
            let sessions = admin.user_sessions(employee).await.unwrap().items;
            let own = miniapp.sessions().await.unwrap().items;
            assert_eq!((sessions.len(), sessions[0].id), (1, own[0].id));
            assert!(own[0].is_current && !sessions[0].is_current);
        }
        "end_user_sessions" => {
            admin
                .end_user_sessions(miniapp.me().await.unwrap().id)
                .await
                .unwrap();
            assert_signed_out(f).await;
        }
        other => panic!("the client has no call for {other}: add one"),
    }
}

/// Creates, changes, rotates and deletes a service credential.
async fn services(f: &Fixture) {
    let admin = f.client.admin();
    let mut request = CreateServiceRequest::new("HR system", [ServiceScope::UsersRead]);
    request.allowed_addresses = vec!["192.0.2.0/24".to_owned()];
    let created = admin.create_service(&request).await.unwrap();
    assert!(!format!("{created:?}").contains(created.secret.expose()));
    let id = created.service.id;
    assert_eq!(admin.get_service(id).await.unwrap(), created.service);
    let mut change = UpdateServiceRequest::default();
    (change.name, change.expires_at) = (Some("Gateway".to_owned()), Some(None));
    let changed = admin.update_service(id, &change).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.expires_at),
        ("Gateway", None)
    );
    let listed = admin.list_services().await.unwrap().items;
    assert_eq!(listed, std::slice::from_ref(&changed));

    f.advance_clocks(Duration::from_secs(1));
    let rotate = RotateServiceSecretRequest::keeping(60);
    let rotated = admin.rotate_service_secret(id, &rotate).await.unwrap();
    assert_ne!(rotated.secret.expose(), created.secret.expose());
    let [old, new] = rotated.service.secrets.as_slice() else {
        panic!("{:?}", rotated.service)
    };
    assert_eq!(old.id, changed.secrets[0].id);
    admin.remove_service_secret(id, old.id).await.unwrap();
    let last = admin.remove_service_secret(id, new.id).await.unwrap_err();
    assert_eq!(last.code(), Some(ProblemCode::LastServiceSecret));
    admin.delete_service(id).await.unwrap();
    let gone = admin.get_service(id).await.unwrap_err();
    assert_eq!(gone.code(), Some(ProblemCode::NotFound));
}

/// Returns the code of an authenticator app now.
fn code(f: &Fixture, secret: &Secret) -> String {
    let secret: TotpSecret = secret.expose().parse().unwrap();
    secret.code(f.server_time() / TotpSecret::STEP_SECONDS)
}

/// Turns the second factor of a handle on, and returns the secret and the recovery codes.
async fn enrol(f: &Fixture, admin: &AdminPanel) -> (Secret, Vec<Secret>) {
    let enrolment = admin.begin_second_factor().await.unwrap();
    assert!(enrolment.qr_code.expose().starts_with("<svg "));
    let request = ConfirmSecondFactorRequest::new(code(f, &enrolment.secret));
    let codes = admin.confirm_second_factor(&request).await.unwrap();
    (enrolment.secret, codes)
}

async fn second_factor(f: &Fixture) {
    let admin = f.client.admin();
    let state = admin.get_second_factor().await.unwrap();
    assert!(!state.is_enabled && state.confirmed_at.is_none());
    let (secret, codes) = enrol(f, &admin).await;
    let state = admin.get_second_factor().await.unwrap();
    assert_eq!((state.is_enabled, state.recovery_codes_left), (true, 10));

    let error = admin.login(&Fixture::admin_login()).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::SecondFactorRequired));
    let methods = [ProofMethod::Code, ProofMethod::RecoveryCode];
    assert_eq!(error.problem().unwrap().methods(), methods);
    let challenge = error.challenge().unwrap();
    assert!(!format!("{error:?}").contains(challenge.expose()));
    let request_with_used_code =
        CompleteAdminLoginRequest::with_code(challenge.clone(), code(f, &secret));
    let error = admin
        .complete_login(&request_with_used_code)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::SecondFactorInvalid));
    let request =
        CompleteAdminLoginRequest::with_recovery_code(challenge.clone(), codes[0].clone());
    let user = admin.complete_login(&request).await.unwrap();
    assert_eq!(user, admin.me().await.unwrap());
    let error = admin.complete_login(&request).await.unwrap_err();
    let expected = ProblemCode::SecondFactorChallengeInvalid;
    assert_eq!(error.code(), Some(expected));

    let replaced = admin.replace_recovery_codes().await.unwrap();
    assert_eq!(replaced.recovery_codes.len(), 10);
    admin.disable_second_factor().await.unwrap();
    assert!(!admin.get_second_factor().await.unwrap().is_enabled);
    admin.login(&Fixture::admin_login()).await.unwrap();
}

async fn passkeys(f: &Fixture) {
    let admin = f.client.admin();
    let mut authenticator = SoftwareAuthenticator::new(ADMIN_ORIGIN, "first");
    let options = admin.begin_passkey().await.unwrap();
    let request = AddPasskeyRequest::new("Laptop", authenticator.create(&options));
    let (passkey, codes) = admin.add_passkey(&request).await.unwrap();
    assert_eq!((passkey.name.as_str(), codes.len()), ("Laptop", 10));
    let error = admin.add_passkey(&request).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::SecondFactorInvalid));
    let options = admin.begin_passkey().await.unwrap();
    let again = AddPasskeyRequest::new("Laptop", authenticator.create(&options));
    let error = admin.add_passkey(&again).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasskeyTaken));
    let rename = RenamePasskeyRequest::new("Old laptop");
    let renamed = admin.rename_passkey(passkey.id, &rename).await.unwrap();
    assert_eq!(admin.passkeys().await.unwrap().items, [renamed]);
    assert_eq!(admin.get_second_factor().await.unwrap().passkeys, 1);

    let error = admin.login(&Fixture::admin_login()).await.unwrap_err();
    let problem = error.problem().unwrap();
    let methods = [ProofMethod::Passkey, ProofMethod::RecoveryCode];
    assert_eq!(problem.methods(), methods);
    let credential = authenticator.get(problem.passkey().unwrap());
    let challenge = error.challenge().unwrap().clone();
    let request = CompleteAdminLoginRequest::with_passkey(challenge, credential);
    admin.complete_login(&request).await.unwrap();

    let credential = authenticator.get(&admin.begin_passkey_login().await.unwrap());
    let request = PasskeyLoginRequest::new(credential);
    let user = admin.passkey_login(&request).await.unwrap();
    assert_eq!(user, admin.me().await.unwrap());
    let error = admin.passkey_login(&request).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasskeyInvalid));

    f.advance_clocks(Duration::from_mins(6));
    admin
        .with_step_up(
            async || admin.remove_passkey(passkey.id).await,
            async |methods| {
                assert!(methods.contains(&ProofMethod::Passkey));
                let options = admin.begin_step_up().await.unwrap();
                Some(StepUpRequest::with_passkey(
                    authenticator.clone().get(&options),
                ))
            },
        )
        .await
        .unwrap();
    assert!(!admin.get_second_factor().await.unwrap().is_enabled);
    let error = admin.begin_step_up().await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::NotFound));
    admin.login(&Fixture::admin_login()).await.unwrap();
}

async fn step_up(f: &Fixture) {
    let admin = f.client.admin();
    f.advance_clocks(Duration::from_mins(6));
    let error = admin.begin_second_factor().await.unwrap_err();
    assert_eq!(
        error.code(),
        Some(ProblemCode::InsufficientUserAuthentication)
    );
    let refused = admin
        .with_step_up(async || admin.begin_second_factor().await, async |_| None)
        .await;
    assert_eq!(refused.unwrap_err().code(), error.code());
    let wrong = StepUpRequest::with_password("a wrong password");
    let error = admin.step_up(&wrong).await.unwrap_err();
    assert!(error.is_invalid_credentials(), "{error}");
    let enrolment = admin
        .with_step_up(
            async || admin.begin_second_factor().await,
            async |methods| {
                assert_eq!(methods, [ProofMethod::Password]);
                Some(StepUpRequest::with_password(ADMIN_PASSWORD))
            },
        )
        .await
        .unwrap();
    let request = ConfirmSecondFactorRequest::new(code(f, &enrolment.secret));
    admin.confirm_second_factor(&request).await.unwrap();

    f.advance_clocks(Duration::from_mins(6));
    admin
        .with_step_up(
            async || admin.replace_recovery_codes().await,
            async |methods| {
                assert_eq!(methods, [ProofMethod::Code, ProofMethod::RecoveryCode]);
                Some(StepUpRequest::with_code(code(f, &enrolment.secret)))
            },
        )
        .await
        .unwrap();
    // A refresh keeps the time of the proof.
    admin.refresh().await.unwrap();
    admin.replace_recovery_codes().await.unwrap();
}

async fn reset_second_factor(f: &Fixture) {
    let (admin, second) = (f.client.admin(), f.another().build().unwrap().admin());
    let create = CreateUserRequest::admin("Second", "second@example.com");
    let created = admin.create_user(&create).await.unwrap();
    let password = created.generated_password.unwrap();
    let login = AdminLoginRequest::new("second@example.com", password.clone());
    second.login(&login).await.unwrap();
    let error = second.begin_second_factor().await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasswordChangeRequired));
    let change = ChangePasswordRequest::new(password, "plum over the tram");
    let id = second.change_password(&change).await.unwrap().id;
    enrol(f, &second).await;
    assert!(admin.get_user_second_factor(id).await.unwrap().is_enabled);
    admin.reset_second_factor(id).await.unwrap();
    assert!(!admin.get_user_second_factor(id).await.unwrap().is_enabled);
    let again = admin.reset_second_factor(id).await.unwrap_err();
    assert_eq!(again.code(), Some(ProblemCode::NotFound));
    let login = AdminLoginRequest::new("second@example.com", "plum over the tram");
    second.login(&login).await.unwrap();
}

async fn remove_device(f: &Fixture) {
    let admin = f.client.admin();
    let device = admin.devices().await.unwrap().items[0].id;
    admin.remove_device(device).await.unwrap();
    assert_eq!(admin.devices().await.unwrap().items, []);
    let again = admin.remove_device(device).await.unwrap_err();
    assert_eq!(again.code(), Some(ProblemCode::NotFound));
    admin.me().await.unwrap();
}

/// Another Telegram account guesses the employee's password until it must wait.
async fn unlock_user(f: &Fixture) {
    let (admin, attacker) = (f.client.admin(), f.another().build().unwrap().miniapp());
    let employee = f.client.miniapp().me().await.unwrap().id;
    let mut guess = f.login("a wrong password");
    guess.init_data = Some(f.init_data_of(666).into());
    for _ in 0..3 {
        let error = attacker.login(&guess).await.unwrap_err();
        assert!(error.is_invalid_credentials(), "{error}");
    }
    let refused = attacker.login(&guess).await.unwrap_err();
    assert_eq!(refused.code(), Some(ProblemCode::TooManyAttempts));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(30)));

    let failed = admin.get_failed_sign_ins(employee).await.unwrap();
    assert_eq!((failed.untrusted, failed.trusted), (3, 0));
    assert!(!failed.is_untrusted_refused && !failed.is_trusted_refused);
    admin.unlock_user(employee).await.unwrap();
    let failed = admin.get_failed_sign_ins(employee).await.unwrap();
    assert_eq!((failed.untrusted, failed.trusted), (0, 0));
    let error = attacker.login(&guess).await.unwrap_err();
    assert!(error.is_invalid_credentials(), "{error}");
}

async fn list_users(f: &Fixture) {
    let admin = f.client.admin();
    for n in 0..5 {
        f.advance_clocks(Duration::from_millis(1));
        let request = CreateUserRequest::employee(format!("Crowd {n}"), format!("+7701000000{n}"));
        admin.create_user(&request).await.unwrap();
    }
    let mut request = ListUsersRequest::default();
    (request.limit, request.q) = (Some(2), Some("crowd".to_owned()));
    let page = admin.list_users(&request).await.unwrap();
    assert_eq!(
        (page.items[0].full_name.as_str(), page.items.len()),
        ("Crowd 4", 2)
    );
    let all: Vec<_> = admin.all_users(&request).try_collect().await.unwrap();
    let names: Vec<_> = all.iter().map(|user| user.full_name.as_str()).collect();
    assert_eq!(
        names,
        ["Crowd 4", "Crowd 3", "Crowd 2", "Crowd 1", "Crowd 0"]
    );

    let mut admins = ListUsersRequest::default();
    (admins.role, admins.is_active) = (Some(Role::Admin), Some(true));
    assert_eq!(
        admin.list_users(&admins).await.unwrap().items,
        [admin.me().await.unwrap()]
    );
    assert_eq!(f.request_count("/auth/admin/users/search"), 5);
    assert_eq!(f.request_count("/auth/admin/users"), 6);
}

async fn audit(f: &Fixture) {
    let (admin, employee) = (f.client.admin(), f.client.miniapp().me().await.unwrap().id);
    f.advance_clocks(Duration::from_millis(1));
    admin.end_user_sessions(employee).await.unwrap();
    let mut request = AuditRequest::default();
    (request.user, request.limit) = (Some(employee), Some(1));
    let page = admin.audit(&request).await.unwrap();
    assert_eq!(page.items[0].action, AuditAction::SignedOutEverywhere);
    assert_eq!(page.items[0].actor_id, Some(admin.me().await.unwrap().id));
    assert!(page.items[0].request_id.is_some());
    let all: Vec<_> = admin.all_audit(&request).try_collect().await.unwrap();
    let actions: Vec<_> = all.iter().map(|record| record.action).collect();
    for action in [
        AuditAction::UserCreated,
        AuditAction::SignedIn,
        AuditAction::TelegramLinked,
    ] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

async fn events(f: &Fixture) {
    let (admin, employee) = (f.client.admin(), f.client.miniapp().me().await.unwrap().id);
    let start = admin.list_events(&EventsRequest::default()).await.unwrap();
    assert!(start.items.is_empty() && !start.has_more);
    admin.end_user_sessions(employee).await.unwrap();
    let mut request = EventsRequest::default();
    (request.after, request.limit) = (Some(start.next), Some(1));
    let page = admin.list_events(&request).await.unwrap();
    let event = &page.items[0];
    assert_eq!(
        (event.subject, event.specversion.as_str()),
        (employee, "1.0")
    );
    let EventData::SessionRevoked { reason, .. } = event.typed() else {
        panic!("{event:?}")
    };
    assert_eq!(reason, EndReason::SignedOutByAdmin);
    let mut request = EventsRequest::default();
    request.since = Some(OffsetDateTime::UNIX_EPOCH);
    request.limit = Some(2);
    let all: Vec<_> = admin.all_events(&request).try_collect().await.unwrap();
    let types: Vec<_> = all.iter().map(|event| event.event_type.as_str()).collect();
    for name in ["admin.promoted", "user.created", "telegram.linked"] {
        assert!(types.contains(&name), "{types:?}");
    }
    assert_eq!(all.last(), Some(event));
    request = EventsRequest::default();
    request.after = Some("unknown".to_owned());
    let error = admin.list_events(&request).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::ValidationFailed));
}

/// Asserts that the employee's session has ended and auto-login requires the password.
async fn assert_signed_out(f: &Fixture) {
    f.advance_clocks(Duration::from_mins(1));
    let miniapp = f.client.miniapp();
    assert!(miniapp.me().await.unwrap_err().is_signed_out());
    let error = miniapp.auto_login(&f.auto_login()).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::PasswordRequired));
}

async fn end_session(f: &Fixture) {
    let (here, elsewhere) = (f.client.miniapp(), f.another().build().unwrap().miniapp());
    elsewhere.login(&f.login(PASSWORD)).await.unwrap();
    f.advance_clocks(Duration::from_mins(1));
    let sessions = here.sessions().await.unwrap().items;
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| !session.is_current).unwrap();
    here.end_session(other.id).await.unwrap();
    here.end_session(other.id).await.unwrap();
    assert!(elsewhere.me().await.unwrap_err().is_signed_out());
    let nowhere = "01920000-0000-7000-8000-00000000ffff"
        .parse::<SessionId>()
        .unwrap();
    assert_eq!(
        here.end_session(nowhere).await.unwrap_err().code(),
        Some(ProblemCode::NotFound)
    );
}

#[tokio::test]
async fn endpoints_reject_a_forged_access_token() {
    let f = signed_in().await;
    let is_guarded = |endpoint: &&EndpointDescription| {
        !is_file(endpoint)
            && matches!(
                endpoint.auth,
                Auth::Bearer
                    | Auth::BearerAnyScope
                    | Auth::Admin
                    | Auth::AdminAnyScope
                    | Auth::AdminOrService(_)
            )
    };
    for endpoint in ENDPOINTS
        .iter()
        .filter(is_guarded)
        .filter(|endpoint| endpoint.operation != "logout")
    {
        let forged = with_forged_tokens(&f).await;
        let refused = call_forged(&forged, endpoint.operation).await.unwrap_err();
        assert!(refused.is_unauthorized(), "{}", endpoint.operation);
        assert_eq!(
            refused.code(),
            Some(ProblemCode::TokenInvalid),
            "{}",
            endpoint.operation
        );
    }
    // Logout with an invalid token succeeds.
    let forged = with_forged_tokens(&f).await;
    forged.admin().logout().await.unwrap();
    assert_eq!(f.request_count("/auth/logout"), 1);
    assert!(!forged.admin().is_signed_in().await.unwrap());
}

/// Creates a client with recent tokens that this server did not issue.
async fn with_forged_tokens(f: &Fixture) -> Client {
    let mut stores = Vec::new();
    for audience in ["miniapp", "admin"] {
        let store = MemoryStore::new();
        let text = format!(
            r#"{{"version":1,"server":"{}","audience":"{audience}","access_token":"not.a.token",
            "refresh_token":"dvr1.none","obtained_at":1780000000000,"expires_at":1780000900000}}"#,
            f.uri()
        );
        let forged = Tokens::from_text(&Secret::new(text)).unwrap();
        assert!(matches!(
            store.compare_and_swap(None, Some(&forged)).await.unwrap(),
            CasResult::Swapped
        ));
        stores.push(store);
    }
    let (admin, miniapp) = (stores.pop().unwrap(), stores.pop().unwrap());
    f.another()
        .miniapp_store(miniapp)
        .admin_store(admin)
        .build()
        .unwrap()
}

#[expect(clippy::too_many_lines, reason = "one arm for each endpoint")]
async fn call_forged(client: &Client, operation: &str) -> Result<(), Error> {
    let (miniapp, admin) = (client.miniapp(), client.admin());
    let id = "01920000-0000-7000-8000-000000000001";
    match operation {
        "me" => miniapp.me().await.map(drop),
        "sessions" => miniapp.sessions().await.map(drop),
        "end_session" => miniapp.end_session(id.parse().unwrap()).await,
        "devices" => miniapp.devices().await.map(drop),
        "remove_device" => miniapp.remove_device(id.parse().unwrap()).await,
        "get_failed_sign_ins" => admin
            .get_failed_sign_ins(id.parse().unwrap())
            .await
            .map(drop),
        "unlock_user" => admin.unlock_user(id.parse().unwrap()).await,
        "change_password" => miniapp
            .change_password(&ChangePasswordRequest::new(PASSWORD, "umbrella 78"))
            .await
            .map(drop),
        "create_user" => admin.create_user(&Fixture::new_employee()).await.map(drop),
        "list_users" | "search_users" => admin
            .list_users(&ListUsersRequest::default())
            .await
            .map(drop),
        "get_user" => admin.get_user(id.parse().unwrap()).await.map(drop),
        "delete_user" => admin.delete_user(id.parse().unwrap()).await,
        "reset_password" => admin.reset_password(id.parse().unwrap()).await.map(drop),
        "audit" => admin.audit(&AuditRequest::default()).await.map(drop),
        "list_events" => admin.list_events(&EventsRequest::default()).await.map(drop),
        "update_user" => admin
            .update_user(id.parse().unwrap(), &UpdateUserRequest::default())
            .await
            .map(drop),
        "unlink_telegram" => admin.unlink_telegram(id.parse().unwrap()).await.map(drop),
        "promote_user" => admin
            .promote_user(id.parse().unwrap(), &PromoteUserRequest::default())
            .await
            .map(drop),
        "list_promotions" => admin.list_promotions().await.map(drop),
        "approve_promotion" => admin.approve_promotion(id.parse().unwrap()).await.map(drop),
        "decline_promotion" => admin.decline_promotion(id.parse().unwrap()).await,
        "list_services" => admin.list_services().await.map(drop),
        "create_service" => {
            let request = CreateServiceRequest::new("HR system", [ServiceScope::UsersRead]);
            admin.create_service(&request).await.map(drop)
        }
        "get_service" => admin.get_service(id.parse().unwrap()).await.map(drop),
        "update_service" => admin
            .update_service(id.parse().unwrap(), &UpdateServiceRequest::default())
            .await
            .map(drop),
        "delete_service" => admin.delete_service(id.parse().unwrap()).await,
        "rotate_service_secret" => admin
            .rotate_service_secret(id.parse().unwrap(), &RotateServiceSecretRequest::default())
            .await
            .map(drop),
        "remove_service_secret" => {
            let (id, secret) = (id.parse().unwrap(), id.parse().unwrap());
            admin.remove_service_secret(id, secret).await
        }
        "list_webhooks" => admin.list_webhooks().await.map(drop),
        "create_webhook" => {
            let request = CreateWebhookRequest::new("https://hooks.example.com/");
            admin.create_webhook(&request).await.map(drop)
        }
        "get_webhook" => admin.get_webhook(id.parse().unwrap()).await.map(drop),
        "update_webhook" => admin
            .update_webhook(id.parse().unwrap(), &UpdateWebhookRequest::default())
            .await
            .map(drop),
        "delete_webhook" => admin.delete_webhook(id.parse().unwrap()).await,
        "rotate_webhook_secret" => admin
            .rotate_webhook_secret(id.parse().unwrap())
            .await
            .map(drop),
        "test_webhook" => admin.test_webhook(id.parse().unwrap()).await.map(drop),
        "replay_webhook" => {
            let since = "2026-01-20T00:00:00Z";
            let since = serde_json::json!({ "since": since });
            let request = serde_json::from_value(since).unwrap();
            admin.replay_webhook(id.parse().unwrap(), &request).await
        }
        "user_sessions" => admin.user_sessions(id.parse().unwrap()).await.map(drop),
        "end_user_sessions" => admin.end_user_sessions(id.parse().unwrap()).await,
        "step_up" => {
            admin
                .step_up(&StepUpRequest::with_password(ADMIN_PASSWORD))
                .await
        }
        "begin_step_up" => admin.begin_step_up().await.map(drop),
        "passkeys" => admin.passkeys().await.map(drop),
        "begin_passkey" => admin.begin_passkey().await.map(drop),
        "add_passkey" => {
            let credential = PasskeyCredential::new(serde_json::json!({}));
            let request = AddPasskeyRequest::new("Laptop", credential);
            admin.add_passkey(&request).await.map(drop)
        }
        "rename_passkey" => admin
            .rename_passkey(id.parse().unwrap(), &RenamePasskeyRequest::new("Laptop"))
            .await
            .map(drop),
        "remove_passkey" => {
            let id: PasskeyId = id.parse().unwrap();
            admin.remove_passkey(id).await
        }
        "get_second_factor" => admin.get_second_factor().await.map(drop),
        "begin_second_factor" => admin.begin_second_factor().await.map(drop),
        "confirm_second_factor" => admin
            .confirm_second_factor(&ConfirmSecondFactorRequest::new("123456"))
            .await
            .map(drop),
        "disable_second_factor" => admin.disable_second_factor().await,
        "replace_recovery_codes" => admin.replace_recovery_codes().await.map(drop),
        "get_user_second_factor" => admin
            .get_user_second_factor(id.parse().unwrap())
            .await
            .map(drop),
        "reset_second_factor" => admin.reset_second_factor(id.parse().unwrap()).await,
        other => panic!("the client has no call for {other}: add one"),
    }
}
