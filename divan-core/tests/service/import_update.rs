//! Imports that change existing users, on every store.

use divan_core::password::PasswordHash;
use divan_core::service::{
    Admin, CheckedImport, ClientInfo, CreateUserCommand, ExistingUsers, ImportError, ImportedUser,
    ServiceError, UpdateUserCommand,
};
use divan_core::store::{AuditQuery, StoreErrorKind};
use divan_core::types::{Role, TelegramId, User};

use crate::import::{BCRYPT_AT_4, Fixture};
use crate::support::{Refusal, init_data, login_command};

on_every_store!(
    lines_change_the_users_with_their_phone_or_email_and_add_the_others,
    the_external_id_identifies_a_user_before_phone_and_email,
    empty_cells_change_nothing,
    an_imported_telegram_account_is_linked,
    telegram_accounts_must_be_valid_and_unique,
    users_can_exchange_unique_values,
    a_deactivation_by_an_import_ends_all_sessions,
    the_last_administrator_cannot_be_removed_by_an_import,
    a_failed_update_writes_nothing,
    invalid_changes_are_reported_by_line,
    an_administrator_added_with_changes_closes_the_bootstrap,
);

impl Fixture {
    async fn check(&self, users: &[ImportedUser]) -> Result<CheckedImport, Vec<String>> {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        let checked = admin.check_import(users, ExistingUsers::Update).await;
        let lines = |errors: Vec<ImportError>| errors.iter().map(ImportError::to_string).collect();
        checked.unwrap().map_err(lines)
    }

    async fn complete(&self, checked: CheckedImport) -> Result<(usize, usize), ServiceError> {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        let prepared = admin.prepare_import(checked, &|_| {}).await?;
        let imported = admin.complete_import(prepared).await?;
        Ok((imported.added, imported.changed))
    }

    /// Imports users without errors. Returns the numbers of added and changed users.
    async fn apply(&self, users: &[ImportedUser]) -> (usize, usize) {
        let checked = self.check(users).await.unwrap();
        self.complete(checked).await.unwrap()
    }

    async fn create(&self, command: &CreateUserCommand) -> User {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        admin.create_user(command).await.unwrap().user
    }

    async fn user(&self, text: &str) -> User {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        admin.find_user(text).await.unwrap()
    }

    async fn sign_in_from(&self, phone: &str, telegram: i64) -> Result<String, Refusal> {
        let data = init_data(&self.clock, telegram);
        let client = ClientInfo::unknown();
        let login = login_command(phone, "a", &data);
        let tokens = self.service.for_client(&client).telegram_login(&login);
        let tokens = tokens.await.map_err(Refusal::from)?;
        Ok(tokens.access_token.expose().to_owned())
    }

    /// Returns the number of audit events with this action.
    async fn events(&self, action: &str) -> usize {
        let events = self.store.audit(&AuditQuery::newest(100)).await.unwrap();
        let found = events
            .iter()
            .filter(|event| event.action.as_str() == action);
        found.count()
    }
}

fn employee(line: u64, phone: &str) -> ImportedUser {
    let mut user = ImportedUser::new(line, Role::Employee, format!("Employee {line}"));
    user.phone = Some(phone.to_owned());
    user.password_hash = Some(PasswordHash::from_stored(BCRYPT_AT_4));
    user
}

fn admin(line: u64, email: &str) -> ImportedUser {
    let mut user = ImportedUser::new(line, Role::Admin, format!("Admin {line}"));
    user.email = Some(email.to_owned());
    user
}

fn linked(mut user: ImportedUser, telegram: i64) -> ImportedUser {
    user.telegram_id = Some(TelegramId(telegram));
    user
}

async fn lines_change_the_users_with_their_phone_or_email_and_add_the_others(f: Fixture) {
    let first = f
        .create(&CreateUserCommand::employee("First", "+77010000001"))
        .await;
    let second = f
        .create(&CreateUserCommand::admin("Second", "a@example.com"))
        .await;
    f.clock.advance(std::time::Duration::from_mins(1));
    let mut same_address = admin(3, "A@example.com");
    same_address.phone = Some("+77010000002".to_owned());
    let lines = [
        employee(2, "8 701 000-00-01"),
        same_address,
        employee(4, "+77010000004"),
    ];
    let checked = f.check(&lines).await.unwrap();
    let changed: Vec<_> = checked
        .changes()
        .iter()
        .map(|change| (change.line, change.before.id, change.fields()))
        .collect();
    assert_eq!(
        changed,
        [
            (2, first.id, vec!["full_name"]),
            (3, second.id, vec!["full_name", "phone"])
        ]
    );
    assert_eq!(
        f.user("+77010000001").await,
        first,
        "a check writes nothing"
    );

    assert_eq!(f.complete(checked).await.unwrap(), (1, 2));
    let changed = f.user("+77010000001").await;
    assert_eq!(
        (changed.id, changed.full_name.as_str()),
        (first.id, "Employee 2")
    );
    assert!(changed.updated_at > first.updated_at);
    assert_eq!(f.user("+77010000002").await.id, second.id);
    assert_eq!(f.events("user_updated").await, 2);
    assert_eq!(f.events("user_created").await, 3);

    let again = f.check(&lines).await.unwrap();
    assert_eq!((again.changes().len(), again.unchanged()), (0, 3));
    assert_eq!(f.complete(again).await.unwrap(), (0, 0));
}

async fn the_external_id_identifies_a_user_before_phone_and_email(f: Fixture) {
    let with_id = |line, phone: &str, id: &str| {
        let mut user = employee(line, phone);
        user.external_id = Some(id.to_owned());
        user
    };
    let users = [
        with_id(2, "+77010000001", "A1"),
        with_id(3, "+77010000002", "A2"),
        employee(4, "+77010000003"),
    ];
    assert_eq!(f.apply(&users).await, (3, 0));
    let (first, second) = (f.user("+77010000001").await, f.user("+77010000002").await);

    // A new phone number, and the phone number of another user who gets a new one.
    let moved = [
        with_id(2, "+77010000002", "A1"),
        with_id(3, "+77010000009", "A2"),
        with_id(4, "+77010000003", "A3"),
    ];
    assert_eq!(f.apply(&moved).await, (0, 3));
    assert_eq!(f.user("+77010000002").await.id, first.id);
    assert_eq!(f.user("+77010000009").await.id, second.id);
    assert_eq!(
        f.user("+77010000003").await.external_id.unwrap().as_str(),
        "A3"
    );

    let lines = [
        with_id(2, "+77010000003", "A4"),
        with_id(3, "+77010000005", "A5"),
        with_id(4, "+77010000006", "A5"),
        with_id(5, "+77010000007", "a\nb"),
    ];
    assert_eq!(
        f.check(&lines).await.unwrap_err(),
        [
            "line 2: phone belongs to another user",
            "line 4: external_id is the same as on line 3",
            "line 5: external_id must not contain control characters",
        ]
    );
}

async fn empty_cells_change_nothing(f: Fixture) {
    let mut full = linked(employee(2, "+77010000001"), 42);
    full.email = Some("a@example.com".to_owned());
    full.is_active = Some(false);
    f.apply(&[full]).await;
    let before = f.user("+77010000001").await;

    let mut empty = ImportedUser::new(2, Role::Employee, " ");
    (empty.role, empty.phone) = (None, Some("+77010000001".to_owned()));
    let checked = f.check(&[empty.clone()]).await.unwrap();
    assert_eq!((checked.changes().len(), checked.unchanged()), (0, 1));
    empty.is_active = Some(true);
    assert_eq!(f.apply(&[empty]).await, (0, 1));
    let mut after = f.user("+77010000001").await;
    assert!(after.is_active);
    (after.is_active, after.updated_at) = (before.is_active, before.updated_at);
    assert_eq!(after, before);
    assert_eq!(f.events("user_activated").await, 1);
}

async fn an_imported_telegram_account_is_linked(f: Fixture) {
    f.apply(&[
        linked(employee(2, "+77010000001"), 1),
        employee(3, "+77010000002"),
    ])
    .await;
    assert_eq!(
        f.user("+77010000001").await.telegram_id,
        Some(TelegramId(1))
    );
    assert!(f.sign_in_from("+77010000001", 1).await.is_ok());
    assert_eq!(
        f.sign_in_from("+77010000001", 7).await,
        Err(Refusal::TelegramAccountMismatch)
    );

    let update = [linked(employee(3, "+77010000002"), 2)];
    assert_eq!(f.apply(&update).await, (0, 1));
    assert_eq!(f.events("telegram_linked").await, 1);
    assert!(f.sign_in_from("+77010000002", 2).await.is_ok());
    assert_eq!(
        f.sign_in_from("+77010000002", 8).await,
        Err(Refusal::TelegramAccountMismatch)
    );
    assert_eq!(
        f.check(&[linked(employee(3, "+77010000002"), 3)])
            .await
            .unwrap_err(),
        ["line 3: telegram_id differs from the linked Telegram account: unlink it first"]
    );
}

async fn telegram_accounts_must_be_valid_and_unique(f: Fixture) {
    f.apply(&[linked(employee(2, "+77010000001"), 1)]).await;
    let lines = [
        linked(employee(2, "+77010000002"), 0),
        linked(employee(3, "+77010000003"), -100_123),
        linked(employee(4, "+77010000004"), 1 << 52),
        linked(employee(5, "+77010000005"), (1 << 52) - 1),
        linked(employee(6, "+77010000006"), (1 << 52) - 1),
        linked(employee(7, "+77010000007"), 1),
    ];
    let range = "telegram_id must be the id of a Telegram user: from 1 to 4503599627370495";
    assert_eq!(
        f.check(&lines).await.unwrap_err(),
        [
            format!("line 2: {range}"),
            format!("line 3: {range}"),
            format!("line 4: {range}"),
            "line 6: telegram_id is the same as on line 5".to_owned(),
            "line 7: telegram_id belongs to another user".to_owned(),
        ]
    );
}

async fn users_can_exchange_unique_values(f: Fixture) {
    let with_email = |mut user: ImportedUser, email: &str| {
        user.email = Some(email.to_owned());
        user
    };
    let mut first = admin(2, "one@example.com");
    first.phone = Some("+77010000001".to_owned());
    let mut second = admin(3, "two@example.com");
    second.phone = Some("+77010000002".to_owned());
    f.apply(&[first, second]).await;
    let (one, two) = (f.user("+77010000001").await, f.user("+77010000002").await);

    let exchange = [
        ("+77010000001", "two@example.com"),
        ("+77010000002", "one@example.com"),
    ];
    let lines = exchange.map(|(phone, email)| {
        let mut user = with_email(ImportedUser::new(2, Role::Admin, "Admin"), email);
        user.phone = Some(phone.to_owned());
        user
    });
    assert_eq!(f.apply(&lines).await, (0, 2));
    assert_eq!(f.user("two@example.com").await.id, one.id);
    assert_eq!(f.user("one@example.com").await.id, two.id);

    let mut taken = ImportedUser::new(2, Role::Admin, "Admin");
    taken.phone = Some("+77010000001".to_owned());
    taken.email = Some("one@example.com".to_owned());
    assert_eq!(
        f.check(&[taken]).await.unwrap_err(),
        ["line 2: email belongs to another user"]
    );
}

async fn a_deactivation_by_an_import_ends_all_sessions(f: Fixture) {
    f.apply(&[employee(2, "+77010000001"), employee(3, "+77010000002")])
        .await;
    let token = f.sign_in_from("+77010000001", 1).await.unwrap();
    let other = f.sign_in_from("+77010000002", 2).await.unwrap();
    assert!(f.service.authenticate(&token).await.is_ok());

    let mut leaver = employee(2, "+77010000001");
    leaver.is_active = Some(false);
    let checked = f
        .check(&[leaver, employee(9, "+77010000002")])
        .await
        .unwrap();
    let ends: Vec<bool> = checked
        .changes()
        .iter()
        .map(divan_core::service::UserChange::ends_sessions)
        .collect();
    assert_eq!(ends, [true, false]);
    f.complete(checked).await.unwrap();
    assert!(f.service.authenticate(&token).await.is_err());
    assert!(f.service.authenticate(&other).await.is_ok());
    assert_eq!(f.events("user_deactivated").await, 1);
    assert_eq!(
        f.sign_in_from("+77010000001", 1).await,
        Err(Refusal::InvalidCredentials)
    );
}

async fn the_last_administrator_cannot_be_removed_by_an_import(f: Fixture) {
    f.apply(&[admin(2, "one@example.com"), admin(3, "two@example.com")])
        .await;
    let inactive = |line, email| {
        let mut user = admin(line, email);
        user.is_active = Some(false);
        user
    };
    let (one, two) = (
        inactive(2, "one@example.com"),
        inactive(3, "two@example.com"),
    );
    assert_eq!(
        f.check(&[one.clone(), two.clone()]).await.unwrap_err(),
        ["line 3: is_active cannot be changed: no active administrator would be left"]
    );
    let mut demoted = admin(3, "two@example.com");
    (demoted.role, demoted.phone) = (Some(Role::Employee), Some("+77010000003".to_owned()));
    assert_eq!(
        f.check(&[one.clone(), demoted]).await.unwrap_err(),
        ["line 3: role cannot be changed: no active administrator would be left"]
    );

    // Both imports are valid alone; the second is completed after the first.
    let first = f.check(std::slice::from_ref(&one)).await.unwrap();
    let second = f.check(std::slice::from_ref(&two)).await.unwrap();
    f.complete(first).await.unwrap();
    let refused = f.complete(second).await.unwrap_err();
    assert!(
        matches!(&refused, ServiceError::Store(error) if error.kind() == StoreErrorKind::LastAdmin),
        "{refused}"
    );
    assert!(f.user("two@example.com").await.is_active);

    let successor = admin(4, "three@example.com");
    assert_eq!(f.apply(&[two, successor]).await, (1, 1));
}

async fn a_failed_update_writes_nothing(f: Fixture) {
    f.apply(&[employee(2, "+77010000001"), employee(3, "+77010000002")])
        .await;
    let before = f.user("+77010000001").await;
    let events = f.events("user_updated").await;
    let mut changed = employee(9, "+77010000001");
    changed.email = Some("taken@example.com".to_owned());
    let checked = f
        .check(&[changed.clone(), employee(4, "+77010000004")])
        .await
        .unwrap();
    let taken = f.user("+77010000002").await;
    let mut command = UpdateUserCommand::default();
    command.email = Some(Some("taken@example.com".to_owned()));
    let (operator, client) = (Admin::operator(), ClientInfo::unknown());
    let service = f.service.as_admin(&operator, &client);
    service.update_user(taken.id, &command).await.unwrap();

    let refused = f.complete(checked).await.unwrap_err();
    assert!(matches!(refused, ServiceError::ImportConflict(_)));
    assert_eq!(refused.to_string(), "line 9: email belongs to another user");
    assert_eq!(f.user("+77010000001").await, before);
    assert_eq!(f.events("user_updated").await, events + 1);
    let missing = service.find_user("+77010000004").await.unwrap_err();
    assert_eq!(Refusal::from(missing), Refusal::NotFound);
}

async fn invalid_changes_are_reported_by_line(f: Fixture) {
    let mut both = employee(2, "+77010000001");
    both.email = Some("one@example.com".to_owned());
    f.apply(&[both, employee(3, "+77010000002")]).await;
    let mut promoted = employee(2, "+77010000002");
    promoted.role = Some(Role::Admin);
    let mut same_user = ImportedUser::new(4, Role::Employee, "");
    same_user.email = Some("one@example.com".to_owned());
    let nameless = ImportedUser::new(5, Role::Employee, "");
    assert_eq!(
        f.check(&[promoted, employee(3, "+77010000001"), same_user, nameless])
            .await
            .unwrap_err(),
        [
            "line 2: role cannot be changed from employee to admin: promote the user",
            "line 4: email belongs to the user of line 3",
            "line 5: full_name must not be empty; phone is required for the role employee",
        ]
    );
}

async fn an_administrator_added_with_changes_closes_the_bootstrap(f: Fixture) {
    f.apply(&[employee(2, "+77010000001")]).await;
    assert!(!f.store.is_bootstrapped().await.unwrap());
    f.apply(&[employee(3, "+77010000001"), admin(4, "one@example.com")])
        .await;
    assert!(f.store.is_bootstrapped().await.unwrap());
}
