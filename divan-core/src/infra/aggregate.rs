use super::database::DatabaseConfig;
use super::env::Env;
use super::http::HttpConfig;
use super::qdrant::QdrantConfig;
use super::rabbitmq::RabbitMqConfig;
use super::redis::RedisConfig;
use super::s3::S3Config;
use super::telegram::TelegramConfig;
use super::variable::Section;

/// The outside world of a service: all sections together.
///
/// ```
/// use divan_core::infra::{Env, Infra};
///
/// let variables = |name: &str| (name == "DIVAN_METRICS_LISTEN").then(|| "off".to_owned());
/// let mut env = Env::new(&variables);
/// env.check_names(&Infra::SECTIONS, "DIVAN_");
/// let infra = Infra::read(&mut env);
/// env.finish()?;
/// assert!(infra.redis.is_none() && infra.http.metrics_listen.is_none());
/// # Ok::<(), divan_core::infra::ConfigErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Infra {
    /// The database.
    pub database: DatabaseConfig,
    /// The bot, and where Telegram is.
    pub telegram: TelegramConfig,
    /// How the server is reached.
    pub http: HttpConfig,
    /// The object store, where there is one.
    pub s3: Option<S3Config>,
    /// The vector search, where there is one.
    pub qdrant: Option<QdrantConfig>,
    /// Redis, where there is one.
    pub redis: Option<RedisConfig>,
    /// RabbitMQ, where there is one.
    pub rabbitmq: Option<RabbitMqConfig>,
}

impl Infra {
    /// What it is read from.
    pub const SECTIONS: [&'static Section; 7] = [
        DatabaseConfig::SECTION,
        TelegramConfig::SECTION,
        HttpConfig::SECTION,
        S3Config::SECTION,
        QdrantConfig::SECTION,
        RedisConfig::SECTION,
        RabbitMqConfig::SECTION,
    ];

    /// Reads all of it. What is wrong is recorded: ask [`Env::finish`] before using what comes out.
    pub fn read(env: &mut Env<'_>) -> Self {
        Self {
            database: DatabaseConfig::read(env),
            telegram: TelegramConfig::read(env),
            http: HttpConfig::read(env),
            s3: S3Config::read(env),
            qdrant: QdrantConfig::read(env),
            redis: RedisConfig::read(env),
            rabbitmq: RabbitMqConfig::read(env),
        }
    }
}
