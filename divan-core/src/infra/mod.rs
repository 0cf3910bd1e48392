//! Configuration of the outside world: what the addresses that a deployment is given mean, and what is there.

mod database;
#[cfg(any(feature = "s3", feature = "qdrant"))]
mod network;
#[cfg(feature = "probe")]
pub mod probe;
mod qdrant;
mod rabbitmq;
mod redis;
mod s3;
#[cfg(any(feature = "s3", feature = "qdrant"))]
mod tls;

pub use database::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl, SslMode};
pub use qdrant::QdrantConfig;
#[cfg(feature = "qdrant")]
pub use qdrant::QdrantProbe;
pub use rabbitmq::RabbitMqConfig;
pub use redis::RedisConfig;
pub use s3::S3Config;
#[cfg(feature = "s3")]
pub use s3::{Bucket, S3Probe};
