use std::sync::{Arc, Mutex};

use divan_core::api::{Audience, TokenResponse};
use divan_core::clock::Clock;
use tokio::time::Instant;

use super::refresh::Flight;
use super::schedule::Schedule;
use super::{StoreError, Swapped, TokenStore, Tokens};
use crate::Error;
use crate::wire::Wire;

/// How often a store may change while a sign-in or sign-out is written into it.
const MOST_CHANGES: usize = 16;

/// Where a handle has its access tokens from: the store, and a refresh when it is time.
#[derive(Debug)]
pub(crate) struct TokenSource {
    pub(crate) wire: Arc<Wire>,
    pub(crate) audience: Audience,
    pub(super) store: Box<dyn TokenStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) flight: Mutex<Option<Flight>>,
    schedule: Schedule,
}

impl TokenSource {
    pub(crate) fn new(
        wire: Arc<Wire>,
        audience: Audience,
        store: Box<dyn TokenStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            wire,
            audience,
            store,
            clock,
            flight: Mutex::default(),
            schedule: Schedule::default(),
        }
    }

    /// The pair that is stored, if it is one for here.
    pub(crate) async fn stored(&self) -> Result<Option<Tokens>, Error> {
        self.own(self.store.load().await?)
    }

    /// A pair to make a call with: refreshed when it is about to expire.
    pub(crate) async fn fresh(self: &Arc<Self>, deadline: Instant) -> Result<Tokens, Error> {
        let held = self.held().await?;
        if !self.schedule.is_due(&held, self.clock.now()) {
            return Ok(held);
        }
        match self.renewed(&held, deadline).await {
            Err(error) if !error.is_signed_out() && !error.is_store() => {
                let now = self.clock.now();
                if now >= held.expires_at {
                    return Err(error);
                }
                // It was early: what is held still opens the door.
                self.schedule.postpone(&held, now);
                Ok(held)
            }
            renewed => renewed,
        }
    }

    /// Another pair than this one, which the server takes no longer; `None` when there is none to
    /// be had yet.
    pub(crate) async fn another(
        self: &Arc<Self>,
        refused: &Tokens,
        deadline: Instant,
    ) -> Result<Option<Tokens>, Error> {
        let renewed = self.renewed(refused, deadline).await?;
        Ok((!renewed.is_same_pair(refused)).then_some(renewed))
    }

    /// Renews what is stored.
    pub(crate) async fn renew(self: &Arc<Self>, deadline: Instant) -> Result<(), Error> {
        let held = self.held().await?;
        self.renewed(&held, deadline).await.map(drop)
    }

    /// Stores the pair of a new session, whatever was there.
    pub(crate) async fn keep(&self, session: &TokenResponse) -> Result<(), Error> {
        self.put(Some(&self.tokens_of(session))).await
    }

    /// Empties the store, whatever was there.
    pub(crate) async fn forget(&self) -> Result<(), Error> {
        self.schedule.forget();
        self.put(None).await
    }

    /// Takes a pair out of the store, whose session is over. What somebody else has put there
    /// meanwhile stays.
    pub(crate) async fn drop_pair(&self, over: &Tokens) -> Result<(), Error> {
        self.schedule.forget();
        match self.store.swap(Some(over), None).await? {
            Swapped::Done | Swapped::Changed(_) => Ok(()),
        }
    }

    async fn put(&self, next: Option<&Tokens>) -> Result<(), Error> {
        let mut held = self.stored().await?;
        for _ in 0..MOST_CHANGES {
            match self.store.swap(held.as_ref(), next).await? {
                Swapped::Done => return Ok(()),
                Swapped::Changed(newer) => held = self.own(newer)?,
            }
        }
        Err(StoreError::new("it changes all the time").into())
    }

    pub(super) async fn held(&self) -> Result<Tokens, Error> {
        self.stored().await?.ok_or_else(Error::signed_out)
    }

    /// Refuses a pair of another server or audience: it must not be sent there.
    pub(super) fn own(&self, tokens: Option<Tokens>) -> Result<Option<Tokens>, Error> {
        match tokens {
            Some(tokens)
                if tokens.server != self.wire.base.as_str() || tokens.audience != self.audience =>
            {
                Err(Error::setup(
                    "the token store holds tokens of another server or audience: give each its own",
                ))
            }
            tokens => Ok(tokens),
        }
    }

    pub(super) fn tokens_of(&self, session: &TokenResponse) -> Tokens {
        Tokens::of(
            session,
            self.wire.base.as_str(),
            self.audience,
            self.clock.now(),
        )
    }
}
