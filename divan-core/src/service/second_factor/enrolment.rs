//! Setting up, replacing and turning off one's own second factor.

use time::Duration;

use super::SecondFactorStatus;
use crate::second_factor::{QrCode, RecoveryCode, TotpSecret};
use crate::secret::Secret;
use crate::service::{AuthService, CallerService, FreshToken, MessageKind, ServiceError};
use crate::session::EndReason;
use crate::store::{
    Account, AccountUpdate, EndSessions, PendingTotp, SecondFactor, SessionProof, StoredTotp,
    UpdatedAccount,
};
use crate::token::TokenError;
use crate::types::{AuditAction, AuditEvent, AuthMethod, Role, User, UserId};

/// The time in which an enrolment must be confirmed.
const ENROLMENT_LIFE: Duration = Duration::minutes(15);

/// An authenticator app to set up. It has no effect until it is confirmed with a code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TotpEnrolment {
    /// The secret in Base32, to be typed.
    pub secret: Secret,
    /// The `otpauth://` URI, to be opened on the device with the authenticator app.
    pub uri: Secret,
    /// The QR code of the URI, to be scanned.
    pub qr_code: Option<QrCode>,
}

/// A second factor that was turned on or replaced.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnabledSecondFactor {
    /// Recovery codes, to be written down: they are not stored and cannot be shown again.
    pub recovery_codes: Vec<Secret>,
    /// An access token of the session, which now has a second factor.
    pub token: FreshToken,
}

/// # Second factor
///
/// These methods are for administrators in the admin panel. Those that change something require a
/// proof of identity that is at most five minutes old, and end the other sessions of the caller.
impl CallerService<'_> {
    /// Returns the state of the caller's second factor.
    ///
    /// # Errors
    /// [`ServiceError::AdminRequired`].
    pub async fn second_factor(self) -> Result<SecondFactorStatus, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let user = self.caller.user().id;
        let found = self.service.parts.store.account(user).await?;
        let found = found.ok_or(TokenError::NotAccepted)?;
        Ok(SecondFactorStatus::new(&found.second_factor))
    }

    /// Begins the enrolment of an authenticator app. An existing one stays valid until the new one is
    /// confirmed, within 15 minutes and in the same session.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`], [`ServiceError::AdminRequired`].
    pub async fn begin_totp(self) -> Result<TotpEnrolment, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let service = self.service;
        service.require_fresh_proof(self.caller).await?;
        let (user, entropy) = (self.caller.user(), service.parts.entropy.as_ref());
        let secret = TotpSecret::generate(entropy)?;
        let sealed = service
            .parts
            .second_factor_keys
            .seal(&secret, user.id, entropy)?;
        let pending = PendingTotp::new(sealed, service.now(), self.caller.session());
        self.change(&|account| {
            account.second_factor.pending = Some(pending.clone());
            Ok(AccountUpdate::none())
        })
        .await?;
        Ok(service.totp_enrolment(&secret, user))
    }

    /// Turns the second factor on, or replaces the authenticator app, with a code of the new one. All
    /// recovery codes are replaced.
    ///
    /// # Errors
    /// [`ServiceError::SecondFactorInvalid`], for the tenth time the session ends;
    /// [`ServiceError::NotFound`] if this session has begun no enrolment within 15 minutes;
    /// [`ServiceError::TooManyAttempts`], [`ServiceError::AdminRequired`].
    pub async fn confirm_totp(self, code: &Secret) -> Result<EnabledSecondFactor, ServiceError> {
        self.caller.require_admin_any_scope()?;
        let (service, user) = (self.service, self.caller.user().id);
        let charged = service.begin_code_attempt(self.own_attempt()).await?;
        let (codes, digests) = service.new_recovery_codes(user)?;
        let now = service.now();
        let session = self.caller.stored_session();
        let methods = session.auth_methods.with(AuthMethod::OneTimeCode);
        let proof = SessionProof::new(session.id, now, methods);
        let event = self.own_event(AuditAction::SecondFactorEnabled)?;
        let settle = charged.attempt.settle(now);
        let updated = self
            .change(&|account| {
                let (sealed, step) = self.confirmed_step(account, code)?;
                let factor = &mut account.second_factor;
                factor.totp = Some(StoredTotp::new(sealed, now, step));
                factor.pending = None;
                factor.recovery_codes.clone_from(&digests);
                let update = self.end_others().prove(proof).settle(settle.clone());
                let kind = MessageKind::SecondFactorEnabled;
                let message = service.message(account, kind, now);
                Ok(update.event(event.clone()).message(message))
            })
            .await;
        match updated {
            Err(ServiceError::SecondFactorInvalid) => {
                let action = AuditAction::SecondFactorFailed;
                self.record_wrong_proof(&charged, action).await?;
            }
            // No code was compared, or it was correct.
            Err(_) => service.withdraw_attempt(&charged).await,
            Ok(_) => {}
        }
        updated?;
        Ok(EnabledSecondFactor {
            recovery_codes: codes,
            token: self.fresh_token(proof)?,
        })
    }

    /// Returns the pending secret of this session and the step of its code.
    fn confirmed_step(
        self,
        account: &Account,
        code: &Secret,
    ) -> Result<(Vec<u8>, u64), ServiceError> {
        let service = self.service;
        let pending = account.second_factor.pending.as_ref();
        let pending = pending
            .filter(|pending| pending.session == self.caller.session())
            .filter(|pending| service.now() < pending.created_at + ENROLMENT_LIFE)
            .ok_or(ServiceError::NotFound)?;
        let keys = &service.parts.second_factor_keys;
        let secret = keys.open(&pending.sealed_secret, account.user.id)?;
        let now = service.parts.clock.unix_seconds();
        let step = secret.accepted_step(code.expose(), now, 0);
        let step = step.ok_or(ServiceError::SecondFactorInvalid)?;
        Ok((pending.sealed_secret.clone(), step))
    }

    /// Removes the authenticator app. Without a passkey, the second factor is then off, and the recovery
    /// codes are deleted.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`], [`ServiceError::AdminRequired`],
    /// [`ServiceError::NotFound`] if there is none.
    pub async fn disable_second_factor(self) -> Result<FreshToken, ServiceError> {
        self.caller.require_admin_any_scope()?;
        self.service.require_fresh_proof(self.caller).await?;
        let event = self.own_event(AuditAction::SecondFactorDisabled)?;
        let changed = self
            .change(&|account| {
                let factor = &mut account.second_factor;
                factor.totp.take().ok_or(ServiceError::NotFound)?;
                factor.pending = None;
                let proof = self.proof_without(factor);
                let kind = MessageKind::SecondFactorDisabled;
                let message = self.service.message(account, kind, event.at);
                let update = self.end_others().prove(proof).message(message);
                Ok(update.event(event.clone()))
            })
            .await?;
        self.fresh_token(self.proof_without(&mut changed.account.second_factor.clone()))
    }

    /// Returns the proof of the session after a second factor was removed. Without any left, recovery
    /// codes are deleted.
    pub(in crate::service) fn proof_without(self, factor: &mut SecondFactor) -> SessionProof {
        let session = self.caller.stored_session();
        let mut methods = session.auth_methods;
        if !factor.is_on() {
            factor.recovery_codes.clear();
            methods = methods.without_second_factor();
        }
        SessionProof::new(session.id, session.authenticated_at, methods)
    }

    /// Replaces all recovery codes, and returns the new ones.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`], [`ServiceError::AdminRequired`],
    /// [`ServiceError::NotFound`] if the second factor is off.
    pub async fn replace_recovery_codes(self) -> Result<Vec<Secret>, ServiceError> {
        self.caller.require_admin_any_scope()?;
        self.service.require_fresh_proof(self.caller).await?;
        let (codes, digests) = self.service.new_recovery_codes(self.caller.user().id)?;
        let event = self.own_event(AuditAction::RecoveryCodesReplaced)?;
        self.change(&|account| {
            let factor = &mut account.second_factor;
            if !factor.is_on() {
                return Err(ServiceError::NotFound);
            }
            factor.recovery_codes.clone_from(&digests);
            let kind = MessageKind::RecoveryCodesReplaced;
            let message = self.service.message(account, kind, event.at);
            Ok(AccountUpdate::none().message(message).event(event.clone()))
        })
        .await?;
        Ok(codes)
    }

    pub(in crate::service) fn own_event(
        self,
        action: AuditAction,
    ) -> Result<AuditEvent, ServiceError> {
        let user = self.caller.user().id;
        self.service
            .audit_event(action, Some(user), user, self.client)
    }

    /// Ends the other sessions of the caller, which may belong to a holder of stolen tokens.
    pub(in crate::service) fn end_others(self) -> AccountUpdate {
        let (session, now) = (self.caller.session(), self.service.now());
        let reason = EndReason::SecondFactorChanged;
        AccountUpdate::none().end(EndSessions::others(session, now, reason))
    }

    /// Changes the caller's account, unless the caller was signed out or is no longer an administrator.
    pub(in crate::service) async fn change(
        self,
        change: &(dyn Fn(&mut Account) -> Result<AccountUpdate, ServiceError> + Send + Sync),
    ) -> Result<UpdatedAccount, ServiceError> {
        let (service, user) = (self.service, self.caller.user().id);
        let change = |account: &mut Account| {
            if !account.user.is_active || account.user.role != Role::Admin {
                return Ok(None);
            }
            let update = change(account)?;
            Ok(Some(update.require_live_session(self.caller.session())))
        };
        let _invalidate = service.parts.cache.invalidate_on_drop(user, None);
        let updated = service.update_account(user, &change).await?;
        updated.ok_or(TokenError::NotAccepted.into())
    }

    /// Issues an access token of the caller's session with a proof that was stored.
    pub(in crate::service) fn fresh_token(
        self,
        proof: SessionProof,
    ) -> Result<FreshToken, ServiceError> {
        let mut session = self.caller.stored_session().clone();
        (session.authenticated_at, session.auth_methods) = (proof.at, proof.methods);
        // The client may not have the tokens of a later generation.
        let generation = self.caller.claims().generation;
        let access = self
            .service
            .issue_access(&session, self.caller.user(), generation)?;
        Ok(FreshToken {
            access_token: access.token,
            expires_in: access.expires_in,
        })
    }
}

impl AuthService {
    /// Returns a secret in the forms that authenticator apps accept.
    pub(super) fn totp_enrolment(&self, secret: &TotpSecret, user: &User) -> TotpEnrolment {
        let email = user.email.as_ref().map_or("", |email| email.as_str());
        let uri = secret.uri(&self.parts.admin_host, email);
        TotpEnrolment {
            secret: secret.to_base32(),
            qr_code: QrCode::new(&uri),
            uri,
        }
    }

    /// Generates recovery codes, and their digests.
    pub(in crate::service) fn new_recovery_codes(
        &self,
        user: UserId,
    ) -> Result<(Vec<Secret>, Vec<[u8; 32]>), ServiceError> {
        let keys = &self.parts.second_factor_keys;
        let mut codes = Vec::with_capacity(RecoveryCode::COUNT);
        let mut digests = Vec::with_capacity(RecoveryCode::COUNT);
        for _ in 0..RecoveryCode::COUNT {
            let code = RecoveryCode::generate(self.parts.entropy.as_ref())?;
            codes.push(code.text());
            digests.push(keys.digest(&code, user));
        }
        Ok((codes, digests))
    }
}
