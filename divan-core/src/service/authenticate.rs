use super::{AuthService, ServiceError};
use crate::token::{AccessClaims, Surface, TokenError};
use crate::types::{Role, User};

/// Somebody who showed a good access token. Only [`AuthService::authenticate`] makes it.
#[derive(Clone, Debug)]
pub struct Caller {
    user: User,
    claims: AccessClaims,
}

impl Caller {
    /// Who it is, as stored now.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The user, by value.
    pub fn into_user(self) -> User {
        self.user
    }

    /// The surface that the token is for.
    pub fn surface(&self) -> Surface {
        self.claims.surface
    }

    /// The caller as an administrator.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`] unless the user is an administrator now and the token is one of the admin
    /// panel.
    pub fn into_admin(self) -> Result<Admin, ServiceError> {
        if self.user.role == Role::Admin && self.claims.surface == Surface::Admin {
            Ok(Admin(self))
        } else {
            Err(ServiceError::AdminRequired)
        }
    }
}

/// A [`Caller`] who is an administrator, signed in to the admin panel. What only administrators may do asks for one.
#[derive(Clone, Debug)]
pub struct Admin(Caller);

impl Admin {
    /// Who it is.
    pub fn user(&self) -> &User {
        self.0.user()
    }
}

impl AuthService {
    /// Tells who is asking.
    ///
    /// The token proves who signed in; whether that user may still come in is looked up.
    ///
    /// # Errors
    /// [`ServiceError::Token`] when the token is refused or its user is gone or inactive.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, ServiceError> {
        let claims = self.tokens.verify(token)?;
        match self.store.user(claims.user).await? {
            Some(user) if user.is_active => Ok(Caller { user, claims }),
            _ => Err(TokenError::NotForUs.into()),
        }
    }
}
