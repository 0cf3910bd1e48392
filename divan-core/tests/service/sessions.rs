//! Lists, limits and ends of sessions.

use std::time::Duration;

use divan_core::service::{ClientInfo, UpdateUserCommand};
use divan_core::session::{EndReason, MAX_LIVE_SESSIONS};
use divan_core::store::{Account, AccountUpdate};
use divan_core::types::SessionId;

use crate::support::employee::{DAY, Fixture, id_of, token_of};
use crate::support::{NOW, Refusal, refusal};

on_every_store!(
    the_end_of_a_session_takes_effect_at_once,
    the_end_of_a_session_takes_effect_within_a_second_on_other_servers,
    end_session_of_another_user_is_not_found,
    a_further_session_ends_the_oldest,
    a_session_ends_after_its_idle_and_absolute_lifetime,
    a_clock_set_back_and_forward_does_not_sign_out,
    ending_an_ended_session_changes_nothing,
);

async fn the_end_of_a_session_takes_effect_at_once(f: Fixture) {
    let admin = f.admin().await;
    for n in 0..5 {
        let session = f.login().await;
        let caller = f.access(&session).await.unwrap();
        match n {
            0 => f
                .service
                .as_caller(&caller, &ClientInfo::unknown())
                .logout()
                .await
                .unwrap(),
            1 => f
                .service
                .as_caller(&caller, &ClientInfo::unknown())
                .end_session(caller.session())
                .await
                .unwrap(),
            2 => f
                .service
                .as_admin(&admin, &ClientInfo::unknown())
                .end_user_sessions(f.employee)
                .await
                .unwrap(),
            3 => {
                let before = f.store.account(f.employee).await.unwrap().unwrap();
                f.service
                    .as_admin(&admin, &ClientInfo::unknown())
                    .unlink_telegram(f.employee)
                    .await
                    .unwrap();
                // The next round signs in with the old password again.
                let restore = |account: &mut Account| {
                    account.password_hash = before.password_hash.clone();
                    account.password_expires_at = None;
                    account.user.password_change_required = false;
                    Ok(Some(AccountUpdate::none()))
                };
                f.store.update_account(f.employee, &restore).await.unwrap();
            }
            _ => {
                let mut deactivate = UpdateUserCommand::default();
                deactivate.is_active = Some(false);
                f.service
                    .as_admin(&admin, &ClientInfo::unknown())
                    .update_user(f.employee, &deactivate)
                    .await
                    .unwrap();
            }
        }
        f.assert_signed_out(&session).await;
        assert_eq!(
            refusal(f.auto_login().await),
            Refusal::PasswordRequired,
            "{n}"
        );
    }
}

async fn the_end_of_a_session_takes_effect_within_a_second_on_other_servers(f: Fixture) {
    let other = f.another_server();
    let session = f.login().await;
    let token = session.access_token.expose();
    let caller = f.access(&session).await.unwrap();
    other.authenticate(token).await.unwrap();
    f.service
        .as_caller(&caller, &ClientInfo::unknown())
        .logout()
        .await
        .unwrap();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        refusal(other.authenticate(token).await),
        Refusal::TokenInvalid
    );
}

async fn end_session_of_another_user_is_not_found(f: Fixture) {
    let session = f.login().await;
    let admins = f.admin().await;
    let caller = f.access(&session).await.unwrap();
    let own = f
        .service
        .as_caller(&caller, &ClientInfo::unknown())
        .sessions()
        .await
        .unwrap();
    assert_eq!(
        (own.len(), own[0].is_current, own[0].device.as_deref()),
        (1, true, Some("Browser"))
    );
    assert_eq!(own[0].address, Some("203.0.113.7".parse().unwrap()));
    let theirs = f
        .store
        .sessions_of(admins.id().unwrap(), own[0].created_at)
        .await
        .unwrap()[0]
        .id;
    assert_eq!(
        refusal(
            f.service
                .as_caller(&caller, &ClientInfo::unknown())
                .end_session(theirs)
                .await
        ),
        Refusal::NotFound
    );
    let nobodys = SessionId(uuid::Uuid::from_u128(1));
    assert_eq!(
        refusal(
            f.service
                .as_caller(&caller, &ClientInfo::unknown())
                .end_session(nobodys)
                .await
        ),
        Refusal::NotFound
    );

    let elsewhere = f.login().await;
    f.service
        .as_caller(&caller, &ClientInfo::unknown())
        .end_session(id_of(&elsewhere))
        .await
        .unwrap();
    f.service
        .as_caller(&caller, &ClientInfo::unknown())
        .end_session(id_of(&elsewhere))
        .await
        .unwrap();
    f.assert_signed_out(&elsewhere).await;
    f.access(&session).await.unwrap();
}

async fn a_further_session_ends_the_oldest(f: Fixture) {
    let first = f.login().await;
    f.access(&first).await.unwrap();
    for _ in 0..MAX_LIVE_SESSIONS {
        f.pass(Duration::from_secs(1));
        f.login().await;
    }
    f.assert_signed_out(&first).await;
    assert_eq!(f.end_reason(&first).await, Some(EndReason::Limit));
    f.auto_login().await.unwrap();
}

async fn a_session_ends_after_its_idle_and_absolute_lifetime(f: Fixture) {
    let idle = f.login().await;
    f.pass(30 * DAY);
    assert_eq!(
        refusal(f.refresh(&idle).await),
        Refusal::RefreshTokenInvalid
    );
    let mut busy = f.login().await;
    for _ in 0..4 {
        f.pass(22 * DAY);
        busy = f.refresh(&busy).await.unwrap();
    }
    f.pass(2 * DAY);
    assert_eq!(
        refusal(f.refresh(&busy).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&busy).await, None, "no alarm");
}

async fn a_clock_set_back_and_forward_does_not_sign_out(f: Fixture) {
    f.clock.set_unix(NOW + 10_000);
    let first = f.login().await;
    let second = f.refresh(&first).await.unwrap();
    f.access(&second).await.unwrap();
    f.clock.set_unix(NOW + 10_000 - 3_600);
    // A tab with the previous pair, and an access token from the future.
    assert_eq!(token_of(&f.refresh(&first).await.unwrap()).generation(), 2);
    assert_eq!(refusal(f.access(&second).await), Refusal::TokenExpired);
    let third = f.refresh(&second).await.unwrap();
    f.access(&third).await.unwrap();
    f.clock.set_unix(NOW + 10_000);
    let fourth = f.refresh(&third).await.unwrap();
    f.access(&fourth).await.unwrap();
}

async fn ending_an_ended_session_changes_nothing(f: Fixture) {
    let (first, second) = (f.login().await, f.login().await);
    let (ended, caller) = (
        f.access(&first).await.unwrap(),
        f.access(&second).await.unwrap(),
    );
    f.service
        .as_caller(&ended, &ClientInfo::unknown())
        .logout()
        .await
        .unwrap();
    f.login().await;
    f.service
        .as_caller(&caller, &ClientInfo::unknown())
        .end_session(id_of(&first))
        .await
        .unwrap();
    f.service
        .as_caller(&ended, &ClientInfo::unknown())
        .logout()
        .await
        .unwrap();
    f.auto_login().await.unwrap();
}
