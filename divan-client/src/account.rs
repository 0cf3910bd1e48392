use divan_core::api::{ChangePassword, ChangePasswordRequest, Me, UserInclude, UserRequest};
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::audience::AudienceMarker;
use crate::client::Client;
use crate::error::Error;
use crate::handle::Handle;
use crate::request::Request;

impl<A: AudienceMarker> Handle<A> {
    /// Returns the signed-in user.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when no user is signed in. See [`Error`] for the rest.
    pub async fn me(&self) -> Result<User, Error> {
        let request = UserRequest::default();
        self.call::<Me>(Request::new(&request)).await
    }

    /// Returns the signed-in user with the metadata that administrators have written.
    ///
    /// # Errors
    /// As [`me`](Self::me).
    pub async fn me_with_metadata(&self) -> Result<User, Error> {
        let request = UserRequest::including(UserInclude::Metadata);
        self.call::<Me>(Request::new(&request)).await
    }

    /// Changes the password. All of the user's sessions end, and this handle continues with a new
    /// one.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when the current password is wrong; the
    /// [code](Error::code) is `weak_password` when the new one breaks a rule. After
    /// [`Error::is_timeout`], [`Error::is_unexpected_response`] or [`Error::is_store`] the password
    /// may have changed, and the user has to sign in again. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::ChangePasswordRequest;
    ///
    /// # async fn run(client: divan_client::Client) -> Result<(), divan_client::Error> {
    /// let change = ChangePasswordRequest::new("tram under the plum", "plum over the tram");
    /// let user = client.admin().change_password(&change).await?;
    /// assert!(!user.password_change_required);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn change_password(&self, request: &ChangePasswordRequest) -> Result<User, Error> {
        let response = self.call::<ChangePassword>(Request::new(request)).await?;
        self.source.store_response(&response).await?;
        Ok(response.user)
    }
}

impl Client {
    /// Returns the user of an access token of any audience, for a service that receives access
    /// tokens.
    ///
    /// It also accepts the limited token of a user who must change the password
    /// (`password_change_required`). Grant such a user nothing, because an administrator knows the
    /// password.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] when the token is rejected, and [`Error::is_token_expired`] when
    /// it has expired. See [`Error`] for the rest.
    pub async fn me(&self, token: &Secret) -> Result<User, Error> {
        self.transport
            .call::<Me>(&Request::new(&UserRequest::default()), Some(token))
            .await
    }

    /// Returns the user of an access token like [`me`](Self::me), with the metadata.
    ///
    /// # Errors
    /// As [`me`](Self::me).
    pub async fn me_with_metadata(&self, token: &Secret) -> Result<User, Error> {
        let request = UserRequest::including(UserInclude::Metadata);
        self.transport
            .call::<Me>(&Request::new(&request), Some(token))
            .await
    }
}
