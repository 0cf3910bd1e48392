//! Concurrent probes are independent of each other.
#![expect(clippy::panic, reason = "the tests include a probe that panics")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use divan_core::infra::probe::{Probe, ProbeError, check_all};
use tokio::sync::Barrier;

/// Behaviour of a mock dependency.
#[derive(Debug)]
enum MockProbe {
    Succeeds,
    Fails,
    Panics,
    Hangs(Arc<AtomicBool>),
    Waits(Barrier),
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Probe for MockProbe {
    fn name(&self) -> &'static str {
        match self {
            Self::Succeeds => "succeeds",
            Self::Fails => "fails",
            Self::Panics => "panics",
            Self::Hangs(_) => "hangs",
            Self::Waits(_) => "waits",
        }
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        match self {
            Self::Succeeds => Ok(()),
            Self::Fails => Err(ProbeError::CredentialsRejected("no".into())),
            Self::Panics => panic!("a bug"),
            Self::Hangs(is_cancelled) => {
                let _guard = SetOnDrop(Arc::clone(is_cancelled));
                std::future::pending().await
            }
            Self::Waits(others) => {
                others.wait().await;
                Ok(())
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_or_panicking_probe_does_not_affect_the_others() {
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let mocks = [
        MockProbe::Hangs(Arc::clone(&is_cancelled)),
        MockProbe::Succeeds,
        MockProbe::Panics,
        MockProbe::Fails,
    ];
    let probes = mocks.map(|mock| Arc::new(mock) as Arc<dyn Probe>);
    let deadline = Duration::from_secs(5);
    let reports = check_all(&probes, deadline).await;

    let names: Vec<_> = reports.iter().map(|report| report.name).collect();
    assert_eq!(names, ["hangs", "succeeds", "panics", "fails"]);
    assert!(matches!(reports[0].outcome, Err(ProbeError::Slow)));
    assert_eq!(reports[0].took, deadline);
    assert!(reports[1].outcome.is_ok() && reports[1].took < deadline);
    assert!(matches!(reports[2].outcome, Err(ProbeError::Failed(_))));
    assert!(matches!(
        reports[3].outcome,
        Err(ProbeError::CredentialsRejected(_))
    ));

    while !is_cancelled.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn probes_run_concurrently() {
    let waiting = Arc::new(MockProbe::Waits(Barrier::new(3)));
    let probes = [(); 3].map(|()| Arc::clone(&waiting) as Arc<dyn Probe>);
    let reports = check_all(&probes, Duration::from_mins(1)).await;
    assert!(
        reports.iter().all(|report| report.outcome.is_ok()),
        "{reports:?}"
    );
}

#[tokio::test]
async fn without_probes_there_are_no_reports() {
    assert!(check_all(&[], Duration::from_mins(1)).await.is_empty());
}
