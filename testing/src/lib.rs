//! Real servers for the tests of Divan.
//!
//! A server is started from the programs that are installed, in a temporary folder and on a free
//! port of the loopback address. It ends with the process that started it, even if that is killed.
//! S3 and Qdrant have no package; their servers run in the process, on separate threads. Each server
//! can be stopped and started again during a test.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test without its server must fail and report the reason"
)]

mod bot_api;
mod caddy;
#[cfg(feature = "database")]
mod database;
mod faults;
mod forwarder;
mod gateway;
#[cfg(any(feature = "s3", feature = "qdrant", feature = "tls"))]
mod in_process;
mod pgbouncer;
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

pub use bot_api::{BotAnswer, BotRequest, MockBotApi};
pub use caddy::{CaddyServer, INSTALL_HINT_CADDY};
#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use faults::{SilentServer, absent_port};
pub use forwarder::Forwarder;
pub use gateway::{Gateway, RunningGateway, TEST_NODE_MODULES, TEST_PYTHON};
pub use pgbouncer::{INSTALL_HINT_PGBOUNCER, PgBouncer};
pub use postgres::{INSTALL_HINT, PostgresServer};
pub use process::free_port;
#[cfg(feature = "qdrant")]
pub use qdrant::QdrantServer;
pub use rabbitmq::{INSTALL_HINT_RABBITMQ, RabbitMqServer};
pub use redis::{INSTALL_HINT_REDIS, RedisServer};
#[cfg(feature = "s3")]
pub use s3::S3Server;
#[cfg(feature = "tls")]
pub use tls::{TestCertificate, TlsFront};
