//! Promotions to administrator that a second administrator approves, on every store.

use std::time::Duration;

use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, CreateUserCommand, ExistingUsers, ImportedUser,
    PendingPromotion, Promotion, ServiceError, UpdateUserCommand,
};
use divan_core::types::{AuditAction, PromotionId, Role, UserId};

use crate::second_factor::add_admin;
use crate::support::admin::{Fixture, client};
use crate::support::{ADMIN_EMAIL, PASSWORD, PHONE, Refusal, builder, refusal, sign_in_admin};

on_every_store!(
    a_second_administrator_approves_a_promotion,
    a_promotion_is_not_approved_by_its_requester,
    a_promotion_is_approved_once,
    a_promotion_expires_after_a_day,
    a_declined_promotion_has_no_effect,
    another_request_replaces_the_first_one,
    a_request_is_void_without_its_administrator,
    a_request_is_void_after_a_change_of_the_employee,
    a_deactivated_administrator_is_not_activated_without_an_approval,
    an_approval_needs_a_recent_proof,
    a_request_that_cannot_be_approved_is_refused,
    administrators_are_not_created_without_an_approval,
    the_operator_needs_no_approval,
);

const NEW_EMAIL: &str = "new@example.com";
const SECOND_EMAIL: &str = "second@example.com";
const DAY: Duration = Duration::from_hours(24);

/// Two administrators, an employee, and a service that requires approvals.
struct Approval {
    f: Fixture,
    service: AuthService,
    employee: UserId,
    /// The second administrator.
    second: UserId,
}

impl Approval {
    async fn new(f: Fixture) -> Self {
        let employee = CreateUserCommand::employee("First Last", PHONE).password(PASSWORD);
        let employee = f.add(&employee).await.id;
        let second = add_admin(&f, SECOND_EMAIL).await;
        let service = builder(f.store.clone(), &f.clock)
            .admin_approval(true)
            .build();
        Self {
            f,
            service,
            employee,
            second,
        }
    }

    async fn first(&self) -> Admin {
        sign_in_admin(&self.service, ADMIN_EMAIL, &client()).await
    }

    async fn second(&self) -> Admin {
        sign_in_admin(&self.service, SECOND_EMAIL, &client()).await
    }

    async fn request(&self, admin: &Admin) -> PendingPromotion {
        let client = client();
        let admins = self.service.as_admin(admin, &client);
        match admins.promote_user(self.employee, Some(NEW_EMAIL)).await {
            Ok(Promotion::Pending(pending)) => *pending,
            other => panic!("{other:?}"),
        }
    }

    async fn approve(&self, admin: &Admin, id: PromotionId) -> Result<Secret, ServiceError> {
        let client = client();
        let admins = self.service.as_admin(admin, &client);
        admins.approve_promotion(id).await
    }

    async fn pending(&self, admin: &Admin) -> Vec<PendingPromotion> {
        let client = client();
        let admins = self.service.as_admin(admin, &client);
        admins.pending_promotions().await.unwrap()
    }

    async fn role(&self) -> Role {
        let account = self.f.store.account(self.employee).await.unwrap();
        account.unwrap().user.role
    }

    /// Requires that no one can approve the promotion.
    async fn assert_void(&self, id: PromotionId) {
        let second = self.second().await;
        let refused = refusal(self.approve(&second, id).await);
        assert_eq!(refused, Refusal::NotFound);
        assert_eq!(self.role().await, Role::Employee);
        assert_eq!(self.pending(&second).await, []);
    }
}

async fn a_second_administrator_approves_a_promotion(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, second) = (a.first().await, a.second().await);
    let pending = a.request(&first).await;
    assert_eq!(pending.user.id, a.employee);
    assert_eq!(pending.email, Some(NEW_EMAIL.parse().unwrap()));
    assert_eq!(Some(pending.requested_by.id), first.id());
    assert_eq!(pending.expires_at - pending.requested_at, DAY);
    assert_eq!(a.pending(&second).await, std::slice::from_ref(&pending));
    assert_eq!(a.role().await, Role::Employee);
    a.f.login(&PASSWORD.into()).await.unwrap();

    let password = a.approve(&second, pending.id).await.unwrap();
    assert_eq!(a.role().await, Role::Admin);
    assert_eq!(a.pending(&second).await, []);
    let login = AdminLoginCommand::new(NEW_EMAIL, password);
    let client = client();
    let tokens = a.service.for_client(&client).admin_login(&login).await;
    assert!(tokens.unwrap().user.password_change_required);
    let actions = a.f.actions(a.employee).await;
    for action in [AuditAction::PromotionRequested, AuditAction::RoleChanged] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

async fn a_promotion_is_not_approved_by_its_requester(f: Fixture) {
    let a = Approval::new(f).await;
    let pending = a.request(&a.first().await).await;
    // Another session of the same administrator.
    let refused = a.approve(&a.first().await, pending.id).await;
    assert_eq!(refusal(refused), Refusal::OwnRequest);
    assert_eq!(a.role().await, Role::Employee);
}

async fn a_promotion_is_approved_once(f: Fixture) {
    let a = Approval::new(f).await;
    let pending = a.request(&a.first().await).await;
    let second = a.second().await;
    let both = tokio::join!(
        a.approve(&second, pending.id),
        a.approve(&second, pending.id)
    );
    let passwords = [both.0, both.1].into_iter().filter_map(Result::ok).count();
    assert_eq!(passwords, 1);
    assert_eq!(
        refusal(a.approve(&second, pending.id).await),
        Refusal::NotFound
    );
}

async fn a_promotion_expires_after_a_day(f: Fixture) {
    let a = Approval::new(f).await;
    let pending = a.request(&a.first().await).await;
    let last = Duration::from_micros(1);
    a.f.clock.advance(DAY.saturating_sub(last));
    assert_eq!(a.pending(&a.second().await).await.len(), 1);
    a.f.clock.advance(last);
    a.assert_void(pending.id).await;
    a.service.purge_attempts().await.unwrap();
}

async fn a_declined_promotion_has_no_effect(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, client) = (a.first().await, client());
    for by in [a.first().await, a.second().await] {
        let pending = a.request(&first).await;
        let admins = a.service.as_admin(&by, &client);
        admins.decline_promotion(pending.id).await.unwrap();
        let again = admins.decline_promotion(pending.id).await;
        assert_eq!(refusal(again), Refusal::NotFound);
        a.assert_void(pending.id).await;
    }
    let actions = a.f.actions(a.employee).await;
    assert!(actions.contains(&AuditAction::PromotionDeclined));
}

async fn another_request_replaces_the_first_one(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, second) = (a.first().await, a.second().await);
    let replaced = a.request(&first).await;
    let pending = a.request(&second).await;
    let refused = a.approve(&second, replaced.id).await;
    assert_eq!(refusal(refused), Refusal::NotFound);
    a.approve(&first, pending.id).await.unwrap();
}

async fn a_request_is_void_without_its_administrator(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, client) = (a.first().await, client());
    let pending = a.request(&a.second().await).await;
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    let admins = a.service.as_admin(&first, &client);
    admins.update_user(a.second, &deactivate).await.unwrap();
    assert_eq!(a.pending(&first).await, []);
    let refused = a.approve(&first, pending.id).await;
    assert_eq!(refusal(refused), Refusal::NotFound);

    let operator = Admin::operator();
    let operator = a.service.as_admin(&operator, &client);
    let mut activate = UpdateUserCommand::default();
    activate.is_active = Some(true);
    operator.update_user(a.second, &activate).await.unwrap();
    assert_eq!(a.pending(&first).await, []);
}

async fn a_request_is_void_after_a_change_of_the_employee(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, client) = (a.first().await, client());
    let admins = a.service.as_admin(&first, &client);
    let mut changes = [UpdateUserCommand::default(), UpdateUserCommand::default()];
    changes[0].full_name = Some("Somebody Else".to_owned());
    changes[1].email = Some(Some("other@example.com".to_owned()));
    for change in changes {
        let pending = a.request(&first).await;
        a.f.tick();
        admins.update_user(a.employee, &change).await.unwrap();
        a.assert_void(pending.id).await;
        a.f.tick();
    }
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    admins.update_user(a.employee, &deactivate).await.unwrap();
    let refused = admins.promote_user(a.employee, Some(NEW_EMAIL)).await;
    assert_eq!(refusal(refused), Refusal::NotFound);
}

async fn a_deactivated_administrator_is_not_activated_without_an_approval(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, client) = (a.first().await, client());
    let admins = a.service.as_admin(&first, &client);
    let mut change = UpdateUserCommand::default();
    for (is_active, is_allowed) in [(false, true), (true, false)] {
        change.is_active = Some(is_active);
        let changed = admins.update_user(a.second, &change).await;
        if is_allowed {
            assert!(!changed.unwrap().is_active);
        } else {
            assert_eq!(refusal(changed), Refusal::ApprovalRequired);
        }
    }
    let operator = Admin::operator();
    let operator = a.service.as_admin(&operator, &client);
    assert!(
        operator
            .update_user(a.second, &change)
            .await
            .unwrap()
            .is_active
    );
}

async fn an_approval_needs_a_recent_proof(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, second) = (a.first().await, a.second().await);
    let pending = a.request(&first).await;
    a.f.clock.advance(Duration::from_secs(301));
    let refused = refusal(a.approve(&second, pending.id).await);
    assert_eq!(refused, Refusal::InsufficientAuthentication);
    let client = client();
    let admins = a.service.as_admin(&first, &client);
    let refused = refusal(admins.promote_user(a.employee, None).await);
    assert_eq!(refused, Refusal::InsufficientAuthentication);
    a.approve(&a.second().await, pending.id).await.unwrap();
}

async fn a_request_that_cannot_be_approved_is_refused(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, client) = (a.first().await, client());
    let admins = a.service.as_admin(&first, &client);
    for (user, email, expected) in [
        (a.employee, Some(SECOND_EMAIL), Refusal::EmailTaken),
        (a.employee, None, Refusal::ValidationFailed),
        (a.second, Some(NEW_EMAIL), Refusal::AlreadyAdmin),
        (
            UserId(uuid::Uuid::nil()),
            Some(NEW_EMAIL),
            Refusal::NotFound,
        ),
    ] {
        assert_eq!(refusal(admins.promote_user(user, email).await), expected);
    }
    assert_eq!(a.pending(&first).await, []);
}

async fn administrators_are_not_created_without_an_approval(f: Fixture) {
    let a = Approval::new(f).await;
    let (first, client) = (a.first().await, client());
    let admins = a.service.as_admin(&first, &client);
    let new = CreateUserCommand::admin("Third", NEW_EMAIL);
    let refused = admins.create_user(&new).await;
    assert_eq!(refusal(refused), Refusal::ApprovalRequired);

    let mut listed = ImportedUser::new(2, Role::Admin, "Third");
    listed.email = Some(NEW_EMAIL.to_owned());
    let import = admins.check_import(&[listed], ExistingUsers::Reject).await;
    let import = import.unwrap().unwrap();
    let refused = admins.authorize_import(&import).await;
    assert_eq!(refusal(refused), Refusal::ApprovalRequired);
    let refused = admins.prepare_import(import, &|_| {}).await;
    assert_eq!(refusal(refused), Refusal::ApprovalRequired);
}

async fn the_operator_needs_no_approval(f: Fixture) {
    let a = Approval::new(f).await;
    let operator = Admin::operator();
    let client = client();
    let admins = a.service.as_admin(&operator, &client);
    let promoted = admins.promote_user(a.employee, Some(NEW_EMAIL)).await;
    assert!(matches!(promoted, Ok(Promotion::Done(_))), "{promoted:?}");
    let new = CreateUserCommand::admin("Third", "third@example.com");
    admins.create_user(&new).await.unwrap();
}
