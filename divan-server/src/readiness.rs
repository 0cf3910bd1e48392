//! Whether what the server depends on is there. It is asked at most once a second, whoever asks the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use divan_core::infra::probe::{Probe, ProbeError, Report, check_all};
use divan_core::service::AuthService;
use tokio::sync::Mutex;

use crate::dependencies::Dependencies;
use crate::edge::chain;

/// How long a dependency may take to show that it is there.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);
/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(1);

/// The name of the dependency that no server goes without.
pub(crate) const DATABASE: &str = "database";

/// The dependencies of a server.
#[derive(Debug)]
pub(crate) struct Readiness {
    probes: Vec<Arc<dyn Probe>>,
    /// Without which the server is not ready.
    required: Vec<String>,
    last: Mutex<Option<Checked>>,
}

#[derive(Debug)]
struct Checked {
    at: Instant,
    dependencies: Arc<[Dependency]>,
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
        let database: Arc<dyn Probe> = Arc::new(Database(service.clone()));
        Self { probes: vec![database], required: vec![DATABASE.to_owned()], last: Mutex::new(None) }
    }

    /// Of others, too.
    pub(crate) fn and(mut self, others: &Dependencies) -> Self {
        self.probes.extend(others.probes().iter().cloned());
        self.required.extend(others.required().iter().cloned());
        self
    }

    /// How each is, a second ago at most. Whoever comes while it is asked waits for the same answer.
    pub(crate) async fn check(&self) -> Arc<[Dependency]> {
        let mut last = self.last.lock().await;
        if let Some(Checked { at, dependencies }) = &*last
            && at.elapsed() < FRESH
        {
            return Arc::clone(dependencies);
        }
        let reports = check_all(&self.probes, DEADLINE).await;
        let before = last.as_ref().map(|checked| Arc::clone(&checked.dependencies));
        let dependencies: Arc<[Dependency]> = reports.iter().map(|report| self.dependency(report)).collect();
        for (index, (report, now)) in reports.iter().zip(dependencies.iter()).enumerate() {
            let was_up = before.as_ref().is_none_or(|before| before[index].is_up);
            log_change(report, was_up, now.is_up);
        }
        *last = Some(Checked { at: Instant::now(), dependencies: Arc::clone(&dependencies) });
        dependencies
    }

    fn dependency(&self, report: &Report) -> Dependency {
        let is_required = self.required.iter().any(|name| name == report.name);
        Dependency { name: report.name, is_up: report.outcome.is_ok(), is_required }
    }
}

/// The reason is for the log; who asks is told names alone.
fn log_change(report: &Report, was_up: bool, is_up: bool) {
    let dependency = report.name;
    match &report.outcome {
        Err(error) if was_up => tracing::warn!(dependency, reason = chain(error), "is down"),
        Ok(()) if is_up && !was_up => tracing::info!(dependency, "is up again"),
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
        self.0.ready().await.map_err(|error| ProbeError::Failed(error.into()))
    }
}
