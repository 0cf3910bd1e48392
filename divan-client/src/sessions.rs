use divan_core::api::{
    DeviceId, DeviceList, Devices, EndSession, Logout, LogoutRequest, ProblemCode, RemoveDevice,
    SessionId, SessionList, Sessions,
};

use crate::audience::AudienceMarker;
use crate::error::Error;
use crate::handle::Handle;
use crate::request::Request;

impl<A: AudienceMarker> Handle<A> {
    /// Refreshes the tokens now. It is rarely needed: every call refreshes them when necessary.
    ///
    /// Tokens younger than 16 seconds are kept.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when no user is signed in or the session has ended. See [`Error`]
    /// for the rest.
    pub async fn refresh(&self) -> Result<(), Error> {
        let deadline = self.source.transport.deadline();
        self.source.refresh_stored(deadline).await
    }

    /// Signs out: ends the session and clears the store, unless another process has stored other
    /// tokens in it.
    ///
    /// A session that has already ended is a success. When no user is signed in, no request is
    /// sent. When the request fails, the tokens are kept so that you can try again, because only
    /// the server can end the session. To remove them from this machine call
    /// [`clear_tokens`](Self::clear_tokens).
    ///
    /// # Errors
    /// [`Error::is_connect`], [`Error::is_timeout`], … when the session may not have ended. See
    /// [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: divan_client::Client) -> Result<(), divan_client::Error> {
    /// if client.miniapp().logout().await.is_err() {
    ///     // The session stays valid until it expires, but its tokens are gone.
    ///     client.miniapp().clear_tokens().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn logout(&self) -> Result<(), Error> {
        let Some(tokens) = self.source.stored().await? else {
            return Ok(());
        };
        let body = LogoutRequest::new(tokens.refresh_token().clone());
        let request = Request::<Logout>::new(&body);
        // The refresh token suffices, so that an expired access token needs no refresh before.
        match self.source.transport.call(&request, None).await {
            Err(error) if !has_ended(&error) => Err(error),
            _ => self.source.clear_if_current(&tokens).await,
        }
    }

    /// Clears the store without a request. The session stays valid until it expires, so prefer
    /// [`logout`](Self::logout).
    ///
    /// # Errors
    /// [`Error::is_store`] when the store cannot be cleared.
    pub async fn clear_tokens(&self) -> Result<(), Error> {
        self.source.clear().await
    }

    /// Lists the user's sessions.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when no user is signed in. See [`Error`] for the rest.
    pub async fn sessions(&self) -> Result<SessionList, Error> {
        self.call::<Sessions>(Request::new(&())).await
    }

    /// Ends one of the user's sessions. A session that has already ended is a success. To end the
    /// current session use [`logout`](Self::logout).
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when the user has no such session. See [`Error`] for
    /// the rest.
    pub async fn end_session(&self, id: SessionId) -> Result<(), Error> {
        self.call::<EndSession>(Request::new(&()).path_id(id)).await
    }

    /// Lists the known devices of an administrator; none for an employee. Failed sign-ins from
    /// elsewhere do not delay a sign-in from one of them.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when no user is signed in. See [`Error`] for the rest.
    pub async fn devices(&self) -> Result<DeviceList, Error> {
        self.call::<Devices>(Request::new(&())).await
    }

    /// Removes one of the user's known devices. Sessions do not end.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when the user has no such device, or when the response
    /// to a first attempt was lost. See [`Error`] for the rest.
    pub async fn remove_device(&self, id: DeviceId) -> Result<(), Error> {
        self.call::<RemoveDevice>(Request::new(&()).path_id(id))
            .await
    }
}

fn has_ended(error: &Error) -> bool {
    error.is_signed_out() || error.code() == Some(ProblemCode::RefreshTokenInvalid)
}
