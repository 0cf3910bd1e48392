//! Calls of other services.

use std::time::Duration;

use divan_client::api::{CreateServiceRequest, ProblemCode, Role, ServiceScope};
use divan_client::protect::{Audiences, Introspection, Protector, Refusal, TokenError};
use divan_client::{Secret, ServiceCredentials};

use crate::fixture::{Fixture, signed_in};

async fn service(f: &Fixture, scopes: &[ServiceScope]) -> ServiceCredentials {
    let request = CreateServiceRequest::new("Gateway", scopes);
    let created = f.client.admin().create_service(&request).await.unwrap();
    ServiceCredentials::new(created.service.id, created.secret)
}

#[tokio::test]
async fn a_service_introspects_and_revokes_tokens() {
    let f = signed_in().await;
    let own = service(&f, &[ServiceScope::Introspect]).await;
    assert!(!format!("{own:?}").contains(own.client_secret.expose()));
    let token = f.client.miniapp().access_token().await.unwrap();
    let state = f.client.introspect(&own, &token).await.unwrap();
    let user = f.client.miniapp().me().await.unwrap();
    assert!(state.active);
    assert_eq!(state.sub, Some(user.id.to_string()));
    assert_eq!(
        (state.role, state.name),
        (Some(Role::Employee), Some(user.full_name))
    );

    f.client.revoke(&own, &token).await.unwrap();
    let state = f.client.introspect(&own, &token).await.unwrap();
    assert!(!state.active && state.sub.is_none());
    let error = f.client.me(&token).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::TokenInvalid));
    f.client.revoke(&own, &Secret::new("x")).await.unwrap();
}

/// Returns a protector that asks the server and remembers its responses for a time.
async fn introspection(f: &Fixture, cache_for: Duration) -> Protector {
    let own = service(f, &[ServiceScope::Introspect]).await;
    let (id, client) = (own.client_id.to_string(), f.another().build().unwrap());
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    let secret = own.client_secret;
    Protector::new(Introspection::with_cache(
        client, &id, secret, audiences, cache_for,
    ))
}

#[tokio::test]
async fn remembered_introspection_sees_a_sign_out_after_the_cache_time() {
    let f = signed_in().await;
    let cache_for = Duration::from_mins(5);
    let [cached, uncached] = [
        introspection(&f, cache_for).await,
        introspection(&f, Duration::ZERO).await,
    ];
    let requests = || f.request_count("/auth/introspect");
    let token = f.client.miniapp().access_token().await.unwrap();
    let user = f.client.miniapp().me().await.unwrap();
    for _ in 0..3 {
        let claims = cached.check_token(token.expose()).await.unwrap();
        assert_eq!(
            (claims.user, claims.name),
            (user.id, Some(user.full_name.clone()))
        );
    }
    assert_eq!(requests(), 1);
    for count in [2, 3] {
        assert!(uncached.check_token(token.expose()).await.is_ok());
        assert_eq!(requests(), count);
    }

    f.client.miniapp().logout().await.unwrap();
    let invalid = Err(Refusal::TokenInvalid(TokenError::NotAccepted));
    assert_eq!(uncached.check_token(token.expose()).await, invalid);
    assert!(cached.check_token(token.expose()).await.is_ok());
    assert_eq!(requests(), 4);
    tokio::time::pause();
    tokio::time::advance(cache_for).await;
    tokio::time::resume();
    for _ in 0..3 {
        assert_eq!(cached.check_token(token.expose()).await, invalid);
    }
    assert_eq!(requests(), 5, "a refusal is remembered, too");
}

#[tokio::test]
async fn a_service_gets_tokens_with_its_scopes() {
    let f = signed_in().await;
    let scopes = [ServiceScope::UsersRead, ServiceScope::AuditRead];
    let own = service(&f, &scopes).await;
    let client = &f.client;
    let token = client.client_credentials(&own, &[]).await.unwrap();
    assert_eq!(
        (token.expires_in, token.scope.as_str()),
        (600, "users:read audit:read")
    );
    let token = client.client_credentials(&own, &scopes[1..]).await.unwrap();
    assert_eq!(token.scope, "audit:read");
    assert!(!format!("{token:?}").contains(token.access_token.expose()));

    let other = client.client_credentials(&own, &[ServiceScope::Introspect]);
    let error = other.await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::ValidationFailed));
    let error = client
        .introspect(&own, &token.access_token)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::InsufficientScope));
    let wrong = ServiceCredentials::new(own.client_id, "dvs_x");
    let error = client.client_credentials(&wrong, &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::InvalidClient));
    assert!(error.is_unauthorized());
}
