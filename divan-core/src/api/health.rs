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

/// Answers 200 when what the server needs is up, else the problem `not_ready`.
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
    /// What it depends on: the database, and whatever else is configured. Of `ready` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<DependencyHealth>,
}

/// Whether something that a server depends on is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct DependencyHealth {
    /// What it is.
    #[cfg_attr(feature = "openapi", schema(example = "database"))]
    pub name: String,
    /// Whether it answered a second ago.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub up: bool,
}

/// How a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "How a server is: the process runs (`live`), or what it needs is up, too (`ready`)."
    )
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthStatus {
    /// The process runs.
    Live,
    /// What it needs is up.
    Ready,
}

impl Health {
    /// The answer with this status.
    pub fn new(status: HealthStatus) -> Self {
        Self {
            status,
            dependencies: Vec::new(),
        }
    }

    /// Adds what the server depends on.
    #[must_use]
    pub fn dependencies(
        mut self,
        dependencies: impl IntoIterator<Item = DependencyHealth>,
    ) -> Self {
        self.dependencies.extend(dependencies);
        self
    }
}

impl DependencyHealth {
    /// How this one is.
    pub fn new(name: impl Into<String>, up: bool) -> Self {
        Self {
            name: name.into(),
            up,
        }
    }
}
