//! Auto-login.

use std::time::Duration;

use divan_core::service::ClientInfo;
use divan_core::store::{Account, AccountUpdate};

use crate::support::employee::{DAY, Fixture};
use crate::support::{Refusal, refusal};

on_every_store!(
    auto_login_works_for_thirty_days_after_a_password,
    auto_login_requires_the_password_after_every_sign_out,
);

async fn auto_login_works_for_thirty_days_after_a_password(f: Fixture) {
    assert_eq!(
        refusal(f.auto_login().await),
        Refusal::PasswordRequired,
        "no user is linked"
    );
    f.login().await;
    f.pass(20 * DAY);
    let session = f.auto_login().await.unwrap();
    f.access(&session).await.unwrap();
    let client = ClientInfo::unknown();
    f.service
        .for_client(&client)
        .auto_login(&f.init_data(Duration::from_mins(59)))
        .await
        .unwrap();
    let old = f
        .service
        .for_client(&client)
        .auto_login(&f.init_data(Duration::from_mins(61)))
        .await;
    assert_eq!(refusal(old), Refusal::AutoLoginExpired);

    // The session ends with the verified password, also when refreshed, and does not renew it.
    f.pass(9 * DAY);
    let session = f.refresh(&session).await.unwrap();
    f.pass(Duration::from_secs(24 * 3600 - 1));
    let last = f.auto_login().await.unwrap();
    f.access(&last).await.unwrap();
    f.pass(Duration::from_secs(1));
    assert_eq!(
        refusal(f.refresh(&session).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(refusal(f.auto_login().await), Refusal::PasswordRequired);
}

async fn auto_login_requires_the_password_after_every_sign_out(f: Fixture) {
    for case in 0..4 {
        let session = f.login().await;
        let change = |account: &mut Account| {
            match case {
                0 => account.user.is_active = false,
                1 => account.user.password_change_required = true,
                2 => account.user.telegram_id = None,
                _ => account.password_verified_at = None,
            }
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(f.employee, &change).await.unwrap();
        assert_eq!(
            refusal(f.auto_login().await),
            Refusal::PasswordRequired,
            "{case}"
        );
        let restore = |account: &mut Account| {
            account.user.is_active = true;
            account.user.password_change_required = false;
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(f.employee, &restore).await.unwrap();
        drop(session);
    }
}
