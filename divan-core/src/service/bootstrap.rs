use subtle::ConstantTimeEq;

use super::validation::Validation;
use super::{ClientService, Field, ServiceError};
use crate::secret::Secret;
use crate::store::Account;
use crate::throttle::ThrottleKind;
use crate::types::{AuditAction, Role, User, UserId};

/// The rule for creating the first administrator over the network.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BootstrapPolicy {
    /// No one can create the first administrator.
    Closed,
    /// Clients that send this token can create the first administrator.
    Token(Secret),
    /// The first client that sends the request creates the first administrator. For a server that
    /// only programs on the same machine can reach.
    OpenToAnyone,
}

impl BootstrapPolicy {
    fn check(&self, presented: Option<&Secret>) -> Result<(), ServiceError> {
        match (self, presented) {
            (Self::OpenToAnyone, _) => Ok(()),
            (Self::Token(token), Some(presented))
                if token
                    .expose()
                    .as_bytes()
                    .ct_eq(presented.expose().as_bytes())
                    .into() =>
            {
                Ok(())
            }
            _ => Err(ServiceError::BootstrapTokenRequired),
        }
    }
}

/// Creates the first administrator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BootstrapCommand {
    /// The token that [`BootstrapPolicy::Token`] requires.
    pub token: Option<Secret>,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: Secret,
    /// The name. Default: "Administrator".
    pub full_name: Option<String>,
}

impl BootstrapCommand {
    /// Creates the command without a token and with the default name.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            token: None,
            email: email.into(),
            password: password.into(),
            full_name: None,
        }
    }
}

/// The state of the bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum BootstrapState {
    /// The first administrator exists, or the service does not allow bootstrap.
    Closed,
    /// A client with the bootstrap token can create the first administrator.
    TokenRequired,
    /// Any client can create the first administrator.
    Open,
}

/// # Bootstrap
impl ClientService<'_> {
    /// Returns the state of the bootstrap.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bootstrap_state(self) -> Result<BootstrapState, ServiceError> {
        let parts = &self.service.parts;
        let open = match parts.bootstrap {
            BootstrapPolicy::Closed => return Ok(BootstrapState::Closed),
            BootstrapPolicy::Token(_) => BootstrapState::TokenRequired,
            BootstrapPolicy::OpenToAnyone => BootstrapState::Open,
        };
        let is_bootstrapped = parts.store.is_bootstrapped().await?;
        Ok(if is_bootstrapped {
            BootstrapState::Closed
        } else {
            open
        })
    }

    /// Creates the first administrator. It succeeds once per database.
    ///
    /// # Errors
    /// [`ServiceError::BootstrapTokenRequired`], [`ServiceError::TooManyAttempts`],
    /// [`ServiceError::AlreadyBootstrapped`], [`ServiceError::Invalid`] or
    /// [`ServiceError::WeakPassword`]. No user is created then.
    pub async fn bootstrap(self, command: &BootstrapCommand) -> Result<User, ServiceError> {
        let parts = &self.service.parts;
        self.check_token(command.token.as_ref()).await?;
        let mut validation = Validation::default();
        let email = validation.email(&command.email);
        let full_name =
            validation.full_name(command.full_name.as_deref().unwrap_or("Administrator"));
        let password = validation.password(Field::Password, &command.password);
        let (Some(email), Some(full_name), Some(password)) = (email, full_name, password) else {
            return Err(validation.into_error());
        };

        // Claimed before anything costly, so that only one of many concurrent calls computes a
        // hash.
        let claim = parts
            .store
            .claim_bootstrap(self.service.now())
            .await?
            .ok_or(ServiceError::AlreadyBootstrapped)?;
        let id = UserId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let mut user = User::new(id, Role::Admin, full_name, self.service.now());
        user.email = Some(email);
        self.service
            .check_new_password(Field::Password, &password, &user)?;
        let hash = parts.hashes.hash(self.hash_class(), password).await?;
        let account = Account::new(user.clone(), hash);
        let event =
            self.service
                .audit_event(AuditAction::Bootstrapped, None, user.id, self.client)?;
        let new = [self.service.new_user(account, event)];
        self.service.insert_users(Some(claim), &new).await?;
        Ok(user)
    }

    /// Compares the token. Counts the attempt first, and writes an audit event if the token is
    /// wrong.
    async fn check_token(self, token: Option<&Secret>) -> Result<(), ServiceError> {
        let (service, policy) = (self.service, &self.service.parts.bootstrap);
        if matches!(policy, BootstrapPolicy::Token(_)) && token.is_some() {
            let kind = ThrottleKind::Bootstrap;
            service.charge_address(kind, self.client).await?;
        }
        let checked = policy.check(token);
        if checked.is_err() {
            service.record_refused_bootstrap(self.client).await?;
        }
        checked
    }
}
