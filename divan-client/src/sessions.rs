use divan_core::api::{EndSession, Logout, ProblemCode, SessionId, SessionList, Sessions};

use crate::audience::OnAudience;
use crate::call::Call;
use crate::{Error, Handle};

impl<S: OnAudience> Handle<S> {
    /// Renews the tokens now. There is seldom a reason to: every call does it when it is time.
    ///
    /// Tokens that are younger than 16 seconds stay as they are.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when nobody is signed in, or no longer. See [`Error`] for the rest.
    pub async fn refresh(&self) -> Result<(), Error> {
        let deadline = self.source.wire.deadline();
        self.source.renew(deadline).await
    }

    /// Signs out: ends the session, and empties the store, unless another process has signed in
    /// there meanwhile.
    ///
    /// When the session is over already, that is a success too; when nobody is signed in, nothing
    /// is sent. When the server cannot be reached, the tokens stay, so that one can try again: only
    /// the server can end the session. Call
    /// [`forget`](Self::forget) where they must not stay on this machine.
    ///
    /// # Errors
    /// [`Error::is_connect`], [`Error::is_timeout`], … when it is not known that the session has
    /// ended. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: divan_client::Client) -> Result<(), divan_client::Error> {
    /// if client.miniapp().logout().await.is_err() {
    ///     // The session lives on until it expires, but nobody has its tokens.
    ///     client.miniapp().forget().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn logout(&self) -> Result<(), Error> {
        let (used, answered) = match self.call_with_pair::<Logout>(Call::of(&())).await {
            // The store is empty by now.
            Err(error) if error.is_signed_out() => return Ok(()),
            called => called?,
        };
        match answered {
            Err(error) if !is_over(&error) => Err(error),
            _ => self.source.drop_pair(&used).await,
        }
    }

    /// Empties the store, and asks nobody. The session lives on until it expires: prefer
    /// [`logout`](Self::logout).
    ///
    /// # Errors
    /// [`Error::is_store`] when the store could not be emptied.
    pub async fn forget(&self) -> Result<(), Error> {
        self.source.forget().await
    }

    /// Lists where the person is signed in.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when nobody is signed in. See [`Error`] for the rest.
    pub async fn sessions(&self) -> Result<SessionList, Error> {
        self.call::<Sessions>(Call::of(&())).await
    }

    /// Ends one of the person's sessions; one that has ended already stays as it is. After the end
    /// of the one that is asking ([`logout`](Self::logout) is the way for that) one has to sign in
    /// again.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` when it is no session of the person's. See [`Error`]
    /// for the rest.
    pub async fn end_session(&self, id: SessionId) -> Result<(), Error> {
        self.call::<EndSession>(Call::of(&()).about(id)).await
    }
}

/// Whether there is no session to end any more.
fn is_over(error: &Error) -> bool {
    error.is_signed_out() || error.code() == Some(ProblemCode::TokenInvalid)
}
