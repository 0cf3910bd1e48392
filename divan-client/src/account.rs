use divan_core::api::{ChangePassword, ChangePasswordRequest, Me};
use divan_core::secret::Secret;
use divan_core::types::User;

use crate::audience::OnAudience;
use crate::call::Call;
use crate::{Client, Error, Handle};

impl<S: OnAudience> Handle<S> {
    /// Answers who is signed in.
    ///
    /// # Errors
    /// [`Error::is_signed_out`] when nobody is. See [`Error`] for the rest.
    pub async fn me(&self) -> Result<User, Error> {
        self.call::<Me>(Call::of(&())).await
    }

    /// Changes the password. All of the person's sessions end, and this handle goes on with a new
    /// one.
    ///
    /// # Errors
    /// [`Error::is_invalid_credentials`] when the password so far is another one; the
    /// [code](Error::code) is `weak_password` when the new one breaks a rule. After
    /// [`Error::is_timeout`], [`Error::is_unexpected_answer`] or [`Error::is_store`] it may be the
    /// new password all the same, and one has to sign in. See [`Error`] for the rest.
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
        let session = self.call::<ChangePassword>(Call::of(request)).await?;
        self.source.keep(&session).await?;
        Ok(session.user)
    }
}

impl Client {
    /// Answers whose access token this is: for a service that was sent one, of whatever audience,
    /// and has to check it.
    ///
    /// It also answers for somebody whose password has to be changed first, since that person may
    /// ask. Let such a one (`password_change_required`) do nothing: somebody else knows the
    /// password.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] when the token is refused, and [`Error::is_token_expired`] when
    /// that is because its life is over. See [`Error`] for the rest.
    pub async fn me(&self, token: &Secret) -> Result<User, Error> {
        self.wire
            .call::<Me>(&Call::of(&()), Some(token), self.wire.deadline())
            .await
    }
}
