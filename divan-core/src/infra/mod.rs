//! Configuration of external systems, from environment variables and an `.env` file.
//!
//! Each system has a struct, such as [`RedisConfig`], with the list of its variables (`SECTION`) and a
//! function `read`. [`Infra`] contains all of them. A program that embeds Divan defines its own
//! variables in the same way. It then gets the same error reports, `X_FILE` for its secrets,
//! documentation ([`markdown`], [`env_example`]) and a list of the settings ([`Env::settings`]):
//!
//! ```
//! use divan_core::infra::{ConfigErrors, Env, Infra, Section, section};
//!
//! section! {
//!     static SECTION = "Mail", "";
//!
//!     MAIL_KEY = ("APP_MAIL_KEY", "API key of the mail service", "from-its-settings").secret();
//! }
//!
//! fn configuration(env: &mut Env<'_>) -> Result<Infra, ConfigErrors> {
//!     let sections: Vec<&Section> = Infra::SECTIONS.into_iter().chain([&SECTION]).collect();
//!     env.check_names(&sections, "APP_");
//!     let infra = Infra::read(env);
//!     env.require(&MAIL_KEY, "mail requires it");
//!     let _key = env.secret(&MAIL_KEY);
//!     env.finish()?;
//!     Ok(infra)
//! }
//!
//! // A program passes `Env::of_process()`.
//! let variables = |name: &str| (name == "APP_MAILKEY").then(|| "k".to_owned());
//! let mut env = Env::new(&variables).with_names(["APP_MAILKEY".to_owned()]);
//! let errors = configuration(&mut env).unwrap_err().to_string();
//! assert!(errors.starts_with("APP_MAILKEY is not a known variable; did you mean APP_MAIL_KEY?"));
//! ```

mod address;
mod aggregate;
mod database;
mod dependency;
mod deployment;
mod docs;
mod env;
mod env_file;
mod error;
mod exposure;
mod http;
mod interpolation;
#[cfg(any(feature = "s3", feature = "qdrant", feature = "reconnecting"))]
mod network;
mod placeholder;
mod postgres_variables;
#[cfg(feature = "probe")]
pub mod probe;
mod qdrant;
mod rabbitmq;
#[cfg(feature = "reconnecting")]
mod reconnecting;
mod redis;
mod s3;
mod server_url;
mod settings;
#[cfg(feature = "reconnecting")]
mod stream;
mod telegram;
#[cfg(test)]
mod test_util;
mod text_file;
mod unrelated;
mod variable;

#[cfg(feature = "postgres")]
pub use crate::database_url::InvalidCertificateFile;
pub use crate::database_url::{
    DatabaseUrl, IgnoredParameter, InvalidDatabaseUrl, PostgresPool, PostgresUrl, SslMode,
};
pub use aggregate::Infra;
#[cfg(feature = "s3")]
pub use aws_sdk_s3::Client as S3Client;
pub use database::DatabaseConfig;
pub use dependency::{DependencyKind, UnknownDependency};
pub use deployment::DATABASE_URL;
pub use docs::{env_example, markdown};
pub use env::{COMPOSE_HINT, Env};
pub use env_file::EnvFile;
pub use error::{ConfigError, ConfigErrors, ConfigWarning};
pub use http::{ADMIN_URL, DEV_ORIGINS, HttpConfig, MINIAPP_URL, networks};
pub use qdrant::QdrantConfig;
#[cfg(feature = "qdrant")]
pub use qdrant::QdrantProbe;
pub use rabbitmq::RabbitMqConfig;
#[cfg(feature = "rabbitmq")]
pub use rabbitmq::{RabbitMqConnection, RabbitMqMessage, RabbitMqProbe, RabbitMqPublisher};
pub use redis::RedisConfig;
#[cfg(feature = "redis")]
pub use redis::{RedisConnection, RedisProbe};
pub use s3::S3Config;
#[cfg(feature = "s3")]
pub use s3::{Bucket, S3Probe};
pub use settings::Setting;
pub use telegram::{TELEGRAM_BOT_TOKEN, TelegramConfig};
pub use text_file::{UnreadableFile, read_text};
pub use variable::{Section, Variable, section};

#[cfg(test)]
mod tests;
