//! Other services: authentication, limits, introspection and revocation, on every store.

use std::net::IpAddr;
use std::time::Duration;

use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AdminService, BearerCaller, Caller, ClientInfo, CreateServiceCommand, CreateUserCommand,
    ExistingUsers, IssuedTokens, ListAuditEventsQuery, ListUsersQuery, NewServiceSecret,
    ServiceCaller, ServiceError, TokenKind, UpdateServiceCommand, UpdateUserCommand,
};
use divan_core::store::AuditQuery;
use divan_core::types::{AuditAction, Role, ServiceScope, ServiceSecretId, User, UserId};
use time::OffsetDateTime;

use crate::second_factor::add_admin;
use crate::support::admin::{Fixture, client};
use crate::support::{NOW, PASSWORD, PHONE, Refusal, init_data, login_command, refusal, verifier};

on_every_store!(
    a_service_authenticates_with_its_secret,
    refused_services_look_alike,
    refused_secrets_do_not_refuse_the_correct_one,
    a_change_of_a_credential_takes_effect_at_once,
    a_token_has_scopes_of_the_credential,
    a_token_is_void_without_its_secret,
    a_token_expires_with_its_credential_or_secret,
    a_token_of_a_service_is_no_token_of_a_user,
    a_scope_limits_the_operations,
    a_service_acts_on_employees_only,
    services_never_manage_administrators,
    a_concurrent_change_of_the_credential_wins,
    events_name_the_service,
    the_last_use_is_stored_once_a_minute,
    introspection_describes_tokens_of_users,
    introspection_returns_nothing_for_other_tokens,
    introspection_confirms_the_generation_and_detects_reuse,
    introspection_does_not_exchange_refresh_tokens,
    introspection_describes_tokens_of_services,
    revocation_ends_the_session,
);

async fn create(f: &Fixture, scopes: &[ServiceScope]) -> NewServiceSecret {
    let operator = Admin::operator();
    let command = CreateServiceCommand::new("HR system", scopes);
    let client = client();
    let services = f.service.as_admin(&operator, &client);
    services.create_service(&command).await.unwrap()
}

async fn update(f: &Fixture, created: &NewServiceSecret, command: &UpdateServiceCommand) {
    let (operator, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&operator, &client);
    let id = created.service.id;
    services.update_service(id, command).await.unwrap();
}

async fn authenticate_from(
    f: &Fixture,
    created: &NewServiceSecret,
    client: &ClientInfo,
) -> Result<ServiceCaller, ServiceError> {
    let id = created.service.id.to_string();
    let service = f.service.for_client(client);
    service.authenticate_service(&id, &created.secret).await
}

async fn authenticate(
    f: &Fixture,
    created: &NewServiceSecret,
) -> Result<ServiceCaller, ServiceError> {
    authenticate_from(f, created, &client()).await
}

async fn bearer(f: &Fixture, token: &Secret) -> Result<ServiceCaller, ServiceError> {
    let client = client();
    let service = f.service.for_client(&client);
    match service.authenticate_bearer(token.expose()).await? {
        BearerCaller::Service(caller) => Ok(caller),
        BearerCaller::User(_) => panic!("the token of a user"),
    }
}

fn token(f: &Fixture, caller: &ServiceCaller, scope: Option<&str>) -> Result<Secret, ServiceError> {
    let client = client();
    let issued = f.service.for_client(&client);
    let issued = issued.issue_service_token(caller, scope)?;
    assert_eq!(issued.expires_in, Duration::from_mins(10));
    Ok(issued.access_token)
}

/// Returns a service with a scope, as an administrator.
async fn as_admin(f: &Fixture, scope: ServiceScope) -> Admin {
    let created = create(f, &[scope]).await;
    let caller = authenticate(f, &created).await.unwrap();
    caller.into_admin(scope).unwrap()
}

async fn employee(f: &Fixture) -> (User, IssuedTokens) {
    let command = CreateUserCommand::employee("First Last", PHONE).password(PASSWORD);
    let user = f.add(&command).await;
    let tokens = f.login(&PASSWORD.into()).await.unwrap();
    (user, tokens)
}

fn from(address: &str) -> ClientInfo {
    ClientInfo::unknown().address(address.parse::<IpAddr>().unwrap())
}

fn time(after: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(NOW + after).unwrap()).unwrap()
}

async fn a_service_authenticates_with_its_secret(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    assert_eq!(
        (caller.id(), caller.name()),
        (created.service.id, "HR system")
    );
    for &scope in ServiceScope::ALL {
        assert_eq!(caller.has_scope(scope), scope == ServiceScope::UsersRead);
    }
    assert!(!caller.has_scope(ServiceScope::Unknown));
    let refused = refusal(caller.into_admin(ServiceScope::AuditRead));
    assert_eq!(refused, Refusal::InsufficientScope);
}

async fn refused_services_look_alike(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let other = create(&f, &[ServiceScope::UsersRead]).await;
    let id = created.service.id.to_string();
    let client = client();
    let service = f.service.for_client(&client);
    let unknown = ServiceSecretId(uuid::Uuid::from_u128(7)).to_string();
    for (id, secret) in [
        (id.as_str(), &other.secret),
        (&unknown, &created.secret),
        ("", &created.secret),
        ("not an id", &created.secret),
        (&id, &Secret::default()),
        (&id, &Secret::new("dvs_x")),
    ] {
        let refused = refusal(service.authenticate_service(id, secret).await);
        assert_eq!(refused, Refusal::InvalidClient, "{id}");
    }
}

async fn refused_secrets_do_not_refuse_the_correct_one(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let id = created.service.id.to_string();
    let wrong = create(&f, &[ServiceScope::UsersRead]).await.secret;
    let mut refused = 0;
    for n in 0..130_u8 {
        // A botnet: the limit of one credential applies to all addresses.
        let client = from(&format!("198.51.100.{n}"));
        let service = f.service.for_client(&client);
        let error = refusal(service.authenticate_service(&id, &wrong).await);
        refused += usize::from(error == Refusal::TooManyAttempts);
    }
    assert_eq!(refused, 70);
    authenticate_from(&f, &created, &from("198.51.100.1"))
        .await
        .unwrap();
    let client = from("203.0.113.99");
    let service = f.service.for_client(&client);
    let mut kinds = Vec::new();
    for _ in 0..61 {
        kinds.push(refusal(service.authenticate_service("x", &wrong).await));
    }
    assert_eq!(
        kinds[59..],
        [Refusal::InvalidClient, Refusal::TooManyAttempts]
    );
    authenticate_from(&f, &created, &client).await.unwrap();
}

async fn a_change_of_a_credential_takes_effect_at_once(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead, ServiceScope::AuditRead]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let token = token(&f, &caller, None).unwrap();
    let both = async || {
        [
            authenticate(&f, &created).await.map(drop),
            bearer(&f, &token).await.map(drop),
        ]
    };
    let refused = [Refusal::InvalidClient, Refusal::TokenInvalid];

    let mut command = UpdateServiceCommand::default();
    command.scopes = Some(vec![ServiceScope::AuditRead]);
    update(&f, &created, &command).await;
    for caller in [authenticate(&f, &created).await, bearer(&f, &token).await] {
        let caller = caller.unwrap();
        assert!(caller.has_scope(ServiceScope::AuditRead));
        assert!(!caller.has_scope(ServiceScope::UsersRead));
    }

    let mut command = UpdateServiceCommand::default();
    command.allowed_addresses = Some(vec!["192.0.2.0/24".to_owned()]);
    update(&f, &created, &command).await;
    assert_eq!(both().await.map(refusal), refused);
    for (address, is_allowed) in [
        ("192.0.2.9", true),
        ("::ffff:192.0.2.9", true),
        ("192.0.3.9", false),
    ] {
        let client = from(address);
        let caller = authenticate_from(&f, &created, &client).await;
        assert_eq!(caller.is_ok(), is_allowed, "{address}");
    }
    let nowhere = authenticate_from(&f, &created, &ClientInfo::unknown()).await;
    assert_eq!(refusal(nowhere), Refusal::InvalidClient);
    command.allowed_addresses = Some(Vec::new());
    command.expires_at = Some(Some(time(60)));
    update(&f, &created, &command).await;
    assert!(both().await.iter().all(Result::is_ok));
    f.clock.advance(Duration::from_mins(1));
    assert_eq!(both().await.map(refusal), refused);

    let mut command = UpdateServiceCommand::default();
    command.expires_at = Some(None);
    update(&f, &created, &command).await;
    assert!(both().await.iter().all(Result::is_ok));
    let (operator, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&operator, &client);
    services.delete_service(created.service.id).await.unwrap();
    assert_eq!(both().await.map(refusal), refused);
}

async fn a_token_has_scopes_of_the_credential(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead, ServiceScope::AuditRead]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let limited = token(&f, &caller, Some("audit:read")).unwrap();
    let limited = bearer(&f, &limited).await.unwrap();
    assert!(limited.has_scope(ServiceScope::AuditRead));
    assert!(!limited.has_scope(ServiceScope::UsersRead));
    for scope in ["users:write", "audit:read users:write", "everything", " "] {
        let refused = refusal(token(&f, &caller, Some(scope)));
        assert_eq!(refused, Refusal::InvalidScope, "{scope}");
    }
    // A token does not prolong itself.
    assert_eq!(refusal(token(&f, &limited, None)), Refusal::InvalidClient);
    let whole = token(&f, &caller, None).unwrap();
    f.clock.advance(Duration::from_secs(631));
    assert_eq!(refusal(bearer(&f, &whole).await), Refusal::TokenExpired);
}

async fn a_token_is_void_without_its_secret(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let token = token(&f, &caller, None).unwrap();
    let (operator, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&operator, &client);
    let id = created.service.id;
    let minute = Duration::from_mins(1);
    services.rotate_service_secret(id, minute).await.unwrap();
    bearer(&f, &token).await.unwrap();
    authenticate(&f, &created).await.unwrap();
    f.clock.advance(minute);
    assert_eq!(refusal(bearer(&f, &token).await), Refusal::TokenInvalid);
    let old = refusal(authenticate(&f, &created).await);
    assert_eq!(old, Refusal::InvalidClient);
}

async fn a_token_expires_with_its_credential_or_secret(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let (operator, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&operator, &client);
    let id = created.service.id;
    let earlier = token(&f, &authenticate(&f, &created).await.unwrap(), None).unwrap();
    let lifetime = async |f: &Fixture| {
        let caller = authenticate(f, &created).await.unwrap();
        let issued = f.service.for_client(&client);
        let issued = issued.issue_service_token(&caller, None).unwrap();
        let active = introspect(f, &issued.access_token).await.unwrap();
        let seconds = issued.expires_in.as_secs();
        assert_eq!(active.expires_at, Some(NOW + seconds));
        seconds
    };
    let mut command = UpdateServiceCommand::default();
    // Rounded down, because the token is refused from then on.
    command.expires_at = Some(Some(time(90) + Duration::from_millis(900)));
    update(&f, &created, &command).await;
    assert_eq!(lifetime(&f).await, 90);
    let active = introspect(&f, &earlier).await.unwrap();
    assert_eq!(active.expires_at, Some(NOW + 90));
    let minute = Duration::from_mins(1);
    services.rotate_service_secret(id, minute).await.unwrap();
    assert_eq!(lifetime(&f).await, 60);
}

async fn a_token_of_a_service_is_no_token_of_a_user(f: Fixture) {
    let created = create(&f, ServiceScope::ALL).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let token = token(&f, &caller, None).unwrap();
    let verifier = verifier(&f.clock);
    assert!(verifier.verify_any_scope(token.expose()).is_err());
    let client = client();
    let service = f.service.for_client(&client);
    let refused = refusal(service.authenticate_any_scope(token.expose()).await);
    assert_eq!(refused, Refusal::TokenInvalid);
}

async fn a_scope_limits_the_operations(f: Fixture) {
    let (user, _) = employee(&f).await;
    let client = client();
    let reader = as_admin(&f, ServiceScope::UsersRead).await;
    let users = f.service.as_admin(&reader, &client);
    assert_eq!((reader.id(), reader.user()), (None, None));
    let page = users.list_users(&ListUsersQuery::default()).await.unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(users.get_user(user.id).await.unwrap().id, user.id);
    assert_eq!(users.user_sessions(user.id).await.unwrap().len(), 1);
    let auditor = as_admin(&f, ServiceScope::AuditRead).await;
    let audit = f.service.as_admin(&auditor, &client);
    let query = ListAuditEventsQuery::default();
    assert!(
        !audit
            .list_audit_events(&query)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

/// Tries all changes of a user that services may make.
async fn changes(users: AdminService<'_>, id: UserId) -> Vec<Result<(), ServiceError>> {
    let mut command = UpdateUserCommand::default();
    command.full_name = Some("Another Name".to_owned());
    command.email = Some(Some("another@example.com".to_owned()));
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    vec![
        users.update_user(id, &command).await.map(drop),
        users.unlock_user(id).await,
        users.end_user_sessions(id).await,
        users.unlink_telegram(id).await.map(drop),
        users.reset_password(id).await.map(drop),
        users.update_user(id, &deactivate).await.map(drop),
        users.delete_user(id).await,
    ]
}

async fn a_service_acts_on_employees_only(f: Fixture) {
    let (user, _) = employee(&f).await;
    let admin = add_admin(&f, "second@example.com").await;
    let client = client();
    let writer = as_admin(&f, ServiceScope::UsersWrite).await;
    let users = f.service.as_admin(&writer, &client);
    for refused in changes(users, admin).await {
        assert_eq!(refusal(refused), Refusal::ServiceNotAllowed);
    }
    assert_eq!(users.get_user(admin).await.unwrap().full_name, "Second");
    for done in changes(users, user.id).await {
        done.unwrap();
    }
    let new = CreateUserCommand::employee("Third", "+77010000003");
    let created = users.create_user(&new).await.unwrap();
    assert_eq!(created.user.role, Role::Employee);
    assert!(created.generated_password.is_some());
}

async fn services_never_manage_administrators(f: Fixture) {
    let (user, _) = employee(&f).await;
    let client = client();
    let writer = as_admin(&f, ServiceScope::UsersWrite).await;
    let users = f.service.as_admin(&writer, &client);
    let mut promote = UpdateUserCommand::default();
    promote.role = Some(Role::Admin);
    let new = CreateUserCommand::admin("Second", "second@example.com");
    let service = create(&f, &[ServiceScope::UsersRead]).await.service;
    let mut change = UpdateServiceCommand::default();
    change.scopes = Some(ServiceScope::ALL.to_vec());
    let command = CreateServiceCommand::new("Another", [ServiceScope::UsersWrite]);
    let operator = Admin::operator();
    let operator = f.service.as_admin(&operator, &client);
    let import = operator.check_import(&[], ExistingUsers::Reject).await;
    let import = import.unwrap().unwrap();
    let existing = ExistingUsers::Reject;
    for refused in [
        users.create_user(&new).await.map(drop),
        users.update_user(user.id, &promote).await.map(drop),
        users
            .promote_user(user.id, Some("a@example.com"))
            .await
            .map(drop),
        users.check_import(&[], existing).await.map(drop),
        users.authorize_import(&import).await,
        users.reset_second_factor(user.id).await,
        users.second_factor_of(user.id).await.map(drop),
        users.failed_sign_ins(user.id).await.map(drop),
        users.pending_promotions().await.map(drop),
        users.list_services().await.map(drop),
        users.get_service(service.id).await.map(drop),
        users.create_service(&command).await.map(drop),
        users.update_service(service.id, &change).await.map(drop),
        users
            .rotate_service_secret(service.id, Duration::ZERO)
            .await
            .map(drop),
        users
            .remove_service_secret(service.id, service.secrets[0].id)
            .await,
        users.delete_service(service.id).await,
    ] {
        assert_eq!(refusal(refused), Refusal::ServiceNotAllowed);
    }
    let device = refusal(users.issue_device_token(user.id).await);
    assert_eq!(device, Refusal::AdminRequired);
}

async fn a_concurrent_change_of_the_credential_wins(f: Fixture) {
    let (user, _) = employee(&f).await;
    let created = create(&f, &[ServiceScope::UsersWrite]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let writer = caller.into_admin(ServiceScope::UsersWrite).unwrap();
    let mut command = UpdateServiceCommand::default();
    command.scopes = Some(vec![ServiceScope::UsersRead]);
    update(&f, &created, &command).await;
    let client = client();
    let users = f.service.as_admin(&writer, &client);
    let refused = refusal(users.delete_user(user.id).await);
    assert_eq!(refused, Refusal::InsufficientScope);
    let (operator, services) = (Admin::operator(), created.service.id);
    let operator = f.service.as_admin(&operator, &client);
    operator.delete_service(services).await.unwrap();
    let refused = refusal(users.delete_user(user.id).await);
    assert_eq!(refused, Refusal::InvalidClient);
    assert_eq!(refusal(users.check_caller().await), Refusal::InvalidClient);
}

async fn events_name_the_service(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersWrite]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let writer = caller.into_admin(ServiceScope::UsersWrite).unwrap();
    let client = client();
    let users = f.service.as_admin(&writer, &client);
    f.tick();
    let new = CreateUserCommand::employee("Third", "+77010000003");
    let user = users.create_user(&new).await.unwrap().user;
    f.tick();
    users.reset_password(user.id).await.unwrap();
    f.tick();
    users.delete_user(user.id).await.unwrap();
    let mut query = AuditQuery::newest(3);
    query.subject = Some(user.id);
    let events = f.store.audit(&query).await.unwrap();
    let actions: Vec<_> = events.iter().map(|event| event.action).collect();
    let expected = [
        AuditAction::UserDeleted,
        AuditAction::PasswordReset,
        AuditAction::UserCreated,
    ];
    assert_eq!(actions, expected);
    for event in events {
        assert_eq!(
            (event.actor_id, event.service_id),
            (None, Some(created.service.id))
        );
        assert_eq!(event.service_name.as_deref(), Some("HR system"));
    }
}

async fn the_last_use_is_stored_once_a_minute(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let last_use = async || {
        let stored = f.store.service(created.service.id).await.unwrap().unwrap();
        assert_eq!(stored.last_used_at, stored.secrets[0].last_used_at);
        stored.last_used_at
    };
    assert_eq!(last_use().await, None);
    let caller = authenticate(&f, &created).await.unwrap();
    assert_eq!(last_use().await, Some(time(0)));
    let token = token(&f, &caller, None).unwrap();
    f.clock.advance(Duration::from_secs(59));
    bearer(&f, &token).await.unwrap();
    assert_eq!(last_use().await, Some(time(0)));
    f.clock.advance(Duration::from_secs(1));
    bearer(&f, &token).await.unwrap();
    assert_eq!(last_use().await, Some(time(60)));
}

async fn introspect(f: &Fixture, token: &Secret) -> Option<divan_core::service::ActiveToken> {
    let created = create(f, &[ServiceScope::Introspect]).await;
    let caller = authenticate(f, &created).await.unwrap();
    let client = client();
    let service = f.service.for_client(&client);
    service.introspect(&caller, token).await.unwrap()
}

async fn caller_of(f: &Fixture, token: &Secret) -> Result<Caller, ServiceError> {
    f.service.authenticate(token.expose()).await
}

async fn introspection_describes_tokens_of_users(f: Fixture) {
    let (user, tokens) = employee(&f).await;
    let claims = verifier(&f.clock).verify(tokens.access_token.expose());
    let claims = claims.unwrap();
    let active = introspect(&f, &tokens.access_token).await.unwrap();
    assert_eq!(
        (active.kind, active.subject),
        (TokenKind::Access, user.id.0)
    );
    assert_eq!(active.audience.as_deref(), Some("divan.example.com"));
    assert_eq!(active.client_id, "divan.example.com");
    assert_eq!(active.issuer, crate::support::ISSUER);
    assert_eq!(active.expires_at, Some(claims.expires_at));
    assert_eq!(active.issued_at, Some(claims.issued_at));
    assert_eq!(active.token_id, Some(claims.token_id));
    assert_eq!(active.session, Some(claims.session));
    assert_eq!(active.auth_time, claims.auth_time);
    assert_eq!(active.auth_methods, claims.auth_methods);
    let found = active.user.unwrap();
    assert_eq!(
        (found.full_name.as_str(), found.role),
        ("First Last", Role::Employee)
    );
    assert_eq!(found.telegram_id.map(|id| id.0), Some(42));

    let refresh = introspect(&f, &tokens.refresh_token).await.unwrap();
    assert_eq!(
        (refresh.kind, refresh.subject),
        (TokenKind::Refresh, user.id.0)
    );
    assert_eq!(refresh.session, active.session);
    assert_eq!((refresh.user, refresh.audience), (None, None));
}

async fn introspection_returns_nothing_for_other_tokens(f: Fixture) {
    let (user, tokens) = employee(&f).await;
    let created = create(&f, &[ServiceScope::UsersRead]).await;
    let garbage = ["", "x", "a.b.c", "dvr1.", created.secret.expose()];
    for token in garbage.map(Secret::new) {
        assert!(introspect(&f, &token).await.is_none());
    }
    let forbidden = authenticate(&f, &created).await.unwrap();
    let client = client();
    let service = f.service.for_client(&client);
    let refused = service.introspect(&forbidden, &tokens.access_token).await;
    assert_eq!(refusal(refused), Refusal::InsufficientScope);

    // The limited token of a user who must change the password.
    let new = CreateUserCommand::employee("Third", "+77010000003");
    let (admin, client) = (f.admin().await, crate::support::admin::client());
    let generated = f.service.as_admin(&admin, &client).create_user(&new).await;
    let password = generated.unwrap().generated_password.unwrap();
    let data = init_data(&f.clock, 43);
    let command = login_command("+77010000003", password, &data);
    let service = f.service.for_client(&client);
    let limited = service.telegram_login(&command).await.unwrap();
    assert!(limited.scope.is_some());
    assert!(introspect(&f, &limited.access_token).await.is_none());
    assert!(introspect(&f, &limited.refresh_token).await.is_none());

    f.service
        .as_admin(&admin, &client)
        .end_user_sessions(user.id)
        .await
        .unwrap();
    assert!(introspect(&f, &tokens.access_token).await.is_none());
    assert!(introspect(&f, &tokens.refresh_token).await.is_none());
    let late = f.login(&PASSWORD.into()).await.unwrap();
    f.clock.advance(Duration::from_secs(15 * 60 + 31));
    assert!(introspect(&f, &late.access_token).await.is_none());
    assert!(introspect(&f, &late.refresh_token).await.is_some());
}

async fn introspection_confirms_the_generation_and_detects_reuse(f: Fixture) {
    let (_, first) = employee(&f).await;
    let client = client();
    let service = f.service.for_client(&client);
    let second = service.refresh(&first.refresh_token).await.unwrap();
    introspect(&f, &second.access_token).await.unwrap();
    // The owner has the second pair, so a late use of the first one is theft.
    f.clock.advance(Duration::from_secs(31));
    let reused = refusal(service.refresh(&first.refresh_token).await);
    assert_eq!(reused, Refusal::RefreshTokenInvalid);
    assert!(introspect(&f, &second.access_token).await.is_none());
}

async fn introspection_does_not_exchange_refresh_tokens(f: Fixture) {
    let (_, first) = employee(&f).await;
    for _ in 0..3 {
        introspect(&f, &first.refresh_token).await.unwrap();
        f.clock.advance(Duration::from_secs(31));
    }
    let client = client();
    let service = f.service.for_client(&client);
    let second = service.refresh(&first.refresh_token).await.unwrap();
    caller_of(&f, &second.access_token).await.unwrap();
    f.clock.advance(Duration::from_secs(31));
    // A replaced token is inactive, and the question alone ends no session.
    assert!(introspect(&f, &first.refresh_token).await.is_none());
    assert!(introspect(&f, &second.refresh_token).await.is_some());
}

async fn introspection_describes_tokens_of_services(f: Fixture) {
    let created = create(&f, &[ServiceScope::UsersRead, ServiceScope::AuditRead]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let token = token(&f, &caller, None).unwrap();
    let active = introspect(&f, &token).await.unwrap();
    assert_eq!(active.subject, created.service.id.0);
    assert_eq!(active.client_id, created.service.id.to_string());
    assert_eq!(active.audience.as_deref(), Some("sec.example.com/service"));
    assert_eq!(
        active.scopes,
        [ServiceScope::UsersRead, ServiceScope::AuditRead]
    );
    assert_eq!((active.user, active.session), (None, None));
    let mut command = UpdateServiceCommand::default();
    command.scopes = Some(vec![ServiceScope::AuditRead]);
    // The address of the service is not that of the one that asks.
    command.allowed_addresses = Some(vec!["192.0.2.1".to_owned()]);
    update(&f, &created, &command).await;
    let active = introspect(&f, &token).await.unwrap();
    assert_eq!(active.scopes, [ServiceScope::AuditRead]);
    let (operator, client) = (Admin::operator(), client());
    let services = f.service.as_admin(&operator, &client);
    services.delete_service(created.service.id).await.unwrap();
    assert!(introspect(&f, &token).await.is_none());
}

async fn revocation_ends_the_session(f: Fixture) {
    let (user, tokens) = employee(&f).await;
    let other = f.login(&PASSWORD.into()).await.unwrap();
    let created = create(&f, &[ServiceScope::Introspect]).await;
    let caller = authenticate(&f, &created).await.unwrap();
    let client = client();
    let service = f.service.for_client(&client);
    for token in ["", "x", "a.b.c", "dvr1."].map(Secret::new) {
        service.revoke(&caller, &token).await.unwrap();
    }
    let own = token(&f, &caller, None).unwrap();
    let refused = refusal(service.revoke(&caller, &own).await);
    assert_eq!(refused, Refusal::UnsupportedToken);
    let forbidden = create(&f, &[ServiceScope::UsersWrite]).await;
    let forbidden = authenticate(&f, &forbidden).await.unwrap();
    let refused = refusal(service.revoke(&forbidden, &other.access_token).await);
    assert_eq!(refused, Refusal::InsufficientScope);
    caller_of(&f, &tokens.access_token).await.unwrap();

    f.tick();
    for _ in 0..2 {
        service.revoke(&caller, &tokens.access_token).await.unwrap();
    }
    let ended = refusal(caller_of(&f, &tokens.access_token).await);
    assert_eq!(ended, Refusal::TokenInvalid);
    caller_of(&f, &other.access_token).await.unwrap();
    service.revoke(&caller, &other.refresh_token).await.unwrap();
    let ended = refusal(caller_of(&f, &other.access_token).await);
    assert_eq!(ended, Refusal::TokenInvalid);
    let mut query = AuditQuery::newest(3);
    query.subject = Some(user.id);
    let events = f.store.audit(&query).await.unwrap();
    let ended = events
        .iter()
        .filter(|event| event.action == AuditAction::SignedOut)
        .collect::<Vec<_>>();
    assert_eq!(ended.len(), 2, "{events:?}");
    for event in ended {
        assert_eq!(
            (event.actor_id, event.service_id),
            (None, Some(created.service.id))
        );
    }
}
