//! Extractors of the service on behalf of the client, the caller or the administrator who sends the
//! request.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use divan_core::api::{Auth, Endpoint};
use divan_core::service::{
    Admin, AdminService, AuthService, BearerCaller, Caller, CallerService, ClientInfo,
    ClientService, ServiceCaller, ServiceError,
};

use super::authorization::{BasicCredentials, Credentials, bearer, credentials};
use super::request_client::request_client;
use crate::problem::Problem;
use crate::state::AppState;

/// The service for a client that need not be signed in.
#[derive(Debug)]
pub(crate) struct ForClient {
    service: AuthService,
    client: ClientInfo,
}

impl ForClient {
    pub(super) fn new(parts: &Parts, state: &AppState) -> Self {
        Self {
            service: state.service().clone(),
            client: request_client(parts, state),
        }
    }

    pub(crate) fn service(&self) -> ClientService<'_> {
        self.service.for_client(&self.client)
    }

    /// Authenticates another service by its secret.
    pub(crate) async fn other_service(
        &self,
        credentials: Option<BasicCredentials>,
    ) -> Result<ServiceCaller, ServiceError> {
        let (id, secret) = match credentials {
            Some(BasicCredentials { id, secret }) => (id, secret),
            // Counts like a wrong secret.
            None => Default::default(),
        };
        let service = self.service();
        service.authenticate_service(id.expose(), &secret).await
    }
}

impl FromRequestParts<AppState> for ForClient {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::new(parts, state))
    }
}

/// The caller of a valid access token, which may be a limited one if the endpoint permits it.
#[derive(Debug)]
pub(crate) struct SignedIn<E> {
    pub(crate) caller: Caller,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> FromRequestParts<AppState> for SignedIn<E> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let (client, token) = (ForClient::new(parts, state), bearer(parts)?);
        let caller = match E::AUTH {
            Auth::BearerAnyScope | Auth::RefreshTokenOrBearer => {
                client.service().authenticate_any_scope(token).await?
            }
            Auth::AdminAnyScope => {
                let caller = client.service().authenticate_any_scope(token).await?;
                caller.require_admin_any_scope()?;
                caller
            }
            _ => client.service().authenticate(token).await?,
        };
        Ok(Self {
            caller,
            endpoint: PhantomData,
        })
    }
}

/// The service for the caller that [`SignedIn`] extracts.
#[derive(Debug)]
pub(crate) struct AsCaller<E> {
    client: ForClient,
    signed_in: SignedIn<E>,
}

impl<E> AsCaller<E> {
    pub(crate) fn service(&self) -> CallerService<'_> {
        let ForClient { service, client } = &self.client;
        service.as_caller(&self.signed_in.caller, client)
    }
}

impl<E: Endpoint> FromRequestParts<AppState> for AsCaller<E> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self {
            signed_in: SignedIn::from_request_parts(parts, state).await?,
            client: ForClient::new(parts, state),
        })
    }
}

/// The service for an administrator who is signed in to the admin panel.
#[derive(Debug)]
pub(crate) struct AsAdmin {
    client: ForClient,
    admin: Admin,
}

impl AsAdmin {
    pub(crate) fn service(&self) -> AdminService<'_> {
        let ForClient { service, client } = &self.client;
        service.as_admin(&self.admin, client)
    }
}

impl FromRequestParts<AppState> for AsAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let client = ForClient::new(parts, state);
        let caller = client.service().authenticate(bearer(parts)?).await?;
        Ok(Self {
            admin: caller.into_admin()?,
            client,
        })
    }
}

/// The service for an administrator, or for another service with the scope of the endpoint.
#[derive(Debug)]
pub(crate) struct AsAdminOrService<E> {
    admin: AsAdmin,
    endpoint: PhantomData<fn() -> E>,
}

impl<E> AsAdminOrService<E> {
    pub(crate) fn service(&self) -> AdminService<'_> {
        self.admin.service()
    }

    pub(crate) fn into_admin(self) -> AsAdmin {
        self.admin
    }
}

impl<E: Endpoint> FromRequestParts<AppState> for AsAdminOrService<E> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Auth::AdminOrService(scope) = E::AUTH else {
            return Err(ServiceError::AdminRequired.into());
        };
        let client = ForClient::new(parts, state);
        let admin = match credentials(parts) {
            Credentials::Basic(credentials) => {
                client.other_service(credentials).await?.into_admin(scope)?
            }
            Credentials::Bearer(token) => {
                match client.service().authenticate_bearer(token?).await? {
                    BearerCaller::User(caller) => caller.into_admin()?,
                    BearerCaller::Service(service) => service.into_admin(scope)?,
                }
            }
        };
        Ok(Self {
            admin: AsAdmin { client, admin },
            endpoint: PhantomData,
        })
    }
}
