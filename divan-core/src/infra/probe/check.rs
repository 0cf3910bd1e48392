use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::{Probe, ProbeError};

/// Result of one probe.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the dependency.
    pub name: &'static str,
    /// `Ok` if the dependency can be used.
    pub outcome: Result<(), ProbeError>,
    /// Duration of the probe; the deadline if it did not complete.
    pub took: Duration,
}

/// Runs all probes concurrently, each until the deadline at most. The reports have the order of the
/// probes.
///
/// A probe that exceeds the deadline is cancelled and reported as [`ProbeError::Slow`], one that
/// panics as [`ProbeError::Failed`]. Neither affects the others. Dropping this future cancels all
/// probes.
///
/// # Panics
/// Outside a tokio runtime with timers.
pub async fn check_all(probes: &[Arc<dyn Probe>], deadline: Duration) -> Vec<Report> {
    let started = Instant::now();
    let tasks: Vec<_> = probes.iter().map(ProbeTask::spawn).collect();
    let mut reports = Vec::with_capacity(tasks.len());
    for (probe, mut task) in probes.iter().zip(tasks) {
        let (outcome, took) = match timeout_at(started + deadline, &mut task.0).await {
            Ok(Ok((outcome, finished))) => (outcome, finished - started),
            Ok(Err(panic)) => (Err(ProbeError::Failed(panic.into())), started.elapsed()),
            Err(_) => (Err(ProbeError::Slow), deadline),
        };
        reports.push(Report {
            name: probe.name(),
            outcome,
            took,
        });
    }
    reports
}

/// A task that runs a probe. Dropping it cancels the task.
struct ProbeTask(JoinHandle<(Result<(), ProbeError>, Instant)>);

impl ProbeTask {
    fn spawn(probe: &Arc<dyn Probe>) -> Self {
        let probe = Arc::clone(probe);
        Self(tokio::spawn(async move {
            let outcome = probe.probe().await;
            (outcome, Instant::now())
        }))
    }
}

impl Drop for ProbeTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
