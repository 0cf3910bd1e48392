//! Lists and search of users.

use std::sync::Arc;
use std::time::Duration;

use divan_core::password::PasswordHash;
use divan_core::service::{ClientInfo, CreateUserCommand, ListUsersQuery, UpdateUserCommand};
use divan_core::store::{Account, FoundUsers, SearchTerms, SqliteStore, UserQuery};
use divan_core::types::{Role, TelegramId, User, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::created::created;
use crate::random::Random;
use crate::support::admin::{Fixture, client};
use crate::support::{PHONE, Refusal, refusal};

on_every_store!(
    list_users_returns_the_users_that_match_the_filters,
    a_page_starts_where_the_previous_one_ended,
    a_search_continues_after_the_scan_limit,
    a_changed_name_is_found_by_search,
    the_holder_of_a_telegram_account_is_found,
    users_who_have_never_signed_in_are_listed_and_counted,
);

/// Every store returns the users that [`UserQuery::matches`], for generated users and searches.
async fn list_users_returns_the_users_that_match_the_filters(f: Fixture) {
    const FIRST: [&str; 6] = ["Касым", "Қасым", "Ёлка", "Елена", "Anna", "ANNABEL"];
    const LAST: [&str; 5] = ["Ахметов", "Әхметова", "O'Neil", "Фёдоров-Ли", "100%_x\\"];
    const TYPED: [&str; 18] = [
        "@name_3",
        "@",
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
        if random.below(2) > 0 {
            user.telegram_id = Some(TelegramId(i64::try_from(n).unwrap()));
            user.telegram_username = Some(format!("Name_{}", n % 7));
            user.last_login_at = Some(OffsetDateTime::UNIX_EPOCH);
        }
        let account = Account::new(user.clone(), PasswordHash::from_stored("x"));
        f.store.insert_users(&[created(&account)]).await.unwrap();
        users.push(user);
    }
    users.push(
        f.service
            .as_admin(&f.admin().await, &ClientInfo::unknown())
            .get_user(f.admin().await.id().unwrap())
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
        query.has_signed_in = random.one_of(&[None, None, Some(true), Some(false)]);
        query.is_linked = random.one_of(&[None, None, Some(true), Some(false)]);
        if random.below(8) == 0 {
            query.telegram_id = Some(TelegramId(i64::try_from(random.below(70)).unwrap()));
        }
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
        let count = f.store.count_users(&query).await.unwrap();
        query.before = None;
        let all = users.iter().filter(|user| query.matches(user)).count();
        assert_eq!(
            (count.users as usize, count.is_minimum),
            (all, false),
            "{query:?}"
        );
    }
    assert!(found > 300, "{found} found: too few to mean anything");
}

async fn a_page_starts_where_the_previous_one_ended(f: Fixture) {
    let admin = f.admin().await;
    for n in 0..7 {
        f.clock.advance(Duration::from_millis(1));
        f.add(&CreateUserCommand::employee(
            format!("Crowd {n}"),
            format!("+7701000000{n}"),
        ))
        .await;
    }
    let mut request = ListUsersQuery::default();
    (request.limit, request.query) = (Some(3), Some("CROWD".to_owned()));
    let mut names = Vec::new();
    loop {
        let page = f
            .service
            .as_admin(&admin, &ClientInfo::unknown())
            .list_users(&request)
            .await
            .unwrap();
        names.extend(page.items.into_iter().map(|user| user.full_name));
        // Users created in between are newer, so they are on no later page.
        f.add(&CreateUserCommand::employee(
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

    request.query = Some("other".to_owned());
    assert_eq!(
        refusal(
            f.service
                .as_admin(&admin, &ClientInfo::unknown())
                .list_users(&request)
                .await
        ),
        Refusal::ValidationFailed
    );
    for limit in [0, 201] {
        let mut request = ListUsersQuery::default();
        request.limit = Some(limit);
        assert_eq!(
            refusal(
                f.service
                    .as_admin(&admin, &ClientInfo::unknown())
                    .list_users(&request)
                    .await
            ),
            Refusal::ValidationFailed
        );
    }
}

async fn a_search_continues_after_the_scan_limit(f: Fixture) {
    // A thousand users have each word, and only the two oldest have both.
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
    // The memory store has no scan limit.
    assert!(pages == 1 || pages == 8, "{pages} pages");
    let count = f.store.count_users(&query).await.unwrap();
    let is_limited = pages == 8;
    assert_eq!(
        (count.users, count.is_minimum),
        (if is_limited { 0 } else { 2 }, is_limited)
    );

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
async fn an_empty_page_of_a_search_may_have_a_next_page() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("divan.db"))
        .await
        .unwrap();
    let f = Fixture::on(Arc::new(store)).await;
    // Only the oldest has both words.
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
    let mut request = ListUsersQuery::default();
    request.query = Some("even odd".to_owned());
    let page = f
        .service
        .as_admin(&f.admin().await, &ClientInfo::unknown())
        .list_users(&request)
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next_cursor.is_some()), (0, true));
    assert!(page.total.is_none(), "a total is counted on request only");
    let mut all = ListUsersQuery::default();
    all.with_total = true;
    let counted = f
        .service
        .as_admin(&f.admin().await, &ClientInfo::unknown())
        .list_users(&all)
        .await
        .unwrap();
    let total = counted.total.unwrap();
    assert_eq!((total.users, total.is_minimum), (10_000, true));
    request.cursor = page.next_cursor;
    let page = f
        .service
        .as_admin(&f.admin().await, &ClientInfo::unknown())
        .list_users(&request)
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (1, None));
}

async fn a_changed_name_is_found_by_search(f: Fixture) {
    let user = f
        .add(&CreateUserCommand::employee("Before Change", PHONE))
        .await;
    assert_eq!(f.find("before").await, ["Before Change"]);
    let mut request = UpdateUserCommand::default();
    request.full_name = Some("After Change".to_owned());
    request.phone = Some(Some("+77019999999".to_owned()));
    f.service
        .as_admin(&f.admin().await, &client())
        .update_user(user.id, &request)
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

async fn the_holder_of_a_telegram_account_is_found(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    let user = f
        .add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    f.add(&CreateUserCommand::employee("Second Last", "+77010000002"))
        .await;
    let user = {
        let session = f.login(&"umbrella 77".into()).await.unwrap();
        assert_eq!(session.user.id, user.id);
        session.user
    };
    let mut query = ListUsersQuery::default();
    query.telegram_id = user.telegram_id;
    assert_eq!(
        users.list_users(&query).await.unwrap().items,
        std::slice::from_ref(&user)
    );
    query.telegram_id = Some(TelegramId(1));
    assert!(users.list_users(&query).await.unwrap().items.is_empty());

    let username = user.telegram_username.unwrap();
    assert_eq!(f.find(&format!("@{username}")).await, ["First Last"]);
    users.unlink_telegram(user.id).await.unwrap();
    assert!(f.find(&format!("@{username}")).await.is_empty());
}

async fn users_who_have_never_signed_in_are_listed_and_counted(f: Fixture) {
    let (admin, client) = (f.admin().await, client());
    let users = f.service.as_admin(&admin, &client);
    f.add(&CreateUserCommand::employee("First Last", PHONE).password("umbrella 77"))
        .await;
    f.add(&CreateUserCommand::employee("Second Last", "+77010000002"))
        .await;
    f.login(&"umbrella 77".into()).await.unwrap();
    let mut query = ListUsersQuery::default();
    (query.with_total, query.limit) = (true, Some(1));
    for (has_signed_in, role, expected) in [
        (Some(false), None, 1),
        (Some(true), None, 2),
        (Some(true), Some(Role::Employee), 1),
        (None, None, 3),
    ] {
        (query.has_signed_in, query.role) = (has_signed_in, role);
        let page = users.list_users(&query).await.unwrap();
        let total = page.total.unwrap();
        assert_eq!((total.users, total.is_minimum), (expected, false));
        assert_eq!(page.items.len(), 1);
    }
    query.has_signed_in = Some(false);
    query.role = None;
    let page = users.list_users(&query).await.unwrap();
    assert_eq!(page.items[0].full_name, "Second Last");

    (query.has_signed_in, query.limit) = (None, Some(10));
    for (is_linked, name, expected) in [(true, "First Last", 1), (false, "Second Last", 2)] {
        query.is_linked = Some(is_linked);
        let page = users.list_users(&query).await.unwrap();
        assert_eq!(page.total.unwrap().users, expected);
        assert!(page.items.iter().any(|user| user.full_name == name));
    }
}
