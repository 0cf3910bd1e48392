//! Simulated attacks on the sign-in service, with a manual clock.
//!
//! The table in the guide comes from [`table`], on the store in memory; the bounds are tested on
//! every store. `cargo xtask attack` prints the table and writes it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[macro_use]
#[path = "../every_store/mod.rs"]
mod every_store;
mod chances;
mod simulation;
mod table;

pub(crate) use simulation::Fixture;

use simulation::{Attack, HOUR, Rate};

on_every_store!(
    one_account_from_one_telegram_account,
    one_account_from_a_hundred_telegram_accounts,
    a_botnet_against_one_administrator,
    a_correct_password_without_the_telegram_account,
    codes_of_an_administrator_whose_password_is_known,
    two_replicas_raced,
    a_clock_set_back_an_hour,
    an_owner_on_a_linked_account_under_attack,
    an_administrator_on_a_known_device_under_attack,
    an_office_of_500_on_the_first_day,
);

/// Bounds of `defence`: guesses on the first day, and on each further day.
const ACCOUNT: Rate = Rate {
    first: 34,
    then: 24,
};

async fn one_account_from_one_telegram_account(f: Fixture) {
    Attack::employees(1, 1)
        .run(&f, 2)
        .await
        .assert_at_most(ACCOUNT);
}

async fn one_account_from_a_hundred_telegram_accounts(f: Fixture) {
    let result = Attack::employees(1, 100).run(&f, 8).await;
    result.assert_at_most(ACCOUNT);
    assert_eq!(result.total(), 100, "a hundred in a row close the lane");
}

async fn a_botnet_against_one_administrator(f: Fixture) {
    let result = Attack::administrators(1, 200).run(&f, 2).await;
    result.assert_at_most(ACCOUNT);
}

async fn a_correct_password_without_the_telegram_account(f: Fixture) {
    let attack = Attack::employees(1, 100).with_the_correct_password();
    attack.run(&f, 2).await.assert_at_most(ACCOUNT);
}

async fn codes_of_an_administrator_whose_password_is_known(f: Fixture) {
    let result = Attack::codes(100).run(&f, 2).await;
    result.assert_at_most(ACCOUNT);
    assert!(result.0[0] > 0, "{result:?}");
}

async fn two_replicas_raced(f: Fixture) {
    assert_eq!(f.race(20).await, 10);
}

async fn a_clock_set_back_an_hour(f: Fixture) {
    let attack = Attack::employees(1, 100);
    let before = attack.guesses_now(&f).await;
    f.set_back(HOUR);
    let after = attack.guesses_now(&f).await;
    f.pass(HOUR);
    assert_eq!((before, after), (10, 0));
    assert_eq!(attack.guesses_now(&f).await, 0);
}

async fn an_owner_on_a_linked_account_under_attack(f: Fixture) {
    f.link_owner().await;
    let refused = Attack::employees(1, 100).run_beside_owner(&f, 6).await;
    assert_eq!(refused, 0);
}

async fn an_administrator_on_a_known_device_under_attack(f: Fixture) {
    let device = f.admin_device().await;
    Attack::administrators(1, 100).run(&f, 6).await;
    assert!(
        f.admin_login(None).await.is_err(),
        "a new device is refused"
    );
    assert!(f.admin_login(Some(&device)).await.is_ok());
    Attack::administrators(1, 100).run(&f, 6).await;
    let issued = f.issue_device_token().await;
    assert!(f.admin_login(Some(&issued)).await.is_ok());
}

async fn an_office_of_500_on_the_first_day(f: Fixture) {
    assert_eq!(f.office(500).await, 0);
}
