//! An administrator with a second factor.

use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::{Clock, ManualClock};
use divan_core::second_factor::TotpSecret;
use divan_core::secret::Secret;
use divan_core::service::{
    AdminLoginCommand, AuthService, Caller, CompleteAdminLoginCommand, EnabledSecondFactor,
    IssuedTokens, SecondFactorProof, ServiceError,
};

use super::ADMIN_PASSWORD;
use super::admin::client;

pub(crate) struct Enrolled {
    pub(crate) email: String,
    pub(crate) secret: TotpSecret,
    pub(crate) recovery_codes: Vec<Secret>,
    /// The known device.
    pub(crate) device: Secret,
    /// The session of the enrolment.
    pub(crate) caller: Caller,
    pub(crate) refresh_token: Secret,
    clock: Arc<ManualClock>,
}

impl Enrolled {
    /// Signs in with [`ADMIN_PASSWORD`], and turns the second factor on.
    pub(crate) async fn new(service: &AuthService, clock: &Arc<ManualClock>, email: &str) -> Self {
        let tokens = login(service, email, None).await.unwrap();
        let caller = authenticate(service, &tokens.access_token).await;
        let (secret, enabled) = enrol(service, clock, &caller).await;
        Self {
            email: email.to_owned(),
            secret,
            recovery_codes: enabled.recovery_codes,
            device: tokens.device_token.unwrap(),
            caller: authenticate(service, &enabled.token.access_token).await,
            refresh_token: tokens.refresh_token,
            clock: clock.clone(),
        }
    }

    /// Signs in with the password on the known device. Returns the challenge.
    pub(crate) async fn challenge(&self, service: &AuthService) -> Secret {
        challenge(login(service, &self.email, Some(&self.device)).await)
    }

    /// Returns the code of a step, relative to the current one.
    pub(crate) fn code(&self, steps: i64) -> SecondFactorProof {
        let step = self.clock.unix_seconds() / TotpSecret::STEP_SECONDS;
        let code = self.secret.code(step.checked_add_signed(steps).unwrap());
        SecondFactorProof::Code(code.into())
    }

    /// Advances the clock to the next step, and returns its code.
    pub(crate) fn next_code(&self) -> SecondFactorProof {
        self.clock.advance(Duration::from_secs(30));
        self.code(0)
    }

    pub(crate) fn recovery_code(&self, index: usize) -> SecondFactorProof {
        SecondFactorProof::RecoveryCode(self.recovery_codes[index].clone())
    }

    /// Signs in with the password and a code.
    pub(crate) async fn sign_in(
        &self,
        service: &AuthService,
        proof: SecondFactorProof,
    ) -> Result<IssuedTokens, ServiceError> {
        let challenge = self.challenge(service).await;
        complete(service, &challenge, proof).await
    }
}

/// Signs in with [`ADMIN_PASSWORD`].
pub(crate) async fn login(
    service: &AuthService,
    email: &str,
    device: Option<&Secret>,
) -> Result<IssuedTokens, ServiceError> {
    let mut command = AdminLoginCommand::new(email, ADMIN_PASSWORD);
    command.device_token = device.cloned();
    service.for_client(&client()).admin_login(&command).await
}

/// Returns the challenge of a sign-in that requires a second factor.
pub(crate) fn challenge(login: Result<IssuedTokens, ServiceError>) -> Secret {
    match login {
        Err(ServiceError::SecondFactorRequired { challenge, .. }) => challenge,
        other => panic!("expected a challenge, got {:?}", other.map(|_| "tokens")),
    }
}

pub(crate) async fn complete(
    service: &AuthService,
    challenge: &Secret,
    proof: SecondFactorProof,
) -> Result<IssuedTokens, ServiceError> {
    let command = CompleteAdminLoginCommand::new(challenge.clone(), proof);
    service
        .for_client(&client())
        .complete_admin_login(&command)
        .await
}

/// Turns the second factor of a caller on, or replaces it.
pub(crate) async fn enrol(
    service: &AuthService,
    clock: &ManualClock,
    caller: &Caller,
) -> (TotpSecret, EnabledSecondFactor) {
    let client = client();
    let caller = service.as_caller(caller, &client);
    let enrolment = caller.begin_totp().await.unwrap();
    let secret: TotpSecret = enrolment.secret.expose().parse().unwrap();
    let code = secret.code(clock.unix_seconds() / TotpSecret::STEP_SECONDS);
    let enabled = caller.confirm_totp(&code.into()).await.unwrap();
    (secret, enabled)
}

/// Authenticates an access token, also a limited one.
pub(crate) async fn authenticate(service: &AuthService, token: &Secret) -> Caller {
    let caller = service.authenticate_any_scope(token.expose()).await;
    caller.unwrap()
}
