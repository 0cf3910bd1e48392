//! Real servers for the tests of Divan.
//!
//! A server is started from the programs that are installed, in a temporary folder and on a free
//! port of the loopback address, and ends with the process that started it, however that ends. For
//! what no package ships there are servers in the process, on threads of their own. Each can be
//! stopped and started again in the middle of a test.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that has no server must fail and say why"
)]

mod caddy;
#[cfg(feature = "database")]
mod database;
mod faults;
#[cfg(any(feature = "s3", feature = "qdrant", feature = "tls"))]
mod in_process;
mod postgres;
mod process;
#[cfg(feature = "qdrant")]
mod qdrant;
mod rabbitmq;
mod redis;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "tls")]
mod tls;

pub use caddy::{CaddyServer, HOW_TO_INSTALL_CADDY};
#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use faults::{SilentServer, absent_port};
pub use postgres::{HOW_TO_INSTALL, PostgresServer};
#[cfg(feature = "qdrant")]
pub use qdrant::QdrantServer;
pub use rabbitmq::{HOW_TO_INSTALL_RABBITMQ, RabbitMqServer};
pub use redis::{HOW_TO_INSTALL_REDIS, RedisServer};
#[cfg(feature = "s3")]
pub use s3::S3Server;
#[cfg(feature = "tls")]
pub use tls::{TestCertificate, TlsFront};
