//! Whether what the server depends on is there. It is asked at most once a second, whoever asks the
//! server, and what is not required keeps nobody waiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use divan_core::infra::probe::{Probe, ProbeError, Report, check_all};
use divan_core::service::AuthService;

#[cfg(feature = "_server")]
use crate::dependencies::Dependencies;
use crate::error_chain::error_chain;

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(1);
/// How long who asks waits for what is not required: shorter than a second, which is what others
/// wait for the answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often they are asked when nobody asks the server.
#[cfg(feature = "_server")]
const EVERY: Duration = Duration::from_secs(5);

/// Timeout of a check of one dependency.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// The name of the dependency that no server goes without.
pub(crate) const DATABASE: &str = "database";

/// The dependencies of a server.
#[derive(Debug)]
pub(crate) struct Readiness {
    required: Group,
    optional: Arc<Group>,
}

/// Whether a dependency is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: &'static str,
    pub(crate) is_up: bool,
    pub(crate) is_required: bool,
}

impl Readiness {
    /// Of the database alone.
    pub(crate) fn of_database(service: &AuthService) -> Self {
        Self::new(service, Vec::new(), Vec::new())
    }

    /// Of the database and others.
    #[cfg(feature = "_server")]
    pub(crate) fn of(service: &AuthService, others: &Dependencies) -> Self {
        Self::new(service, others.required.clone(), others.optional.clone())
    }

    fn new(
        service: &AuthService,
        required: Vec<Arc<dyn Probe>>,
        optional: Vec<Arc<dyn Probe>>,
    ) -> Self {
        let database: Arc<dyn Probe> = Arc::new(Database(service.clone()));
        let required = std::iter::once(database).chain(required).collect();
        Self {
            required: Group::new(required, true),
            optional: Arc::new(Group::new(optional, false)),
        }
    }

    #[cfg(feature = "_server")]
    /// Asks every few seconds, so that what is lost is noticed, and told in the log, also when
    /// nobody asks the server.
    pub(crate) async fn watch(&self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            tokio::join!(self.required.refresh(), self.optional.refresh());
        }
    }

    /// How each is: those that are required as of a second ago at most, the others as they were
    /// last seen, which is not long ago where they are [watched](Self::watch).
    pub(crate) async fn check(&self) -> Vec<Dependency> {
        let optional = Arc::clone(&self.optional);
        // On a task of its own, which goes on when nobody waits for it any more.
        let asked = tokio::spawn(async move { optional.refresh().await });
        self.required.refresh().await;
        let _ = tokio::time::timeout(PATIENCE, asked).await;
        self.required
            .known()
            .into_iter()
            .chain(self.optional.known())
            .collect()
    }
}

/// Dependencies that are asked together.
#[derive(Debug)]
struct Group {
    probes: Vec<Arc<dyn Probe>>,
    /// When they were asked last. Held while they are asked: who comes meanwhile waits for the same
    /// answer.
    asked: tokio::sync::Mutex<Option<Instant>>,
    known: Mutex<Vec<Dependency>>,
}

impl Group {
    /// None of them is known to be there.
    fn new(probes: Vec<Arc<dyn Probe>>, is_required: bool) -> Self {
        let down = |probe: &Arc<dyn Probe>| Dependency {
            name: probe.name(),
            is_up: false,
            is_required,
        };
        let known = Mutex::new(probes.iter().map(down).collect());
        Self {
            probes,
            asked: tokio::sync::Mutex::new(None),
            known,
        }
    }

    fn known(&self) -> Vec<Dependency> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn refresh(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        let is_first = asked.is_none();
        let reports = check_all(&self.probes, DEADLINE).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (dependency, report) in known.iter_mut().zip(&reports) {
            log_change(report, dependency.is_up, is_first);
            dependency.is_up = report.outcome.is_ok();
        }
        *asked = Some(Instant::now());
    }
}

/// The reason is for the log; who asks is told names alone.
fn log_change(report: &Report, was_up: bool, is_first: bool) {
    let dependency = report.name;
    match &report.outcome {
        Err(error) if was_up || is_first => {
            tracing::warn!(dependency, reason = error_chain(error), "is down")
        }
        Ok(()) if !was_up && !is_first => tracing::info!(dependency, "is up again"),
        _ => {}
    }
}

/// The database, by way of the service.
#[derive(Debug)]
struct Database(AuthService);

#[async_trait]
impl Probe for Database {
    fn name(&self) -> &'static str {
        DATABASE
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        self.0
            .ready()
            .await
            .map_err(|error| ProbeError::Failed(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use divan_core::store::MemoryStore;
    use divan_core::token::{Audiences, SecretKey};

    use super::*;

    /// Counts how often it is asked, and never answers.
    #[derive(Debug, Default)]
    struct Silent(AtomicUsize);

    #[async_trait]
    impl Probe for Silent {
        fn name(&self) -> &'static str {
            "silent"
        }

        async fn probe(&self) -> Result<(), ProbeError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        }
    }

    fn service() -> AuthService {
        let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
        let key = SecretKey::new([7; 32]).unwrap();
        AuthService::builder(
            Arc::new(MemoryStore::new()),
            &key,
            "https://sec.example.com",
            audiences,
        )
        .build()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_required_and_hangs_keeps_nobody_waiting() {
        let silent = Arc::new(Silent::default());
        let others = Dependencies {
            required: Vec::new(),
            optional: vec![silent.clone()],
        };
        let readiness = Readiness::of(&service(), &others);
        for _ in 0..3 {
            let asked = tokio::time::Instant::now();
            let [database, hanging] = readiness.check().await[..] else {
                panic!("two of them")
            };
            assert!(asked.elapsed() < Duration::from_secs(1));
            assert_eq!(
                (database.is_up, hanging.is_up, hanging.is_required),
                (true, false, false)
            );
        }
        assert_eq!(
            silent.0.load(Ordering::SeqCst),
            1,
            "it is asked once, however many ask"
        );
    }
}
