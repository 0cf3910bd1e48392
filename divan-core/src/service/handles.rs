use super::{Admin, AuthService, Caller, ClientInfo};
use crate::password::HashClass;

/// Operations that need no access token: sign-in, refresh and bootstrap.
///
/// Returned by [`AuthService::for_client`].
#[derive(Clone, Copy, Debug)]
pub struct ClientService<'a> {
    pub(super) service: &'a AuthService,
    pub(super) client: &'a ClientInfo,
}

/// Operations of signed-in users on their own account and sessions.
///
/// Returned by [`AuthService::as_caller`].
#[derive(Clone, Copy, Debug)]
pub struct CallerService<'a> {
    pub(super) service: &'a AuthService,
    pub(super) caller: &'a Caller,
    pub(super) client: &'a ClientInfo,
}

/// Operations of an administrator: users, import and audit.
///
/// Returned by [`AuthService::as_admin`], so that none of them is reachable without an [`Admin`].
#[derive(Clone, Copy, Debug)]
pub struct AdminService<'a> {
    pub(super) service: &'a AuthService,
    pub(super) admin: &'a Admin,
    pub(super) client: &'a ClientInfo,
}

impl AdminService<'_> {
    /// Returns the issuer of access tokens, which is also the source of events.
    pub fn issuer(&self) -> &str {
        self.service.issuer()
    }
}

impl ClientService<'_> {
    /// Returns the class of a hash for a client that is not signed in.
    pub(super) fn hash_class(self) -> HashClass {
        HashClass::Untrusted {
            address: self.client.limited_address,
        }
    }
}

/// # Operations by permission
impl AuthService {
    /// Returns the operations that need no access token.
    pub fn for_client<'a>(&'a self, client: &'a ClientInfo) -> ClientService<'a> {
        ClientService {
            service: self,
            client,
        }
    }

    /// Returns the operations of a signed-in user.
    pub fn as_caller<'a>(
        &'a self,
        caller: &'a Caller,
        client: &'a ClientInfo,
    ) -> CallerService<'a> {
        CallerService {
            service: self,
            caller,
            client,
        }
    }

    /// Returns the operations of an administrator.
    pub fn as_admin<'a>(&'a self, admin: &'a Admin, client: &'a ClientInfo) -> AdminService<'a> {
        AdminService {
            service: self,
            admin,
            client,
        }
    }
}
