//! Fixtures of the service tests.

mod refusal;

pub(crate) use refusal::{Refusal, refusal};
