//! The two sign-ins. The order of the steps is the security of the whole: see the rules at each.

use super::input::Input;
use super::{AuthService, ServiceError, parse_phone};
use crate::api::{Session, TelegramLoginRequest};
use crate::init_data::{ContactError, InitData, Verifier};
use crate::password::{Password, PasswordHash, Verification};
use crate::secret::Secret;
use crate::store::{Account, SignIn, SignInOutcome, TelegramAccount};
use crate::token::Surface;
use crate::types::{Phone, Role, TelegramId, User};

/// Which phone number an employee signs in with.
#[derive(Clone, Copy, Debug)]
pub enum SignInPhone<'a> {
    /// As it was typed.
    Typed(&'a str),
    /// As Telegram signed it: the raw answer of the Mini App's `requestContact`. It has to be of the account that opened the
    /// Mini App.
    Shared(&'a Secret),
}

impl<'a> SignInPhone<'a> {
    /// What a request names: either the one or the other, because two could name two people.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for none and for both.
    pub fn of(request: &'a TelegramLoginRequest) -> Result<Self, ServiceError> {
        let mut input = Input::default();
        match (&request.phone, &request.contact) {
            (Some(phone), None) => return Ok(Self::Typed(phone)),
            (None, Some(contact)) => return Ok(Self::Shared(contact)),
            (Some(_), Some(_)) => input.wrong("/contact", "stands in place of `phone`, not beside it"),
            (None, None) => input.wrong("/phone", "is missing, and so is `contact`"),
        }
        Err(input.into_error())
    }
}

impl AuthService {
    /// Signs an employee in with phone number, password and the raw init data of the Mini App. The first sign-in binds
    /// the Telegram account to the user.
    ///
    /// # Errors
    /// [`ServiceError::InitData`] tells nothing of the account; [`ServiceError::InvalidCredentials`] hides which part
    /// is wrong; [`ServiceError::TelegramAccountMismatch`] comes only after a right password.
    pub async fn telegram_login(
        &self,
        phone: SignInPhone<'_>,
        password: &Secret,
        init_data: &Secret,
    ) -> Result<Session, ServiceError> {
        let mut input = Input::default();
        let typed = match phone {
            SignInPhone::Typed(typed) => input.phone(typed, self.region),
            SignInPhone::Shared(_) => None,
        };
        let password = input.password(password);
        let (Some(password), true) = (password, input.is_valid()) else {
            return Err(input.into_error());
        };
        let data = self.verifier()?.verify(init_data.expose())?;
        let telegram = telegram_account(&data)?;
        let phone = match (phone, typed) {
            (SignInPhone::Shared(contact), _) => self.shared_phone(contact, &data)?,
            (SignInPhone::Typed(_), Some(typed)) => typed,
            (SignInPhone::Typed(_), None) => return Err(input.into_error()),
        };

        let found = self.store.account_by_phone(&phone).await?;
        let (account, rehashed) = self.check_password(found, password, Role::Employee).await?;
        if account.user.telegram_id.is_some_and(|bound| bound != telegram.id) {
            return Err(ServiceError::TelegramAccountMismatch);
        }
        let user = self.complete(account, rehashed, Some(telegram)).await?;
        self.session(user, Surface::MiniApp)
    }

    /// Signs an administrator in with e-mail address and password.
    ///
    /// # Errors
    /// [`ServiceError::InvalidCredentials`] hides which part is wrong.
    pub async fn admin_login(&self, email: &str, password: &Secret) -> Result<Session, ServiceError> {
        let mut input = Input::default();
        let (Some(email), Some(password)) = (input.email(email), input.password(password)) else {
            return Err(input.into_error());
        };
        let found = self.store.account_by_email(&email).await?;
        let (account, rehashed) = self.check_password(found, password, Role::Admin).await?;
        let user = self.complete(account, rehashed, None).await?;
        self.session(user, Surface::Admin)
    }

    fn verifier(&self) -> Result<&Verifier, ServiceError> {
        self.telegram.as_ref().ok_or(ServiceError::TelegramNotConfigured)
    }

    /// The phone number of a contact that the person who sent the init data has shared.
    fn shared_phone(&self, contact: &Secret, data: &InitData<'_>) -> Result<Phone, ServiceError> {
        let contact = self.verifier()?.verify_contact(contact.expose())?;
        let phone = contact.phone_of(data)?;
        // Telegram's numbers are whole, so no region is needed.
        parse_phone(&phone, self.region).map_err(|_| ContactError::NotAPhone.into())
    }

    /// Exactly one hash computation, whether there is an account or not, and only then the state of the account: all
    /// that can be wrong up to here is one answer.
    ///
    /// Gives the account, and a new hash where the stored one was made with other parameters than today's.
    async fn check_password(
        &self,
        found: Option<Account>,
        password: Password,
        role: Role,
    ) -> Result<(Account, Option<PasswordHash>), ServiceError> {
        let stored = found.as_ref().map(|account| account.password_hash.clone());
        let verification = self.hashes.verify(password.clone(), stored).await?;
        let account = found
            .filter(|account| verification != Verification::Mismatch && account.user.is_active)
            .filter(|account| account.user.role == role)
            .ok_or(ServiceError::InvalidCredentials)?;
        let rehashed = match verification {
            // The old hash stays good: a sign-in with the right password does not fail for want of a new one.
            Verification::MatchOutdated => self.hashes.hash(password).await.ok(),
            _ => None,
        };
        Ok((account, rehashed))
    }

    /// One transaction that writes the sign-in down, unless the account changed while the password was hashed.
    async fn complete(
        &self,
        account: Account,
        rehashed: Option<PasswordHash>,
        telegram: Option<TelegramAccount>,
    ) -> Result<User, ServiceError> {
        let sign_in = SignIn {
            user: account.user.id,
            role: account.user.role,
            new_hash: rehashed.unwrap_or_else(|| account.password_hash.clone()),
            seen_hash: account.password_hash,
            telegram,
            at: self.now(),
        };
        match self.store.complete_sign_in(&sign_in).await? {
            SignInOutcome::Done(user) => Ok(*user),
            SignInOutcome::Changed => Err(ServiceError::InvalidCredentials),
            SignInOutcome::TelegramTaken => Err(ServiceError::TelegramAccountMismatch),
        }
    }

    fn session(&self, user: User, surface: Surface) -> Result<Session, ServiceError> {
        let token = self.issuer.issue(user.id, user.role, surface)?;
        Ok(Session::new(token.token, token.expires_in.as_secs(), user))
    }
}

/// Whose Telegram account the init data proves.
fn telegram_account(data: &InitData<'_>) -> Result<TelegramAccount, ServiceError> {
    let user = data.require_user()?;
    Ok(TelegramAccount { id: TelegramId(user.id), username: user.username.map(String::from) })
}
