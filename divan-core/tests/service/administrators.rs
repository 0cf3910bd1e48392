//! Promotion, generated passwords of administrators, and changes of one's own account.

use std::time::Duration;

use divan_core::service::{
    Admin, AdminLoginCommand, CreateUserCommand, IssuedTokens, Promotion, ServiceError,
    UpdateUserCommand,
};
use divan_core::session::EndReason;
use divan_core::types::{AuditAction, Role};

use crate::support::admin::{Fixture, client};
use crate::support::{ADMIN_EMAIL, ADMIN_PASSWORD, PHONE, Refusal, refusal};

on_every_store!(
    promotion_generates_a_password_and_ends_all_sessions,
    promotion_needs_a_free_email_and_an_employee,
    an_employee_becomes_no_administrator_by_an_update,
    only_the_operator_sets_the_password_of_an_administrator,
    administrators_cannot_replace_their_own_password,
    a_change_of_the_own_email_ends_the_other_sessions,
    unlink_generates_a_password_for_the_next_telegram_account,
);

const SECOND: &str = "second@example.com";

impl Fixture {
    async fn employee(&self) -> divan_core::types::UserId {
        let command = CreateUserCommand::employee("First Last", PHONE).password("umbrella 77");
        self.add(&command).await.id
    }

    async fn admin_login(
        &self,
        email: &str,
        password: impl Into<divan_core::secret::Secret>,
    ) -> Result<IssuedTokens, ServiceError> {
        let command = AdminLoginCommand::new(email, password);
        self.service
            .for_client(&client())
            .admin_login(&command)
            .await
    }

    async fn promote(
        &self,
        user: divan_core::types::UserId,
        email: Option<&str>,
    ) -> Result<divan_core::secret::Secret, ServiceError> {
        let admin = self.admin().await;
        let client = client();
        let service = self.service.as_admin(&admin, &client);
        match service.promote_user(user, email).await? {
            Promotion::Done(password) => Ok(password),
            Promotion::Pending(pending) => panic!("{pending:?}"),
        }
    }
}

async fn promotion_generates_a_password_and_ends_all_sessions(f: Fixture) {
    let user = f.employee().await;
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let before = f.store.account(user).await.unwrap().unwrap();
    let password = f.promote(user, Some(SECOND)).await.unwrap();

    let token = session.access_token.expose();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
    for old in ["umbrella 77", password.expose()] {
        assert_eq!(
            refusal(f.login(&old.into()).await),
            Refusal::InvalidCredentials,
            "the Mini App is closed to administrators"
        );
    }
    assert_eq!(
        refusal(f.admin_login(SECOND, "umbrella 77").await),
        Refusal::InvalidCredentials
    );
    let promoted = f.admin_login(SECOND, password.clone()).await.unwrap().user;
    assert!(promoted.password_change_required);
    assert_eq!(promoted.role, Role::Admin);
    let after = f.store.account(user).await.unwrap().unwrap();
    assert_eq!(after.password_version, before.password_version + 1);
    assert!(f.actions(user).await.contains(&AuditAction::RoleChanged));
    f.clock.advance(Duration::from_hours(72));
    assert_eq!(
        refusal(f.admin_login(SECOND, password).await),
        Refusal::PasswordExpired
    );
}

async fn promotion_needs_a_free_email_and_an_employee(f: Fixture) {
    let user = f.employee().await;
    for (email, expected) in [
        (None, Refusal::ValidationFailed),
        (Some("no address"), Refusal::ValidationFailed),
        (Some(ADMIN_EMAIL), Refusal::EmailTaken),
    ] {
        assert_eq!(refusal(f.promote(user, email).await), expected, "{email:?}");
    }
    f.login(&"umbrella 77".into()).await.unwrap();
    let own = f.admin().await.id().unwrap();
    assert_eq!(refusal(f.promote(own, None).await), Refusal::AlreadyAdmin);
    f.promote(user, Some(SECOND)).await.unwrap();
    assert_eq!(refusal(f.promote(user, None).await), Refusal::AlreadyAdmin);
}

async fn an_employee_becomes_no_administrator_by_an_update(f: Fixture) {
    let user = f.employee().await;
    let (admin, client) = (f.admin().await, client());
    let service = f.service.as_admin(&admin, &client);
    let mut promote = UpdateUserCommand::default();
    promote.role = Some(Role::Admin);
    let refused = service.update_user(user, &promote).await;
    assert_eq!(refusal(refused), Refusal::PromotionRequired);
    promote.email = Some(Some(SECOND.to_owned()));
    let refused = service.update_user(user, &promote).await;
    assert_eq!(refusal(refused), Refusal::PromotionRequired);
    f.promote(user, Some(SECOND)).await.unwrap();
    assert_eq!(
        service.update_user(user, &promote).await.unwrap().role,
        Role::Admin
    );
    promote.role = Some(Role::Employee);
    assert_eq!(
        service.update_user(user, &promote).await.unwrap().role,
        Role::Employee
    );
}

async fn only_the_operator_sets_the_password_of_an_administrator(f: Fixture) {
    let command = CreateUserCommand::admin("Second", SECOND).password(ADMIN_PASSWORD);
    let (admin, client) = (f.admin().await, client());
    let refused = f
        .service
        .as_admin(&admin, &client)
        .create_user(&command)
        .await;
    let Err(ServiceError::Invalid(fields)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        fields[0].to_string(),
        "password must be absent for the role admin: a password is generated"
    );
    let operator = Admin::operator();
    let service = f.service.as_admin(&operator, &client);
    service.create_user(&command).await.unwrap();
    f.admin_login(SECOND, ADMIN_PASSWORD).await.unwrap();
}

async fn administrators_cannot_replace_their_own_password(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let own = admin.id().unwrap();
    let service = f.service.as_admin(&admin, &client);
    let before = f.actions(own).await;
    assert_eq!(
        refusal(service.reset_password(own).await),
        Refusal::OwnAccount
    );
    assert_eq!(
        refusal(service.unlink_telegram(own).await),
        Refusal::TelegramNotLinked
    );
    assert_eq!(f.actions(own).await, before);
    f.admin_login(ADMIN_EMAIL, ADMIN_PASSWORD).await.unwrap();

    // Also with an account that was linked before the promotion.
    let user = f.employee().await;
    f.login(&"umbrella 77".into()).await.unwrap();
    let generated = f.promote(user, Some(SECOND)).await.unwrap();
    let session = f.admin_login(SECOND, generated.clone()).await.unwrap();
    let token = session.access_token.expose();
    let caller = f.service.authenticate_any_scope(token).await.unwrap();
    let change = divan_core::service::ChangePasswordCommand::new(generated, "plum 4 the tram");
    let caller = f.service.as_caller(&caller, &client);
    let session = caller.change_password(&change).await.unwrap();
    let token = session.access_token.expose();
    let second = f.service.authenticate(token).await.unwrap();
    let second = second.into_admin().unwrap();
    let service = f.service.as_admin(&second, &client);
    assert_eq!(
        refusal(service.unlink_telegram(user).await),
        Refusal::OwnAccount
    );
    service.reset_password(admin.id().unwrap()).await.unwrap();
}

async fn a_change_of_the_own_email_ends_the_other_sessions(f: Fixture) {
    let here = f.admin_login(ADMIN_EMAIL, ADMIN_PASSWORD).await.unwrap();
    let there = f.admin_login(ADMIN_EMAIL, ADMIN_PASSWORD).await.unwrap();
    let authenticate = async |tokens: &IssuedTokens| {
        let token = tokens.access_token.expose();
        f.service.authenticate(token).await
    };
    let there_id = authenticate(&there).await.unwrap().session();
    let admin = authenticate(&here).await.unwrap().into_admin().unwrap();
    let (own, client) = (admin.id().unwrap(), client());
    let update = async |command: &UpdateUserCommand| {
        let service = f.service.as_admin(&admin, &client);
        service.update_user(own, command).await.unwrap();
    };
    let mut command = UpdateUserCommand::default();
    command.full_name = Some("Another Name".to_owned());
    command.email = Some(Some(ADMIN_EMAIL.to_uppercase()));
    update(&command).await;
    authenticate(&there).await.unwrap();

    f.tick();
    command.email = Some(Some(SECOND.to_owned()));
    update(&command).await;
    assert_eq!(refusal(authenticate(&there).await), Refusal::TokenInvalid);
    authenticate(&here).await.unwrap();
    let (ended, _) = f.store.session(there_id).await.unwrap().unwrap();
    assert_eq!(ended.end.unwrap().reason, EndReason::EmailChanged);
    assert_eq!(f.actions(own).await.last(), Some(&AuditAction::UserUpdated));
    f.admin_login(SECOND, ADMIN_PASSWORD).await.unwrap();
}

async fn unlink_generates_a_password_for_the_next_telegram_account(f: Fixture) {
    let user = f.employee().await;
    f.login(&"umbrella 77".into()).await.unwrap();
    let before = f.store.account(user).await.unwrap().unwrap();
    assert!(before.user.telegram_id.is_some());
    let (admin, client) = (f.admin().await, client());
    let service = f.service.as_admin(&admin, &client);
    let password = service.unlink_telegram(user).await.unwrap();
    let after = f.store.account(user).await.unwrap().unwrap();
    assert_eq!(after.user.telegram_id, None);
    assert_eq!(after.user.telegram_username, None);
    assert_eq!(after.password_version, before.password_version + 1);
    assert_eq!(
        refusal(f.login(&"umbrella 77".into()).await),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(service.unlink_telegram(user).await),
        Refusal::TelegramNotLinked,
        "a second call does not replace the password"
    );
    let linked = f.login(&password).await.unwrap().user;
    assert!(linked.password_change_required && linked.telegram_id.is_some());
}
