//! Refresh and reuse detection.

use std::time::Duration;

use divan_core::service::{AuthService, ClientInfo, IssuedTokens, UpdateUserCommand};
use divan_core::session::EndReason;
use divan_core::store::{Account, AccountUpdate, AuditQuery};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{AuditAction, AuthMethod, AuthMethods};

use crate::support::employee::{DAY, Fixture, id_of, token_of};
use crate::support::{NOW, Refusal, refusal, verifier};

on_every_store!(
    refresh_returns_the_next_pair_and_invalidates_the_previous,
    fifty_concurrent_refreshes_return_one_generation,
    a_lost_refresh_response_does_not_sign_out,
    use_of_a_void_successor_revokes_the_session,
    a_delayed_reuse_revokes_the_session,
    refresh_rejects_tokens_of_no_session,
    refresh_rejects_an_inactive_user,
    a_refresh_keeps_time_and_methods_of_the_sign_in,
);

async fn refresh_returns_the_next_pair_and_invalidates_the_previous(f: Fixture) {
    let first = f.login().await;
    f.pass(Duration::from_mins(10));
    let second = f.refresh(&first).await.unwrap();
    assert_eq!(
        (id_of(&first), token_of(&second).generation()),
        (id_of(&second), 2)
    );
    assert_eq!(second.user.id, f.employee);
    f.access(&second).await.unwrap();
    f.access(&first).await.unwrap();
    let again = f.refresh(&first).await.unwrap();
    assert_eq!(again.refresh_token.expose(), second.refresh_token.expose());
    f.pass(Duration::from_mins(10));
    assert_eq!(refusal(f.access(&first).await), Refusal::TokenExpired);
    assert_eq!(
        refusal(f.refresh(&first).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&first).await, Some(EndReason::TokenReuse));
    f.assert_signed_out(&second).await;
}

async fn fifty_concurrent_refreshes_return_one_generation(f: Fixture) {
    let first = f.login().await;
    let other = f.another_server();
    let tasks = (0..50).map(|n| {
        let service = if n % 2 == 0 {
            f.service.clone()
        } else {
            other.clone()
        };
        let token = first.refresh_token.clone();
        tokio::spawn(async move {
            service
                .for_client(&ClientInfo::unknown())
                .refresh(&token)
                .await
                .unwrap()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        let answer = task.await.unwrap();
        assert_eq!(token_of(&answer).generation(), 2);
        f.access(&answer).await.unwrap();
    }
    let (stored, _) = f.store.session(id_of(&first)).await.unwrap().unwrap();
    assert_eq!(stored.rotation.current(), 2);
}

async fn a_lost_refresh_response_does_not_sign_out(f: Fixture) {
    let mut kept = f.login().await;
    for lost_for in [0, 1, 29, 31, 3_600, 100_000] {
        let _lost = f.refresh(&kept).await.unwrap();
        f.pass(Duration::from_secs(lost_for));
        kept = f.refresh(&kept).await.unwrap();
        f.access(&kept).await.unwrap();
        f.pass(Duration::from_mins(5));
    }
}

async fn use_of_a_void_successor_revokes_the_session(f: Fixture) {
    for by_access in [true, false] {
        let stolen = f.login().await;
        let thief = f.refresh(&stolen).await.unwrap();
        f.pass(Duration::from_mins(1));
        let owner = f.refresh(&stolen).await.unwrap();
        assert_ne!(token_of(&thief).generation(), token_of(&owner).generation());
        f.access(&owner).await.unwrap();
        if by_access {
            f.pass(Duration::from_secs(1));
            let fresh = f.another_server();
            let address = "203.0.113.9".parse().unwrap();
            let client = ClientInfo::unknown().address(address).request_id("abc");
            let service = fresh.for_client(&client);
            let refused = service.authenticate(thief.access_token.expose()).await;
            assert_eq!(refusal(refused), Refusal::TokenInvalid);
            assert_eq!(fresh.reused_tokens(), 1);
            let mut reuse = AuditQuery::newest(1);
            reuse.action = Some(AuditAction::TokenReuseDetected);
            let event = f.store.audit(&reuse).await.unwrap().remove(0);
            assert_eq!(
                (event.address, event.request_id.as_deref()),
                (Some(address), Some("abc"))
            );
        } else {
            assert_eq!(
                refusal(f.refresh(&thief).await),
                Refusal::RefreshTokenInvalid
            );
            assert_eq!(f.service.reused_tokens(), 1);
        }
        assert_eq!(f.end_reason(&owner).await, Some(EndReason::TokenReuse));
        assert_eq!(
            refusal(f.refresh(&owner).await),
            Refusal::RefreshTokenInvalid
        );
        assert_eq!(refusal(f.auto_login().await), Refusal::PasswordRequired);
    }
}

async fn a_delayed_reuse_revokes_the_session(f: Fixture) {
    let stolen = f.login().await;
    let thief = f.refresh(&stolen).await.unwrap();
    f.pass(Duration::from_secs(31));
    let mut owner = f.refresh(&stolen).await.unwrap();
    for _ in 0..20 {
        f.access(&owner).await.unwrap();
        f.pass(DAY);
        owner = f.refresh(&owner).await.unwrap();
    }
    assert_eq!(
        refusal(f.refresh(&thief).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&owner).await, Some(EndReason::TokenReuse));
}

async fn refresh_rejects_tokens_of_no_session(f: Fixture) {
    let session = f.login().await;
    let good = session.refresh_token.expose();
    let other = f.login().await;
    let mut spliced = good.to_owned();
    spliced.replace_range(..40, &other.refresh_token.expose()[..40]);
    for bad in [
        "",
        "dvr1.",
        "garbage",
        &good[..good.len() - 1],
        &spliced,
        session.access_token.expose(),
    ] {
        assert_eq!(
            refusal(
                f.service
                    .for_client(&ClientInfo::unknown())
                    .refresh(&bad.into())
                    .await
            ),
            Refusal::RefreshTokenInvalid,
            "{bad}"
        );
    }
    assert_eq!(
        refusal(f.service.authenticate(good).await),
        Refusal::TokenInvalid
    );
    let foreign = AuthService::builder(
        f.store.clone(),
        &SecretKey::new([8; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .build();
    assert_eq!(
        refusal(
            foreign
                .for_client(&ClientInfo::unknown())
                .refresh(&session.refresh_token)
                .await
        ),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&session).await, None, "none of it is a theft");
    f.refresh(&session).await.unwrap();
}

async fn refresh_rejects_an_inactive_user(f: Fixture) {
    let session = f.login().await;
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    f.service
        .as_admin(&f.admin().await, &ClientInfo::unknown())
        .update_user(f.employee, &deactivate)
        .await
        .unwrap();
    f.assert_signed_out(&session).await;
    assert_eq!(f.end_reason(&session).await, Some(EndReason::Deactivated));

    // Also if another program deactivated the user.
    let mut activate = UpdateUserCommand::default();
    activate.is_active = Some(true);
    f.service
        .as_admin(&f.admin().await, &ClientInfo::unknown())
        .update_user(f.employee, &activate)
        .await
        .unwrap();
    let session = f.login().await;
    let behind_its_back = |account: &mut Account| {
        account.user.is_active = false;
        Ok(Some(AccountUpdate::none()))
    };
    f.store
        .update_account(f.employee, &behind_its_back)
        .await
        .unwrap();
    f.assert_signed_out(&session).await;
}

async fn a_refresh_keeps_time_and_methods_of_the_sign_in(f: Fixture) {
    let verifier = verifier(&f.clock);
    let proof = |tokens: &IssuedTokens| {
        let claims = verifier.verify(tokens.access_token.expose()).unwrap();
        (claims.auth_time, claims.auth_methods)
    };
    let first = f.login().await;
    let with_password = AuthMethods::PASSWORD.with(AuthMethod::Telegram);
    assert_eq!(proof(&first), (Some(NOW), with_password));
    f.pass(Duration::from_mins(10));
    let second = f.refresh(&first).await.unwrap();
    assert_eq!(proof(&second), (Some(NOW), with_password));
    let automatic = f.auto_login().await.unwrap();
    let without_password = AuthMethods::NONE.with(AuthMethod::Telegram);
    assert_eq!(proof(&automatic), (Some(NOW + 600), without_password));
}
