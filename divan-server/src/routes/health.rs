use axum::extract::State;
use divan_core::api::{
    DependencyHealth, Endpoint, Health, HealthStatus, Live, MemberError, ProblemCode, Ready,
};

use super::{ApiResponse, ApiResult};
use crate::problem::Problem;
use crate::readiness::Dependency;
use crate::state::AppState;

/// Does the process run?
///
/// For a supervisor that restarts what hangs. It asks nothing of the database: while that is away a
/// restart would not help.
#[utoipa::path(
    get,
    path = Live::PATH,
    operation_id = "live",
    tag = "Health",
    responses((status = 200, description = "It does", body = Health)),
)]
pub(crate) async fn live() -> ApiResult<Live> {
    Ok(ApiResponse(Health::new(HealthStatus::Live)))
}

/// Can the server do its work?
///
/// For a load balancer. Answers `not_ready` while the database is down, or another dependency that
/// is marked as required, which `errors` names, and from the moment that the server is told to
/// stop. `dependencies` has the others, too. The reasons stand in the server's log.
#[utoipa::path(
    get,
    path = Ready::PATH,
    operation_id = "ready",
    tag = "Health",
    responses((status = 200, description = "It can", body = Health)),
)]
pub(crate) async fn ready(State(state): State<AppState>) -> ApiResult<Ready> {
    if state.draining().has_started() {
        return Err(not_ready([MemberError::new("/server", "is stopping")]));
    }
    let dependencies = state.readiness().check().await;
    let down: Vec<MemberError> = dependencies
        .iter()
        .filter(|one| one.is_required && !one.is_up)
        .map(is_down)
        .collect();
    if !down.is_empty() {
        return Err(not_ready(down));
    }
    let states = dependencies
        .iter()
        .map(|one| DependencyHealth::new(one.name, one.is_up));
    Ok(ApiResponse(
        Health::new(HealthStatus::Ready).dependencies(states),
    ))
}

fn is_down(dependency: &Dependency) -> MemberError {
    MemberError::new(format!("/{}", dependency.name), "is down")
}

pub(crate) fn not_ready(what: impl Into<Vec<MemberError>>) -> Problem {
    Problem::new(ProblemCode::NotReady).with_errors(what)
}
