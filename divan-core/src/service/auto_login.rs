use std::time::Duration;

use time::OffsetDateTime;

use super::login::telegram_account;
use super::session::to_time_duration;
use super::{AuthService, ClientInfo, ServiceError};
use crate::api::TokenResponse;
use crate::secret::Secret;
use crate::store::{Account, AccountUpdate};
use crate::types::{Audience, AuditAction, Role, TelegramId};

/// How long after the password was shown Telegram alone signs in, and how long what it signs in
/// lasts.
const PROOF_LIFE: Duration = Duration::from_hours(30 * 24);

impl AuthService {
    /// Signs an employee in with the init data of the Mini App alone, for 30 days after a sign-in
    /// with the password. The init data may be an hour old, and the session ends with the 30 days.
    ///
    /// # Errors
    /// [`ServiceError::InitData`], and [`ServiceError::PasswordRequired`] for everything else that
    /// is in the way: the same whether the Telegram account is known here or not.
    pub async fn auto_login(
        &self,
        init_data: &Secret,
        client: &ClientInfo,
    ) -> Result<TokenResponse, ServiceError> {
        let data = self.verifiers()?.auto_login.verify(init_data.expose())?;
        let telegram = telegram_account(&data)?;
        let found = self.parts.store.account_by_telegram(telegram.id).await?;
        let (account, proof_at) = found
            .and_then(|account| proof(&account, telegram.id, self.now()).map(|at| (account, at)))
            .ok_or(ServiceError::PasswordRequired)?;

        let mut session = self.new_session(account.user.id, Audience::MiniApp, client)?;
        session.ends_at = session
            .ends_at
            .min(proof_at.saturating_add(to_time_duration(PROOF_LIFE)));
        session.expires_at = session.expires_at.min(session.ends_at);
        let user = account.user.id;
        let record = self.record(AuditAction::SignedInAutomatically, Some(user), user, client)?;
        let change = |current: &mut Account| {
            if proof(current, telegram.id, session.created_at) != Some(proof_at) {
                return Ok(None);
            }
            current.user.last_login_at = Some(session.created_at);
            telegram.bind(current, session.created_at);
            Ok(Some(
                AccountUpdate::none()
                    .begin(session.clone())
                    .record(record.clone()),
            ))
        };
        let updated = self
            .parts
            .store
            .update_account(account.user.id, &change)
            .await?;
        self.begun(&session, updated.ok_or(ServiceError::PasswordRequired)?)
    }
}

/// When the account's password was shown, if Telegram alone may sign it in now.
fn proof(account: &Account, presented: TelegramId, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let user = &account.user;
    let may = user.is_active
        && user.role == Role::Employee
        && user.telegram_id == Some(presented)
        && !user.password_change_required;
    account
        .password_verified_at
        .filter(|&at| may && now < at.saturating_add(to_time_duration(PROOF_LIFE)))
}
