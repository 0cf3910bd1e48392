//! Configuration of the outside world: what the addresses that a deployment is given mean, and what is there.

mod database;
#[cfg(any(feature = "s3", feature = "qdrant", feature = "reconnecting"))]
mod network;
#[cfg(feature = "probe")]
pub mod probe;
mod qdrant;
mod rabbitmq;
#[cfg(feature = "reconnecting")]
mod reconnecting;
mod redis;
mod s3;
#[cfg(feature = "reconnecting")]
mod stream;
#[cfg(any(feature = "s3", feature = "qdrant", feature = "reconnecting"))]
mod tls;

pub use database::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl, SslMode};
pub use qdrant::QdrantConfig;
#[cfg(feature = "qdrant")]
pub use qdrant::QdrantProbe;
pub use rabbitmq::RabbitMqConfig;
#[cfg(feature = "rabbitmq")]
pub use rabbitmq::{RabbitMqConnection, RabbitMqProbe};
pub use redis::RedisConfig;
#[cfg(feature = "redis")]
pub use redis::{RedisConnection, RedisProbe};
pub use s3::S3Config;
#[cfg(feature = "s3")]
pub use s3::{Bucket, S3Probe};
