use divan_core::api::{
    CreateService, CreateServiceRequest, DeleteService, GetService, ListServices, NewServiceSecret,
    RemoveServiceSecret, RotateServiceSecret, RotateServiceSecretRequest, ServiceCredential,
    ServiceList, UpdateService, UpdateServiceRequest,
};
use divan_core::types::{ServiceId, ServiceSecretId};

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::request::Request;

/// # Service credentials
///
/// Changes need a recent proof of identity: without one, the [code](Error::code) is
/// `insufficient_user_authentication`.
impl AdminPanel {
    /// Returns the service credentials, newest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_services(&self) -> Result<ServiceList, Error> {
        self.call::<ListServices>(Request::new(&())).await
    }

    /// Creates a service credential, and returns it with its secret, which cannot be shown again. After
    /// [`Error::is_timeout`] or [`Error::is_unexpected_response`] it may have been created: list the
    /// credentials, and rotate its secret or delete it.
    ///
    /// # Errors
    /// The [code](Error::code) is `too_many_services` if there are 100. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{CreateServiceRequest, ServiceScope};
    ///
    /// async fn gateway(client: &divan_client::Client) -> Result<(), divan_client::Error> {
    ///     let request = CreateServiceRequest::new("Gateway", [ServiceScope::Introspect]);
    ///     let created = client.admin().create_service(&request).await?;
    ///     println!("client_id={}", created.service.id);
    ///     Ok(())
    /// }
    /// ```
    pub async fn create_service(
        &self,
        request: &CreateServiceRequest,
    ) -> Result<NewServiceSecret, Error> {
        self.call::<CreateService>(Request::new(request)).await
    }

    /// Returns a service credential.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when there is no such credential. See [`Error`] for the rest.
    pub async fn get_service(&self, id: ServiceId) -> Result<ServiceCredential, Error> {
        self.call::<GetService>(Request::new(&()).path_id(id)).await
    }

    /// Changes a service credential.
    ///
    /// # Errors
    /// As [`get_service`](Self::get_service).
    pub async fn update_service(
        &self,
        id: ServiceId,
        request: &UpdateServiceRequest,
    ) -> Result<ServiceCredential, Error> {
        self.call::<UpdateService>(Request::new(request).path_id(id))
            .await
    }

    /// Deletes a service credential.
    ///
    /// # Errors
    /// As [`get_service`](Self::get_service).
    pub async fn delete_service(&self, id: ServiceId) -> Result<(), Error> {
        self.call::<DeleteService>(Request::new(&()).path_id(id))
            .await
    }

    /// Adds a secret to a service credential, and returns it, which cannot be shown again. The previous one
    /// stays valid for some time. After [`Error::is_timeout`] or [`Error::is_unexpected_response`] it may
    /// have been added: rotate again.
    ///
    /// # Errors
    /// As [`get_service`](Self::get_service).
    pub async fn rotate_service_secret(
        &self,
        id: ServiceId,
        request: &RotateServiceSecretRequest,
    ) -> Result<NewServiceSecret, Error> {
        self.call::<RotateServiceSecret>(Request::new(request).path_id(id))
            .await
    }

    /// Removes a secret of a service credential.
    ///
    /// # Errors
    /// The [code](Error::code) is `last_service_secret` if no other secret is valid. Otherwise as
    /// [`get_service`](Self::get_service).
    pub async fn remove_service_secret(
        &self,
        id: ServiceId,
        secret: ServiceSecretId,
    ) -> Result<(), Error> {
        let request = Request::new(&()).path_id(id).path_secret_id(secret);
        self.call::<RemoveServiceSecret>(request).await
    }
}
