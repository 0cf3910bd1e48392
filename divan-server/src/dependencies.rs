//! Configured dependencies besides the database. The server does not use them itself; it reports
//! their state for the applications of the same deployment.

use std::fmt::Debug;
use std::sync::Arc;

use divan_core::infra::probe::{Probe, ProbeError, Report, check_all};
use divan_core::infra::{DependencyKind, Infra};

use crate::error_chain::error_chain;
use crate::readiness::DEADLINE;

/// Required dependencies that cannot be used, with the reasons.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(line).collect::<Vec<_>>().join("; "))]
pub struct MissingDependencies(Vec<(&'static str, ProbeError)>);

fn line((name, error): &(&'static str, ProbeError)) -> String {
    format!(
        "{name} is in DIVAN_REQUIRED but cannot be used: {}",
        error_chain(error)
    )
}

/// Treatment of a missing bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buckets {
    /// Creates it as soon as it is found missing.
    Create,
    /// Reports it.
    #[cfg(feature = "cli")]
    ReportMissing,
}

/// The dependencies that are configured.
#[derive(Clone, Debug)]
pub(crate) struct Dependencies {
    pub(crate) required: Vec<Arc<dyn Probe>>,
    pub(crate) optional: Vec<Arc<dyn Probe>>,
}

impl Dependencies {
    /// Creates the probes, without running them. The configuration has already refused a section
    /// whose feature is off.
    pub(crate) fn new(infra: &Infra, required: &[DependencyKind], buckets: Buckets) -> Self {
        let is_required =
            |probe: &Arc<dyn Probe>| required.iter().any(|kind| kind.as_str() == probe.name());
        let (required, optional) = probes(infra, buckets).into_iter().partition(is_required);
        Self { required, optional }
    }

    /// All probes.
    #[cfg(feature = "cli")]
    pub(crate) fn probes(&self) -> Vec<Arc<dyn Probe>> {
        self.required
            .iter()
            .chain(&self.optional)
            .cloned()
            .collect()
    }

    /// Probes the required dependencies.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub(crate) async fn require(&self) -> Result<(), MissingDependencies> {
        let reports = check_all(&self.required, DEADLINE).await;
        let failure = |report: Report| report.outcome.err().map(|error| (report.name, error));
        let missing: Vec<_> = reports.into_iter().filter_map(failure).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(MissingDependencies(missing))
        }
    }
}

#[cfg_attr(
    not(any(
        feature = "s3",
        feature = "qdrant",
        feature = "redis",
        feature = "rabbitmq"
    )),
    expect(unused_variables, unused_mut, reason = "no dependency is compiled in")
)]
#[cfg_attr(
    all(
        not(feature = "s3"),
        any(feature = "qdrant", feature = "redis", feature = "rabbitmq")
    ),
    expect(unused_variables, reason = "only S3 has buckets")
)]
fn probes(infra: &Infra, buckets: Buckets) -> Vec<Arc<dyn Probe>> {
    let mut probes: Vec<Arc<dyn Probe>> = Vec::new();
    #[cfg(feature = "s3")]
    if let Some(config) = &infra.s3 {
        probes.push(match buckets {
            Buckets::Create => Arc::new(EnsureBucket {
                config: config.clone(),
                client: config.client(),
            }),
            #[cfg(feature = "cli")]
            Buckets::ReportMissing => Arc::new(config.probe(&config.client())),
        });
    }
    #[cfg(feature = "qdrant")]
    if let Some(config) = &infra.qdrant {
        probes.push(
            match config.client().and_then(|client| config.probe(&client)) {
                Ok(probe) => Arc::new(probe),
                Err(_) => Arc::new(WithoutClient(config.clone())),
            },
        );
    }
    #[cfg(feature = "redis")]
    if let Some(config) = &infra.redis {
        probes.push(Arc::new(config.client().probe()));
    }
    #[cfg(feature = "rabbitmq")]
    if let Some(config) = &infra.rabbitmq {
        probes.push(Arc::new(config.client().probe()));
    }
    probes
}

/// Creates the bucket when it is missing, also when the object store starts after the server.
#[cfg(feature = "s3")]
struct EnsureBucket {
    config: divan_core::infra::S3Config,
    client: divan_core::infra::S3Client,
}

#[cfg(feature = "s3")]
impl Debug for EnsureBucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnsureBucket")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "s3")]
#[async_trait::async_trait]
impl Probe for EnsureBucket {
    fn name(&self) -> &'static str {
        DependencyKind::S3.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        if self.config.ensure_bucket(&self.client).await? == divan_core::infra::Bucket::Created {
            tracing::info!(bucket = self.config.bucket, "created bucket");
        }
        Ok(())
    }
}

/// Qdrant without a client: the probe reports why, and other dependencies still work.
#[cfg(feature = "qdrant")]
#[derive(Debug)]
struct WithoutClient(divan_core::infra::QdrantConfig);

#[cfg(feature = "qdrant")]
#[async_trait::async_trait]
impl Probe for WithoutClient {
    fn name(&self) -> &'static str {
        DependencyKind::Qdrant.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        self.0.probe(&self.0.client()?)?.probe().await
    }
}
