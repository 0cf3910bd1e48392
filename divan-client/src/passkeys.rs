use divan_core::api::{
    AddPasskey, AddPasskeyRequest, BeginPasskey, BeginPasskeyLogin, BeginStepUp, Passkey,
    PasskeyList, PasskeyLogin, PasskeyLoginRequest, Passkeys, RemovePasskey, RenamePasskey,
    RenamePasskeyRequest,
};
use divan_core::secret::Secret;
use divan_core::types::{PasskeyId, PasskeyOptions, User};

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::request::Request;

/// # Passkeys
///
/// The options are for the browser of the user, or a WebAuthn library, and so are the credentials that these
/// methods send.
impl AdminPanel {
    /// Begins a sign-in with a passkey: returns the options for `navigator.credentials.get()`.
    ///
    /// # Errors
    /// The [code](Error::code) is `passkeys_not_configured` if the address of the admin panel has no
    /// passkeys. See [`Error`] for the rest.
    pub async fn begin_passkey_login(&self) -> Result<PasskeyOptions, Error> {
        let request = Request::new(&());
        let transport = &self.source.transport;
        let begun = transport.call::<BeginPasskeyLogin>(&request, None).await?;
        Ok(begun.public_key)
    }

    /// Signs an administrator in with a passkey alone. As [`login`](Self::login), it replaces the tokens of a
    /// previous sign-in.
    ///
    /// # Errors
    /// The [code](Error::code) is `passkey_invalid` if the passkey is unknown, or its signature is wrong or
    /// older than five minutes. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{PasskeyCredential, PasskeyLoginRequest, PasskeyOptions};
    ///
    /// async fn sign_in(
    ///     client: &divan_client::Client,
    ///     sign: impl AsyncFn(&PasskeyOptions) -> PasskeyCredential,
    /// ) -> Result<(), divan_client::Error> {
    ///     let admin = client.admin();
    ///     let options = admin.begin_passkey_login().await?;
    ///     let request = PasskeyLoginRequest::new(sign(&options).await);
    ///     let user = admin.passkey_login(&request).await?;
    ///     println!("{}", user.full_name);
    ///     Ok(())
    /// }
    /// ```
    pub async fn passkey_login(&self, request: &PasskeyLoginRequest) -> Result<User, Error> {
        self.start_session::<PasskeyLogin>(request).await
    }

    /// Begins a [step-up](Self::step_up) with a passkey: returns the options for
    /// `navigator.credentials.get()`.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` without a passkey. See [`Error`] for the rest.
    pub async fn begin_step_up(&self) -> Result<PasskeyOptions, Error> {
        let begun = self.call::<BeginStepUp>(Request::new(&())).await?;
        Ok(begun.public_key)
    }

    /// Returns the administrator's own passkeys, oldest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn passkeys(&self) -> Result<PasskeyList, Error> {
        self.call::<Passkeys>(Request::new(&())).await
    }

    /// Begins to register a passkey: returns the options for `navigator.credentials.create()`.
    ///
    /// # Errors
    /// The [code](Error::code) is `insufficient_user_authentication` without a recent proof of identity,
    /// and `too_many_passkeys` if there are ten. See [`Error`] for the rest.
    pub async fn begin_passkey(&self) -> Result<PasskeyOptions, Error> {
        let begun = self.call::<BeginPasskey>(Request::new(&())).await?;
        Ok(begun.public_key)
    }

    /// Registers a passkey. Returns it, and the recovery codes if there were none, which cannot be shown
    /// again.
    ///
    /// # Errors
    /// The [code](Error::code) is `second_factor_invalid` unless the credential was made for the options of
    /// this session within five minutes, and `passkey_taken` if it is registered. See [`Error`] for the rest.
    pub async fn add_passkey(
        &self,
        request: &AddPasskeyRequest,
    ) -> Result<(Passkey, Vec<Secret>), Error> {
        let (tokens, response) = self
            .call_with_tokens::<AddPasskey>(Request::new(request))
            .await?;
        let added = response?;
        self.source.replace_access(&tokens, &added.token).await?;
        Ok((added.passkey, added.recovery_codes))
    }

    /// Renames one of the administrator's own passkeys.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown passkey. See [`Error`] for the rest.
    pub async fn rename_passkey(
        &self,
        id: PasskeyId,
        request: &RenamePasskeyRequest,
    ) -> Result<Passkey, Error> {
        self.call::<RenamePasskey>(Request::new(request).path_id(id))
            .await
    }

    /// Removes one of the administrator's own passkeys.
    ///
    /// # Errors
    /// The [code](Error::code) is `insufficient_user_authentication` without a recent proof of identity,
    /// and `not_found` for an unknown passkey. See [`Error`] for the rest.
    pub async fn remove_passkey(&self, id: PasskeyId) -> Result<(), Error> {
        let (tokens, response) = self
            .call_with_tokens::<RemovePasskey>(Request::new(&()).path_id(id))
            .await?;
        let response = response?;
        self.source.replace_access(&tokens, &response).await
    }
}
