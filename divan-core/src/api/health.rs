use serde::{Deserialize, Serialize};

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
