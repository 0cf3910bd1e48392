use subtle::ConstantTimeEq;

use super::validation::{Validation, check_new_password};
use super::{AuthService, ClientInfo, Field, ServiceError};
use crate::api::BootstrapRequest;
use crate::secret::Secret;
use crate::store::{Account, NewUser};
use crate::types::{AuditAction, Role, User, UserId};

/// Who may create the first administrator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BootstrapPolicy {
    /// Nobody, over the network.
    Closed,
    /// Whoever sends this token.
    Token(Secret),
    /// Anybody who reaches the server first. For a server that only its own machine reaches.
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

impl AuthService {
    /// Creates the first administrator: exactly once, ever.
    ///
    /// # Errors
    /// [`ServiceError::BootstrapTokenRequired`], [`ServiceError::AlreadyBootstrapped`], or what is
    /// wrong with the request; nothing is written then, and another call may try again.
    pub async fn bootstrap(
        &self,
        token: Option<&Secret>,
        request: &BootstrapRequest,
        client: &ClientInfo,
    ) -> Result<User, ServiceError> {
        self.parts.bootstrap.check(token)?;
        let mut validation = Validation::default();
        let email = validation.email(&request.email);
        let full_name =
            validation.full_name(request.full_name.as_deref().unwrap_or("Administrator"));
        let password = validation.password(Field::Password, &request.password);
        let (Some(email), Some(full_name), Some(password)) = (email, full_name, password) else {
            return Err(validation.into_error());
        };

        // Claimed before anything costly: of many calls at once, one hashes.
        let claim = self
            .parts
            .store
            .claim_bootstrap(self.now())
            .await?
            .ok_or(ServiceError::AlreadyBootstrapped)?;
        let id = UserId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let mut user = User::new(id, Role::Admin, full_name, self.now());
        user.email = Some(email);
        check_new_password(Field::Password, &password, &user)?;
        let account = Account::new(user, self.parts.hashes.hash(password).await?);
        let record = self.record(AuditAction::Bootstrapped, None, account.user.id, client)?;
        let user = account.user.clone();
        claim.complete(&[NewUser::new(account, record)]).await?;
        Ok(user)
    }
}
