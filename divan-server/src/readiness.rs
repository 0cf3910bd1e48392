//! State of the dependencies. Each is probed at most once a second, however many requests ask, and
//! an optional dependency never delays a response.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use divan_core::infra::DependencyKind;
use divan_core::infra::probe::{Probe, ProbeError, Report, check_all};
use divan_core::service::AuthService;
use divan_core::store::StoreErrorKind;

use crate::error_chain::error_chain;

/// Time for which the result of a probe is reused.
const MAX_AGE: Duration = Duration::from_secs(1);
/// Longest wait for optional dependencies: less than a second, the usual time limit of health
/// checks.
const OPTIONAL_TIMEOUT: Duration = Duration::from_millis(300);

/// Interval of probes without requests.
#[cfg(feature = "_server")]
const INTERVAL: Duration = Duration::from_secs(5);

/// Reason that precedes the error of a database with another schema.
const OTHER_SCHEMA: &str = "the schema of the database does not fit this server";

/// Time limit of one probe.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// Probes of the dependencies, with their last results.
#[derive(Debug)]
pub(crate) struct Readiness {
    required: Group,
    optional: Arc<Group>,
}

/// State of one dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: &'static str,
    pub(crate) is_up: bool,
    pub(crate) is_required: bool,
}

impl Readiness {
    /// Probes the database only.
    pub(crate) fn database_only(service: &AuthService) -> Self {
        Self::new(service, Vec::new(), Vec::new())
    }

    /// Probes the database and other dependencies.
    pub(crate) fn new(
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

    /// Probes every few seconds, so that the log reports a lost dependency also without requests.
    #[cfg(feature = "_server")]
    pub(crate) async fn watch(&self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            tokio::join!(self.required.refresh(), self.optional.refresh());
        }
    }

    /// Returns the state of every dependency: at most a second old for required ones, the last known
    /// state for optional ones (recent while they are [watched](Self::watch)).
    pub(crate) async fn check(&self) -> Vec<Dependency> {
        let optional = Arc::clone(&self.optional);
        // A task of its own continues after the time limit.
        let refreshed = tokio::spawn(async move { optional.refresh().await });
        self.required.refresh().await;
        let _ = tokio::time::timeout(OPTIONAL_TIMEOUT, refreshed).await;
        self.required
            .known()
            .into_iter()
            .chain(self.optional.known())
            .collect()
    }
}

/// Dependencies that are probed together.
#[derive(Debug)]
struct Group {
    probes: Vec<Arc<dyn Probe>>,
    /// Time of the last probe. Locked during a probe, so that concurrent requests share its result.
    probed_at: tokio::sync::Mutex<Option<Instant>>,
    known: Mutex<Vec<Dependency>>,
}

impl Group {
    /// Every dependency counts as down until the first probe.
    fn new(probes: Vec<Arc<dyn Probe>>, is_required: bool) -> Self {
        let down = |probe: &Arc<dyn Probe>| Dependency {
            name: probe.name(),
            is_up: false,
            is_required,
        };
        let known = Mutex::new(probes.iter().map(down).collect());
        Self {
            probes,
            probed_at: tokio::sync::Mutex::new(None),
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
        let mut probed_at = self.probed_at.lock().await;
        if probed_at.is_some_and(|at| at.elapsed() < MAX_AGE) {
            return;
        }
        let is_first = probed_at.is_none();
        let reports = check_all(&self.probes, DEADLINE).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (dependency, report) in known.iter_mut().zip(&reports) {
            log_change(report, dependency.is_up, is_first);
            dependency.is_up = report.outcome.is_ok();
        }
        *probed_at = Some(Instant::now());
    }
}

/// Logs a change with its reason; responses contain the names only.
fn log_change(report: &Report, was_up: bool, is_first: bool) {
    let dependency = report.name;
    match &report.outcome {
        Err(error) if was_up || is_first => {
            tracing::warn!(
                dependency,
                reason = error_chain(error),
                "dependency is down"
            );
        }
        Ok(()) if !was_up && !is_first => tracing::info!(dependency, "dependency is up again"),
        _ => {}
    }
}

/// The database, through the service.
#[derive(Debug)]
struct Database(AuthService);

#[async_trait]
impl Probe for Database {
    fn name(&self) -> &'static str {
        DependencyKind::Database.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        self.0.ready().await.map_err(|error| match error.kind() {
            StoreErrorKind::Schema => ProbeError::Misconfigured(OTHER_SCHEMA, Some(error.into())),
            _ => ProbeError::Failed(error.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use divan_core::store::MemoryStore;
    use divan_core::token::{Audiences, SecretKey};

    use super::*;

    /// Counts its probes, which never complete.
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
    async fn an_optional_dependency_that_hangs_does_not_delay_the_response() {
        let silent = Arc::new(Silent::default());
        let readiness = Readiness::new(&service(), Vec::new(), vec![silent.clone()]);
        for _ in 0..3 {
            let started = tokio::time::Instant::now();
            let [database, hanging] = readiness.check().await[..] else {
                panic!("two dependencies")
            };
            assert!(started.elapsed() < Duration::from_secs(1));
            assert_eq!(
                (database.is_up, hanging.is_up, hanging.is_required),
                (true, false, false)
            );
        }
        assert_eq!(
            silent.0.load(Ordering::SeqCst),
            1,
            "concurrent checks share one probe"
        );
    }
}
