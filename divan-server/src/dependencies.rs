//! What the configuration names besides the database. The server itself asks nothing of it: it tells whether it is there,
//! for the applications beside it.

use std::fmt;
use std::sync::Arc;

use divan_core::infra::Infra;
use divan_core::infra::probe::{Probe, ProbeError, Report, check_all};

use crate::edge::chain;
use crate::readiness::DEADLINE;

/// A dependency that is required, and cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{name} is in DIVAN_REQUIRED, and cannot be used")]
pub struct MissingDependency {
    name: &'static str,
    source: ProbeError,
}

/// The dependencies that are configured.
#[derive(Clone)]
pub(crate) struct Dependencies {
    probes: Vec<Arc<dyn Probe>>,
    required: Vec<String>,
    #[cfg(feature = "s3")]
    s3: Option<divan_core::infra::S3Config>,
}

impl fmt::Debug for Dependencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dependencies").field("probes", &self.probes).finish_non_exhaustive()
    }
}

impl Dependencies {
    /// Nothing is asked yet. A section whose feature is off was refused with the configuration.
    ///
    /// # Errors
    /// When a client cannot be set up.
    #[cfg_attr(
        not(any(feature = "s3", feature = "qdrant", feature = "redis", feature = "rabbitmq")),
        expect(unused_variables, unused_mut, reason = "there are none to name")
    )]
    #[cfg_attr(
        not(feature = "qdrant"),
        expect(clippy::unnecessary_wraps, reason = "one of the clients can be refused its key")
    )]
    pub(crate) fn of(infra: &Infra, required: &[String]) -> Result<Self, MissingDependency> {
        let mut probes: Vec<Arc<dyn Probe>> = Vec::new();
        #[cfg(feature = "s3")]
        if let Some(config) = &infra.s3 {
            probes.push(Arc::new(config.probe(&config.client())));
        }
        #[cfg(feature = "qdrant")]
        if let Some(config) = &infra.qdrant {
            let probe = config.client().and_then(|client| config.probe(&client));
            let missing = |source| MissingDependency { name: "qdrant", source };
            probes.push(Arc::new(probe.map_err(missing)?));
        }
        #[cfg(feature = "redis")]
        if let Some(config) = &infra.redis {
            probes.push(Arc::new(config.client().probe()));
        }
        #[cfg(feature = "rabbitmq")]
        if let Some(config) = &infra.rabbitmq {
            probes.push(Arc::new(config.client().probe()));
        }
        Ok(Self {
            probes,
            required: required.to_vec(),
            #[cfg(feature = "s3")]
            s3: infra.s3.clone(),
        })
    }

    pub(crate) fn probes(&self) -> &[Arc<dyn Probe>] {
        &self.probes
    }

    pub(crate) fn required(&self) -> &[String] {
        &self.required
    }

    /// Makes the bucket where it is missing, and asks all of them once.
    ///
    /// # Errors
    /// That one is missing that is required. What is wrong with the others goes to the log.
    pub(crate) async fn start(&self) -> Result<(), MissingDependency> {
        #[cfg(feature = "s3")]
        if let Some(config) = &self.s3 {
            let made = tokio::time::timeout(DEADLINE, config.ensure_bucket(&config.client())).await;
            // What is wrong with the store is told below.
            if let Ok(Ok(divan_core::infra::Bucket::Created)) = made {
                tracing::info!(bucket = config.bucket, "made the bucket");
            }
        }
        for Report { name, outcome, .. } in check_all(&self.probes, DEADLINE).await {
            match outcome {
                Err(source) if self.required.iter().any(|required| required == name) => {
                    return Err(MissingDependency { name, source });
                }
                Err(error) => tracing::warn!(dependency = name, reason = chain(&error), "is not there"),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}
