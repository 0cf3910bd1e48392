//! Calls of other services.

use divan_client::api::{CreateServiceRequest, ProblemCode, Role, ServiceScope};
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
