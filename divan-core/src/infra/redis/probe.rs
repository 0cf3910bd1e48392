use async_trait::async_trait;
use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::RedisConnection;
use crate::infra::network;
use crate::infra::probe::{Probe, ProbeError};

/// Asks Redis for a `PING`, as the configured user and in the configured database.
#[derive(Clone, Debug)]
pub struct RedisProbe(RedisConnection);

impl RedisProbe {
    pub(super) fn new(connection: RedisConnection) -> Self {
        Self(connection)
    }
}

#[async_trait]
impl Probe for RedisProbe {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        redis::cmd("PING")
            .exec_async(&mut self.0.clone())
            .await
            .map_err(fault)
    }
}

fn fault(error: RedisError) -> ProbeError {
    // What Redis says to those who have given no password where one is needed.
    const NO_PASSWORD: &str = "NOAUTH";
    match error.kind() {
        ErrorKind::Io => network::fault(error),
        ErrorKind::AuthenticationFailed => ProbeError::Refused(error.into()),
        _ if error.code() == Some(NO_PASSWORD) => ProbeError::Refused(error.into()),
        ErrorKind::Server(ServerErrorKind::NoPerm) => {
            let advice = "this user of Redis may not even PING: give it `+ping` with ACL SETUSER";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        ErrorKind::Parse => {
            let advice =
                "what answers at this address is not Redis, or expects TLS: check host and port";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ if error.to_string().contains("switch database") => {
            let advice =
                "this Redis has no database of this number: use a smaller one (0 is always there)";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    }
}
