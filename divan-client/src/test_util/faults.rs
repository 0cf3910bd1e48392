use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use divan_core::api::{ENDPOINTS, Endpoint, EndpointDescription, ProblemCode};

/// Injected failures and request counts, by operation.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<HashMap<&'static str, Operation>>);

#[derive(Debug, Default)]
struct Operation {
    requests: usize,
    fault: Option<Fault>,
    remaining: usize,
}

/// Failure of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Problem(ProblemCode),
    DropConnection,
    LoseResponse,
}

impl Faults {
    pub(super) fn set<E: Endpoint>(&self, times: usize, fault: Fault) {
        let mut operations = self.operations();
        let operation = operations.entry(E::OPERATION).or_default();
        (operation.fault, operation.remaining) = (Some(fault), times);
    }

    pub(super) fn clear<E: Endpoint>(&self) {
        if let Some(operation) = self.operations().get_mut(E::OPERATION) {
            operation.fault = None;
        }
    }

    pub(super) fn request_count<E: Endpoint>(&self) -> usize {
        self.operations()
            .get(E::OPERATION)
            .map_or(0, |operation| operation.requests)
    }

    /// Counts a request and returns its failure.
    pub(super) fn next(&self, method: &Method, path: &str) -> Option<Fault> {
        let endpoint = ENDPOINTS
            .iter()
            .find(|endpoint| is_request_to(endpoint, method, path))?;
        let mut operations = self.operations();
        let operation = operations.entry(endpoint.operation).or_default();
        operation.requests += 1;
        operation.remaining = operation.remaining.checked_sub(1)?;
        operation.fault
    }

    fn operations(&self) -> MutexGuard<'_, HashMap<&'static str, Operation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_request_to(endpoint: &EndpointDescription, method: &Method, path: &str) -> bool {
    let is_path = match endpoint.path.split_once("{id}") {
        None => endpoint.path == path,
        Some((start, end)) => path
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .is_some_and(|id| !id.contains('/')),
    };
    is_path && endpoint.method.as_str() == method.as_str()
}
