use async_trait::async_trait;
use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::client::RedisConnection;
use crate::infra::DependencyKind;
use crate::infra::network;
use crate::infra::probe::{Probe, ProbeError};

/// Sends `PING` as the configured user in the configured database.
#[derive(Clone, Debug)]
pub struct RedisProbe(RedisConnection);

impl RedisConnection {
    /// Creates a probe of this connection.
    pub fn probe(&self) -> RedisProbe {
        RedisProbe(self.clone())
    }
}

#[async_trait]
impl Probe for RedisProbe {
    fn name(&self) -> &'static str {
        DependencyKind::Redis.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let pinged = redis::cmd("PING").exec_async(&mut self.0.clone()).await;
        let Err(error) = pinged.map_err(probe_error) else {
            return Ok(());
        };
        let config = self.0.config();
        Err(network::advise_tls(error, &config.host, config.port, config.tls).await)
    }
}

fn probe_error(error: RedisError) -> ProbeError {
    // The error code of Redis for a missing password.
    const NO_PASSWORD: &str = "NOAUTH";
    match error.kind() {
        ErrorKind::Io => network::probe_error(error),
        ErrorKind::AuthenticationFailed => ProbeError::CredentialsRejected(error.into()),
        _ if error.code() == Some(NO_PASSWORD) => ProbeError::CredentialsRejected(error.into()),
        ErrorKind::Server(ServerErrorKind::NoPerm) => {
            let advice = "this Redis user must not send PING: permit `+ping` with ACL SETUSER";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        ErrorKind::Parse => {
            let advice =
                "the service at this address is not Redis, or expects TLS: check host and port";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ if error.to_string().contains("switch database") => {
            let advice =
                "Redis has no database with this number: use a smaller one (0 always exists)";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    }
}
