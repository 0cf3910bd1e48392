//! Maps results of the sign-in service to types of the wire contract.

use divan_core::api::{
    self, BootstrapState, DeviceInfo, DeviceList, Event, EventPage, Introspection, Passkey,
    SecondFactor, SecondFactorEnrolment, ServiceCredential, ServiceSecretInfo, SessionInfo,
    SessionList, TokenResponse, UserPage,
};
use divan_core::service::{
    self, ActiveToken, AddedPasskey, CreatedUser, DeviceView, EnabledSecondFactor, FailedSignIns,
    FreshToken, IssuedTokens, NewServiceSecret, PasskeyView, SecondFactorStatus, ServiceSecretView,
    ServiceView, SessionView, TokenKind, TotpEnrolment,
};

pub(crate) fn tokens(tokens: IssuedTokens) -> TokenResponse {
    let mut response = TokenResponse::new(
        tokens.access_token,
        tokens.expires_in.as_secs(),
        tokens.refresh_token,
        tokens.user,
    );
    response.device_token = tokens.device_token;
    response
}

pub(crate) fn fresh_token(token: FreshToken) -> api::FreshToken {
    api::FreshToken::new(token.access_token, token.expires_in.as_secs())
}

pub(crate) fn second_factor(status: &SecondFactorStatus) -> SecondFactor {
    let left = u32::try_from(status.recovery_codes).unwrap_or(u32::MAX);
    SecondFactor::new(status.confirmed_at, left, status.passkeys)
}

pub(crate) fn passkey(passkey: PasskeyView) -> Passkey {
    let mut response = Passkey::new(passkey.id, passkey.name, passkey.created_at);
    response.is_synced = passkey.is_synced;
    response.transports = passkey.transports;
    response.last_used_at = passkey.last_used_at;
    response
}

pub(crate) fn added_passkey(added: AddedPasskey) -> api::AddedPasskey {
    let token = fresh_token(added.token);
    api::AddedPasskey::new(passkey(added.passkey), added.recovery_codes, token)
}

pub(crate) fn enrolment(enrolment: TotpEnrolment) -> SecondFactorEnrolment {
    let qr_code = enrolment.qr_code.map(|code| code.to_svg());
    SecondFactorEnrolment::new(enrolment.secret, enrolment.uri, qr_code.unwrap_or_default())
}

pub(crate) fn enabled(enabled: EnabledSecondFactor) -> api::EnabledSecondFactor {
    api::EnabledSecondFactor::new(enabled.recovery_codes, fresh_token(enabled.token))
}

pub(crate) fn bootstrap_state(state: service::BootstrapState) -> BootstrapState {
    match state {
        service::BootstrapState::Open => BootstrapState::open(false),
        service::BootstrapState::TokenRequired => BootstrapState::open(true),
        _ => BootstrapState::CLOSED,
    }
}

pub(crate) fn created_user(created: CreatedUser) -> api::CreatedUser {
    api::CreatedUser::new(created.user, created.generated_password)
}

pub(crate) fn event_page(page: &service::EventPage, issuer: &str) -> EventPage {
    let items = page.events.iter().map(|one| event(one, issuer));
    EventPage::new(items.collect(), page.next.to_string(), page.has_more)
}

/// Maps an event, also for deliveries to other services.
pub(crate) fn event(event: &service::Event, issuer: &str) -> Event {
    let cursor = event.position.to_string();
    Event::new(event.id, issuer, event.user, event.at, cursor, &event.data)
}

pub(crate) fn user_page(page: service::UserPage) -> UserPage {
    let mut response = UserPage::new(page.items, page.next_cursor.map(String::from));
    if let Some(total) = page.total {
        response.total = Some(total.users);
        response.total_is_minimum = total.is_minimum;
    }
    response
}

pub(crate) fn service(service: ServiceView) -> ServiceCredential {
    let secrets = service.secrets.into_iter().map(service_secret).collect();
    let mut response =
        ServiceCredential::new(service.id, service.name, secrets, service.created_at);
    response.scopes = service.scopes;
    let ranges = service.allowed_addresses.iter();
    response.allowed_addresses = ranges.map(ToString::to_string).collect();
    response.created_by = service.created_by;
    response.expires_at = service.expires_at;
    response.last_used_at = service.last_used_at;
    response
}

fn service_secret(secret: ServiceSecretView) -> ServiceSecretInfo {
    let mut info = ServiceSecretInfo::new(secret.id, secret.hint, secret.created_at);
    (info.expires_at, info.last_used_at) = (secret.expires_at, secret.last_used_at);
    info
}

pub(crate) fn new_service_secret(new: NewServiceSecret) -> api::NewServiceSecret {
    api::NewServiceSecret::new(service(new.service), new.secret)
}

pub(crate) fn introspection(token: ActiveToken) -> Introspection {
    let scopes = token.scopes.iter().map(|scope| scope.as_str());
    let scopes = scopes.collect::<Vec<_>>().join(" ");
    let mut response = Introspection::default();
    response.active = true;
    response.scope = Some(scopes).filter(|scopes| !scopes.is_empty());
    response.client_id = Some(token.client_id);
    response.token_type = (token.kind == TokenKind::Access).then(|| "Bearer".to_owned());
    response.exp = token.expires_at;
    (response.iat, response.nbf) = (token.issued_at, token.issued_at);
    response.sub = Some(token.subject.to_string());
    (response.aud, response.iss) = (token.audience, Some(token.issuer));
    (response.jti, response.sid) = (token.token_id, token.session);
    if let Some(user) = token.user {
        (response.role, response.name) = (Some(user.role), Some(user.full_name));
        response.telegram_id = user.telegram_id;
    }
    response.auth_time = token.auth_time;
    let methods = token.auth_methods.iter();
    response.amr = methods.map(|method| method.as_str().to_owned()).collect();
    response
}

pub(crate) fn session_list(sessions: Vec<SessionView>) -> SessionList {
    SessionList::new(sessions.into_iter().map(session).collect())
}

pub(crate) fn device_list(devices: Vec<DeviceView>) -> DeviceList {
    DeviceList::new(devices.into_iter().map(device).collect())
}

fn device(device: DeviceView) -> DeviceInfo {
    let mut info = DeviceInfo::new(device.id, device.created_at, device.last_used_at);
    info.device = device.device;
    info
}

pub(crate) fn failed_sign_ins(failed: FailedSignIns) -> api::FailedSignIns {
    let mut response = api::FailedSignIns::new(failed.untrusted, failed.trusted);
    response.is_untrusted_refused = failed.is_untrusted_refused;
    response.is_trusted_refused = failed.is_trusted_refused;
    response
}

pub(crate) fn session(session: SessionView) -> SessionInfo {
    let mut info = SessionInfo::new(
        session.id,
        session.audience,
        session.created_at,
        session.refreshed_at,
        session.expires_at,
    );
    info.is_current = session.is_current;
    (info.device, info.address) = (session.device, session.address);
    info.telegram = session.telegram;
    info
}
