use super::database::DatabaseConfig;
use super::env::Env;
use super::http::HttpConfig;
use super::qdrant::QdrantConfig;
use super::rabbitmq::RabbitMqConfig;
use super::redis::RedisConfig;
use super::s3::S3Config;
use super::telegram::TelegramConfig;
use super::variable::Section;

/// Configuration of all external systems.
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
    /// Database.
    pub database: DatabaseConfig,
    /// Bot token and Bot API.
    pub telegram: TelegramConfig,
    /// Public addresses, proxies and metrics.
    pub http: HttpConfig,
    /// S3 object store, if configured.
    pub s3: Option<S3Config>,
    /// Qdrant, if configured.
    pub qdrant: Option<QdrantConfig>,
    /// Redis, if configured.
    pub redis: Option<RedisConfig>,
    /// RabbitMQ, if configured.
    pub rabbitmq: Option<RabbitMqConfig>,
}

impl Infra {
    /// Variables of all sections.
    pub const SECTIONS: [&'static Section; 7] = [
        DatabaseConfig::SECTION,
        TelegramConfig::SECTION,
        HttpConfig::SECTION,
        S3Config::SECTION,
        QdrantConfig::SECTION,
        RedisConfig::SECTION,
        RabbitMqConfig::SECTION,
    ];

    /// Reads all sections. Call [`Env::finish`] before you use the result: invalid values have
    /// defaults here.
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
