use axum::extract::State;
use divan_core::api::{
    DependencyHealth, Endpoint, Health, HealthStatus, Live, MemberError, MemberErrorCode,
    ProblemCode, Ready,
};

use super::{ApiResponse, ApiResult};
use crate::problem::Problem;
use crate::state::AppState;

/// Check liveness
///
/// For a supervisor that restarts a hanging process. It does not check the database, because a restart
/// would not help while that is down.
#[utoipa::path(
    get,
    path = Live::PATH,
    tag = "Health",
    responses((status = 200, description = "The process responds", body = Health)),
)]
pub(crate) async fn live() -> ApiResult<Live> {
    Ok(ApiResponse(Health::new(HealthStatus::Live)))
}

/// Check readiness
///
/// For a load balancer. Returns `not_ready` while the database or another required dependency is down,
/// which `errors` names, and during shutdown. `dependencies` lists the optional ones too. The reasons
/// are in the server's log.
#[utoipa::path(
    get,
    path = Ready::PATH,
    tag = "Health",
    responses((status = 200, description = "The server accepts requests", body = Health)),
)]
pub(crate) async fn ready(State(state): State<AppState>) -> ApiResult<Ready> {
    if state.draining().has_started() {
        return Err(not_ready([MemberError::new(
            "/server",
            MemberErrorCode::ShuttingDown,
            "is shutting down",
        )]));
    }
    let dependencies = state.readiness().check().await;
    let down: Vec<MemberError> = dependencies
        .iter()
        .filter(|one| one.is_required && !one.is_up)
        .map(|one| dependency_down(one.name))
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

/// The error of a dependency that is down.
pub(crate) fn dependency_down(name: &str) -> MemberError {
    MemberError::new(
        format!("/{name}"),
        MemberErrorCode::DependencyDown,
        "is down",
    )
}

/// The problem of a server that must not receive requests.
pub(crate) fn not_ready(what: impl Into<Vec<MemberError>>) -> Problem {
    Problem::new(ProblemCode::NotReady).with_errors(what)
}
