//! Access tokens of other services (the client-credentials grant).

use std::time::Duration;

use super::authenticate::ServiceCaller;
use crate::secret::Secret;
use crate::service::{ClientService, ServiceError};
use crate::types::ServiceScope;

/// An access token of a service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceToken {
    /// The access token.
    pub access_token: Secret,
    /// The lifetime of the access token.
    pub expires_in: Duration,
    /// The permissions of the token.
    pub scopes: Vec<ServiceScope>,
}

/// # Tokens of other services
impl ClientService<'_> {
    /// Issues an access token for a service (RFC 6749 §4.4). It expires after ten minutes, or earlier with its
    /// credential or its secret.
    ///
    /// `scope` are permissions, separated by spaces. Default: all of the credential.
    ///
    /// # Errors
    /// [`ServiceError::InvalidScope`] for an unknown permission, or one that the credential does not have.
    /// [`ServiceError::InvalidClient`] if the service was authenticated by an access token: only the secret can
    /// request tokens.
    pub fn issue_service_token(
        self,
        caller: &ServiceCaller,
        scope: Option<&str>,
    ) -> Result<ServiceToken, ServiceError> {
        if caller.is_token() {
            return Err(ServiceError::InvalidClient);
        }
        let own = ServiceScope::ALL.iter().copied();
        let own = own.filter(|scope| caller.has_scope(*scope));
        let scopes: Vec<ServiceScope> = match scope {
            None => own.collect(),
            Some(asked) => {
                let asked = asked.split(' ').filter(|text| !text.is_empty());
                let asked: Vec<_> = asked.map(ServiceScope::from_code).collect();
                if asked.is_empty() || !asked.iter().all(|scope| caller.has_scope(*scope)) {
                    return Err(ServiceError::InvalidScope);
                }
                own.filter(|scope| asked.contains(scope)).collect()
            }
        };
        let issuer = &self.service.parts.issuer;
        let token = issuer.issue_service(caller.id(), caller.secret(), &scopes, caller.end())?;
        Ok(ServiceToken {
            access_token: token.token,
            expires_in: token.expires_in,
            scopes,
        })
    }
}
