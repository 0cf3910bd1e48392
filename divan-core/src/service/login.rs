//! Sign-in with a password. The order of the steps hides from the caller which of them failed.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::attempt::{ChargedAttempt, Failure, trusted_hash};
use super::messages::is_new_device;
use super::telegram_account::{TelegramAccount, telegram_account};
use super::validation::Validation;
use super::verified_password::VerifiedPassword;
use super::{
    AttemptOutcome, AuthService, ClientInfo, ClientService, Field, IssuedTokens, MessageKind,
    ServiceError,
};
use crate::password::{HashClass, HashPermit, Password};
use crate::secret::Secret;
use crate::store::{
    Account, AccountUpdate, StoreErrorKind, StoredDevice, StoredSession, UniqueKey, UpdatedAccount,
};
use crate::throttle::{AccountKey, Attempt, AttemptClass, LaneSubject};
use crate::types::{
    Audience, AuditAction, AuthMethod, AuthMethods, DeviceId, Phone, Role, TelegramId,
};

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
    /// The token of a known device, from an earlier sign-in. An invalid token is ignored.
    pub device_token: Option<Secret>,
}

impl AdminLoginCommand {
    /// Creates the command.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            email: email.into(),
            password: password.into(),
            device_token: None,
        }
    }

    /// Sets the token of a known device.
    #[must_use]
    pub fn device_token(mut self, token: impl Into<Secret>) -> Self {
        self.device_token = Some(token.into());
        self
    }
}

/// # Sign-in
impl ClientService<'_> {
    /// Signs an employee in with phone number, password and the init data of the Mini App. The first
    /// sign-in links the Telegram account to the user.
    ///
    /// # Errors
    /// - Before an account is read: [`ServiceError::Invalid`],
    ///   [`ServiceError::TelegramNotConfigured`], [`ServiceError::InitData`],
    ///   [`ServiceError::Contact`].
    /// - Before a password is compared: [`ServiceError::TooManyAttempts`],
    ///   [`ServiceError::Overloaded`].
    /// - [`ServiceError::InvalidCredentials`] does not reveal which part is wrong.
    /// - After a correct password only: [`ServiceError::PasswordExpired`],
    ///   [`ServiceError::TelegramAccountMismatch`], [`ServiceError::TelegramAccountTaken`].
    /// - [`ServiceError::Store`] when the database fails.
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
        let (phone, is_shared) = match phone {
            CheckedPhone::Typed(phone) => (phone, false),
            CheckedPhone::Contact(contact) => (service.contact_phone(contact, &data)?, true),
        };

        let found = service.parts.store.account_by_phone(&phone).await?;
        let attempt = self.telegram_attempt(found.as_ref(), &phone, telegram.id, is_shared);
        let (mut charged, permit) = self.begin_attempt(attempt, found.as_ref()).await?;
        charged.bot_id = Some(telegram.client.bot_id);
        let verified = self
            .verify_login(&charged, permit, found, password, Role::Employee)
            .await?;
        let linked = verified.account.user.telegram_id;
        if linked.is_some_and(|linked| linked != telegram.id) {
            let account = &verified.account;
            return Err(self.telegram_mismatch(&charged, account).await);
        }
        self.complete(verified, charged, SignInWith::Telegram(telegram))
            .await
    }

    /// Signs an administrator in with e-mail address and password.
    ///
    /// # Errors
    /// [`ServiceError::SecondFactorRequired`] after a correct password, if a second factor is on.
    /// [`ServiceError::InvalidCredentials`] does not reveal which part is wrong. The others are those
    /// of [`telegram_login`](Self::telegram_login), without those of init data and Telegram accounts.
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
        let device = match (&command.device_token, &found) {
            (Some(token), Some(account)) => service.known_device(token, account).await?,
            _ => None,
        };
        let known = device.as_ref().map(|device| device.id);
        let account = service.parts.attempts.keys.email(&email);
        let attempt = self.admin_attempt(account, known, self.client.limited_address);
        let (charged, permit) = self.begin_attempt(attempt, found.as_ref()).await?;
        let verified = self
            .verify_login(&charged, permit, found, password, Role::Admin)
            .await?;
        if verified.account.second_factor.is_on() {
            return Err(self.require_second_factor(&verified, &charged, known).await);
        }
        let device = match device {
            Some(device) => device,
            None => service.new_device(verified.account.user.id, 0, self.client)?,
        };
        self.complete(verified, charged, SignInWith::Device(device))
            .await
    }

    /// Decides the class of an employee's attempt. A contact is the phone number of the Telegram
    /// account, signed by Telegram, so it identifies a user who is not linked yet.
    fn telegram_attempt(
        self,
        found: Option<&Account>,
        phone: &Phone,
        telegram: TelegramId,
        is_shared: bool,
    ) -> Attempt {
        let keys = &self.service.parts.attempts.keys;
        let (account, subject) = (keys.phone(phone), LaneSubject::Telegram(telegram));
        let is_trusted = found.is_some_and(|found| match found.user.telegram_id {
            Some(linked) => linked == telegram,
            None => is_shared,
        });
        if is_trusted {
            keys.trusted(account, subject)
        } else {
            keys.untrusted(account, subject, self.client.limited_address)
        }
    }

    /// Decides the class of an administrator's attempt. Both steps of a sign-in count for it.
    pub(super) fn admin_attempt(
        self,
        account: AccountKey,
        known: Option<DeviceId>,
        address: Option<IpAddr>,
    ) -> Attempt {
        let keys = &self.service.parts.attempts.keys;
        match known {
            Some(device) => keys.trusted(account, LaneSubject::Device(device)),
            None => keys.untrusted(account, LaneSubject::None, address),
        }
    }

    /// Checks the limits, waits for the turn to hash, and counts the attempt.
    async fn begin_attempt(
        self,
        attempt: Attempt,
        found: Option<&Account>,
    ) -> Result<(ChargedAttempt, HashPermit), ServiceError> {
        let class = match attempt.class() {
            AttemptClass::Trusted => trusted_hash(found.map(|account| account.user.id)),
            AttemptClass::Untrusted => HashClass::Untrusted {
                address: self.client.limited_address,
            },
        };
        self.service.begin_attempt(attempt, class, found).await
    }

    /// Verifies the password of a counted attempt, and records a failure.
    async fn verify_login(
        self,
        charged: &ChargedAttempt,
        permit: HashPermit,
        found: Option<Account>,
        password: Password,
        role: Role,
    ) -> Result<VerifiedPassword, ServiceError> {
        let service = self.service;
        let user = found.as_ref().map(|account| account.user.id);
        let verified = service.verify_password(found, password, role, permit).await;
        let error = match verified {
            Ok(verified) => match service.check_expiry(&verified.account) {
                Ok(()) => return Ok(verified),
                Err(error) => error,
            },
            Err(error) => error,
        };
        if matches!(
            error,
            ServiceError::InvalidCredentials | ServiceError::PasswordExpired
        ) {
            let failure = Failure::of(AuditAction::SignInFailed, user);
            service.record_failure(charged, failure, self.client).await;
        }
        Err(error)
    }

    /// Records that the user is linked to another Telegram account.
    async fn telegram_mismatch(self, charged: &ChargedAttempt, account: &Account) -> ServiceError {
        let failure = Failure::of(AuditAction::TelegramMismatch, Some(account.user.id));
        self.service
            .record_failure(charged, failure, self.client)
            .await;
        ServiceError::TelegramAccountMismatch
    }

    /// Records that another user is linked to the Telegram account, with that user as the actor.
    async fn telegram_taken(
        self,
        charged: &ChargedAttempt,
        account: &Account,
        telegram: &TelegramAccount,
    ) -> ServiceError {
        let service = self.service;
        let holder = match service.parts.store.account_by_telegram(telegram.id).await {
            Ok(holder) => holder.map(|holder| holder.user.id),
            Err(error) => return error.into(),
        };
        let failure = Failure {
            actor: holder,
            ..Failure::of(AuditAction::TelegramTaken, Some(account.user.id))
        };
        service.record_failure(charged, failure, self.client).await;
        ServiceError::TelegramAccountTaken
    }

    /// Begins the session, unless the account was changed concurrently.
    async fn complete(
        self,
        verified: VerifiedPassword,
        charged: ChargedAttempt,
        with: SignInWith,
    ) -> Result<IssuedTokens, ServiceError> {
        let class = charged.attempt.class();
        let mut tokens = self.sign_in(&verified, &charged, &with).await?;
        if tokens.is_none()
            && let Some(again) = self.service.verify_again(verified).await?
        {
            tokens = self.sign_in(&again, &charged, &with).await?;
        }
        let outcome = match tokens {
            Some(_) => AttemptOutcome::Succeeded,
            None => AttemptOutcome::Failed,
        };
        self.service.parts.attempts.count(class, outcome);
        tokens.ok_or(ServiceError::InvalidCredentials)
    }

    /// Stores the sign-in and its session, and removes the attempt from the counters, in one
    /// transaction. Returns
    /// `None` if the account changed while the password was hashed: a concurrent reset, deactivation
    /// or link wins.
    async fn sign_in(
        self,
        verified: &VerifiedPassword,
        charged: &ChargedAttempt,
        with: &SignInWith,
    ) -> Result<Option<IssuedTokens>, ServiceError> {
        let seen = &verified.account;
        let (service, user) = (self.service, seen.user.id);
        let mut session = service.new_session(user, with.audience(), self.client)?;
        if let Some(end) = limited_until(seen) {
            session.ends_at = session.ends_at.min(end);
            session.expires_at = session.expires_at.min(end);
        }
        session.telegram = with.telegram().map(|telegram| telegram.client.clone());
        session.auth_methods = with.methods();
        let now = session.created_at;
        let event = |action| {
            let mut event = service.audit_event(action, Some(user), user, self.client)?;
            event.bot_id = with.telegram().map(|telegram| telegram.client.bot_id);
            Ok::<_, ServiceError>(event)
        };
        let signed_in = event(AuditAction::SignedIn)?;
        let linked = event(AuditAction::TelegramLinked)?;
        let settle = charged.attempt.settle(now);
        let change = |current: &mut Account| {
            if !verified.is_current(current, with) {
                return Ok(None);
            }
            if let Some(hash) = &verified.rehashed {
                current.password_hash = hash.clone();
            }
            current.user.last_login_at = Some(now);
            let mut update = AccountUpdate::none()
                .begin(session.clone())
                .settle(settle.clone());
            match with {
                SignInWith::Telegram(telegram) => {
                    let is_new_link = current.user.telegram_id.is_none();
                    if is_new_link {
                        update = update.event(linked.clone());
                    }
                    current.password_verified_at = Some(now);
                    if !current.user.password_change_required {
                        current.password_expires_at = None;
                    }
                    telegram.link(current, now);
                    let is_new_device = is_new_device(current, self.client.device.as_deref());
                    if is_new_link {
                        let kind = MessageKind::TelegramLinked;
                        update = update.message(service.message(current, kind, now));
                    } else if is_new_device {
                        let message = service.new_device_message(current, self.client, now);
                        update = update.message(message);
                    }
                }
                SignInWith::Device(device) => {
                    update = self.keep_device(update, device, current, now);
                }
            }
            Ok(Some(update.event(signed_in.clone())))
        };
        let updated = match service.update_account(user, &change).await {
            Ok(updated) => updated,
            Err(error) if error.kind() == StoreErrorKind::Conflict(UniqueKey::TelegramId) => {
                return Err(match with {
                    SignInWith::Telegram(telegram) => {
                        self.telegram_taken(charged, seen, telegram).await
                    }
                    SignInWith::Device(_) => error.into(),
                });
            }
            Err(error) => {
                service.withdraw_attempt(charged).await;
                return Err(error.into());
            }
        };
        let Some(updated) = updated else {
            return Ok(None);
        };
        Ok(Some(match with {
            SignInWith::Telegram(_) => service.issue_first(&session, updated)?,
            SignInWith::Device(device) => service.issue_on_device(&session, updated, device.id)?,
        }))
    }
}

/// Returns the end of a session in which the user can only change the password.
pub(super) fn limited_until(account: &Account) -> Option<OffsetDateTime> {
    account
        .password_expires_at
        .filter(|_| account.user.password_change_required)
}

/// The proof that accompanies the password.
#[derive(Debug)]
enum SignInWith {
    /// An employee signs in from this Telegram account.
    Telegram(TelegramAccount),
    /// An administrator signs in from this device, which may be new.
    Device(StoredDevice),
}

impl SignInWith {
    fn telegram(&self) -> Option<&TelegramAccount> {
        match self {
            Self::Telegram(telegram) => Some(telegram),
            Self::Device(_) => None,
        }
    }

    fn methods(&self) -> AuthMethods {
        match self {
            Self::Telegram(_) => AuthMethods::PASSWORD.with(AuthMethod::Telegram),
            Self::Device(_) => AuthMethods::PASSWORD,
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Telegram(_) => Audience::MiniApp,
            Self::Device(_) => Audience::Admin,
        }
    }
}

impl ClientService<'_> {
    /// Stores the device of an administrator's sign-in, with a message if it is new.
    pub(super) fn keep_device(
        self,
        update: AccountUpdate,
        device: &StoredDevice,
        account: &Account,
        now: OffsetDateTime,
    ) -> AccountUpdate {
        // A device that is not stored yet belongs to no version of the password.
        let is_new = device.password_version == 0;
        let message = self.service.new_device_message(account, self.client, now);
        update
            .message(message.filter(|_| is_new))
            .keep_device(renewed(device, account, self.client, now))
    }
}

/// Returns the device after a sign-in.
fn renewed(
    device: &StoredDevice,
    account: &Account,
    client: &ClientInfo,
    now: OffsetDateTime,
) -> StoredDevice {
    let mut device = device.clone();
    device.password_version = account.password_version;
    device.last_used_at = now;
    device.device.clone_from(&client.device);
    device
}

/// A phone number before the init data is verified.
enum CheckedPhone<'a> {
    Typed(Phone),
    Contact(&'a Secret),
}

impl AuthService {
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

    /// Issues the first tokens of an administrator's session that is stored, and the device token.
    pub(super) fn issue_on_device(
        &self,
        session: &StoredSession,
        updated: UpdatedAccount,
        device: DeviceId,
    ) -> Result<IssuedTokens, ServiceError> {
        let version = updated.account.password_version;
        let mut tokens = self.issue_first(session, updated)?;
        let keys = &self.parts.device_keys;
        tokens.device_token = Some(keys.issue(device, session.user, version));
        Ok(tokens)
    }
}

impl VerifiedPassword {
    /// Returns `true` if the account is unchanged since its password was verified.
    fn is_current(&self, current: &Account, with: &SignInWith) -> bool {
        let seen = &self.account;
        let is_allowed = match with {
            SignInWith::Telegram(telegram) => {
                let linked = current.user.telegram_id;
                linked.is_none_or(|linked| linked == telegram.id)
            }
            // A second factor may have been turned on.
            SignInWith::Device(_) => !current.second_factor.is_on(),
        };
        current.password_hash == seen.password_hash
            && current.user.is_active
            && current.user.role == seen.user.role
            && is_allowed
    }
}
