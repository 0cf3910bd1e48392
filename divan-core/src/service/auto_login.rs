use std::time::Duration;

use time::OffsetDateTime;

use super::messages::is_new_device;
use super::session::to_time_duration;
use super::telegram_account::telegram_account;
use super::{ClientService, IssuedTokens, ServiceError, TelegramVerifiers};
use crate::init_data::{InitData, InitDataError};
use crate::secret::Secret;
use crate::store::{Account, AccountUpdate};
use crate::throttle::ThrottleKind;
use crate::types::{Audience, AuditAction, AuthMethod, AuthMethods, Role, TelegramId};

/// Time after a password sign-in in which auto-login is possible. Sessions that auto-login starts
/// end with it.
const AUTO_LOGIN_PERIOD: Duration = Duration::from_hours(30 * 24);

/// # Auto-login
impl ClientService<'_> {
    /// Signs an employee in with the init data of the Mini App alone, for 30 days after a sign-in
    /// with the password. The init data must be at most one hour old, or as old as
    /// [`auto_login_max_age`](super::AuthServiceBuilder::auto_login_max_age) allows. The new session ends
    /// at the latest 30 days after that sign-in.
    ///
    /// The session that began with the same init data ends, because a page that keeps no tokens calls
    /// this at each reload.
    ///
    /// # Errors
    /// - [`ServiceError::InitData`], [`ServiceError::TooManyAttempts`].
    /// - [`ServiceError::AutoLoginExpired`] for init data that is too old here, but not for a sign-in with
    ///   the password. Some Telegram clients send the same init data until they are restarted. Reopening
    ///   the Mini App does not help there.
    /// - [`ServiceError::PasswordRequired`] in all other cases, including an unknown Telegram account.
    pub async fn auto_login(self, init_data: &Secret) -> Result<IssuedTokens, ServiceError> {
        let service = self.service;
        let store = &service.parts.store;
        let verifiers = service.verifiers()?;
        let data = match verifiers.auto_login.verify(init_data.expose()) {
            Err(error @ InitDataError::Expired { age }) => {
                let valid = verifiers.verify_for_sign_in(init_data).ok_or(error)?;
                telegram_account(&valid)?;
                return Err(ServiceError::AutoLoginExpired { age });
            }
            verified => verified?,
        };
        let telegram = telegram_account(&data)?;
        let keys = &service.parts.attempts.keys;
        service
            .charge_one(keys.telegram(ThrottleKind::AutoLogin, telegram.id))
            .await?;
        let found = store.account_by_telegram(telegram.id).await?;
        let (user, verified_at) = found
            .and_then(|account| {
                let at = verified_at(&account, telegram.id, service.now())?;
                Some((account.user.id, at))
            })
            .ok_or(ServiceError::PasswordRequired)?;

        let mut session = service.new_session(user, Audience::MiniApp, self.client)?;
        session.ends_at = session
            .ends_at
            .min(verified_at.saturating_add(to_time_duration(AUTO_LOGIN_PERIOD)));
        session.expires_at = session.expires_at.min(session.ends_at);
        session.init_data = Some(keys.init_data(init_data));
        session.telegram = Some(telegram.client.clone());
        session.auth_methods = AuthMethods::NONE.with(AuthMethod::Telegram);
        let action = AuditAction::SignedInAutomatically;
        let mut event = service.audit_event(action, Some(user), user, self.client)?;
        event.bot_id = Some(telegram.client.bot_id);
        let change = |current: &mut Account| {
            if self::verified_at(current, telegram.id, session.created_at) != Some(verified_at) {
                return Ok(None);
            }
            current.user.last_login_at = Some(session.created_at);
            telegram.link(current, session.created_at);
            let mut update = AccountUpdate::none().begin(session.clone());
            if is_new_device(current, self.client.device.as_deref()) {
                let at = session.created_at;
                update = update.message(service.new_device_message(current, self.client, at));
            }
            Ok(Some(update.event(event.clone())))
        };
        let updated = service.update_account(user, &change).await?;
        service.issue_first(&session, updated.ok_or(ServiceError::PasswordRequired)?)
    }
}

impl TelegramVerifiers {
    /// Returns the init data if it is valid for a sign-in with the password.
    fn verify_for_sign_in(&self, init_data: &Secret) -> Option<InitData<'static>> {
        let login = self.login.clone().without_replay_guard();
        login.verify(init_data.expose()).ok()
    }
}

/// Returns the time when the account's password was verified, if auto-login is possible now.
fn verified_at(
    account: &Account,
    presented: TelegramId,
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let user = &account.user;
    let is_allowed = user.is_active
        && user.role == Role::Employee
        && user.telegram_id == Some(presented)
        && !user.password_change_required;
    account
        .password_verified_at
        .filter(|&at| is_allowed && now < at.saturating_add(to_time_duration(AUTO_LOGIN_PERIOD)))
}
