//! An administrator with a passkey.

use divan_core::passkey::SoftwareAuthenticator;
use divan_core::secret::Secret;
use divan_core::service::{
    AddPasskeyCommand, AddedPasskey, AuthService, Caller, IssuedTokens, PasskeyLoginCommand,
    SecondFactorProof, ServiceError, StepUpProof,
};
use divan_core::types::{PasskeyCredential, PasskeyOptions};

use super::ISSUER;
use super::admin::client;
use super::enrolled::{authenticate, complete, login};

pub(crate) struct KeyHolder {
    pub(crate) email: String,
    pub(crate) authenticator: SoftwareAuthenticator,
    pub(crate) added: AddedPasskey,
    /// The session of the registration.
    pub(crate) caller: Caller,
    /// The known device.
    pub(crate) device: Secret,
}

impl KeyHolder {
    /// Signs in with the password, and registers a passkey.
    pub(crate) async fn new(service: &AuthService, email: &str) -> Self {
        Self::with(service, email, SoftwareAuthenticator::new(ISSUER, email)).await
    }

    pub(crate) async fn with(
        service: &AuthService,
        email: &str,
        mut authenticator: SoftwareAuthenticator,
    ) -> Self {
        let tokens = login(service, email, None).await.unwrap();
        let caller = authenticate(service, &tokens.access_token).await;
        let added = add_passkey(service, &caller, &mut authenticator).await;
        let added = added.unwrap();
        Self {
            email: email.to_owned(),
            authenticator,
            caller: authenticate(service, &added.token.access_token).await,
            added,
            device: tokens.device_token.unwrap(),
        }
    }

    /// Signs in with the passkey alone.
    pub(crate) async fn sign_in(
        &mut self,
        service: &AuthService,
    ) -> Result<IssuedTokens, ServiceError> {
        let credential = self.authenticator.get(&login_options(service));
        passkey_login(service, credential).await
    }

    /// Signs in with the password on the known device. Returns the challenge and the options.
    pub(crate) async fn challenge(&self, service: &AuthService) -> (Secret, PasskeyOptions) {
        second_factor(login(service, &self.email, Some(&self.device)).await)
    }

    /// Signs in with the password and the passkey.
    pub(crate) async fn sign_in_with_password(
        &mut self,
        service: &AuthService,
    ) -> Result<IssuedTokens, ServiceError> {
        let (challenge, options) = self.challenge(service).await;
        let proof = SecondFactorProof::Passkey(self.authenticator.get(&options));
        complete(service, &challenge, proof).await
    }
}

/// Returns the challenge and the options of a sign-in that a passkey can complete.
pub(crate) fn second_factor(login: Result<IssuedTokens, ServiceError>) -> (Secret, PasskeyOptions) {
    match login {
        Err(ServiceError::SecondFactorRequired {
            challenge,
            passkey: Some(options),
            ..
        }) => (challenge, options),
        other => panic!("expected a challenge, got {:?}", other.map(|_| "tokens")),
    }
}

pub(crate) fn login_options(service: &AuthService) -> PasskeyOptions {
    let client = client();
    service.for_client(&client).begin_passkey_login().unwrap()
}

pub(crate) async fn passkey_login(
    service: &AuthService,
    credential: PasskeyCredential,
) -> Result<IssuedTokens, ServiceError> {
    let command = PasskeyLoginCommand::new(credential);
    service.for_client(&client()).passkey_login(&command).await
}

/// Registers the passkey of an authenticator.
pub(crate) async fn add_passkey(
    service: &AuthService,
    caller: &Caller,
    authenticator: &mut SoftwareAuthenticator,
) -> Result<AddedPasskey, ServiceError> {
    let client = client();
    let caller = service.as_caller(caller, &client);
    let options = caller.begin_passkey().await?;
    let command = AddPasskeyCommand::new("Work laptop", authenticator.create(&options));
    caller.add_passkey(&command).await
}

pub(crate) fn passkey_proof(credential: PasskeyCredential) -> StepUpProof {
    StepUpProof::SecondFactor(SecondFactorProof::Passkey(credential))
}
