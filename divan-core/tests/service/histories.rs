//! Random histories of sessions, compared with the pure rotation rules.

use divan_core::clock::Clock;
use divan_core::service::{AuthService, ClientInfo, IssuedTokens};
use divan_core::session::{AccessCheck, EndReason, RefreshOutcome, RotationState};
use divan_core::store::SessionAdvance;
use divan_core::types::SessionId;

use crate::random::Random;
use crate::support::employee::{Fixture, id_of, token_of};
use crate::support::{NOW, Refusal, refusal};

on_every_store!(random_histories_follow_the_rotation_rules,);

/// Sends tokens of any age to one of two servers, with restarts and restored backups, and asserts that
/// responses and stored rows match `RotationState`, whose own histories are in `session_model.rs`.
///
/// `DIVAN_MODEL_STORE_HISTORIES` is the number of histories on each store; some dozens by default.
async fn random_histories_follow_the_rotation_rules(f: Fixture) {
    let histories =
        std::env::var("DIVAN_MODEL_STORE_HISTORIES").map_or(40, |count| count.parse().unwrap());
    let mut thefts = 0;
    for seed in 0..histories {
        let mut random = Random(seed);
        f.clock.set_unix(NOW + seed * 1_000_000);
        let mut history = History::begin(&f).await;
        for _ in 0..30 {
            history.step(&f, &mut random).await;
        }
        thefts += u64::from(history.is_ended);
    }
    assert!(
        thefts > histories / 10,
        "the histories are about thieves: {thefts}"
    );
}

struct History {
    session: SessionId,
    model: RotationState,
    backup: RotationState,
    is_ended: bool,
    /// Every issued pair with its time, in seconds.
    pairs: Vec<(IssuedTokens, u64)>,
    servers: [AuthService; 2],
}

impl History {
    async fn begin(f: &Fixture) -> Self {
        let first = f.login().await;
        let model = RotationState::first(f.clock.now().into());
        Self {
            session: id_of(&first),
            model,
            backup: model,
            is_ended: false,
            pairs: vec![(first, f.clock.unix_seconds())],
            servers: [f.another_server(), f.another_server()],
        }
    }

    async fn step(&mut self, f: &Fixture, random: &mut Random) {
        let now = f.clock.unix_seconds();
        match random.below(5) {
            0 => f.clock.set_unix(now + random.below(7_000)),
            1 => f.clock.set_unix(now - random.below(60)),
            2 => f.clock.set_unix(now + random.below(40)),
            _ => {}
        }
        let server = usize::try_from(random.below(2)).unwrap();
        // Newer pairs are chosen more often than older ones.
        let age = random.below(self.pairs.len() as u64).min(random.below(3));
        let index = self.pairs.len() - 1 - usize::try_from(age).unwrap();
        let (pair, issued_at) = self.pairs[index].clone();
        match random.below(12) {
            0 => self.servers[server] = f.another_server(),
            1 => self.backup = self.model,
            2 if random.below(3) == 0 && !self.is_ended => self.restore(f).await,
            3 => self.access(f, None, &pair, issued_at).await,
            4..=6 => self.access(f, Some(server), &pair, issued_at).await,
            _ => self.refresh(f, server, &pair).await,
        }
        let (stored, _) = f.store.session(self.session).await.unwrap().unwrap();
        let end = self.is_ended.then_some(EndReason::TokenReuse);
        assert_eq!(
            (stored.rotation, stored.end.map(|end| end.reason)),
            (self.model, end)
        );
    }

    async fn refresh(&mut self, f: &Fixture, server: usize, pair: &IssuedTokens) {
        let expected = match self
            .model
            .refresh(token_of(pair).generation(), f.clock.now().into())
        {
            _ if self.is_ended => None,
            RefreshOutcome::Rotated(next) | RefreshOutcome::Replayed(next) => {
                self.model = next;
                Some(next.current())
            }
            RefreshOutcome::ReuseDetected => {
                self.is_ended = true;
                None
            }
            RefreshOutcome::Unknown => None,
        };
        let answer = self.servers[server]
            .for_client(&ClientInfo::unknown())
            .refresh(&pair.refresh_token)
            .await;
        let generation = answer
            .as_ref()
            .ok()
            .map(|session| token_of(session).generation());
        assert_eq!(generation, expected);
        if let Ok(session) = answer {
            self.pairs.push((session, f.clock.unix_seconds()));
        }
    }

    /// Refreshes at a server that may have cached the session within the last second.
    async fn access(
        &mut self,
        f: &Fixture,
        known: Option<usize>,
        pair: &IssuedTokens,
        issued_at: u64,
    ) {
        let server = known.map_or_else(|| f.another_server(), |known| self.servers[known].clone());
        let answer = server.authenticate(pair.access_token.expose()).await;
        let now = f.clock.unix_seconds();
        if issued_at > now + 30 || now >= issued_at + 900 + 30 {
            assert_eq!(refusal(answer), Refusal::TokenExpired);
            return;
        }
        let expected = match self.model.check_access(token_of(pair).generation()) {
            // Within that second the server may not know of the end.
            _ if self.is_ended && known.is_some() => return,
            _ if self.is_ended => false,
            AccessCheck::Valid => true,
            AccessCheck::Confirmed(next) => {
                self.model = next;
                true
            }
            AccessCheck::ReuseDetected => {
                self.is_ended = true;
                false
            }
            AccessCheck::Unknown => false,
        };
        assert_eq!(answer.is_ok(), expected);
    }

    async fn restore(&mut self, f: &Fixture) {
        let (stored, _) = f.store.session(self.session).await.unwrap().unwrap();
        let restore = SessionAdvance::new(self.session, self.model, self.backup, stored.expires_at);
        assert!(f.store.advance_session(&restore).await.unwrap());
        self.model = self.backup;
        for server in &mut self.servers {
            *server = f.another_server();
        }
    }
}
