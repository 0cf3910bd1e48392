use std::sync::{Arc, Mutex};

use divan_core::api::{Audience, FreshToken, TokenResponse};
use divan_core::clock::Clock;
use divan_core::secret::Secret;
use divan_core::types::Email;
use tokio::time::Instant;

use super::known_device::KnownDevice;
use super::schedule::RefreshSchedule;
use super::single_flight::SingleFlight;
use super::store::{CasResult, TokenStore};
use super::token_pair::Tokens;
use crate::error::{Error, StoreError};
use crate::transport::Transport;

/// Maximum number of conflicts while a sign-in or sign-out is written to the store.
const MAX_CONFLICTS: usize = 16;

/// Source of a handle's access tokens: the store, and a refresh when it is due.
#[derive(Debug)]
pub(crate) struct TokenSource {
    pub(crate) transport: Arc<Transport>,
    audience: Audience,
    pub(super) store: Box<dyn TokenStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) refresh_in_flight: Mutex<Option<SingleFlight>>,
    schedule: RefreshSchedule,
}

impl TokenSource {
    pub(crate) fn new(
        transport: Arc<Transport>,
        audience: Audience,
        store: Box<dyn TokenStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            transport,
            audience,
            store,
            clock,
            refresh_in_flight: Mutex::default(),
            schedule: RefreshSchedule::default(),
        }
    }

    /// Returns the stored tokens after checking that they belong to this server and audience.
    pub(crate) async fn stored(&self) -> Result<Option<Tokens>, Error> {
        self.check_owner(self.store.load().await?)
    }

    /// Returns tokens for a call, refreshed when they are about to expire.
    pub(crate) async fn valid_tokens(self: &Arc<Self>, deadline: Instant) -> Result<Tokens, Error> {
        let tokens = self.require_stored().await?;
        if !self.schedule.is_due(&tokens, self.clock.now()) {
            return Ok(tokens);
        }
        match self.refreshed(&tokens, deadline).await {
            Err(error) if !error.is_signed_out() && !error.is_store() => {
                let now = self.clock.now();
                if now >= tokens.expires_at {
                    return Err(error);
                }
                // The access token is still valid: use it and retry the refresh later.
                self.schedule.postpone(&tokens, now);
                Ok(tokens)
            }
            result => result,
        }
    }

    /// Returns other tokens than the rejected ones; `None` when they are too young to be refreshed.
    pub(crate) async fn replacement(
        self: &Arc<Self>,
        rejected: &Tokens,
        deadline: Instant,
    ) -> Result<Option<Tokens>, Error> {
        let refreshed = self.refreshed(rejected, deadline).await?;
        Ok((!refreshed.is_same_pair(rejected)).then_some(refreshed))
    }

    /// Refreshes the stored tokens.
    pub(crate) async fn refresh_stored(self: &Arc<Self>, deadline: Instant) -> Result<(), Error> {
        let tokens = self.require_stored().await?;
        self.refreshed(&tokens, deadline).await.map(drop)
    }

    /// Returns the device token of the last sign-in with this e-mail address, if this server issued
    /// it.
    pub(crate) async fn device_token(&self, email: &str) -> Result<Option<Secret>, Error> {
        let Ok(email) = email.parse::<Email>() else {
            return Ok(None);
        };
        let device = self.store.load_device().await?;
        let server = self.transport.base_url.as_str();
        Ok(device
            .filter(|device| device.server == server && device.email == email)
            .map(|device| device.token))
    }

    /// Stores the tokens of a new session unconditionally, and its device token.
    pub(crate) async fn store_response(&self, response: &TokenResponse) -> Result<(), Error> {
        if let (Some(token), Some(email)) = (&response.device_token, &response.user.email) {
            let device = KnownDevice {
                server: self.transport.base_url.as_str().to_owned(),
                email: email.clone(),
                token: token.clone(),
            };
            self.store.save_device(&device).await?;
        }
        self.put(Some(&self.tokens_from(response))).await
    }

    /// Stores a new access token of the same session. Tokens that another process has stored in the
    /// meantime are kept: they are newer.
    pub(crate) async fn replace_access(
        &self,
        tokens: &Tokens,
        fresh: &FreshToken,
    ) -> Result<(), Error> {
        let new = tokens.with_access(fresh, self.clock.now());
        let swapped = self.store.compare_and_swap(Some(tokens), Some(&new));
        match swapped.await? {
            CasResult::Swapped | CasResult::Conflict(_) => Ok(()),
        }
    }

    /// Clears the store unconditionally.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        self.schedule.clear();
        self.put(None).await
    }

    /// Removes the tokens of an ended session from the store. Tokens that another process has
    /// stored in the meantime are kept.
    pub(crate) async fn clear_if_current(&self, ended: &Tokens) -> Result<(), Error> {
        self.schedule.clear();
        match self.store.compare_and_swap(Some(ended), None).await? {
            CasResult::Swapped | CasResult::Conflict(_) => Ok(()),
        }
    }

    async fn put(&self, new: Option<&Tokens>) -> Result<(), Error> {
        let mut stored = self.stored().await?;
        for _ in 0..MAX_CONFLICTS {
            match self.store.compare_and_swap(stored.as_ref(), new).await? {
                CasResult::Swapped => return Ok(()),
                CasResult::Conflict(current) => stored = self.check_owner(current)?,
            }
        }
        Err(StoreError::new("too many concurrent changes: try again").into())
    }

    pub(super) async fn require_stored(&self) -> Result<Tokens, Error> {
        self.stored().await?.ok_or_else(Error::not_signed_in)
    }

    /// Rejects tokens of another server or audience, because they must not be sent to this one.
    pub(super) fn check_owner(&self, tokens: Option<Tokens>) -> Result<Option<Tokens>, Error> {
        let is_foreign = |tokens: &Tokens| {
            tokens.server != self.transport.base_url.as_str() || tokens.audience != self.audience
        };
        if tokens.as_ref().is_some_and(is_foreign) {
            return Err(Error::setup(
                "the token store contains tokens of another server or audience: use a store for each",
            ));
        }
        Ok(tokens)
    }

    pub(super) fn tokens_from(&self, response: &TokenResponse) -> Tokens {
        let server = self.transport.base_url.as_str();
        Tokens::from_response(response, server, self.audience, self.clock.now())
    }
}
