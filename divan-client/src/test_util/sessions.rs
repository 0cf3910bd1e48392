use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use divan_core::api::{ProblemCode, SessionInfo, TokenResponse};
use divan_core::secret::Secret;
use divan_core::types::{Audience, SessionId, User, UserId};

use super::made_up_id;

const ACCESS_LIFE: Duration = Duration::from_mins(15);
const IDLE_LIFE: Duration = Duration::from_hours(24 * 30);
const OVERLAP: Duration = Duration::from_secs(30);

/// Who is signed in, with which tokens.
#[derive(Default)]
pub(super) struct Sessions {
    all: Vec<Live>,
    access_tokens: HashMap<String, Access>,
}

#[derive(Clone, Copy)]
struct Access {
    session: SessionId,
    generation: u64,
    expires_at: SystemTime,
}

/// A session; its generations are those of the real server.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) audience: Audience,
    created_at: SystemTime,
    current: u64,
    base: u64,
    rotated_at: SystemTime,
    is_confirmed: bool,
    is_over: bool,
}

impl Sessions {
    pub(super) fn open(
        &mut self,
        user: User,
        audience: Audience,
        now: SystemTime,
    ) -> TokenResponse {
        let session = Live {
            id: made_up_id(2, self.all.len()),
            user: user.id,
            audience,
            created_at: now,
            current: 1,
            base: 0,
            rotated_at: now,
            is_confirmed: false,
            is_over: false,
        };
        self.all.push(session.clone());
        self.tokens(&session, user, now)
    }

    /// The session of an access token.
    pub(super) fn caller(
        &mut self,
        access_token: &str,
        now: SystemTime,
    ) -> Result<Live, ProblemCode> {
        let access = *self
            .access_tokens
            .get(access_token)
            .ok_or(ProblemCode::TokenInvalid)?;
        if now >= access.expires_at {
            return Err(ProblemCode::TokenExpired);
        }
        let session = self.live(access.session).ok_or(ProblemCode::TokenInvalid)?;
        if access.generation > session.base && access.generation < session.current {
            session.is_over = true;
            return Err(ProblemCode::TokenInvalid);
        }
        session.is_confirmed |= access.generation == session.current;
        Ok(session.clone())
    }

    /// The session that a refresh token goes on with, as the next generation.
    pub(super) fn refresh(
        &mut self,
        refresh_token: &str,
        now: SystemTime,
    ) -> Result<Live, ProblemCode> {
        let invalid = ProblemCode::RefreshTokenInvalid;
        let presented = self
            .all
            .iter()
            .flat_map(|session| {
                (1..=session.current).map(move |generation| (session.id, generation))
            })
            .find(|&(id, generation)| refresh_token_of(id, generation) == refresh_token);
        let (id, generation) = presented.ok_or(invalid)?;
        let session = self.live(id).ok_or(invalid)?;
        let is_repeated = generation == session.base && generation != session.current;
        let is_soon = now
            .duration_since(session.rotated_at)
            .is_ok_and(|since| since <= OVERLAP);
        if is_repeated && is_soon {
            if !session.is_confirmed {
                session.rotated_at = now;
            }
            return Ok(session.clone());
        }
        if generation != session.current && (!is_repeated || session.is_confirmed) {
            session.is_over = true;
            return Err(invalid);
        }
        session.base = generation;
        session.current += 1;
        session.rotated_at = now;
        session.is_confirmed = false;
        Ok(session.clone())
    }

    /// The answer with the tokens of a session's current generation.
    pub(super) fn tokens(&mut self, session: &Live, user: User, now: SystemTime) -> TokenResponse {
        let access_token = format!(
            "access.{}.{}.{}",
            session.id,
            session.current,
            self.access_tokens.len()
        );
        let access = Access {
            session: session.id,
            generation: session.current,
            expires_at: now + ACCESS_LIFE,
        };
        self.access_tokens.insert(access_token.clone(), access);
        let refresh_token = refresh_token_of(session.id, session.current);
        TokenResponse::new(
            Secret::new(access_token),
            ACCESS_LIFE.as_secs(),
            Secret::new(refresh_token),
            user,
        )
    }

    pub(super) fn list(&self, caller: &Live) -> Vec<SessionInfo> {
        let own = self
            .all
            .iter()
            .rev()
            .filter(|session| session.user == caller.user && !session.is_over);
        own.map(|session| session.info(session.id == caller.id))
            .collect()
    }

    /// Ends one of the user's sessions, if it has not ended already.
    pub(super) fn end(&mut self, id: SessionId, user: UserId) -> Result<(), ProblemCode> {
        let session = self
            .all
            .iter_mut()
            .find(|session| session.id == id && session.user == user);
        session.ok_or(ProblemCode::NotFound)?.is_over = true;
        Ok(())
    }

    pub(super) fn end_all_of(&mut self, user: UserId) {
        self.all
            .iter_mut()
            .filter(|session| session.user == user)
            .for_each(|session| session.is_over = true);
    }

    pub(super) fn end_all(&mut self) {
        self.all
            .iter_mut()
            .for_each(|session| session.is_over = true);
    }

    pub(super) fn expire_access_tokens(&mut self) {
        self.access_tokens
            .values_mut()
            .for_each(|access| access.expires_at = SystemTime::UNIX_EPOCH);
    }

    fn live(&mut self, id: SessionId) -> Option<&mut Live> {
        self.all
            .iter_mut()
            .find(|session| session.id == id && !session.is_over)
    }
}

impl Live {
    fn info(&self, is_current: bool) -> SessionInfo {
        SessionInfo {
            id: self.id,
            is_current,
            audience: self.audience,
            device: None,
            address: None,
            created_at: self.created_at.into(),
            refreshed_at: self.rotated_at.into(),
            expires_at: (self.rotated_at + IDLE_LIFE).into(),
        }
    }
}

fn refresh_token_of(id: SessionId, generation: u64) -> String {
    format!("refresh.{id}.{generation}")
}
