//! Sign-in with a password. The order of the steps hides from the caller which of them failed.

use time::OffsetDateTime;

use super::validation::Validation;
use super::{
    AuthService, ClientService, Field, IssuedTokens, ServiceError, TelegramVerifiers, parse_phone,
};
use crate::init_data::{ContactError, InitData};
use crate::password::{HashClass, Password, PasswordHash, Verification};
use crate::secret::Secret;
use crate::store::{
    Account, AccountUpdate, StoreErrorKind, StoredSession, UniqueKey, UpdatedAccount,
};
use crate::types::{Audience, AuditAction, Phone, Role, TelegramId};

/// The phone number that an employee signs in with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoginPhone {
    /// Phone number as the user entered it.
    Typed(String),
    /// Contact signed by Telegram: the raw response of the Mini App's `requestContact`. It must belong to
    /// the Telegram account that opened the Mini App.
    Contact(Secret),
}

/// Signs an employee in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TelegramLoginCommand {
    /// The phone number.
    pub phone: LoginPhone,
    /// The password.
    pub password: Secret,
    /// The raw init data of the Mini App.
    pub init_data: Secret,
}

impl TelegramLoginCommand {
    /// Creates the command.
    pub fn new(
        phone: LoginPhone,
        password: impl Into<Secret>,
        init_data: impl Into<Secret>,
    ) -> Self {
        Self {
            phone,
            password: password.into(),
            init_data: init_data.into(),
        }
    }
}

/// Signs an administrator in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdminLoginCommand {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: Secret,
}

impl AdminLoginCommand {
    /// Creates the command.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
        }
    }
}

/// # Sign-in
impl ClientService<'_> {
    /// Signs an employee in with phone number, password and the init data of the Mini App. The first
    /// sign-in links the Telegram account to the user.
    ///
    /// # Errors
    /// [`ServiceError::InitData`] reveals nothing about the account,
    /// [`ServiceError::InvalidCredentials`] hides which part is wrong, and
    /// [`ServiceError::TelegramAccountMismatch`] follows only a correct password.
    ///
    /// ```
    /// use divan_core::service::{AuthService, ClientInfo, LoginPhone, ServiceError, TelegramLoginCommand};
    ///
    /// async fn sign_in(service: &AuthService, init_data: &str) -> Result<(), ServiceError> {
    ///     let phone = LoginPhone::Typed("8 (701) 123-45-67".to_owned());
    ///     let command = TelegramLoginCommand::new(phone, "umbrella 77", init_data);
    ///     let tokens = service.for_client(&ClientInfo::unknown()).telegram_login(&command).await?;
    ///     assert!(tokens.user.telegram_id.is_some());
    ///     Ok(())
    /// }
    /// ```
    pub async fn telegram_login(
        self,
        command: &TelegramLoginCommand,
    ) -> Result<IssuedTokens, ServiceError> {
        let service = self.service;
        let mut validation = Validation::default();
        let phone = match &command.phone {
            LoginPhone::Typed(typed) => validation
                .phone(typed, service.parts.region)
                .map(CheckedPhone::Typed),
            LoginPhone::Contact(contact) => Some(CheckedPhone::Contact(contact)),
        };
        let password = validation.password(Field::Password, &command.password);
        let (Some(phone), Some(password)) = (phone, password) else {
            return Err(validation.into_error());
        };
        let data = service
            .verifiers()?
            .login
            .verify(command.init_data.expose())?;
        let telegram = telegram_account(&data)?;
        let phone = match phone {
            CheckedPhone::Typed(phone) => phone,
            CheckedPhone::Contact(contact) => service.contact_phone(contact, &data)?,
        };

        let found = service.parts.store.account_by_phone(&phone).await?;
        let verified = service
            .verify_password(found, password, Role::Employee, self.hash_class())
            .await?;
        let linked = verified.account.user.telegram_id;
        if linked.is_some_and(|linked| linked != telegram.id) {
            return Err(ServiceError::TelegramAccountMismatch);
        }
        service.check_expiry(&verified.account)?;
        self.complete(verified, Some(telegram)).await
    }

    /// Signs an administrator in with e-mail address and password.
    ///
    /// # Errors
    /// [`ServiceError::InvalidCredentials`] hides which part is wrong.
    ///
    /// ```
    /// use divan_core::service::{AdminLoginCommand, AuthService, ClientInfo, ServiceError};
    ///
    /// async fn sign_in(service: &AuthService, client: &ClientInfo) -> Result<(), ServiceError> {
    ///     let command = AdminLoginCommand::new("admin@example.com", "tram under the plum");
    ///     let tokens = service.for_client(client).admin_login(&command).await?;
    ///     let caller = service.authenticate(tokens.access_token.expose()).await?;
    ///     let admin = caller.into_admin()?;
    ///     let users = service.as_admin(&admin, client).list_users(&Default::default()).await?;
    ///     assert!(!users.items.is_empty());
    ///     Ok(())
    /// }
    /// ```
    pub async fn admin_login(
        self,
        command: &AdminLoginCommand,
    ) -> Result<IssuedTokens, ServiceError> {
        let service = self.service;
        let mut validation = Validation::default();
        let email = validation.email(&command.email);
        let password = validation.password(Field::Password, &command.password);
        let (Some(email), Some(password)) = (email, password) else {
            return Err(validation.into_error());
        };
        let found = service.parts.store.account_by_email(&email).await?;
        let verified = service
            .verify_password(found, password, Role::Admin, self.hash_class())
            .await?;
        service.check_expiry(&verified.account)?;
        self.complete(verified, None).await
    }

    /// Begins the session, unless the account was changed concurrently.
    async fn complete(
        self,
        verified: VerifiedPassword,
        telegram: Option<TelegramAccount>,
    ) -> Result<IssuedTokens, ServiceError> {
        if let Some(session) = self.sign_in(&verified, telegram.as_ref()).await? {
            return Ok(session);
        }
        let again = self
            .service
            .verify_again(verified)
            .await?
            .ok_or(ServiceError::InvalidCredentials)?;
        self.sign_in(&again, telegram.as_ref())
            .await?
            .ok_or(ServiceError::InvalidCredentials)
    }

    /// Stores the sign-in and its session in one transaction. Returns `None` if the account changed
    /// while the password was hashed: a concurrent reset, deactivation or link wins.
    async fn sign_in(
        self,
        verified: &VerifiedPassword,
        telegram: Option<&TelegramAccount>,
    ) -> Result<Option<IssuedTokens>, ServiceError> {
        let seen = &verified.account;
        let audience = if telegram.is_some() {
            Audience::MiniApp
        } else {
            Audience::Admin
        };
        let service = self.service;
        let session = service.new_session(seen.user.id, audience, self.client)?;
        let (user, now) = (seen.user.id, session.created_at);
        let signed_in =
            service.audit_event(AuditAction::SignedIn, Some(user), user, self.client)?;
        let linked =
            service.audit_event(AuditAction::TelegramLinked, Some(user), user, self.client)?;
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
            let mut update = AccountUpdate::none().begin(session.clone());
            if let Some(telegram) = telegram {
                if current.user.telegram_id.is_none() {
                    update = update.event(linked.clone());
                }
                current.password_verified_at = Some(now);
                telegram.link(current, now);
            }
            Ok(Some(update.event(signed_in.clone())))
        };
        match service.parts.store.update_account(user, &change).await {
            Ok(updated) => updated
                .map(|updated| service.issue_first(&session, updated))
                .transpose(),
            Err(error) if error.kind() == StoreErrorKind::Conflict(UniqueKey::TelegramId) => {
                Err(ServiceError::TelegramAccountMismatch)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A phone number before the init data is verified.
enum CheckedPhone<'a> {
    Typed(Phone),
    Contact(&'a Secret),
}

impl AuthService {
    pub(super) fn verifiers(&self) -> Result<&TelegramVerifiers, ServiceError> {
        self.parts
            .telegram
            .as_ref()
            .ok_or(ServiceError::TelegramNotConfigured)
    }

    /// Returns the phone number of a contact, which must belong to the sender of the init data.
    fn contact_phone(&self, contact: &Secret, data: &InitData<'_>) -> Result<Phone, ServiceError> {
        let contact = self.verifiers()?.login.verify_contact(contact.expose())?;
        let phone = contact.phone_of(data)?;
        parse_phone(&phone, self.parts.region).map_err(|_| ContactError::InvalidPhone.into())
    }

    /// Computes exactly one hash, for an unknown account too, before it looks at the state of the
    /// account, so that all failures are indistinguishable.
    pub(super) async fn verify_password(
        &self,
        found: Option<Account>,
        password: Password,
        role: Role,
        class: HashClass,
    ) -> Result<VerifiedPassword, ServiceError> {
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let hashes = &self.parts.hashes;
        let mut permit = hashes.acquire_for(class, stored.as_ref()).await?;
        let verification = permit.verify(password.clone(), stored).await?;
        let account = found
            .filter(|account| verification != Verification::Mismatch && account.user.is_active)
            .filter(|account| account.user.role == role)
            .ok_or(ServiceError::InvalidCredentials)?;
        let rehashed = match verification {
            // A failure to re-hash does not fail the sign-in: the old hash stays valid.
            Verification::MatchOutdated => permit.hash(password.clone()).await.ok(),
            _ => None,
        };
        Ok(VerifiedPassword {
            account,
            password,
            class,
            rehashed,
        })
    }

    /// Verifies the password once more if the stored hash has changed: a concurrent sign-in with the
    /// same password may have re-hashed it. Returns `None` after any other concurrent change.
    pub(super) async fn verify_again(
        &self,
        verified: VerifiedPassword,
    ) -> Result<Option<VerifiedPassword>, ServiceError> {
        let VerifiedPassword {
            account: seen,
            password,
            class,
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
        let hashes = &self.parts.hashes;
        match hashes.verify(class, password.clone(), stored).await? {
            Verification::Mismatch => return Ok(None),
            Verification::Match | Verification::MatchOutdated => self.check_expiry(&account)?,
        }
        Ok(Some(VerifiedPassword {
            account,
            password,
            class,
            rehashed: None,
        }))
    }

    /// Rejects an expired generated password. Called only after a correct password.
    fn check_expiry(&self, account: &Account) -> Result<(), ServiceError> {
        match account.password_expires_at {
            Some(end) if end <= self.now() => Err(ServiceError::PasswordExpired),
            _ => Ok(()),
        }
    }

    /// Issues the first tokens of a session that is stored.
    pub(super) fn issue_first(
        &self,
        session: &StoredSession,
        updated: UpdatedAccount,
    ) -> Result<IssuedTokens, ServiceError> {
        for ended in updated.ended {
            self.parts.cache.invalidate(ended);
        }
        self.issue_tokens(session, updated.account.user)
    }
}

/// An account whose password was verified.
pub(super) struct VerifiedPassword {
    pub(super) account: Account,
    password: Password,
    class: HashClass,
    /// A new hash, if the stored one has outdated parameters.
    rehashed: Option<PasswordHash>,
}

/// The Telegram account that a user signs in from.
#[derive(Clone, Debug)]
pub(super) struct TelegramAccount {
    pub(super) id: TelegramId,
    username: Option<String>,
}

impl TelegramAccount {
    /// Links the account, and updates the Telegram user name.
    pub(super) fn link(&self, account: &mut Account, now: OffsetDateTime) {
        if account.user.telegram_id.is_none() {
            account.user.updated_at = now;
        }
        account.user.telegram_id = Some(self.id);
        account.user.telegram_username.clone_from(&self.username);
    }
}

/// Returns the Telegram account of the init data.
pub(super) fn telegram_account(data: &InitData<'_>) -> Result<TelegramAccount, ServiceError> {
    let user = data.require_user()?;
    Ok(TelegramAccount {
        id: TelegramId(user.id),
        username: user.username.map(String::from),
    })
}
