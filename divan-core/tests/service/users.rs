//! What administrators do with people, held against the service on every store; and the audit of
//! it.

use crate::support::{Refusal, refusal};
use std::sync::Arc;
use std::time::Duration;

use crate::created::created;
use divan_core::api::{
    AuditRequest, BootstrapRequest, ChangePasswordRequest, CreateUserRequest, ListUsersRequest,
    TokenResponse, UpdateUserRequest,
};
use divan_core::clock::ManualClock;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::password::{Argon2idHasher, PasswordHash};
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, BootstrapPolicy, ClientInfo, ServiceError, SignInPhone,
};
use divan_core::store::{
    Account, AccountUpdate, AuditQuery, FoundUsers, SearchTerms, SqliteStore, Store,
    StoreErrorKind, UserQuery,
};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{AuditAction, Role, User, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::random::Random;

const NOW: u64 = 1_780_000_000;
const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const ADMIN_EMAIL: &str = "admin@example.com";
const ADMIN_PASSWORD: &str = "tram under the plum";
const PHONE: &str = "+77011234567";

on_every_store!(
    a_page_is_what_the_conditions_say,
    pages_go_on_where_the_last_one_ended,
    a_search_among_many_goes_on_where_it_stopped_looking,
    a_change_of_the_name_changes_what_finds_it,
    who_is_bound_to_no_telegram_account_is_not_unlinked,
    a_user_without_a_password_gets_a_generated_one,
    a_generated_password_is_good_for_three_days,
    a_reset_gives_another_password_and_signs_out,
    nobody_takes_the_own_rights_away,
    random_demotions_at_once_leave_an_administrator,
    everything_is_written_down_once,
    what_is_refused_is_not_written_down,
    the_audit_is_read_page_by_page_and_purged,
);

struct Fixture {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    service: AuthService,
}

impl Fixture {
    async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let service = AuthService::builder(
            store.clone(),
            &SecretKey::new([7; 32]).unwrap(),
            "https://sec.example.com",
            Audiences::new("divan.example.com", "sec.example.com").unwrap(),
        )
        .telegram(BOT.parse().unwrap())
        .bootstrap(BootstrapPolicy::OpenToAnyone)
        .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
        .clock(clock.clone())
        .build();
        service
            .bootstrap(
                None,
                &BootstrapRequest::new(ADMIN_EMAIL, ADMIN_PASSWORD),
                &client(),
            )
            .await
            .unwrap();
        Self {
            store,
            clock,
            service,
        }
    }

    async fn admin(&self) -> Admin {
        self.admin_with(ADMIN_EMAIL).await
    }

    async fn admin_with(&self, email: &str) -> Admin {
        let session = self
            .service
            .admin_login(email, &ADMIN_PASSWORD.into(), &client())
            .await
            .unwrap();
        self.service
            .authenticate(session.access_token.expose())
            .await
            .unwrap()
            .into_admin()
            .unwrap()
    }

    async fn add(&self, request: &CreateUserRequest) -> User {
        self.service
            .create_user(&self.admin().await, request, &client())
            .await
            .unwrap()
            .user
    }

    async fn login(&self, password: &Secret) -> Result<TokenResponse, ServiceError> {
        let bot: BotToken = BOT.parse().unwrap();
        let data = InitDataBuilder::new(self.clock_seconds())
            .field("user", r#"{"id":42,"first_name":"A"}"#)
            .sign(&bot);
        let phone = SignInPhone::Typed(PHONE);
        self.service
            .telegram_login(phone, password, &Secret::new(data), &client())
            .await
    }

    fn clock_seconds(&self) -> u64 {
        use divan_core::clock::Clock;
        self.clock.unix_seconds()
    }

    /// Ids of one millisecond are in no order.
    fn tick(&self) {
        self.clock.advance(Duration::from_millis(1));
    }

    async fn find(&self, q: &str) -> Vec<String> {
        let mut request = ListUsersRequest::default();
        request.q = Some(q.to_owned());
        let page = self
            .service
            .list_users(&self.admin().await, &request)
            .await
            .unwrap();
        page.items.into_iter().map(|user| user.full_name).collect()
    }

    /// The actions about a user, the oldest first.
    async fn actions(&self, user: UserId) -> Vec<AuditAction> {
        let mut query = AuditQuery::newest(100);
        query.subject = Some(user);
        let mut records = self.store.audit(&query).await.unwrap();
        records.reverse();
        records.iter().map(|record| record.action).collect()
    }
}

fn client() -> ClientInfo {
    ClientInfo::unknown()
        .device("a browser")
        .address([203, 0, 113, 7].into())
        .request_id("request-1")
}

impl Random {
    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// Every store answers what [`UserQuery::matches`] says, for made-up people and searches.
async fn a_page_is_what_the_conditions_say(f: Fixture) {
    const FIRST: [&str; 6] = ["Касым", "Қасым", "Ёлка", "Елена", "Anna", "ANNABEL"];
    const LAST: [&str; 5] = ["Ахметов", "Әхметова", "O'Neil", "Фёдоров-Ли", "100%_x\\"];
    const TYPED: [&str; 16] = [
        "к",
        "касым",
        "ах",
        "ёл",
        "anna",
        "annab",
        "li",
        "ли",
        "o'n",
        "%",
        "100",
        "1",
        "+7701",
        "8701",
        "person1",
        "касым ах",
    ];
    let mut random = Random(7);
    let mut users = Vec::new();
    for n in 0..60_u128 {
        let role = random.one_of(&[Role::Employee, Role::Employee, Role::Admin]);
        let name = format!("{} {}", random.one_of(&FIRST), random.one_of(&LAST));
        let mut user = User::new(
            UserId(Uuid::from_u128(n + 1)),
            role,
            name,
            OffsetDateTime::UNIX_EPOCH,
        );
        user.is_active = random.below(4) > 0;
        user.phone = Some(format!("+770{}{n:07}", random.below(3)).parse().unwrap());
        user.email = Some(format!("person{n}@example.com").parse().unwrap());
        let account = Account::new(user.clone(), PasswordHash::from_stored("x"));
        f.store.insert_users(&[created(&account)]).await.unwrap();
        users.push(user);
    }
    users.push(
        f.service
            .get_user(&f.admin().await, f.admin().await.id().unwrap())
            .await
            .unwrap(),
    );
    users.sort_by_key(|user| std::cmp::Reverse(user.id));
    let mut found = 0;
    for _ in 0..300 {
        let mut query = UserQuery::newest(u32::try_from(random.below(20)).unwrap() + 1);
        if random.below(4) > 0 {
            query.terms = SearchTerms::parse(random.one_of(&TYPED)).unwrap_or_default();
        }
        query.role = random.one_of(&[None, Some(Role::Admin), Some(Role::Employee)]);
        query.is_active = random.one_of(&[None, Some(true), Some(false)]);
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let last = random.one_of(&ids);
        query.before = random.one_of(&[None, Some(last)]);
        let expected: Vec<_> = users
            .iter()
            .filter(|user| query.matches(user))
            .take(query.limit as usize)
            .map(|user| user.id)
            .collect();
        let FoundUsers {
            users: page,
            scanned_until,
            ..
        } = f.store.users(&query).await.unwrap();
        assert_eq!(scanned_until, None, "{query:?}");
        assert_eq!(
            page.iter().map(|user| user.id).collect::<Vec<_>>(),
            expected,
            "{query:?}"
        );
        found += expected.len();
    }
    assert!(found > 300, "{found} found: too few to mean anything");
}

async fn pages_go_on_where_the_last_one_ended(f: Fixture) {
    let admin = f.admin().await;
    for n in 0..7 {
        f.clock.advance(Duration::from_millis(1));
        f.add(&CreateUserRequest::employee(
            format!("Crowd {n}"),
            format!("+7701000000{n}"),
        ))
        .await;
    }
    let mut request = ListUsersRequest::default();
    (request.limit, request.q) = (Some(3), Some("CROWD".to_owned()));
    let mut names = Vec::new();
    loop {
        let page = f.service.list_users(&admin, &request).await.unwrap();
        names.extend(page.items.into_iter().map(|user| user.full_name));
        // Who comes in between is newer, and so on no page that follows.
        f.add(&CreateUserRequest::employee(
            "Crowd late",
            format!("+770200000{:02}", names.len()),
        ))
        .await;
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(
        names,
        [
            "Crowd 6", "Crowd 5", "Crowd 4", "Crowd 3", "Crowd 2", "Crowd 1", "Crowd 0"
        ]
    );

    request.q = Some("other".to_owned());
    assert_eq!(
        refusal(f.service.list_users(&admin, &request).await),
        Refusal::ValidationFailed
    );
    for limit in [0, 201] {
        let mut request = ListUsersRequest::default();
        request.limit = Some(limit);
        assert_eq!(
            refusal(f.service.list_users(&admin, &request).await),
            Refusal::ValidationFailed
        );
    }
}

async fn a_search_among_many_goes_on_where_it_stopped_looking(f: Fixture) {
    // Words that a thousand have, and of all only the two oldest have both.
    let name = |n: u128| {
        if n < 2 {
            "Even Odd"
        } else {
            ["Even", "Odd"][n as usize % 2]
        }
    };
    let user = |n| {
        let mut user = User::new(
            UserId(Uuid::from_u128(n + 1)),
            Role::Employee,
            name(n),
            OffsetDateTime::UNIX_EPOCH,
        );
        user.phone = Some(format!("+7701{n:07}").parse().unwrap());
        created(&Account::new(user, PasswordHash::from_stored("x")))
    };
    f.store
        .insert_users(&(0..2200).map(user).collect::<Vec<_>>())
        .await
        .unwrap();
    let mut query = UserQuery::newest(10);
    query.terms = SearchTerms::parse("even odd").unwrap();
    query.scan_limit = 300;
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = f.store.users(&query).await.unwrap();
        found.extend(page.users.into_iter().map(|user| user.id.0.as_u128()));
        pages += 1;
        let Some(scanned_until) = page.scanned_until else {
            break;
        };
        query.before = Some(scanned_until);
    }
    assert_eq!(found, [2, 1]);
    // In memory nothing is gone through in pieces.
    assert!(pages == 1 || pages == 8, "{pages} pages");

    query.before = None;
    query.terms = SearchTerms::parse("even").unwrap();
    let full = f.store.users(&query).await.unwrap();
    assert_eq!((full.users.len(), full.scanned_until), (10, None));
    query.terms = SearchTerms::parse("even 77010000001").unwrap();
    let rare = f.store.users(&query).await.unwrap();
    assert_eq!(
        (rare.users.len(), rare.scanned_until),
        (1, None),
        "a rare word is looked for everywhere"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_search_may_be_empty_and_not_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("divan.db"))
        .await
        .unwrap();
    let f = Fixture::on(Arc::new(store)).await;
    // The oldest alone has both words.
    let name = |n: u128| {
        if n == 0 {
            "Even Odd"
        } else {
            ["Even", "Odd"][n as usize % 2]
        }
    };
    let user = |n| {
        let id = UserId(Uuid::from_u128(n + 1));
        let mut user = User::new(id, Role::Admin, name(n), OffsetDateTime::UNIX_EPOCH);
        user.email = Some(format!("{n}@example.com").parse().unwrap());
        created(&Account::new(user, PasswordHash::from_stored("x")))
    };
    f.store
        .insert_users(&(0..20_100).map(user).collect::<Vec<_>>())
        .await
        .unwrap();
    let mut request = ListUsersRequest::default();
    request.q = Some("even odd".to_owned());
    let page = f
        .service
        .list_users(&f.admin().await, &request)
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next_cursor.is_some()), (0, true));
    request.cursor = page.next_cursor;
    let page = f
        .service
        .list_users(&f.admin().await, &request)
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (1, None));
}

async fn who_is_bound_to_no_telegram_account_is_not_unlinked(f: Fixture) {
    let user = f
        .add(&CreateUserRequest::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    let before = f.actions(user.id).await;
    let unlinked = f
        .service
        .unlink_telegram(&f.admin().await, user.id, &client())
        .await
        .unwrap();
    assert_eq!((unlinked, f.actions(user.id).await), (user, before));
}

async fn a_change_of_the_name_changes_what_finds_it(f: Fixture) {
    let user = f
        .add(&CreateUserRequest::employee("Before Change", PHONE))
        .await;
    assert_eq!(f.find("before").await, ["Before Change"]);
    let mut request = UpdateUserRequest::default();
    request.full_name = Some("After Change".to_owned());
    request.phone = Some(Some("+77019999999".to_owned()));
    f.service
        .update_user(&f.admin().await, user.id, &request, &client())
        .await
        .unwrap();
    assert_eq!(
        (f.find("before").await, f.find("+7701123").await),
        (vec![], vec![])
    );
    for typed in ["after", "change", "+7 701 999", "8701999"] {
        assert_eq!(f.find(typed).await, ["After Change"], "{typed}");
    }
}

async fn a_user_without_a_password_gets_a_generated_one(f: Fixture) {
    let admin = f.admin().await;
    let request = CreateUserRequest::employee("First Last", PHONE);
    let created = f
        .service
        .create_user(&admin, &request, &client())
        .await
        .unwrap();
    let password = created.generated_password.unwrap();
    assert!(created.user.password_change_required);
    assert_eq!(password.expose().len(), 19);
    let session = f.login(&password).await.unwrap();
    let token = session.access_token.expose();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::PasswordChangeRequired
    );

    // From then on the person's own password is good for as long as it is kept.
    let caller = f.service.authenticate_any_scope(token).await.unwrap();
    let change = ChangePasswordRequest::new(password, "plum 4 the tram");
    f.service
        .change_password(&caller, &change, &client())
        .await
        .unwrap();
    f.clock.advance(Duration::from_hours(100));
    let user = f.login(&"plum 4 the tram".into()).await.unwrap().user;
    assert!(!user.password_change_required);

    let request =
        CreateUserRequest::employee("Second Last", "+77010000002").password("umbrella 77");
    let created = f
        .service
        .create_user(&f.admin().await, &request, &client())
        .await
        .unwrap();
    assert!(created.generated_password.is_none() && !created.user.password_change_required);
}

async fn a_generated_password_is_good_for_three_days(f: Fixture) {
    let request = CreateUserRequest::employee("First Last", PHONE);
    let created = f
        .service
        .create_user(&f.admin().await, &request, &client())
        .await
        .unwrap();
    let password = created.generated_password.unwrap();
    f.clock.advance(Duration::from_secs(72 * 3600 - 1));
    f.login(&password).await.unwrap();
    f.clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(f.login(&password).await), Refusal::PasswordExpired);
    assert_eq!(
        refusal(f.login(&"another".into()).await),
        Refusal::InvalidCredentials
    );
}

async fn a_reset_gives_another_password_and_signs_out(f: Fixture) {
    let user = f
        .add(&CreateUserRequest::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let token = session.access_token.expose();
    f.service.authenticate(token).await.unwrap();
    let admin = f.admin().await;
    let reset = f
        .service
        .reset_password(&admin, user.id, &client())
        .await
        .unwrap();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
    assert_eq!(
        refusal(f.login(&"umbrella 77".into()).await),
        Refusal::InvalidCredentials
    );
    let account = f.store.account(user.id).await.unwrap().unwrap();
    assert!(account.password_verified_at.is_none());
    assert!(
        f.login(&reset.generated_password)
            .await
            .unwrap()
            .user
            .password_change_required
    );
    let nobody = UserId(Uuid::from_u128(1));
    assert_eq!(
        refusal(f.service.reset_password(&admin, nobody, &client()).await),
        Refusal::NotFound
    );
}

async fn nobody_takes_the_own_rights_away(f: Fixture) {
    let admin = f.admin().await;
    let (mut demote, mut deactivate) = <(UpdateUserRequest, UpdateUserRequest)>::default();
    demote.role = Some(Role::Employee);
    demote.phone = Some(Some(PHONE.to_owned()));
    deactivate.is_active = Some(false);
    for request in [demote, deactivate] {
        let refused = f
            .service
            .update_user(&admin, admin.id().unwrap(), &request, &client())
            .await;
        assert_eq!(refusal(refused), Refusal::ValidationFailed);
    }
    let mut rename = UpdateUserRequest::default();
    rename.full_name = Some("Another Name".to_owned());
    f.service
        .update_user(&admin, admin.id().unwrap(), &rename, &client())
        .await
        .unwrap();
}

/// Administrators demote and deactivate each other all at once; whoever is hit goes no further.
async fn random_demotions_at_once_leave_an_administrator(f: Fixture) {
    for seed in 0..4 {
        let mut random = Random(seed);
        let mut admins = vec![f.admin().await.id().unwrap()];
        for n in 0..6 {
            let email = format!("admin{seed}{n}@example.com");
            let request = CreateUserRequest::admin("Admin", email.clone()).password(ADMIN_PASSWORD);
            admins.push(f.add(&request).await.id);
        }
        let mut attempts = Vec::new();
        for _ in 0..40 {
            let (store, target) = (f.store.clone(), random.one_of(&admins));
            let demotes = random.below(2) == 0;
            attempts.push(tokio::spawn(async move {
                let change = move |account: &mut Account| {
                    if demotes {
                        account.user.role = Role::Employee;
                        account.user.phone = Some(
                            format!("+7701{:07}", target.0.as_u128() % 9_999_999)
                                .parse()
                                .unwrap(),
                        );
                    } else {
                        account.user.is_active = false;
                    }
                    Ok(Some(AccountUpdate::none()))
                };
                match store.update_account(target, &change).await {
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), StoreErrorKind::LastAdmin, "{error:?}"),
                }
            }));
        }
        for attempt in attempts {
            attempt.await.unwrap();
        }
        let mut query = UserQuery::newest(100);
        (query.role, query.is_active) = (Some(Role::Admin), Some(true));
        let left = f.store.users(&query).await.unwrap().users;
        assert!(!left.is_empty(), "seed {seed}");
        // The next round begins with the first administrator again.
        let id = admins[0];
        let restore = |account: &mut Account| {
            (account.user.role, account.user.is_active) = (Role::Admin, true);
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(id, &restore).await.unwrap().unwrap();
    }
}

async fn everything_is_written_down_once(f: Fixture) {
    use AuditAction::*;
    let admin = f.admin().await;
    let user = f
        .add(&CreateUserRequest::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    f.tick();
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    let change = ChangePasswordRequest::new("umbrella 77", "plum 4 the tram");
    f.tick();
    let session = f
        .service
        .change_password(&caller, &change, &client())
        .await
        .unwrap();
    let caller = f
        .service
        .authenticate(session.access_token.expose())
        .await
        .unwrap();
    f.tick();
    f.service.logout(&caller, &client()).await.unwrap();
    f.service.logout(&caller, &client()).await.unwrap();
    let mut changes = [(); 5].map(|()| UpdateUserRequest::default());
    changes[0].full_name = Some("Another Name".to_owned());
    changes[1].full_name = Some("Another Name".to_owned());
    (changes[2].is_active, changes[2].full_name) = (Some(false), Some("Gone".to_owned()));
    changes[3].is_active = Some(true);
    (changes[4].role, changes[4].email) = (
        Some(Role::Admin),
        Some(Some("second@example.com".to_owned())),
    );
    for change in &changes {
        f.tick();
        f.service
            .update_user(&admin, user.id, change, &client())
            .await
            .unwrap();
    }
    f.tick();
    f.service
        .unlink_telegram(&admin, user.id, &client())
        .await
        .unwrap();
    f.tick();
    f.service
        .end_user_sessions(&admin, user.id, &client())
        .await
        .unwrap();
    f.tick();
    f.service
        .reset_password(&admin, user.id, &client())
        .await
        .unwrap();
    let mut actions = f.actions(user.id).await;
    // What one transaction writes has one time, and so no order.
    assert!(
        actions[1..3].contains(&TelegramLinked) && actions[1..3].contains(&SignedIn),
        "{actions:?}"
    );
    actions.drain(1..3);
    assert_eq!(
        actions,
        [
            UserCreated,
            PasswordChanged,
            SignedOut,
            UserUpdated,
            UserDeactivated,
            UserActivated,
            RoleChanged,
            TelegramUnlinked,
            SignedOutEverywhere,
            PasswordReset
        ]
    );

    let mut query = AuditQuery::newest(1);
    query.action = Some(UserDeactivated);
    let record = f.store.audit(&query).await.unwrap().remove(0);
    assert_eq!(record.changes, ["full_name", "is_active"]);
    assert_eq!(
        (record.actor_id, record.subject_id),
        (admin.id(), Some(user.id))
    );
    assert_eq!(record.address, Some([203, 0, 113, 7].into()));
    assert_eq!(record.request_id.as_deref(), Some("request-1"));
    assert!(f.actions(admin.id().unwrap()).await.contains(&Bootstrapped));
    let all = format!(
        "{:?}",
        f.store.audit(&AuditQuery::newest(200)).await.unwrap()
    );
    for secret in [
        "umbrella",
        "plum",
        "tram",
        "Gone",
        "second@",
        "701123",
        "auth_date",
    ] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

async fn what_is_refused_is_not_written_down(f: Fixture) {
    let admin = f.admin().await;
    f.add(&CreateUserRequest::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    let before = f.store.audit(&AuditQuery::newest(100)).await.unwrap();
    let twice = CreateUserRequest::employee("First Last", PHONE).password("umbrella 77");
    assert_eq!(
        refusal(f.service.create_user(&admin, &twice, &client()).await),
        Refusal::PhoneTaken
    );
    let nobody = UserId(Uuid::from_u128(1));
    assert_eq!(
        refusal(f.service.unlink_telegram(&admin, nobody, &client()).await),
        Refusal::NotFound
    );
    assert_eq!(
        refusal(f.login(&"wrong password".into()).await),
        Refusal::InvalidCredentials
    );
    let mut taken = UpdateUserRequest::default();
    taken.phone = Some(Some(PHONE.to_owned()));
    let refused = f
        .service
        .update_user(&admin, admin.id().unwrap(), &taken, &client())
        .await;
    assert_eq!(refusal(refused), Refusal::PhoneTaken);
    assert_eq!(
        f.store.audit(&AuditQuery::newest(100)).await.unwrap(),
        before
    );
}

async fn the_audit_is_read_page_by_page_and_purged(f: Fixture) {
    let admin = f.admin().await;
    let user = f
        .add(&CreateUserRequest::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    for _ in 0..5 {
        f.clock.advance(Duration::from_secs(1));
        f.service
            .end_user_sessions(&admin, user.id, &client())
            .await
            .unwrap();
    }
    let mut request = AuditRequest::default();
    (request.limit, request.user, request.actor) = (Some(2), Some(user.id), admin.id());
    let mut seen = Vec::new();
    loop {
        let page = f.service.audit(&admin, &request).await.unwrap();
        seen.extend(page.items);
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by(|a, b| a.id > b.id && a.at >= b.at));
    request.action = Some(AuditAction::Unknown);
    assert_eq!(
        refusal(f.service.audit(&admin, &request).await),
        Refusal::ValidationFailed
    );

    assert_eq!(
        f.service.purge_audit(Duration::from_secs(5)).await.unwrap(),
        0
    );
    f.clock.advance(Duration::from_secs(1));
    let all = f.store.audit(&AuditQuery::newest(100)).await.unwrap().len() as u64;
    assert_eq!(
        f.service.purge_audit(Duration::from_secs(5)).await.unwrap(),
        all - 5
    );
}
