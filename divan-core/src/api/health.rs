use serde::{Deserialize, Serialize};

use super::{Auth, Endpoint, Method, ProblemCode};

/// Answers as long as the process runs.
#[derive(Debug)]
pub enum Live {}

impl Endpoint for Live {
    const OPERATION: &'static str = "live";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/health/live";
    const AUTH: Auth = Auth::None;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[];
    type Request = ();
    type Response = Health;
}

/// Answers 200 when everything that the server depends on is up, else the problem `not_ready`.
#[derive(Debug)]
pub enum Ready {}

impl Endpoint for Ready {
    const OPERATION: &'static str = "ready";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/health/ready";
    const AUTH: Auth = Auth::None;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotReady];
    type Request = ();
    type Response = Health;
}

/// A server that is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Health {
    /// That it is well.
    pub status: HealthStatus,
}

/// How a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "How a server is: the process runs (`live`), or everything that it depends on is up, too (`ready`)."
    )
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthStatus {
    /// The process runs.
    Live,
    /// Everything that it depends on is up.
    Ready,
}

impl Health {
    /// The answer with this status.
    pub fn new(status: HealthStatus) -> Self {
        Self { status }
    }
}
