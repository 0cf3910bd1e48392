use serde::{Deserialize, Serialize};

use super::{Auth, Endpoint, Method, ProblemCode};

/// Returns 200 as long as the process runs.
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

/// Returns 200 if all dependencies are up, else the problem `not_ready`.
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

/// The health of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Health {
    /// The status.
    pub status: HealthStatus,
    /// The dependencies: the database and every other configured one. Only of `ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<DependencyHealth>,
}

/// The health of a dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct DependencyHealth {
    /// The name.
    #[cfg_attr(feature = "openapi", schema(example = "database"))]
    pub name: String,
    /// True if it responded at most one second ago.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub up: bool,
}

/// The status of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "The status of a server: the process runs (`live`), or all dependencies are up too (`ready`)."
    )
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthStatus {
    /// The process runs.
    Live,
    /// All dependencies are up.
    Ready,
}

impl Health {
    /// Creates the response.
    pub fn new(status: HealthStatus) -> Self {
        Self {
            status,
            dependencies: Vec::new(),
        }
    }

    /// Adds dependencies.
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
    /// Creates the health of a dependency.
    pub fn new(name: impl Into<String>, up: bool) -> Self {
        Self {
            name: name.into(),
            up,
        }
    }
}
