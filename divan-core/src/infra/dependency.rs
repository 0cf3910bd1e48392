use std::fmt;
use std::str::FromStr;

/// An external system that a deployment can depend on.
///
/// ```
/// use divan_core::infra::DependencyKind;
///
/// assert_eq!("s3".parse(), Ok(DependencyKind::S3));
/// assert_eq!(DependencyKind::RabbitMq.as_str(), "rabbitmq");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DependencyKind {
    /// The database.
    Database,
    /// The object store.
    S3,
    /// The vector database.
    Qdrant,
    /// Redis.
    Redis,
    /// RabbitMQ.
    RabbitMq,
}

impl DependencyKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Database,
        Self::S3,
        Self::Qdrant,
        Self::Redis,
        Self::RabbitMq,
    ];

    /// The name in configuration, logs, metrics and responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::S3 => "s3",
            Self::Qdrant => "qdrant",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
        }
    }
}

impl fmt::Display for DependencyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no [`DependencyKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of database, s3, qdrant, redis and rabbitmq")]
#[non_exhaustive]
pub struct UnknownDependency;

impl FromStr for DependencyKind {
    type Err = UnknownDependency;

    fn from_str(name: &str) -> Result<Self, UnknownDependency> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownDependency)
    }
}
