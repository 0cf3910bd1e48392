//! Events about changes of users and ends of sessions, on every store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use divan_core::clock::Clock;
use divan_core::password::PasswordHash;
use divan_core::service::{
    Admin, AdminService, ChangePasswordCommand, CreateServiceCommand, CreateUserCommand,
    EventPosition, EventsError, ExistingUsers, ImportedUser, Promotion, StepUpProof,
    UpdateUserCommand,
};
use divan_core::store::{Account, AccountUpdate};
use divan_core::types::{EventData, EventType, Role, ServiceScope, TelegramId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::import::BCRYPT_AT_4;
use crate::support::admin::client;
use crate::support::employee::{DAY, Fixture, id_of};
use crate::support::enrolled::{Enrolled, authenticate, login};
use crate::support::key_holder::KeyHolder;
use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, PHONE, builder, init_data, login_command, sign_in_admin,
};

on_every_store!(
    operations_write_their_events,
    a_refused_change_writes_no_event,
    events_name_the_user_and_the_session,
    events_contain_no_personal_data,
    a_reader_continues_at_its_position,
    a_position_in_deleted_events_is_expired,
    a_position_of_another_log_is_expired,
    events_are_read_again_from_a_time,
    a_consumer_gets_events_in_order_and_at_least_once,
    a_consumer_whose_events_were_deleted_continues_with_the_oldest,
    a_killed_server_loses_its_consumer_after_half_a_minute,
    a_consumer_reads_again_from_a_time,
    an_event_of_a_newer_version_is_passed_on,
    events_are_off_by_default,
);

/// The operations of the service. Events in brackets depend on the state.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("add_passkey", &["session.revoked"]),
    ("admin_login", &[]),
    ("approve_promotion", &PROMOTION),
    ("authenticate", &[]),
    ("authenticate_any_scope", &[]),
    ("authenticate_bearer", &[]),
    ("authenticate_service", &[]),
    ("authorize_import", &[]),
    ("auto_login", &["session.revoked"]),
    ("begin_passkey", &[]),
    ("begin_step_up", &[]),
    ("begin_totp", &[]),
    ("bootstrap", &["admin.promoted", "user.created"]),
    ("bootstrap_state", &[]),
    ("change_password", &["session.revoked"]),
    ("check_caller", &[]),
    ("check_import", &[]),
    ("complete_admin_login", &[]),
    ("complete_import", &IMPORT),
    ("confirm_totp", &["session.revoked"]),
    ("create_service", &[]),
    ("create_user", &["admin.promoted", "user.created"]),
    ("decline_promotion", &[]),
    ("delete_service", &[]),
    ("delete_user", &["user.deleted"]),
    ("devices", &[]),
    ("disable_second_factor", &["session.revoked"]),
    ("enable_totp", &["session.revoked"]),
    ("end_session", &["session.revoked"]),
    ("end_user_sessions", &["session.revoked"]),
    ("failed_sign_ins", &[]),
    ("find_user", &[]),
    ("get_service", &[]),
    ("get_user", &[]),
    ("get_user_with_metadata", &[]),
    ("introspect", &[]),
    ("is_bootstrapped", &[]),
    ("issue_device_token", &[]),
    ("list_audit_events", &[]),
    ("list_events", &[]),
    ("list_services", &[]),
    ("list_users", &[]),
    ("logout", &["session.revoked"]),
    ("passkey_login", &[]),
    ("passkeys", &[]),
    ("pending_promotions", &[]),
    ("prepare_import", &[]),
    ("promote_user", &PROMOTION),
    ("purge_attempts", &[]),
    ("purge_audit", &[]),
    ("purge_sessions", &[]),
    ("ready", &[]),
    ("refresh", &["session.revoked"]),
    ("remove_device", &[]),
    ("remove_passkey", &["session.revoked"]),
    ("remove_service_secret", &[]),
    ("rename_passkey", &[]),
    ("replace_recovery_codes", &[]),
    ("reset_password", &["session.revoked"]),
    ("reset_second_factor", &["session.revoked"]),
    ("revoke", &["session.revoked"]),
    ("rotate_service_secret", &[]),
    ("second_factor", &[]),
    ("second_factor_of", &[]),
    ("sessions", &[]),
    ("step_up", &["session.revoked"]),
    ("telegram_login", &["telegram.linked", "user.updated"]),
    ("unlink_telegram", &["session.revoked", "telegram.unlinked"]),
    ("unlock_user", &[]),
    ("update_service", &[]),
    ("update_user", &UPDATE),
    ("user_sessions", &[]),
    ("user_with_metadata", &[]),
];

const PROMOTION: [&str; 3] = ["admin.promoted", "session.revoked", "user.updated"];

const IMPORT: [&str; 6] = [
    "admin.promoted",
    "session.revoked",
    "telegram.linked",
    "user.created",
    "user.deactivated",
    "user.updated",
];

const UPDATE: [&str; 5] = [
    "admin.demoted",
    "session.revoked",
    "user.activated",
    "user.deactivated",
    "user.updated",
];

/// Reads events, and collects their types by operation.
struct Log<'a> {
    f: &'a Fixture,
    next: Option<EventPosition>,
    written: BTreeMap<&'static str, BTreeSet<String>>,
}

impl<'a> Log<'a> {
    fn new(f: &'a Fixture) -> Self {
        Self {
            f,
            next: None,
            written: BTreeMap::new(),
        }
    }

    /// Begins with the oldest event.
    async fn from_start(f: &'a Fixture) -> Self {
        let start = f.service.event_position(OffsetDateTime::UNIX_EPOCH);
        Self {
            next: Some(start.await.unwrap()),
            ..Self::new(f)
        }
    }

    /// Returns the events of the operation that was called: the type, and the names of changed members or the reason.
    async fn written_by(&mut self, operation: &'static str) -> Vec<String> {
        let page = self.f.service.events_after(self.next, 100).await.unwrap();
        self.next = Some(page.next);
        let mut all = Vec::new();
        for event in page.events {
            let name = event.data.event_type().to_owned();
            all.push(match &event.data {
                EventData::UserUpdated { changes, .. } => format!("{name} {}", changes.join(",")),
                EventData::SessionRevoked { reason, .. } => format!("{name} {reason}"),
                _ => name.clone(),
            });
            self.written.entry(operation).or_default().insert(name);
        }
        all
    }
}

/// Acts as the operator.
async fn operate<T>(f: &Fixture, act: impl AsyncFnOnce(AdminService<'_>) -> T) -> T {
    let (operator, client) = (Admin::operator(), client());
    act(f.service.as_admin(&operator, &client)).await
}

fn update(change: impl FnOnce(&mut UpdateUserCommand)) -> UpdateUserCommand {
    let mut command = UpdateUserCommand::default();
    change(&mut command);
    command
}

async fn import(f: &Fixture, users: &[ImportedUser]) {
    operate(f, async |admin| {
        let checked = admin.check_import(users, ExistingUsers::Update).await;
        let prepared = admin.prepare_import(checked.unwrap().unwrap(), &|_| {});
        admin.complete_import(prepared.await.unwrap()).await
    })
    .await
    .unwrap();
}

fn imported(line: u64, role: Role) -> ImportedUser {
    let mut user = ImportedUser::new(line, role, format!("Imported {line}"));
    if role == Role::Admin {
        user.email = Some(format!("imported{line}@example.com"));
    } else {
        user.phone = Some(format!("+7701111111{line}"));
        user.password_hash = Some(PasswordHash::from_stored(BCRYPT_AT_4));
    }
    user
}

async fn operations_write_their_events(f: Fixture) {
    let mut log = Log::from_start(&f).await;
    let created = log.written_by("bootstrap").await;
    assert_eq!(created, ["user.created", "admin.promoted", "user.created"]);
    users(&f, &mut log).await;
    sessions(&f, &mut log).await;
    imports(&f, &mut log).await;
    promotions(&f, &mut log).await;
    second_factors(&f, &mut log).await;

    let table = OPERATIONS.iter().filter(|(_, events)| !events.is_empty());
    for (operation, events) in table {
        let written = log.written.remove(operation).unwrap_or_default();
        let expected: BTreeSet<String> = events.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(written, expected, "{operation}");
    }
    assert!(log.written.is_empty(), "{:?}", log.written);
}

async fn users(f: &Fixture, log: &mut Log<'_>) {
    f.login().await;
    assert_eq!(log.written_by("telegram_login").await, ["telegram.linked"]);
    let data = init_data(&f.clock, 42);
    let command = login_command(PHONE, PASSWORD, &data);
    let client = client();
    f.service
        .for_client(&client)
        .telegram_login(&command)
        .await
        .unwrap();
    let renamed = log.written_by("telegram_login").await;
    assert_eq!(renamed, ["user.updated telegram_username"]);

    let change = async |user: UserId, command: UpdateUserCommand| {
        operate(f, async |admin| admin.update_user(user, &command).await)
            .await
            .unwrap();
    };
    let many = update(|u| {
        u.full_name = Some("Another Name".to_owned());
        u.phone = Some(Some("+77011234568".to_owned()));
        u.email = Some(Some("first@example.com".to_owned()));
        u.external_id = Some(Some("HR-1".to_owned()));
        u.metadata = Some(Some(serde_json::Map::from_iter([("a".into(), 1.into())])));
    });
    change(f.employee, many.clone()).await;
    let updated = log.written_by("update_user").await;
    assert_eq!(
        updated,
        ["user.updated full_name,phone,email,external_id,metadata"]
    );
    change(f.employee, many).await;
    assert!(log.written_by("update_user").await.is_empty(), "no change");
    for (is_active, expected) in [
        (
            false,
            vec![
                "session.revoked deactivated",
                "session.revoked deactivated",
                "user.deactivated",
            ],
        ),
        (true, vec!["user.activated"]),
    ] {
        change(f.employee, update(|u| u.is_active = Some(is_active))).await;
        assert_eq!(log.written_by("update_user").await, expected);
    }
    let admin = sign_in_admin(&f.service, ADMIN_EMAIL, &client).await;
    let own = admin.id().unwrap();
    let email = update(|u| u.email = Some(Some("own@example.com".to_owned())));
    let admins = f.service.as_admin(&admin, &client);
    admins.update_user(own, &email).await.unwrap();
    let updated = log.written_by("update_user").await;
    assert_eq!(
        updated,
        ["session.revoked email_changed", "user.updated email"]
    );
    change(
        own,
        update(|u| u.email = Some(Some(ADMIN_EMAIL.to_owned()))),
    )
    .await;
    log.written_by("update_user").await;

    let new = CreateUserCommand::admin("Second", "second@example.com");
    let second = operate(f, async |admin| admin.create_user(&new).await).await;
    let second = second.unwrap().user.id;
    let created = log.written_by("create_user").await;
    assert_eq!(created, ["user.created", "admin.promoted"]);
    let demotion = update(|u| {
        u.role = Some(Role::Employee);
        u.phone = Some(Some("+77012223344".to_owned()));
    });
    change(second, demotion).await;
    let demoted = log.written_by("update_user").await;
    assert_eq!(demoted, ["user.updated phone", "admin.demoted"]);
    let deleted = operate(f, async |admin| admin.delete_user(second).await).await;
    deleted.unwrap();
    assert_eq!(log.written_by("delete_user").await, ["user.deleted"]);
    change(
        f.employee,
        update(|u| u.phone = Some(Some(PHONE.to_owned()))),
    )
    .await;
    log.written_by("update_user").await;
}

/// Another service revokes a token.
async fn revocation(f: &Fixture, log: &mut Log<'_>) {
    let client = client();
    let tokens = f.login().await;
    let command = CreateServiceCommand::new("Proxy", [ServiceScope::Introspect]);
    let created = operate(f, async |admin| admin.create_service(&command).await)
        .await
        .unwrap();
    let (id, service) = (
        created.service.id.to_string(),
        f.service.for_client(&client),
    );
    let caller = service
        .authenticate_service(&id, &created.secret)
        .await
        .unwrap();
    service
        .revoke(&caller, &tokens.refresh_token)
        .await
        .unwrap();
    assert_eq!(
        log.written_by("revoke").await,
        ["session.revoked signed_out"]
    );
}

async fn sessions(f: &Fixture, log: &mut Log<'_>) {
    let client = client();
    let revoked = |reason: &str| vec![format!("session.revoked {reason}")];
    let tokens = f.login().await;
    log.written_by("telegram_login").await;
    f.service
        .for_client(&client)
        .logout(&tokens.refresh_token)
        .await
        .unwrap();
    assert_eq!(log.written_by("logout").await, revoked("signed_out"));
    f.service
        .for_client(&client)
        .logout(&tokens.refresh_token)
        .await
        .unwrap();
    assert!(log.written_by("logout").await.is_empty(), "it had ended");

    revocation(f, log).await;

    let (first, other) = (f.login().await, f.login().await);
    let caller = f.access(&first).await.unwrap();
    let caller = f.service.as_caller(&caller, &client);
    caller.end_session(id_of(&other)).await.unwrap();
    assert_eq!(log.written_by("end_session").await, revoked("signed_out"));
    caller.logout().await.unwrap();
    assert_eq!(log.written_by("logout").await, revoked("signed_out"));

    f.login().await;
    operate(f, async |admin| admin.end_user_sessions(f.employee).await)
        .await
        .unwrap();
    let ended = log.written_by("end_user_sessions").await;
    assert_eq!(ended, revoked("signed_out_by_admin"));

    let tokens = f.login().await;
    let second = f.refresh(&tokens).await.unwrap();
    f.refresh(&second).await.unwrap();
    assert!(log.written_by("refresh").await.is_empty(), "a rotation");
    f.pass(DAY);
    f.refresh(&tokens).await.unwrap_err();
    assert_eq!(log.written_by("refresh").await, revoked("token_reuse"));

    let tokens = login(&f.service, ADMIN_EMAIL, None).await.unwrap();
    let caller = authenticate(&f.service, &tokens.access_token).await;
    for _ in 0..10 {
        let wrong = StepUpProof::Password("wrong".into());
        let caller = f.service.as_caller(&caller, &client);
        caller.step_up(&wrong).await.unwrap_err();
        f.pass(Duration::from_secs(16));
    }
    assert_eq!(log.written_by("step_up").await, revoked("wrong_password"));
    f.pass(DAY);

    let caller = f.access(&f.login().await).await.unwrap();
    f.auto_login().await.unwrap();
    assert!(log.written_by("auto_login").await.is_empty());
    f.auto_login().await.unwrap();
    assert_eq!(log.written_by("auto_login").await, revoked("replaced"));
    let change = ChangePasswordCommand::new(PASSWORD, "plum 4 the tram");
    let caller = f.service.as_caller(&caller, &client);
    caller.change_password(&change).await.unwrap();
    let changed = log.written_by("change_password").await;
    assert_eq!(
        changed,
        [revoked("password_changed"), revoked("password_changed")].concat()
    );
    operate(f, async |admin| admin.reset_password(f.employee).await)
        .await
        .unwrap();
    let reset = log.written_by("reset_password").await;
    assert_eq!(reset, revoked("password_reset"));

    f.login_with("plum 4 the tram").await.unwrap_err();
    let unlinked = operate(f, async |admin| admin.unlink_telegram(f.employee).await).await;
    let password = unlinked.unwrap();
    assert_eq!(
        log.written_by("unlink_telegram").await,
        ["telegram.unlinked"]
    );
    f.login_with(password.expose()).await.unwrap();
    log.written_by("telegram_login").await;
    operate(f, async |admin| admin.unlink_telegram(f.employee).await)
        .await
        .unwrap();
    let unlinked = log.written_by("unlink_telegram").await;
    assert_eq!(
        unlinked,
        ["session.revoked telegram_unlinked", "telegram.unlinked"]
    );
}

async fn imports(f: &Fixture, log: &mut Log<'_>) {
    let mut linked = imported(1, Role::Employee);
    linked.telegram_id = Some(TelegramId(70));
    import(f, &[linked, imported(2, Role::Admin)]).await;
    let mut written = log.written_by("complete_import").await;
    written.sort();
    assert_eq!(
        written,
        [
            "admin.promoted",
            "telegram.linked",
            "user.created",
            "user.created"
        ]
    );
    let data = init_data(&f.clock, 70);
    let command = login_command("+77011111111", "a", &data);
    let client = client();
    let client = f.service.for_client(&client);
    client.telegram_login(&command).await.unwrap();
    log.written_by("telegram_login").await;
    let mut first = imported(1, Role::Employee);
    first.is_active = Some(false);
    let mut second = imported(2, Role::Admin);
    "Other".clone_into(&mut second.full_name);
    let mut employee = imported(3, Role::Employee);
    employee.phone = Some(PHONE.to_owned());
    employee.password_hash = None;
    "Another Name".clone_into(&mut employee.full_name);
    employee.telegram_id = Some(TelegramId(71));
    import(f, &[first, second, employee]).await;
    let mut written = log.written_by("complete_import").await;
    written.sort();
    assert_eq!(
        written,
        [
            "session.revoked deactivated",
            "telegram.linked",
            "user.deactivated",
            "user.updated full_name"
        ]
    );
}

async fn promotions(f: &Fixture, log: &mut Log<'_>) {
    let expected = [
        "session.revoked role_changed",
        "user.updated email",
        "admin.promoted",
    ];
    let employee = async |phone: &str, telegram: i64| {
        let new = CreateUserCommand::employee("Third", phone).password(PASSWORD);
        let new = operate(f, async |admin| admin.create_user(&new).await).await;
        let data = init_data(&f.clock, telegram);
        let command = login_command(phone, PASSWORD, &data);
        let client = client();
        let client = f.service.for_client(&client);
        client.telegram_login(&command).await.unwrap();
        new.unwrap().user.id
    };
    let third = employee("+77013334455", 80).await;
    log.written_by("create_user").await;
    log.written
        .get_mut("create_user")
        .unwrap()
        .remove("telegram.linked");
    operate(f, async |admin| {
        admin.promote_user(third, Some("third@example.com")).await
    })
    .await
    .unwrap();
    assert_eq!(log.written_by("promote_user").await, expected);

    let fourth = employee("+77014445566", 81).await;
    let second =
        CreateUserCommand::admin("Approver", "approver@example.com").password(ADMIN_PASSWORD);
    operate(f, async |admin| admin.create_user(&second).await)
        .await
        .unwrap();
    log.written_by("create_user").await;
    log.written
        .get_mut("create_user")
        .unwrap()
        .remove("telegram.linked");
    let service = builder(f.store.clone(), &f.clock)
        .admin_approval(true)
        .build();
    let client = client();
    let requester = sign_in_admin(&service, ADMIN_EMAIL, &client).await;
    let requester = service.as_admin(&requester, &client);
    let promotion = requester.promote_user(fourth, Some("fourth@example.com"));
    let Ok(Promotion::Pending(pending)) = promotion.await else {
        panic!("it needs an approval")
    };
    assert!(log.written_by("promote_user").await.is_empty());
    let approver = sign_in_admin(&service, "approver@example.com", &client).await;
    let approver = service.as_admin(&approver, &client);
    approver.approve_promotion(pending.id).await.unwrap();
    assert_eq!(log.written_by("approve_promotion").await, expected);
}

async fn second_factors(f: &Fixture, log: &mut Log<'_>) {
    let client = client();
    let revoked = ["session.revoked second_factor_changed"];
    let sign_in = async |email| {
        let tokens = login(&f.service, email, None).await.unwrap();
        authenticate(&f.service, &tokens.access_token).await
    };
    let end_all = async |log: &mut Log<'_>, user: UserId| {
        operate(f, async |admin| admin.end_user_sessions(user).await)
            .await
            .unwrap();
        log.written_by("end_user_sessions").await;
    };
    let user = sign_in(ADMIN_EMAIL).await.user().id;
    end_all(log, user).await;

    sign_in(ADMIN_EMAIL).await;
    let enrolled = Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    assert_eq!(log.written_by("confirm_totp").await, revoked);
    f.pass(Duration::from_mins(1));
    enrolled
        .sign_in(&f.service, enrolled.code(0))
        .await
        .unwrap();
    let caller = f.service.as_caller(&enrolled.caller, &client);
    caller.disable_second_factor().await.unwrap();
    assert_eq!(log.written_by("disable_second_factor").await, revoked);
    end_all(log, user).await;

    sign_in(ADMIN_EMAIL).await;
    let key_holder = KeyHolder::new(&f.service, ADMIN_EMAIL).await;
    assert_eq!(log.written_by("add_passkey").await, revoked);
    f.pass(Duration::from_secs(1));
    let mut key_holder = key_holder;
    key_holder.sign_in(&f.service).await.unwrap();
    let caller = f.service.as_caller(&key_holder.caller, &client);
    let passkey = key_holder.added.passkey.id;
    caller.remove_passkey(passkey).await.unwrap();
    assert_eq!(log.written_by("remove_passkey").await, revoked);
    end_all(log, user).await;

    sign_in(ADMIN_EMAIL).await;
    operate(f, async |admin| {
        let account = admin.get_user(user).await.unwrap();
        let secret = admin.new_totp(&account).unwrap().secret;
        let totp: divan_core::second_factor::TotpSecret = secret.expose().parse().unwrap();
        let code = totp.code(f.clock.unix_seconds() / 30);
        admin.enable_totp(user, &secret, &code.into()).await
    })
    .await
    .unwrap();
    assert_eq!(log.written_by("enable_totp").await, revoked);
    operate(f, async |admin| admin.reset_second_factor(user).await)
        .await
        .unwrap();
    assert!(log.written_by("reset_second_factor").await.is_empty());
    Enrolled::new(&f.service, &f.clock, ADMIN_EMAIL).await;
    operate(f, async |admin| admin.reset_second_factor(user).await)
        .await
        .unwrap();
    assert_eq!(log.written_by("reset_second_factor").await, revoked);
}

#[test]
fn the_table_names_every_operation() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service");
    let mut found = BTreeSet::new();
    for (file, source) in sources(&folder) {
        let is_skipped = ["messages", "webhooks"].contains(&file.as_str());
        if is_skipped || (file == "events" && !source.contains("list_events")) {
            continue;
        }
        for rest in source.split("pub async fn ").skip(1) {
            let end = rest.find(['(', '<']).unwrap();
            found.insert(rest[..end].to_owned());
        }
    }
    let table: BTreeSet<String> = OPERATIONS.iter().map(|(name, _)| (*name).into()).collect();
    assert_eq!(found, table);
    let types = OPERATIONS.iter().flat_map(|(_, events)| *events);
    let types: BTreeSet<&str> = types.copied().collect();
    assert_eq!(types, EventType::ALL.iter().map(|t| t.as_str()).collect());
}

#[test]
fn all_changes_of_accounts_write_their_events() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/service");
    for (file, source) in sources(&folder) {
        let source = source.split("#[cfg(test)]").next().unwrap();
        let source: String = source.split_whitespace().collect();
        let names = [
            "store.update_account(",
            "store.update_accounts(",
            "store.insert_users(",
            "NewUser::new(",
            "claim.complete(",
        ];
        for name in names {
            assert!(!source.contains(name), "{file}: {name}");
        }
    }
}

/// Returns the sources in a folder and its folders but `events/write.rs`, with their folder or file names.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inner = sources(&path).into_iter();
            found.extend(inner.map(|(_, source)| (name.clone(), source)));
        } else if name != "write.rs" {
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// Returns all events that follow.
async fn all_after(f: &Fixture, position: Option<EventPosition>) -> Vec<String> {
    let page = f.service.events_after(position, 100).await.unwrap();
    let types = page.events.iter().map(|event| event.data.event_type());
    types.map(str::to_owned).collect()
}

/// Writes an event.
async fn rename(f: &Fixture, name: &str) {
    let command = update(|u| u.full_name = Some(name.to_owned()));
    operate(f, async |admin| {
        admin.update_user(f.employee, &command).await
    })
    .await
    .unwrap();
}

async fn start(f: &Fixture) -> EventPosition {
    let start = f.service.event_position(OffsetDateTime::UNIX_EPOCH);
    start.await.unwrap()
}

async fn a_refused_change_writes_no_event(f: Fixture) {
    let mut log = Log::new(&f);
    log.written_by("").await;
    let taken = CreateUserCommand::employee("Other", PHONE).password(PASSWORD);
    operate(&f, async |admin| admin.create_user(&taken).await)
        .await
        .unwrap_err();
    let other = CreateUserCommand::employee("Other", "+77015556677").password(PASSWORD);
    let other = operate(&f, async |admin| admin.create_user(&other).await).await;
    let other = other.unwrap().user.id;
    assert_eq!(log.written_by("").await, ["user.created"]);
    let taken = update(|u| u.phone = Some(Some(PHONE.to_owned())));
    operate(&f, async |admin| admin.update_user(other, &taken).await)
        .await
        .unwrap_err();
    f.login_with("wrong password").await.unwrap_err();
    assert!(log.written_by("").await.is_empty());
}

async fn events_name_the_user_and_the_session(f: Fixture) {
    let position = f.service.newest_event().await.unwrap();
    let tokens = f.login().await;
    let now: OffsetDateTime = f.clock.now().into();
    operate(&f, async |admin| admin.end_user_sessions(f.employee).await)
        .await
        .unwrap();
    let page = f.service.events_after(Some(position), 10).await.unwrap();
    let [linked, revoked] = &page.events[..] else {
        panic!("{page:?}")
    };
    assert_eq!((linked.user, linked.at), (f.employee, now));
    assert_eq!(linked.data, EventData::TelegramLinked {});
    let EventData::SessionRevoked { session_id, .. } = revoked.data else {
        panic!("{revoked:?}")
    };
    assert_eq!(session_id, id_of(&tokens));
    assert_ne!(linked.id, revoked.id);
    assert!(linked.position < revoked.position);
    let again = f.service.events_after(Some(position), 10).await.unwrap();
    assert_eq!(again.events, page.events, "ids are the same");
}

async fn events_contain_no_personal_data(f: Fixture) {
    f.login().await;
    let command = update(|u| {
        u.full_name = Some("Changed Name".to_owned());
        u.email = Some(Some("changed@example.com".to_owned()));
        u.external_id = Some(Some("HR-77".to_owned()));
    });
    operate(&f, async |admin| {
        admin.update_user(f.employee, &command).await
    })
    .await
    .unwrap();
    operate(&f, async |admin| admin.delete_user(f.employee).await)
        .await
        .unwrap();
    let page = f.service.events_after(Some(start(&f).await), 100).await;
    let text = format!("{:?}", page.unwrap());
    for personal in [
        "First",
        "Changed",
        "7011234567",
        "@",
        "HR-77",
        "first_last",
        "42",
    ] {
        let is_id = personal == "42";
        assert!(is_id || !text.contains(personal), "{personal}: {text}");
    }
    assert!(!text.contains("telegram_id"), "{text}");
}

async fn a_reader_continues_at_its_position(f: Fixture) {
    assert!(all_after(&f, None).await.is_empty(), "only later events");
    let none = f.service.events_after(None, 10).await.unwrap();
    for n in 0..5 {
        rename(&f, &format!("Name {n}")).await;
    }
    let first = f.service.events_after(Some(none.next), 2).await.unwrap();
    assert_eq!((first.events.len(), first.has_more), (2, true));
    let text = first.next.to_string();
    let rest = f.service.events_after(text.parse().ok(), 3).await.unwrap();
    assert_eq!((rest.events.len(), rest.has_more), (3, false));
    let end = f.service.events_after(Some(rest.next), 3).await.unwrap();
    assert_eq!((end.events.len(), end.next), (0, rest.next));
}

async fn a_position_in_deleted_events_is_expired(f: Fixture) {
    let position = start(&f).await;
    rename(&f, "Name 1").await;
    let newest = f.service.newest_event().await.unwrap();
    f.pass(DAY + Duration::from_secs(1));
    assert_eq!(f.service.purge_events(DAY).await.unwrap(), 4);
    let expired = f.service.events_after(Some(position), 10).await;
    assert!(matches!(expired, Err(EventsError::CursorExpired)));
    assert!(all_after(&f, Some(newest)).await.is_empty());
    rename(&f, "Name 2").await;
    assert_eq!(all_after(&f, Some(newest)).await, ["user.updated"]);
    let expired = f.service.events_after(Some(position), 10).await;
    assert!(matches!(expired, Err(EventsError::CursorExpired)));
}

async fn a_position_of_another_log_is_expired(f: Fixture) {
    rename(&f, "Name 1").await;
    let newest = f.service.newest_event().await.unwrap();
    // The position of a later event that a restored database lost.
    let later = {
        let store = std::sync::Arc::new(divan_core::store::MemoryStore::new());
        let other = Fixture::on(store).await;
        for n in 0..9 {
            rename(&other, &format!("Name {n}")).await;
        }
        other.service.newest_event().await.unwrap()
    };
    assert!(later > newest);
    let expired = f.service.events_after(Some(later), 10).await;
    assert!(matches!(expired, Err(EventsError::CursorExpired)));
    for n in 0..9 {
        rename(&f, &format!("Name {n}")).await;
    }
    let expired = f.service.events_after(Some(later), 10).await;
    let is_expired = matches!(expired, Err(EventsError::CursorExpired));
    assert!(is_expired, "another event has this position now");
}

async fn events_are_read_again_from_a_time(f: Fixture) {
    f.pass(DAY);
    rename(&f, "Name 1").await;
    let since: OffsetDateTime = f.clock.now().into();
    f.pass(DAY);
    rename(&f, "Name 2").await;
    for (since, expected) in [(since, 2), (since + time::Duration::SECOND, 1)] {
        let position = f.service.event_position(since).await.unwrap();
        assert_eq!(all_after(&f, Some(position)).await.len(), expected);
    }
    let later = since + time::Duration::days(9);
    let position = f.service.event_position(later).await.unwrap();
    assert!(all_after(&f, Some(position)).await.is_empty());
}

const NAME: &str = "first";
const SERVER: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

async fn a_consumer_gets_events_in_order_and_at_least_once(f: Fixture) {
    assert!(f.service.add_consumer(NAME).await.unwrap());
    assert!(!f.service.add_consumer(NAME).await.unwrap());
    for n in 0..3 {
        rename(&f, &format!("Name {n}")).await;
    }
    let status = f.service.event_consumers().await.unwrap().remove(0);
    assert_eq!(status.pending, 3);
    assert_eq!(status.oldest, Some(f.clock.now().into()));

    let claim = f.service.claim_consumer(NAME, SERVER).await.unwrap();
    let mut consumer = claim.unwrap();
    let other = f.another_server();
    assert!(other.claim_consumer(NAME, OTHER).await.unwrap().is_none());
    let events = f.service.consumer_events(&mut consumer, 2).await.unwrap();
    assert_eq!(events.len(), 2);
    let first = events[0].position;
    let delivered = f.service.consumer_delivered(&mut consumer, first).await;
    assert!(delivered.unwrap());
    f.service
        .consumer_failed(consumer, "unavailable", Duration::from_secs(5))
        .await
        .unwrap();
    assert!(other.claim_consumer(NAME, OTHER).await.unwrap().is_none());
    let status = f.service.event_consumers().await.unwrap().remove(0);
    assert_eq!(status.consumer.last_error.as_deref(), Some("unavailable"));

    f.pass(Duration::from_secs(5));
    let mut consumer = other.claim_consumer(NAME, OTHER).await.unwrap().unwrap();
    let again = other.consumer_events(&mut consumer, 100).await.unwrap();
    assert_eq!(again[0], events[1], "it was not delivered");
    assert_eq!(again.len(), 2);
    let last = again[1].position;
    other.consumer_delivered(&mut consumer, last).await.unwrap();
    assert_eq!(other.consumer_events(&mut consumer, 9).await.unwrap(), []);
    assert!(!consumer.missed_events());
    other.release_consumer(consumer).await.unwrap();
    let status = f.service.event_consumers().await.unwrap().remove(0);
    assert_eq!((status.pending, status.consumer.failures), (0, 0));
    let claim = f.service.claim_consumer(NAME, SERVER).await.unwrap();
    let disabled = f.service.disable_failing_consumer(claim.unwrap(), "gone");
    assert!(disabled.await.unwrap());
    assert!(
        f.service
            .claim_consumer(NAME, SERVER)
            .await
            .unwrap()
            .is_none()
    );
    assert!(f.service.enable_consumer(NAME).await.unwrap());
    assert!(f.service.disable_consumer(NAME).await.unwrap());
    assert!(f.service.delete_consumer(NAME).await.unwrap());
}

async fn a_consumer_whose_events_were_deleted_continues_with_the_oldest(f: Fixture) {
    f.service.add_consumer(NAME).await.unwrap();
    rename(&f, "Name 1").await;
    f.pass(DAY + Duration::from_secs(1));
    rename(&f, "Name 2").await;
    f.service.purge_events(DAY).await.unwrap();
    let claim = f.service.claim_consumer(NAME, SERVER).await.unwrap();
    let mut consumer = claim.unwrap();
    let events = f.service.consumer_events(&mut consumer, 9).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(consumer.missed_events());
}

async fn a_killed_server_loses_its_consumer_after_half_a_minute(f: Fixture) {
    f.service.add_consumer(NAME).await.unwrap();
    rename(&f, "Name 1").await;
    let claim = f.service.claim_consumer(NAME, SERVER).await.unwrap();
    let mut killed = claim.unwrap();
    let events = f.service.consumer_events(&mut killed, 9).await.unwrap();
    f.pass(Duration::from_secs(9));
    assert!(f.service.keep_consumer(&mut killed).await.unwrap());
    f.pass(Duration::from_secs(10));
    assert!(f.service.keep_consumer(&mut killed).await.unwrap());
    f.pass(Duration::from_secs(29));
    let other = f.another_server();
    assert!(other.claim_consumer(NAME, OTHER).await.unwrap().is_none());
    f.pass(Duration::from_secs(1));
    let mut consumer = other.claim_consumer(NAME, OTHER).await.unwrap().unwrap();
    let again = other.consumer_events(&mut consumer, 9).await.unwrap();
    assert_eq!(again, events);
    let position = events[0].position;
    let delivered = f.service.consumer_delivered(&mut killed, position).await;
    assert!(!delivered.unwrap(), "the lease was lost");
    assert!(!f.service.keep_consumer(&mut killed).await.unwrap());
}

async fn a_consumer_reads_again_from_a_time(f: Fixture) {
    f.service.add_consumer(NAME).await.unwrap();
    let claim = f.service.claim_consumer(NAME, SERVER).await.unwrap();
    let mut consumer = claim.unwrap();
    let since = OffsetDateTime::UNIX_EPOCH;
    assert!(f.service.replay_consumer(NAME, since).await.unwrap());
    assert!(!f.service.replay_consumer("unknown", since).await.unwrap());
    let newest = f.service.newest_event().await.unwrap();
    let delivered = f.service.consumer_delivered(&mut consumer, newest).await;
    assert!(!delivered.unwrap(), "it was moved");
    let claim = f.service.claim_consumer(NAME, SERVER).await.unwrap();
    let mut consumer = claim.unwrap();
    let events = f.service.consumer_events(&mut consumer, 9).await.unwrap();
    assert_eq!(events.len(), 3);
}

async fn an_event_of_a_newer_version_is_passed_on(f: Fixture) {
    let newer = EventData::from_parts(
        "user.painted",
        serde_json::Map::from_iter([("color".into(), "red".into())]),
    );
    let at = f.clock.now().into();
    let event = divan_core::store::NewMessage::event(f.employee, &newer, at);
    let change = |_: &mut Account| Ok(Some(AccountUpdate::none().message(event.clone())));
    let before = f.service.newest_event().await.unwrap();
    f.store.update_account(f.employee, &change).await.unwrap();
    let page = f.service.events_after(Some(before), 9).await.unwrap();
    assert_eq!(page.events[0].data, newer);
}

async fn events_are_off_by_default(f: Fixture) {
    let position = f.service.newest_event().await.unwrap();
    let silent = builder(f.store.clone(), &f.clock).events(false).build();
    assert!(f.service.has_events() && !silent.has_events());
    let f = Fixture {
        service: silent,
        ..f
    };
    f.login().await;
    rename(&f, "Name 1").await;
    import(&f, &[imported(1, Role::Employee)]).await;
    assert!(all_after(&f, Some(position)).await.is_empty());
}

#[tokio::test]
async fn the_signal_reports_written_events() {
    let f = Fixture::on(std::sync::Arc::new(divan_core::store::MemoryStore::new())).await;
    let mut signal = f.service.event_signal();
    let waits = tokio::time::timeout(Duration::from_millis(10), signal.wait());
    assert!(waits.await.is_err());
    rename(&f, "Name 1").await;
    signal.wait().await;
}
