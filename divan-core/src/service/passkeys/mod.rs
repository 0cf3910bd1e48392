//! Passkeys of administrators.

mod login;
mod manage;

use std::sync::atomic::Ordering;

use time::OffsetDateTime;

use super::second_factor::ProofPurpose;
use super::{AuthService, ClientInfo, ServiceError};
use crate::passkey::{
    Assertion, Ceremony, ChallengeKeys, PasskeyChallenge, PasskeyDescriptor, PasskeyError,
    RelyingParty,
};
use crate::store::{
    Account, AccountUpdate, PasskeyChange, PasskeyUse, StoredPasskey, UsedChallenge,
};
use crate::token::SecretKey;
use crate::types::{AuditAction, AuthMethods, PasskeyCredential, PasskeyOptions, UserId};

pub use login::PasskeyLoginCommand;
pub use manage::{AddPasskeyCommand, AddedPasskey, PasskeyView};

/// The admin panel, and the keys of its challenges.
#[derive(Debug)]
pub(super) struct Passkeys {
    party: RelyingParty,
    keys: ChallengeKeys,
}

impl Passkeys {
    pub(super) fn new(party: RelyingParty, key: &SecretKey, previous: Option<&SecretKey>) -> Self {
        let keys = ChallengeKeys::new(key);
        let keys = match previous {
            Some(previous) => keys.or(previous),
            None => keys,
        };
        Self { party, keys }
    }
}

/// A verified assertion, to be stored with what it allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsedPasskey {
    passkey: PasskeyUse,
    challenge: UsedChallenge,
    is_synced: bool,
}

impl UsedPasskey {
    pub(super) fn methods(&self) -> AuthMethods {
        AuthMethods::passkey(self.is_synced)
    }

    pub(super) fn store_with(&self, update: AccountUpdate) -> AccountUpdate {
        update
            .passkey(PasskeyChange::Use(self.passkey))
            .use_challenge(self.challenge)
    }
}

impl ProofPurpose {
    fn ceremony(self) -> Ceremony {
        match self {
            Self::StepUp(session) => Ceremony::StepUp(session),
            Self::SignIn(challenge) => Ceremony::SecondFactor(challenge),
        }
    }
}

/// # Passkeys
impl AuthService {
    /// Returns `true` if administrators can have passkeys.
    pub fn has_passkeys(&self) -> bool {
        self.parts.passkeys.is_some()
    }

    fn passkeys(&self) -> Result<&Passkeys, ServiceError> {
        let passkeys = self.parts.passkeys.as_ref();
        passkeys.ok_or(ServiceError::PasskeysNotConfigured)
    }

    fn issue_challenge(&self, ceremony: Ceremony) -> Result<PasskeyChallenge, ServiceError> {
        let (clock, entropy) = (&self.parts.clock, self.parts.entropy.as_ref());
        let keys = &self.passkeys()?.keys;
        Ok(keys.issue(ceremony, clock.unix_seconds(), entropy)?)
    }

    fn accept_challenge(
        &self,
        challenge: &[u8],
        ceremony: Ceremony,
    ) -> Result<PasskeyChallenge, PasskeyError> {
        let passkeys = self.parts.passkeys.as_ref();
        let now = self.parts.clock.unix_seconds();
        passkeys
            .and_then(|passkeys| passkeys.keys.accept(challenge, ceremony, now))
            .ok_or(PasskeyError::Challenge)
    }

    /// Returns the options to prove the second factor with one of the user's passkeys.
    pub(super) async fn passkey_request(
        &self,
        user: UserId,
        purpose: ProofPurpose,
    ) -> Result<PasskeyOptions, ServiceError> {
        let challenge = self.issue_challenge(purpose.ceremony())?;
        let own = self.parts.store.passkeys_of(user).await?;
        let party = &self.passkeys()?.party;
        Ok(party.request_options(&challenge, &descriptors(&own)))
    }

    /// Verifies that one of the user's passkeys proves the second factor.
    pub(super) async fn check_passkey(
        &self,
        credential: &PasskeyCredential,
        user: UserId,
        purpose: ProofPurpose,
        client: &ClientInfo,
    ) -> Result<UsedPasskey, ServiceError> {
        let assertion = Assertion::parse(credential).map_err(refused)?;
        let accepted = self.accept_challenge(assertion.challenge(), purpose.ceremony());
        let challenge = accepted.map_err(refused)?;
        let own = self.parts.store.passkeys_of(user).await?;
        let passkey = find(&own, &assertion).ok_or(ServiceError::SecondFactorInvalid)?;
        self.verify_passkey(&assertion, &challenge, passkey, client)
            .await?
            .map_err(refused)
    }

    /// Verifies an assertion. The inner error is one of the assertion.
    async fn verify_passkey(
        &self,
        assertion: &Assertion,
        challenge: &PasskeyChallenge,
        passkey: &StoredPasskey,
        client: &ClientInfo,
    ) -> Result<Result<UsedPasskey, PasskeyError>, ServiceError> {
        let party = &self.passkeys()?.party;
        let used = used_challenge(challenge);
        let verified = party.verify_assertion(assertion, challenge, passkey);
        if verified == Err(PasskeyError::Counter) {
            self.record_copied(passkey, used, client).await?;
        }
        Ok(verified.map(|verified| UsedPasskey {
            passkey: PasskeyUse::new(passkey, verified.counter, verified.is_backed_up, self.now()),
            challenge: used,
            is_synced: passkey.is_backup_eligible,
        }))
    }

    /// Records a passkey that may have been copied, once for each challenge.
    async fn record_copied(
        &self,
        passkey: &StoredPasskey,
        challenge: UsedChallenge,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let user = passkey.user;
        let event = self.audit_event(AuditAction::PasskeyCopied, None, user, client)?;
        let change = |_: &mut Account| {
            let update = AccountUpdate::none().use_challenge(challenge);
            Ok(Some(update.event(event.clone())))
        };
        match self.update_account(user, &change).await {
            Ok(_) => {}
            Err(error) => match ServiceError::from(error) {
                ServiceError::SecondFactorInvalid => return Ok(()),
                error => return Err(error),
            },
        }
        self.parts.copied_passkeys.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            target: "divan_core::security",
            outcome = AuditAction::PasskeyCopied.as_str(),
            passkey = %passkey.id,
            address = client.address.map(tracing::field::display),
            "the counter of a passkey did not increase: it may have been copied"
        );
        Ok(())
    }
}

fn find<'a>(own: &'a [StoredPasskey], assertion: &Assertion) -> Option<&'a StoredPasskey> {
    own.iter()
        .find(|passkey| passkey.credential_id == assertion.credential_id())
}

fn descriptors(passkeys: &[StoredPasskey]) -> Vec<PasskeyDescriptor<'_>> {
    let mut all = Vec::with_capacity(passkeys.len());
    for passkey in passkeys {
        let id = &passkey.credential_id;
        all.push(PasskeyDescriptor::new(id, &passkey.transports));
    }
    all
}

fn used_challenge(challenge: &PasskeyChallenge) -> UsedChallenge {
    let expires_at = i64::try_from(challenge.expires_at()).unwrap_or(i64::MAX);
    let expires_at = OffsetDateTime::from_unix_timestamp(expires_at);
    let expires_at = expires_at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    UsedChallenge::new(challenge.random(), expires_at)
}

/// Returns the error of a refused second factor. The reason is for the log.
fn refused(reason: PasskeyError) -> ServiceError {
    log_refusal(reason);
    ServiceError::SecondFactorInvalid
}

fn log_refusal(reason: PasskeyError) {
    tracing::debug!(target: "divan_core::security", %reason, "passkey refused");
}
