use std::time::Duration;

use axum::extract::State;
use divan_core::api::{Endpoint, Health, HealthStatus, Live, MemberError, ProblemCode, Ready};
use divan_core::service::AuthService;

use super::{Answer, Reply};
use crate::problem::Problem;
use crate::state::Draining;

/// How long the database may take to show that it is there.
const DEADLINE: Duration = Duration::from_secs(2);

/// Does the process run?
///
/// For a supervisor that restarts what hangs. It asks nothing of the database: while that is away a restart would not
/// help.
#[utoipa::path(
    get,
    path = Live::PATH,
    operation_id = "live",
    tag = "Health",
    responses((status = 200, description = "It does", body = Health)),
)]
pub(crate) async fn live() -> Answer<Live> {
    Ok(Reply(Health::new(HealthStatus::Live)))
}

/// Can the server do its work?
///
/// For a load balancer. Answers `not_ready` while a dependency is down, which `errors` names, and from the moment that
/// the server is told to stop. The reason stands in the server's log.
#[utoipa::path(
    get,
    path = Ready::PATH,
    operation_id = "ready",
    tag = "Health",
    responses((status = 200, description = "It can", body = Health)),
)]
pub(crate) async fn ready(
    State(service): State<AuthService>,
    State(draining): State<Draining>,
) -> Answer<Ready> {
    if draining.has_started() {
        return Err(not_ready("/server", "is stopping"));
    }
    match tokio::time::timeout(DEADLINE, service.ready()).await {
        Ok(Ok(())) => Ok(Reply(Health::new(HealthStatus::Ready))),
        Ok(Err(error)) => Err(not_ready("/database", "is down").caused_by(error)),
        Err(elapsed) => Err(not_ready("/database", "is down").caused_by(elapsed)),
    }
}

pub(crate) fn not_ready(dependency: &str, state: &str) -> Problem {
    Problem::new(ProblemCode::NotReady).errors([MemberError::new(dependency, state)])
}
