//! Whether what a deployment depends on is there.
//!
//! A [`Probe`] asks one dependency; [`check_all`] asks several at once and waits for none of them
//! longer than it was told.
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
//!         Err(ProbeError::Misconfigured("there is no paper: put some in", None))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let reports = check_all(&[Arc::new(Printer)], Duration::from_secs(2)).await;
//! assert_eq!(reports[0].name, "printer");
//! assert_eq!(reports[0].outcome.as_ref().unwrap_err().to_string(), "there is no paper: put some in");
//! # }
//! ```

mod check;
mod error;

use std::fmt::Debug;

use async_trait::async_trait;

pub use check::{Report, check_all};
pub use error::{Cause, ProbeError};

/// Something that a deployment depends on, and that can be asked whether it is there.
#[async_trait]
pub trait Probe: Debug + Send + Sync {
    /// What it is called in reports and logs: one word, in small letters.
    fn name(&self) -> &'static str;

    /// Asks it for as little as tells that real work would succeed: it is there, and takes our
    /// credentials.
    ///
    /// Has no deadline of its own, and may be dropped at any time: [`check_all`] does that.
    ///
    /// # Errors
    /// Who is at fault, in words for an operator.
    async fn probe(&self) -> Result<(), ProbeError>;
}
