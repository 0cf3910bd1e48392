//! Several dependencies are asked at once, and none has an effect on another.
#![expect(clippy::panic, reason = "a probe with a bug is what is tested")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use divan_core::infra::probe::{Probe, ProbeError, check_all};
use tokio::sync::Barrier;

/// What a dependency does when it is asked.
#[derive(Debug)]
enum Asked {
    Answers,
    Refuses,
    Panics,
    Hangs(Arc<AtomicBool>),
    Meets(Barrier),
}

struct Noticed(Arc<AtomicBool>);

impl Drop for Noticed {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Probe for Asked {
    fn name(&self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Refuses => "refuses",
            Self::Panics => "panics",
            Self::Hangs(_) => "hangs",
            Self::Meets(_) => "meets",
        }
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        match self {
            Self::Answers => Ok(()),
            Self::Refuses => Err(ProbeError::Refused("no".into())),
            Self::Panics => panic!("a bug"),
            Self::Hangs(is_over) => {
                let _noticed = Noticed(Arc::clone(is_over));
                std::future::pending().await
            }
            Self::Meets(others) => {
                others.wait().await;
                Ok(())
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_one_and_a_panicking_one_have_no_effect_on_the_others() {
    let is_over = Arc::new(AtomicBool::new(false));
    let asked = [
        Asked::Hangs(Arc::clone(&is_over)),
        Asked::Answers,
        Asked::Panics,
        Asked::Refuses,
    ];
    let probes = asked.map(|asked| Arc::new(asked) as Arc<dyn Probe>);
    let deadline = Duration::from_secs(5);
    let reports = check_all(&probes, deadline).await;

    let names: Vec<_> = reports.iter().map(|report| report.name).collect();
    assert_eq!(names, ["hangs", "answers", "panics", "refuses"]);
    assert!(matches!(reports[0].outcome, Err(ProbeError::Slow)));
    assert_eq!(reports[0].took, deadline);
    assert!(reports[1].outcome.is_ok() && reports[1].took < deadline);
    assert!(matches!(reports[2].outcome, Err(ProbeError::Failed(_))));
    assert!(matches!(reports[3].outcome, Err(ProbeError::Refused(_))));

    while !is_over.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn all_are_asked_at_the_same_time() {
    let meeting = Arc::new(Asked::Meets(Barrier::new(3)));
    let probes = [(); 3].map(|()| Arc::clone(&meeting) as Arc<dyn Probe>);
    let reports = check_all(&probes, Duration::from_mins(1)).await;
    assert!(
        reports.iter().all(|report| report.outcome.is_ok()),
        "{reports:?}"
    );
}

#[tokio::test]
async fn nobody_asked_nothing_found() {
    assert!(check_all(&[], Duration::from_mins(1)).await.is_empty());
}
