//! The two sign-ins. The order of the steps is the security of the whole: see the rules at each.

use time::OffsetDateTime;

use super::validation::Validation;
use super::{AuthService, ClientInfo, Field, ServiceError, TelegramVerifiers, parse_phone};
use crate::api::TokenResponse;
use crate::init_data::{ContactError, InitData};
use crate::password::{Password, PasswordHash, Verification};
use crate::secret::Secret;
use crate::store::{
    Account, AccountUpdate, StoreErrorKind, StoredSession, UniqueKey, UpdatedAccount,
};
use crate::types::{Audience, AuditAction, Phone, Role, TelegramId};

/// Which phone number an employee signs in with.
#[derive(Clone, Copy, Debug)]
pub enum SignInPhone<'a> {
    /// As it was typed.
    Typed(&'a str),
    /// As Telegram signed it: the raw answer of the Mini App's `requestContact`. It has to be of
    /// the account that opened the Mini App.
    Shared(&'a Secret),
}

impl AuthService {
    /// Signs an employee in with phone number, password and the raw init data of the Mini App. The
    /// first sign-in binds the Telegram account to the user.
    ///
    /// # Errors
    /// [`ServiceError::InitData`] tells nothing of the account;
    /// [`ServiceError::InvalidCredentials`] hides which part is wrong;
    /// [`ServiceError::TelegramAccountMismatch`] comes only after a right password.
    pub async fn telegram_login(
        &self,
        phone: SignInPhone<'_>,
        password: &Secret,
        init_data: &Secret,
        client: &ClientInfo,
    ) -> Result<TokenResponse, ServiceError> {
        let mut validation = Validation::default();
        let typed = match phone {
            SignInPhone::Typed(typed) => validation.phone(typed, self.parts.region),
            SignInPhone::Shared(_) => None,
        };
        let password = validation.password(Field::Password, password);
        let (Some(password), true) = (password, validation.is_valid()) else {
            return Err(validation.into_error());
        };
        let data = self.verifiers()?.login.verify(init_data.expose())?;
        let telegram = telegram_account(&data)?;
        let phone = match (phone, typed) {
            (SignInPhone::Shared(contact), _) => self.shared_phone(contact, &data)?,
            (SignInPhone::Typed(_), Some(typed)) => typed,
            (SignInPhone::Typed(_), None) => return Err(validation.into_error()),
        };

        let found = self.parts.store.account_by_phone(&phone).await?;
        let verified = self.check_password(found, password, Role::Employee).await?;
        if verified
            .account
            .user
            .telegram_id
            .is_some_and(|bound| bound != telegram.id)
        {
            return Err(ServiceError::TelegramAccountMismatch);
        }
        self.check_expiry(&verified.account)?;
        self.complete(verified, Some(telegram), client).await
    }

    /// Signs an administrator in with e-mail address and password.
    ///
    /// # Errors
    /// [`ServiceError::InvalidCredentials`] hides which part is wrong.
    pub async fn admin_login(
        &self,
        email: &str,
        password: &Secret,
        client: &ClientInfo,
    ) -> Result<TokenResponse, ServiceError> {
        let mut validation = Validation::default();
        let (Some(email), Some(password)) = (
            validation.email(email),
            validation.password(Field::Password, password),
        ) else {
            return Err(validation.into_error());
        };
        let found = self.parts.store.account_by_email(&email).await?;
        let verified = self.check_password(found, password, Role::Admin).await?;
        self.check_expiry(&verified.account)?;
        self.complete(verified, None, client).await
    }

    pub(super) fn verifiers(&self) -> Result<&TelegramVerifiers, ServiceError> {
        self.parts
            .telegram
            .as_ref()
            .ok_or(ServiceError::TelegramNotConfigured)
    }

    /// The phone number of a contact that the person who sent the init data has shared.
    fn shared_phone(&self, contact: &Secret, data: &InitData<'_>) -> Result<Phone, ServiceError> {
        let contact = self.verifiers()?.login.verify_contact(contact.expose())?;
        let phone = contact.phone_of(data)?;
        // Telegram's numbers are whole, so no region is needed.
        parse_phone(&phone, self.parts.region).map_err(|_| ContactError::InvalidPhone.into())
    }

    /// Exactly one hash computation, whether there is an account or not, and only then the state of
    /// the account: all that can be wrong up to here is one answer.
    pub(super) async fn check_password(
        &self,
        found: Option<Account>,
        password: Password,
        role: Role,
    ) -> Result<VerifiedPassword, ServiceError> {
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let verification = self.parts.hashes.verify(password.clone(), stored).await?;
        let account = found
            .filter(|account| verification != Verification::Mismatch && account.user.is_active)
            .filter(|account| account.user.role == role)
            .ok_or(ServiceError::InvalidCredentials)?;
        let rehashed = match verification {
            // The old hash stays good: a sign-in with the right password does not fail for want of
            // a new one.
            Verification::MatchOutdated => self.parts.hashes.hash(password.clone()).await.ok(),
            _ => None,
        };
        Ok(VerifiedPassword {
            account,
            password,
            rehashed,
        })
    }

    /// Looks again, once, where the hash that was compared is no longer the one that is stored:
    /// another sign-in with the same password may have made it anew. `None` when it was not that:
    /// whatever else came in between wins.
    pub(super) async fn check_again(
        &self,
        verified: VerifiedPassword,
    ) -> Result<Option<VerifiedPassword>, ServiceError> {
        let VerifiedPassword {
            account: seen,
            password,
            ..
        } = verified;
        let current = self
            .parts
            .store
            .account(seen.user.id)
            .await?
            .filter(|current| {
                current.password_hash != seen.password_hash
                    && current.user.is_active
                    && current.user.role == seen.user.role
            });
        let Some(account) = current else {
            return Ok(None);
        };
        let stored = Some(account.password_hash.clone());
        match self.parts.hashes.verify(password.clone(), stored).await? {
            Verification::Mismatch => return Ok(None),
            Verification::Match | Verification::MatchOutdated => self.check_expiry(&account)?,
        }
        Ok(Some(VerifiedPassword {
            account,
            password,
            rehashed: None,
        }))
    }

    /// A generated password is good for a time. That it is over is told to those who know it.
    fn check_expiry(&self, account: &Account) -> Result<(), ServiceError> {
        match account.password_expires_at {
            Some(end) if end <= self.now() => Err(ServiceError::PasswordExpired),
            _ => Ok(()),
        }
    }

    /// Begins the session, unless something came in between that wins.
    async fn complete(
        &self,
        verified: VerifiedPassword,
        telegram: Option<TelegramAccount>,
        client: &ClientInfo,
    ) -> Result<TokenResponse, ServiceError> {
        if let Some(session) = self.sign_in(&verified, telegram.as_ref(), client).await? {
            return Ok(session);
        }
        let again = self
            .check_again(verified)
            .await?
            .ok_or(ServiceError::InvalidCredentials)?;
        self.sign_in(&again, telegram.as_ref(), client)
            .await?
            .ok_or(ServiceError::InvalidCredentials)
    }

    /// One transaction that writes the sign-in down and begins the session. `None` when the account
    /// changed while the password was hashed: a reset, a deactivation or a binding that came in
    /// between wins.
    async fn sign_in(
        &self,
        verified: &VerifiedPassword,
        telegram: Option<&TelegramAccount>,
        client: &ClientInfo,
    ) -> Result<Option<TokenResponse>, ServiceError> {
        let seen = &verified.account;
        let audience = if telegram.is_some() {
            Audience::MiniApp
        } else {
            Audience::Admin
        };
        let session = self.new_session(seen.user.id, audience, client)?;
        let (user, now) = (seen.user.id, session.created_at);
        let signed_in = self.record(AuditAction::SignedIn, Some(user), user, client)?;
        let linked = self.record(AuditAction::TelegramLinked, Some(user), user, client)?;
        let change = |current: &mut Account| {
            let presented = telegram.map(|telegram| telegram.id);
            let is_unchanged = current.password_hash == seen.password_hash
                && current.user.is_active
                && current.user.role == seen.user.role
                && (presented.is_none()
                    || current
                        .user
                        .telegram_id
                        .is_none_or(|id| Some(id) == presented));
            if !is_unchanged {
                return Ok(None);
            }
            if let Some(hash) = &verified.rehashed {
                current.password_hash = hash.clone();
            }
            current.user.last_login_at = Some(now);
            let mut effects = AccountUpdate::none().begin(session.clone());
            if let Some(telegram) = telegram {
                if current.user.telegram_id.is_none() {
                    effects = effects.record(linked.clone());
                }
                current.password_verified_at = Some(now);
                telegram.bind(current, now);
            }
            Ok(Some(effects.record(signed_in.clone())))
        };
        match self.parts.store.update_account(user, &change).await {
            Ok(updated) => updated
                .map(|updated| self.begun(&session, updated))
                .transpose(),
            Err(error) if error.kind() == StoreErrorKind::Conflict(UniqueKey::TelegramId) => {
                Err(ServiceError::TelegramAccountMismatch)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The answer of a sign-in that is written down.
    pub(super) fn begun(
        &self,
        session: &StoredSession,
        updated: UpdatedAccount,
    ) -> Result<TokenResponse, ServiceError> {
        for ended in updated.ended {
            self.parts.cache.forget(ended);
        }
        self.answer(session, updated.account.user)
    }
}

/// An account whose password was right.
pub(super) struct VerifiedPassword {
    pub(super) account: Account,
    password: Password,
    /// A new hash, where the stored one was made with other parameters than today's.
    rehashed: Option<PasswordHash>,
}

/// The Telegram account that a person signs in from.
#[derive(Clone, Debug)]
pub(super) struct TelegramAccount {
    pub(super) id: TelegramId,
    username: Option<String>,
}

impl TelegramAccount {
    /// Binds the account to it, or notes its name of today.
    pub(super) fn bind(&self, account: &mut Account, now: OffsetDateTime) {
        if account.user.telegram_id.is_none() {
            account.user.updated_at = now;
        }
        account.user.telegram_id = Some(self.id);
        account.user.telegram_username.clone_from(&self.username);
    }
}

/// Whose Telegram account the init data proves.
pub(super) fn telegram_account(data: &InitData<'_>) -> Result<TelegramAccount, ServiceError> {
    let user = data.require_user()?;
    Ok(TelegramAccount {
        id: TelegramId(user.id),
        username: user.username.map(String::from),
    })
}
