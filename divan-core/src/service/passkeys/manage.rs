//! One's own passkeys: list, add, rename, remove.

use time::OffsetDateTime;

use super::{descriptors, refused, used_challenge};
use crate::passkey::{
    Ceremony, NewPasskey, PasskeyChallenge, PasskeyError, PasskeyUser, Registration,
};
use crate::secret::Secret;
use crate::service::second_factor::ProofPurpose;
use crate::service::validation::Validation;
use crate::service::{CallerService, FreshToken, MessageKind, ServiceError};
use crate::store::{AccountUpdate, MAX_PASSKEYS, PasskeyChange, SessionProof, StoredPasskey};
use crate::types::{AuditAction, AuthMethods, PasskeyCredential, PasskeyId, PasskeyOptions};

/// A passkey, as shown to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasskeyView {
    /// The id.
    pub id: PasskeyId,
    /// The name that the owner gave it.
    pub name: String,
    /// The passkey is copied to other devices of the owner.
    pub is_synced: bool,
    /// The connections to the authenticator.
    pub transports: Vec<String>,
    /// The time of the registration.
    pub created_at: OffsetDateTime,
    /// The time of the last use.
    pub last_used_at: Option<OffsetDateTime>,
}

impl From<StoredPasskey> for PasskeyView {
    fn from(passkey: StoredPasskey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name,
            is_synced: passkey.is_backup_eligible,
            transports: passkey.transports,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// Registers a passkey.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AddPasskeyCommand {
    /// A name by which the owner recognizes it.
    pub name: String,
    /// The result of `navigator.credentials.create()`.
    pub credential: PasskeyCredential,
}

impl AddPasskeyCommand {
    /// Creates the command.
    pub fn new(name: impl Into<String>, credential: PasskeyCredential) -> Self {
        Self {
            name: name.into(),
            credential,
        }
    }
}

/// A passkey that was registered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AddedPasskey {
    /// The passkey.
    pub passkey: PasskeyView,
    /// Recovery codes, if the caller had none, to be written down: they are not stored and cannot be shown
    /// again.
    pub recovery_codes: Vec<Secret>,
    /// An access token of the session, which now has a second factor.
    pub token: FreshToken,
}

/// # Passkeys
///
/// These methods are for administrators in the admin panel. Adding and removing a passkey ends the other
/// sessions of the caller.
impl CallerService<'_> {
    /// Lists the passkeys of the caller, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`].
    pub async fn passkeys(self) -> Result<Vec<PasskeyView>, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let own = self.own_passkeys().await?;
        Ok(own.into_iter().map(PasskeyView::from).collect())
    }

    /// Begins the registration of a passkey: returns the options for `navigator.credentials.create()`, which
    /// are valid for five minutes in this session.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`] without a proof of identity of the last five minutes,
    /// [`ServiceError::TooManyPasskeys`], [`ServiceError::AdminRequired`],
    /// [`ServiceError::PasskeysNotConfigured`].
    pub async fn begin_passkey(self) -> Result<PasskeyOptions, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let service = self.service;
        let challenge = service.issue_challenge(self.registration())?;
        service.require_fresh_proof(self.caller).await?;
        let own = self.own_passkeys().await?;
        if own.len() >= MAX_PASSKEYS as usize {
            return Err(ServiceError::TooManyPasskeys);
        }
        let user = PasskeyUser(self.caller.user());
        let party = &service.passkeys()?.party;
        Ok(party.creation_options(&challenge, user, &descriptors(&own)))
    }

    /// Registers a passkey, which is a second factor, and signs in without a password. If the caller has no
    /// recovery codes, some are generated.
    ///
    /// # Errors
    /// - [`ServiceError::SecondFactorInvalid`] if the passkey did not verify its user, or was not made by the
    ///   page of the admin panel for the options of this session, at most five minutes ago.
    /// - [`ServiceError::Store`] with
    ///   [`StoreErrorKind::Conflict`](crate::store::StoreErrorKind::Conflict) for a passkey that is registered.
    /// - [`ServiceError::Invalid`] for the name; [`ServiceError::TooManyPasskeys`],
    ///   [`ServiceError::AdminRequired`], [`ServiceError::PasskeysNotConfigured`].
    pub async fn add_passkey(
        self,
        command: &AddPasskeyCommand,
    ) -> Result<AddedPasskey, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let mut validation = Validation::default();
        let Some(name) = validation.passkey_name(&command.name) else {
            return Err(validation.into_error());
        };
        self.service.passkeys()?;
        let verified = self.verify_registration(&command.credential);
        let (new, challenge) = verified.map_err(refused)?;
        let passkey = self.new_passkey(name, new)?;
        let (codes, digests) = self.service.new_recovery_codes(passkey.user)?;
        let used = used_challenge(&challenge);
        let session = self.caller.stored_session();
        let methods = AuthMethods::passkey(passkey.is_backup_eligible);
        let methods = session.auth_methods.union(methods);
        let proof = SessionProof::new(session.id, passkey.created_at, methods);
        let event = self.own_event(AuditAction::PasskeyAdded)?;
        let changed = self
            .change(&|account| {
                let factor = &mut account.second_factor;
                if factor.passkeys >= MAX_PASSKEYS {
                    return Err(ServiceError::TooManyPasskeys);
                }
                factor.passkeys += 1;
                if factor.recovery_codes.is_empty() {
                    factor.recovery_codes.clone_from(&digests);
                }
                let kind = MessageKind::PasskeyAdded;
                let message = self.service.message(account, kind, event.at);
                let update = self.end_others().prove(proof).use_challenge(used);
                let update = update.message(message);
                let update = update.passkey(PasskeyChange::Add(passkey.clone()));
                Ok(update.event(event.clone()))
            })
            .await?;
        let is_first = changed.account.second_factor.recovery_codes == digests;
        Ok(AddedPasskey {
            passkey: passkey.into(),
            recovery_codes: if is_first { codes } else { Vec::new() },
            token: self.fresh_token(proof)?,
        })
    }

    /// Renames a passkey of the caller.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown passkey or one of another user;
    /// [`ServiceError::Invalid`], [`ServiceError::AdminRequired`].
    pub async fn rename_passkey(
        self,
        id: PasskeyId,
        name: &str,
    ) -> Result<PasskeyView, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let mut validation = Validation::default();
        let Some(name) = validation.passkey_name(name) else {
            return Err(validation.into_error());
        };
        let event = self.own_event(AuditAction::PasskeyRenamed)?;
        let renamed = self
            .change(&|_| {
                let change = PasskeyChange::Rename(id, name.clone());
                Ok(AccountUpdate::none().passkey(change).event(event.clone()))
            })
            .await;
        renamed.map_err(not_found)?;
        let own = self.own_passkeys().await?;
        let mut own = own.into_iter();
        let renamed = own.find(|passkey| passkey.id == id);
        renamed.map(Into::into).ok_or(ServiceError::NotFound)
    }

    /// Removes a passkey of the caller. Without another one or an authenticator app, the second factor is
    /// then off, and the recovery codes are deleted.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown passkey or one of another user;
    /// [`ServiceError::InsufficientAuthentication`], [`ServiceError::AdminRequired`].
    pub async fn remove_passkey(self, id: PasskeyId) -> Result<FreshToken, ServiceError> {
        self.caller.require_admin_any_scope()?;
        self.service.require_fresh_proof(self.caller).await?;
        let event = self.own_event(AuditAction::PasskeyRemoved)?;
        let changed = self
            .change(&|account| {
                let factor = &mut account.second_factor;
                factor.passkeys = factor.passkeys.saturating_sub(1);
                let proof = self.proof_without(factor);
                let kind = MessageKind::PasskeyRemoved;
                let message = self.service.message(account, kind, event.at);
                let update = self.end_others().prove(proof).message(message);
                let update = update.passkey(PasskeyChange::Delete(id));
                Ok(update.event(event.clone()))
            })
            .await;
        let mut factor = changed.map_err(not_found)?.account.second_factor;
        self.fresh_token(self.proof_without(&mut factor))
    }

    /// Begins a step-up with a passkey: returns the options for `navigator.credentials.get()`, which are valid
    /// for five minutes in this session.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] without a passkey; [`ServiceError::AdminRequired`],
    /// [`ServiceError::PasskeysNotConfigured`].
    pub async fn begin_step_up(self) -> Result<PasskeyOptions, ServiceError> {
        self.caller.require_admin_any_scope()?;
        self.service.passkeys()?;
        if self.own_passkeys().await?.is_empty() {
            return Err(ServiceError::NotFound);
        }
        let purpose = ProofPurpose::StepUp(self.caller.session());
        let user = self.caller.user().id;
        self.service.passkey_request(user, purpose).await
    }

    async fn own_passkeys(self) -> Result<Vec<StoredPasskey>, ServiceError> {
        let user = self.caller.user().id;
        Ok(self.service.parts.store.passkeys_of(user).await?)
    }

    fn registration(self) -> Ceremony {
        Ceremony::Registration(self.caller.session())
    }

    fn verify_registration(
        self,
        credential: &PasskeyCredential,
    ) -> Result<(NewPasskey, PasskeyChallenge), PasskeyError> {
        let (service, registration) = (self.service, Registration::parse(credential)?);
        let issued = registration.challenge();
        let challenge = service.accept_challenge(issued, self.registration())?;
        let passkeys = service.passkeys().map_err(|_| PasskeyError::Challenge)?;
        let new = passkeys
            .party
            .verify_registration(&registration, &challenge)?;
        Ok((new, challenge))
    }

    fn new_passkey(self, name: String, new: NewPasskey) -> Result<StoredPasskey, ServiceError> {
        let parts = &self.service.parts;
        let id = PasskeyId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let (user, now) = (self.caller.user().id, self.service.now());
        Ok(StoredPasskey {
            counter: new.counter,
            name,
            transports: new.transports,
            is_backup_eligible: new.is_backup_eligible,
            is_backed_up: new.is_backed_up,
            ..StoredPasskey::new(id, user, new.credential_id, new.public_key, now)
        })
    }
}

/// Returns the error of a change of a passkey that does not exist.
fn not_found(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::SecondFactorInvalid => ServiceError::NotFound,
        error => error,
    }
}
