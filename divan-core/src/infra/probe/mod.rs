//! Availability of the external systems that a deployment depends on.
//!
//! A [`Probe`] checks one dependency; [`check_all`] checks several concurrently, with a deadline.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use divan_core::infra::probe::{Probe, ProbeError, check_all};
//!
//! #[derive(Debug)]
//! struct Printer;
//!
//! #[async_trait]
//! impl Probe for Printer {
//!     fn name(&self) -> &'static str {
//!         "printer"
//!     }
//!
//!     async fn probe(&self) -> Result<(), ProbeError> {
//!         Err(ProbeError::Misconfigured("the printer is out of paper: refill it", None))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let reports = check_all(&[Arc::new(Printer)], Duration::from_secs(2)).await;
//! assert_eq!(reports[0].name, "printer");
//! assert_eq!(reports[0].outcome.as_ref().unwrap_err().to_string(), "the printer is out of paper: refill it");
//! # }
//! ```

mod check;
mod error;

use std::fmt::Debug;

use async_trait::async_trait;

pub use check::{Report, check_all};
pub use error::{Cause, ProbeError};

/// A check of one dependency.
#[async_trait]
pub trait Probe: Debug + Send + Sync {
    /// Name in reports and logs: one word in lower case. The probes of this crate have the name of
    /// their [`DependencyKind`](super::DependencyKind).
    fn name(&self) -> &'static str;

    /// Sends the smallest request that shows that the dependency responds and accepts the
    /// credentials.
    ///
    /// Has no deadline of its own. The future may be dropped at any time, as [`check_all`] does.
    ///
    /// # Errors
    /// The problem and its remedy, for an operator.
    async fn probe(&self) -> Result<(), ProbeError>;
}
