//! Sign-in without a password.

use super::{UsedPasskey, find, log_refusal};
use crate::passkey::{Assertion, Ceremony, PasskeyChallenge, PasskeyError};
use crate::secret::Secret;
use crate::service::attempt::Failure;
use crate::service::login::limited_until;
use crate::service::{AttemptOutcome, ClientService, IssuedTokens, ServiceError};
use crate::store::{Account, AccountUpdate, StoreErrorKind, StoredDevice, StoredPasskey};
use crate::throttle::{AttemptClass, ThrottleKind};
use crate::types::{Audience, AuditAction, PasskeyCredential, PasskeyOptions, Role};

/// Signs an administrator in with a passkey alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasskeyLoginCommand {
    /// The result of `navigator.credentials.get()`.
    pub credential: PasskeyCredential,
    /// The token of a known device, from an earlier sign-in. An invalid token is ignored.
    pub device_token: Option<Secret>,
}

impl PasskeyLoginCommand {
    /// Creates the command.
    pub fn new(credential: PasskeyCredential) -> Self {
        Self {
            credential,
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

/// An assertion of a passkey that exists.
struct FoundPasskey {
    assertion: Assertion,
    challenge: PasskeyChallenge,
    account: Account,
    passkey: StoredPasskey,
}

/// # Sign-in with a passkey
impl ClientService<'_> {
    /// Begins a sign-in with a passkey: returns the options for `navigator.credentials.get()`, which are
    /// valid for five minutes. Nothing is stored.
    ///
    /// # Errors
    /// [`ServiceError::PasskeysNotConfigured`].
    pub fn begin_passkey_login(self) -> Result<PasskeyOptions, ServiceError> {
        let challenge = self.service.issue_challenge(Ceremony::SignIn)?;
        let party = &self.service.passkeys()?.party;
        Ok(party.request_options(&challenge, &[]))
    }

    /// Signs an administrator in with a passkey, without a password and a second factor: the passkey verifies
    /// its user. Signatures cannot be guessed, so a correct one is accepted however many attempts on the
    /// account failed. A wrong one counts as a failed attempt of the account and the address.
    ///
    /// # Errors
    /// - [`ServiceError::PasskeyInvalid`] does not reveal which part is wrong.
    /// - [`ServiceError::TooManyAttempts`] instead of it, after too many of them.
    /// - [`ServiceError::PasswordExpired`] if a generated password was not changed in time.
    /// - [`ServiceError::PasskeysNotConfigured`].
    pub async fn passkey_login(
        self,
        command: &PasskeyLoginCommand,
    ) -> Result<IssuedTokens, ServiceError> {
        let service = self.service;
        service.passkeys()?;
        let Some(found) = self.find_passkey(&command.credential).await? else {
            // Ids and challenges cannot be guessed. The limit bounds the work.
            let kind = ThrottleKind::Refresh;
            service.charge_address(kind, self.client).await?;
            return Err(ServiceError::PasskeyInvalid);
        };
        let FoundPasskey {
            assertion,
            challenge,
            account,
            passkey,
        } = &found;
        let device = match &command.device_token {
            Some(token) => service.known_device(token, account).await?,
            None => None,
        };
        let verified = service
            .verify_passkey(assertion, challenge, passkey, self.client)
            .await?;
        match verified {
            Ok(used) => self.complete_passkey_login(account, &used, device).await,
            Err(reason) => {
                log_refusal(reason);
                Err(self.refuse_passkey(account, device.as_ref()).await?)
            }
        }
    }

    /// Finds the passkey of an assertion whose challenge is valid, and its administrator.
    async fn find_passkey(
        self,
        credential: &PasskeyCredential,
    ) -> Result<Option<FoundPasskey>, ServiceError> {
        let read = || {
            let assertion = Assertion::parse(credential)?;
            let issued = assertion.challenge();
            let challenge = self.service.accept_challenge(issued, Ceremony::SignIn)?;
            let user = assertion.user().ok_or(PasskeyError::User)?;
            Ok::<_, PasskeyError>((assertion, challenge, user))
        };
        let (assertion, challenge, user) = match read() {
            Ok(read) => read,
            Err(reason) => {
                log_refusal(reason);
                return Ok(None);
            }
        };
        let store = &self.service.parts.store;
        let account = store.account(user).await?.filter(can_sign_in);
        let own = store.passkeys_of(user).await?;
        let passkey = find(&own, &assertion).cloned();
        Ok(account.zip(passkey).map(|(account, passkey)| FoundPasskey {
            assertion,
            challenge,
            account,
            passkey,
        }))
    }

    /// Counts and records a wrong assertion. Returns the error of the sign-in.
    async fn refuse_passkey(
        self,
        account: &Account,
        device: Option<&StoredDevice>,
    ) -> Result<ServiceError, ServiceError> {
        let service = self.service;
        let user = &account.user;
        let key = service.parts.attempts.keys.of(user, Audience::Admin);
        let known = device.map(|device| device.id);
        let attempt = self.admin_attempt(key, known, self.client.limited_address);
        let charged = service.begin_code_attempt(attempt).await?;
        let failure = Failure::of(AuditAction::SignInFailed, Some(user.id));
        service.record_failure(&charged, failure, self.client).await;
        Ok(ServiceError::PasskeyInvalid)
    }

    /// Stores the session, unless the account was changed or the passkey was used concurrently.
    async fn complete_passkey_login(
        self,
        seen: &Account,
        assertion: &UsedPasskey,
        device: Option<StoredDevice>,
    ) -> Result<IssuedTokens, ServiceError> {
        let (service, user) = (self.service, seen.user.id);
        service.check_expiry(seen)?;
        let device = match device {
            Some(device) => device,
            None => service.new_device(user, 0, self.client)?,
        };
        let mut session = service.new_session(user, Audience::Admin, self.client)?;
        if let Some(end) = limited_until(seen) {
            session.ends_at = session.ends_at.min(end);
            session.expires_at = session.expires_at.min(end);
        }
        session.auth_methods = assertion.methods();
        let now = session.created_at;
        let action = AuditAction::SignedIn;
        let signed_in = service.audit_event(action, Some(user), user, self.client)?;
        let change = |current: &mut Account| {
            let is_changed = current.password_version != seen.password_version;
            if is_changed || !can_sign_in(current) {
                return Ok(None);
            }
            current.user.last_login_at = Some(now);
            let update = AccountUpdate::none()
                .begin(session.clone())
                .event(signed_in.clone());
            let update = self.keep_device(update, &device, current, now);
            Ok(Some(assertion.store_with(update)))
        };
        let updated = match service.update_account(user, &change).await {
            Err(error) if error.kind() == StoreErrorKind::PasskeyChanged => None,
            updated => updated?,
        };
        let updated = updated.ok_or(ServiceError::PasskeyInvalid)?;
        let (class, outcome) = (AttemptClass::Trusted, AttemptOutcome::Succeeded);
        service.parts.attempts.count(class, outcome);
        service.issue_on_device(&session, updated, device.id)
    }
}

fn can_sign_in(account: &Account) -> bool {
    account.user.is_active && account.user.role == Role::Admin
}
