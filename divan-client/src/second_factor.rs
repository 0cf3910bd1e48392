use divan_core::api::{
    BeginSecondFactor, CompleteAdminLogin, CompleteAdminLoginRequest, ConfirmSecondFactor,
    ConfirmSecondFactorRequest, DisableSecondFactor, GetSecondFactor, GetUserSecondFactor,
    ProblemCode, ProofMethod, RecoveryCodes, ReplaceRecoveryCodes, ResetSecondFactor, SecondFactor,
    SecondFactorEnrolment, StepUp, StepUpRequest,
};
use divan_core::secret::Secret;
use divan_core::types::{User, UserId};

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::request::Request;

/// # Second factor
impl AdminPanel {
    /// Completes a sign-in after [`login`](Self::login) returned the code `second_factor_required`, with
    /// [`Error::challenge`] and a code of the authenticator app, or a recovery code.
    ///
    /// # Errors
    /// The [code](Error::code) is `second_factor_invalid` for a wrong code, and
    /// `second_factor_challenge_invalid` when the sign-in must begin with the password again. See
    /// [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{AdminLoginRequest, CompleteAdminLoginRequest};
    ///
    /// # async fn run(client: divan_client::Client, code: &str) -> Result<(), divan_client::Error> {
    /// let request = AdminLoginRequest::new("admin@example.com", "tram under the plum");
    /// let signed_in = client.admin().login(&request).await;
    /// let user = match signed_in.as_ref().err().and_then(|error| error.challenge()) {
    ///     Some(challenge) => {
    ///         let request = CompleteAdminLoginRequest::with_code(challenge.clone(), code);
    ///         client.admin().complete_login(&request).await?
    ///     }
    ///     None => signed_in?,
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub async fn complete_login(&self, request: &CompleteAdminLoginRequest) -> Result<User, Error> {
        self.start_session::<CompleteAdminLogin>(request).await
    }

    /// Proves the identity of the administrator again. Operations that need a recent proof then succeed
    /// for five minutes. See also [`with_step_up`](Self::with_step_up).
    ///
    /// # Errors
    /// The [code](Error::code) is `invalid_credentials` for a wrong password, `second_factor_invalid` for
    /// a wrong code, and `insufficient_user_authentication` for a password when a second factor is on. See
    /// [`Error`] for the rest.
    pub async fn step_up(&self, request: &StepUpRequest) -> Result<(), Error> {
        let (tokens, response) = self
            .call_with_tokens::<StepUp>(Request::new(request))
            .await?;
        let response = response?;
        self.source.replace_access(&tokens, &response).await
    }

    /// Makes a call and, if it needs a recent proof of identity, asks `prove` for one and makes the call
    /// again. `prove` gets the accepted proofs. If it returns `None`, the call returns its error.
    ///
    /// # Errors
    /// As the call, or as [`step_up`](Self::step_up).
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::{ProofMethod, StepUpRequest};
    ///
    /// # fn ask(question: &str) -> String { String::new() }
    /// # async fn run(client: divan_client::Client, id: divan_client::types::UserId) -> Result<(), divan_client::Error> {
    /// let admin = client.admin();
    /// let password = admin
    ///     .with_step_up(
    ///         async || admin.reset_password(id).await,
    ///         async |methods| {
    ///             Some(if methods.contains(&ProofMethod::Code) {
    ///                 StepUpRequest::with_code(ask("Code"))
    ///             } else {
    ///                 StepUpRequest::with_password(ask("Password"))
    ///             })
    ///         },
    ///     )
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn with_step_up<T>(
        &self,
        call: impl AsyncFn() -> Result<T, Error>,
        prove: impl AsyncFnOnce(&[ProofMethod]) -> Option<StepUpRequest>,
    ) -> Result<T, Error> {
        let error = match call().await {
            Err(error) if error.code() == Some(ProblemCode::InsufficientUserAuthentication) => {
                error
            }
            result => return result,
        };
        let methods = error.problem().map(divan_core::api::Problem::methods);
        match prove(methods.unwrap_or_default()).await {
            Some(proof) => {
                self.step_up(&proof).await?;
                call().await
            }
            None => Err(error),
        }
    }

    /// Returns the state of the administrator's own second factor.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_second_factor(&self) -> Result<SecondFactor, Error> {
        self.call::<GetSecondFactor>(Request::new(&())).await
    }

    /// Begins to set up an authenticator app.
    ///
    /// # Errors
    /// The [code](Error::code) is `insufficient_user_authentication` without a recent proof of identity.
    /// See [`Error`] for the rest.
    pub async fn begin_second_factor(&self) -> Result<SecondFactorEnrolment, Error> {
        self.call::<BeginSecondFactor>(Request::new(&())).await
    }

    /// Turns the second factor on with a code of the new authenticator app, and returns the recovery
    /// codes, which cannot be shown again.
    ///
    /// # Errors
    /// The [code](Error::code) is `second_factor_invalid` for a wrong code, and `not_found` unless
    /// [`begin_second_factor`](Self::begin_second_factor) was called in this session within 15 minutes. See
    /// [`Error`] for the rest.
    pub async fn confirm_second_factor(
        &self,
        request: &ConfirmSecondFactorRequest,
    ) -> Result<Vec<Secret>, Error> {
        let (tokens, response) = self
            .call_with_tokens::<ConfirmSecondFactor>(Request::new(request))
            .await?;
        let response = response?;
        self.source.replace_access(&tokens, &response.token).await?;
        Ok(response.recovery_codes)
    }

    /// Turns the administrator's own second factor off.
    ///
    /// # Errors
    /// The [code](Error::code) is `insufficient_user_authentication` without a recent proof of identity,
    /// and `not_found` if it is off. See [`Error`] for the rest.
    pub async fn disable_second_factor(&self) -> Result<(), Error> {
        let (tokens, response) = self
            .call_with_tokens::<DisableSecondFactor>(Request::new(&()))
            .await?;
        let response = response?;
        self.source.replace_access(&tokens, &response).await
    }

    /// Replaces the administrator's own recovery codes.
    ///
    /// # Errors
    /// As [`disable_second_factor`](Self::disable_second_factor).
    pub async fn replace_recovery_codes(&self) -> Result<RecoveryCodes, Error> {
        self.call::<ReplaceRecoveryCodes>(Request::new(&())).await
    }

    /// Returns the state of a user's second factor.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown user. See [`Error`] for the rest.
    pub async fn get_user_second_factor(&self, id: UserId) -> Result<SecondFactor, Error> {
        self.call::<GetUserSecondFactor>(Request::new(&()).path_id(id))
            .await
    }

    /// Turns off the second factor of another administrator, and ends that administrator's sessions.
    ///
    /// # Errors
    /// The [code](Error::code) is `insufficient_user_authentication` without a recent proof of identity,
    /// `not_found` for an unknown user or one without a second factor, and `own_account` for the caller. See
    /// [`Error`] for the rest.
    pub async fn reset_second_factor(&self, id: UserId) -> Result<(), Error> {
        self.call::<ResetSecondFactor>(Request::new(&()).path_id(id))
            .await
    }
}
