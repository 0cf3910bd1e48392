//! Imports of users, on every store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan_core::clock::ManualClock;
use divan_core::password::PasswordHash;
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, BootstrapPolicy, ClientInfo, CreateUserCommand,
    ExistingUsers, ImportError, ImportedUser, ListUsersQuery, PreparedImport, ServiceError,
};
use divan_core::store::{AuditQuery, Store};
use divan_core::types::{Phone, Role};

use crate::support::{NOW, Refusal, builder, init_data, login_command};

/// Hashes of "umbrella 77" by passlib.
const BCRYPT: &str = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";
const PBKDF2: &str =
    "$pbkdf2-sha256$29000$5FyLcS7FOOf8v7cWwnhvTQ$thi7RcdQYyFyecX2HxRIM7hQ8aQqSQ7VK8e.kz0Cu60";

on_every_store!(
    imported_users_can_sign_in,
    passlib_hashes_become_argon2id_at_the_first_sign_in,
    concurrent_first_sign_ins_succeed,
    an_imported_administrator_gets_a_generated_password,
    check_import_reports_all_errors_and_adds_no_user,
    a_concurrent_user_with_the_same_phone_rejects_the_import,
    an_imported_administrator_closes_the_bootstrap,
    concurrent_imports_in_opposite_order_do_not_deadlock,
    imported_generated_passwords_expire_after_three_days,
);

/// Cheap hash of "a".
pub(crate) const BCRYPT_AT_4: &str = "$2b$04$zyKUdFwR1.0ppciZlO5F3.I2ua2C6GOqqhSB3BCJ7jKc5RdjjxSOu";

pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: AuthService,
}

impl Fixture {
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        store.ping().await.unwrap();
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let service = builder(store.clone(), &clock)
            .bootstrap(BootstrapPolicy::Closed)
            .build();
        Self {
            store,
            clock,
            service,
        }
    }

    async fn refused(&self, users: &[ImportedUser]) -> Vec<String> {
        let refused = self
            .service
            .as_admin(&operator(), &ClientInfo::unknown())
            .check_import(users, ExistingUsers::Reject)
            .await
            .unwrap()
            .unwrap_err();
        refused.iter().map(ImportError::to_string).collect()
    }

    async fn prepared(&self, users: &[ImportedUser]) -> PreparedImport {
        let checked = self
            .service
            .as_admin(&operator(), &ClientInfo::unknown())
            .check_import(users, ExistingUsers::Reject)
            .await
            .unwrap()
            .unwrap();
        self.service
            .as_admin(&operator(), &ClientInfo::unknown())
            .prepare_import(checked, &|_| {})
            .await
            .unwrap()
    }

    async fn import(&self, users: &[ImportedUser]) {
        let prepared = self.prepared(users).await;
        let imported = self
            .service
            .as_admin(&operator(), &ClientInfo::unknown())
            .complete_import(prepared)
            .await
            .unwrap();
        assert_eq!((imported.added, imported.changed), (users.len(), 0));
    }

    async fn sign_in(
        &self,
        phone: &str,
        password: &str,
        telegram: i64,
    ) -> Result<bool, ServiceError> {
        let data = init_data(&self.clock, telegram);
        let session = self
            .service
            .for_client(&ClientInfo::unknown())
            .telegram_login(&login_command(phone, password, &data))
            .await?;
        Ok(session.user.password_change_required)
    }

    async fn hash_of(&self, phone: &str) -> PasswordHash {
        let phone: Phone = phone.parse().unwrap();
        self.store
            .account_by_phone(&phone)
            .await
            .unwrap()
            .unwrap()
            .password_hash
    }

    async fn count(&self) -> usize {
        self.service
            .as_admin(&operator(), &ClientInfo::unknown())
            .list_users(&ListUsersQuery::default())
            .await
            .unwrap()
            .items
            .len()
    }
}

fn operator() -> Admin {
    Admin::operator()
}

fn employee(line: u64, phone: &str) -> ImportedUser {
    let mut person = ImportedUser::new(line, Role::Employee, format!("Employee {line}"));
    person.phone = Some(phone.to_owned());
    person
}

fn admin(line: u64, email: &str) -> ImportedUser {
    let mut person = ImportedUser::new(line, Role::Admin, format!("Admin {line}"));
    person.email = Some(email.to_owned());
    person
}

fn with_hash(mut person: ImportedUser, hash: &str) -> ImportedUser {
    person.password_hash = Some(PasswordHash::from_stored(hash));
    person
}

async fn imported_users_can_sign_in(f: Fixture) {
    let mut inactive = employee(4, "+77010000003");
    inactive.is_active = Some(false);
    let users = [
        employee(2, "8 701 000-00-01"),
        employee(3, "+77010000002"),
        inactive,
    ];
    let checked = f
        .service
        .as_admin(&operator(), &ClientInfo::unknown())
        .check_import(&users, ExistingUsers::Reject)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((checked.new_users().len(), checked.without_hash()), (3, 3));
    let steps = AtomicUsize::new(0);
    let progress = |done| assert_eq!(steps.fetch_add(1, Ordering::SeqCst) + 1, done);
    let prepared = f
        .service
        .as_admin(&operator(), &ClientInfo::unknown())
        .prepare_import(checked, &progress)
        .await
        .unwrap();
    assert_eq!(steps.load(Ordering::SeqCst), 3);
    assert_eq!(f.count().await, 0);

    let passwords: Vec<_> = prepared
        .generated()
        .map(|new| (new.user.clone(), new.password.clone()))
        .collect();
    assert_eq!(
        passwords
            .iter()
            .map(|(user, _)| user.full_name.as_str())
            .collect::<Vec<_>>(),
        ["Employee 2", "Employee 3", "Employee 4"]
    );
    f.service
        .as_admin(&operator(), &ClientInfo::unknown())
        .complete_import(prepared)
        .await
        .unwrap();
    assert!(
        f.sign_in("+77010000001", passwords[0].1.expose(), 1)
            .await
            .unwrap()
    );
    assert!(
        f.sign_in("+77010000002", passwords[1].1.expose(), 2)
            .await
            .unwrap()
    );
    let inactive = f
        .sign_in("+77010000003", passwords[2].1.expose(), 3)
        .await
        .unwrap_err();
    assert_eq!(Refusal::from(inactive), Refusal::InvalidCredentials);
    let records = f.store.audit(&AuditQuery::newest(100)).await.unwrap();
    assert_eq!(
        records
            .iter()
            .filter(|record| record.action.as_str() == "user_created")
            .count(),
        3
    );
}

async fn passlib_hashes_become_argon2id_at_the_first_sign_in(f: Fixture) {
    let users = [
        with_hash(employee(2, "+77010000001"), BCRYPT),
        with_hash(employee(3, "+77010000002"), PBKDF2),
    ];
    f.import(&users).await;
    for (phone, telegram, hash) in [("+77010000001", 1, BCRYPT), ("+77010000002", 2, PBKDF2)] {
        let wrong = f.sign_in(phone, "umbrella 78", telegram).await.unwrap_err();
        assert_eq!(Refusal::from(wrong), Refusal::InvalidCredentials);
        assert_eq!(f.hash_of(phone).await.expose(), hash);
        assert!(!f.sign_in(phone, "umbrella 77", telegram).await.unwrap());
        assert!(f.hash_of(phone).await.expose().starts_with("$argon2id$"));
        assert!(!f.sign_in(phone, "umbrella 77", telegram).await.unwrap());
    }
}

async fn concurrent_first_sign_ins_succeed(f: Fixture) {
    let cheap = BCRYPT_AT_4;
    f.import(&[
        with_hash(employee(2, "+77010000001"), cheap),
        with_hash(employee(3, "+77010000002"), cheap),
    ])
    .await;
    let f = Arc::new(f);
    let mut sign_ins = Vec::new();
    // Three each: more concurrent untrusted attempts of one source wait.
    for n in 0..6 {
        let f = f.clone();
        sign_ins.push(tokio::spawn(async move {
            let (phone, telegram) = [("+77010000001", 1), ("+77010000002", 2)][n % 2];
            f.sign_in(phone, "a", telegram).await.map(drop)
        }));
    }
    for sign_in in sign_ins {
        sign_in.await.unwrap().unwrap();
    }
    assert!(
        f.hash_of("+77010000001")
            .await
            .expose()
            .starts_with("$argon2id$")
    );
}

async fn an_imported_administrator_gets_a_generated_password(f: Fixture) {
    let refused = f
        .refused(&[with_hash(admin(2, "admin@example.com"), BCRYPT)])
        .await;
    assert_eq!(
        refused,
        ["line 2: password_hash must be absent for the role admin: a password is generated"]
    );
    let prepared = f.prepared(&[admin(2, "admin@example.com")]).await;
    let generated: Vec<_> = prepared
        .generated()
        .map(|new| new.password.clone())
        .collect();
    f.service
        .as_admin(&operator(), &ClientInfo::unknown())
        .complete_import(prepared)
        .await
        .unwrap();
    let login = AdminLoginCommand::new("admin@example.com", generated[0].clone());
    let session = f
        .service
        .for_client(&ClientInfo::unknown())
        .admin_login(&login)
        .await
        .unwrap();
    assert!(session.user.password_change_required);
}

async fn check_import_reports_all_errors_and_adds_no_user(f: Fixture) {
    let request = CreateUserCommand::employee("Old", "+77019999999");
    f.service
        .as_admin(&operator(), &ClientInfo::unknown())
        .create_user(&request)
        .await
        .unwrap();
    let mut nameless = employee(9, "+77010000009");
    " ".clone_into(&mut nameless.full_name);
    nameless.email = Some("no address".to_owned());
    let users = [
        employee(2, "+77010000002"),
        employee(3, "12"),
        ImportedUser::new(4, Role::Employee, "No Phone"),
        ImportedUser::new(5, Role::Admin, "No Address"),
        employee(6, "8 (701) 000-00-02"),
        employee(7, "+77019999999"),
        with_hash(
            employee(8, "+77010000008"),
            "$2b$31$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
        ),
        nameless,
        with_hash(employee(10, "+77010000010"), "umbrella 77"),
    ];
    let refused = f.refused(&users).await;
    assert_eq!(refused.len(), 8, "{refused:#?}");
    let expected = [
        "line 3: phone ",
        "line 4: phone is required",
        "line 5: email is required",
        "line 6: phone is the same as on line 2",
        "line 7: phone belongs to another user",
        "line 8: password_hash exceeds the limits",
        "line 9: email ",
        "line 10: password_hash must be an Argon2id, bcrypt or pbkdf2-sha256 hash",
    ];
    for (line, expected) in refused.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
        assert!(!line.contains("umbrella"), "{line}");
    }
    assert!(refused[6].contains("; full_name must "), "{}", refused[6]);
    assert_eq!(f.count().await, 1);
}

async fn a_concurrent_user_with_the_same_phone_rejects_the_import(f: Fixture) {
    let prepared = f
        .prepared(&[employee(2, "+77010000002"), employee(3, "+77010000003")])
        .await;
    let request = CreateUserCommand::employee("Quicker", "+77010000003");
    f.service
        .as_admin(&operator(), &ClientInfo::unknown())
        .create_user(&request)
        .await
        .unwrap();
    let error = f
        .service
        .as_admin(&operator(), &ClientInfo::unknown())
        .complete_import(prepared)
        .await
        .unwrap_err();
    assert!(matches!(error, ServiceError::ImportConflict(_)));
    assert_eq!(
        error.to_string(),
        "line 3: phone belongs to another user",
        "{error:?}"
    );
    assert_eq!(f.count().await, 1);
    assert_eq!(
        f.store.audit(&AuditQuery::newest(100)).await.unwrap().len(),
        1
    );
}

async fn an_imported_administrator_closes_the_bootstrap(f: Fixture) {
    f.import(&[employee(2, "+77010000002")]).await;
    assert!(!f.store.is_bootstrapped().await.unwrap());
    let mut inactive = admin(2, "inactive@example.com");
    inactive.is_active = Some(false);
    f.import(&[inactive]).await;
    assert!(
        !f.store.is_bootstrapped().await.unwrap(),
        "an inactive administrator does not close it"
    );
    f.import(&[employee(2, "+77010000003"), admin(3, "admin@example.com")])
        .await;
    assert!(f.store.is_bootstrapped().await.unwrap());
    f.import(&[admin(2, "second@example.com")]).await;
    assert_eq!(f.count().await, 5);
}

async fn concurrent_imports_in_opposite_order_do_not_deadlock(f: Fixture) {
    let users: Vec<_> = (0..1200_u32)
        .map(|n| with_hash(employee(n.into(), &format!("+7701{n:07}")), BCRYPT_AT_4))
        .collect();
    let upwards = f.prepared(&users).await;
    let downwards = f
        .prepared(&users.iter().rev().cloned().collect::<Vec<_>>())
        .await;
    let (operator, client) = (operator(), ClientInfo::unknown());
    let (one, other) = tokio::join!(
        f.service
            .as_admin(&operator, &client)
            .complete_import(upwards),
        f.service
            .as_admin(&operator, &client)
            .complete_import(downwards)
    );
    let errors = [one, other].into_iter().filter_map(Result::err);
    let refused: Vec<Refusal> = errors.map(Refusal::from).collect();
    assert_eq!(refused, [Refusal::ImportConflict]);
    assert_eq!(
        f.store
            .audit(&AuditQuery::newest(5000))
            .await
            .unwrap()
            .len(),
        1200
    );
}

async fn imported_generated_passwords_expire_after_three_days(f: Fixture) {
    let prepared = f.prepared(&[employee(2, "+77010000002")]).await;
    let password = prepared.generated().next().unwrap().password.clone();
    f.clock.advance(std::time::Duration::from_hours(10));
    f.service
        .as_admin(&operator(), &ClientInfo::unknown())
        .complete_import(prepared)
        .await
        .unwrap();
    f.clock.advance(std::time::Duration::from_hours(63));
    let over = f
        .sign_in("+77010000002", password.expose(), 1)
        .await
        .unwrap_err();
    assert_eq!(Refusal::from(over), Refusal::PasswordExpired);
}
