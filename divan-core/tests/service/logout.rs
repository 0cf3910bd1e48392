//! Sign-out with a refresh token.

use std::time::Duration;

use divan_core::service::CreateUserCommand;
use divan_core::types::AuditAction;

use crate::support::admin::{Fixture, client};
use crate::support::{PHONE, Refusal, refusal};

on_every_store!(
    logout_works_after_the_access_token_has_expired,
    a_replaced_refresh_token_ends_its_session,
    logout_with_an_unknown_refresh_token_is_refused,
);

fn employee() -> CreateUserCommand {
    CreateUserCommand::employee("First Last", PHONE).password("umbrella 77")
}

async fn logout_works_after_the_access_token_has_expired(f: Fixture) {
    let user = f.add(&employee()).await.id;
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    f.clock.advance(Duration::from_hours(1));
    let expired = f.service.authenticate(session.access_token.expose()).await;
    assert_eq!(refusal(expired), Refusal::TokenExpired);

    let client = client();
    let service = f.service.for_client(&client);
    service.logout(&session.refresh_token).await.unwrap();
    let refreshed = service.refresh(&session.refresh_token).await;
    assert_eq!(refusal(refreshed), Refusal::RefreshTokenInvalid);
    let before = f.actions(user).await;
    assert_eq!(before.last(), Some(&AuditAction::SignedOut));
    service.logout(&session.refresh_token).await.unwrap();
    assert_eq!(f.actions(user).await, before, "the session has ended");
}

async fn a_replaced_refresh_token_ends_its_session(f: Fixture) {
    f.add(&employee()).await;
    let first = f.login(&"umbrella 77".into()).await.unwrap();
    let other = f.login(&"umbrella 77".into()).await.unwrap();
    let client = client();
    let service = f.service.for_client(&client);
    let second = service.refresh(&first.refresh_token).await.unwrap();
    service.logout(&first.refresh_token).await.unwrap();
    let refused = f.service.authenticate(second.access_token.expose()).await;
    assert_eq!(refusal(refused), Refusal::TokenInvalid);
    let other = other.access_token.expose();
    f.service.authenticate(other).await.unwrap();
}

async fn logout_with_an_unknown_refresh_token_is_refused(f: Fixture) {
    f.add(&employee()).await;
    let session = f.login(&"umbrella 77".into()).await.unwrap();
    let client = client();
    let service = f.service.for_client(&client);
    let token = session.refresh_token.expose();
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    for token in ["", "dvr1.", "x", session.access_token.expose(), &forged] {
        let refused = service.logout(&token.into()).await;
        assert_eq!(refusal(refused), Refusal::RefreshTokenInvalid, "{token}");
    }
    let access = session.access_token.expose();
    f.service.authenticate(access).await.unwrap();
}
