use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::{Probe, ProbeError};

/// What came of one probe.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the dependency.
    pub name: &'static str,
    /// Whether it can be used.
    pub outcome: Result<(), ProbeError>,
    /// How long the answer took; the whole deadline where there was none.
    pub took: Duration,
}

/// Asks all at once, each for as long as the deadline at most; the reports are in the order of the
/// probes.
///
/// A probe that is late is cancelled and reported as [`ProbeError::Slow`], one that panics as
/// [`ProbeError::Failed`]. Neither has an effect on the others. When this future is dropped, so are
/// all probes.
///
/// # Panics
/// Outside of a tokio runtime with timers.
pub async fn check_all(probes: &[Arc<dyn Probe>], deadline: Duration) -> Vec<Report> {
    let begun = Instant::now();
    let asked: Vec<_> = probes
        .iter()
        .map(|probe| (probe.name(), Asked::begin(Arc::clone(probe))))
        .collect();
    let mut reports = Vec::with_capacity(asked.len());
    for (name, mut asked) in asked {
        let (outcome, took) = match timeout_at(begun + deadline, &mut asked.0).await {
            Ok(Ok((outcome, finished))) => (outcome, finished - begun),
            Ok(Err(panic)) => (Err(ProbeError::Failed(panic.into())), begun.elapsed()),
            Err(_) => (Err(ProbeError::Slow), deadline),
        };
        reports.push(Report {
            name,
            outcome,
            took,
        });
    }
    reports
}

/// A probe on a task of its own, which ends when this is dropped.
struct Asked(JoinHandle<(Result<(), ProbeError>, Instant)>);

impl Asked {
    fn begin(probe: Arc<dyn Probe>) -> Self {
        Self(tokio::spawn(async move {
            let outcome = probe.probe().await;
            (outcome, Instant::now())
        }))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.abort();
    }
}
