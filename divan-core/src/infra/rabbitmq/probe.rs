use async_trait::async_trait;
use lapin::protocol::{AMQPErrorKind, AMQPHardError};
use lapin::{Error, ErrorKind};

use super::client::RabbitMqConnection;
use crate::infra::DependencyKind;
use crate::infra::network;
use crate::infra::probe::{Probe, ProbeError};

/// Opens and closes a channel, which needs a server that responds, valid credentials and the virtual
/// host.
#[derive(Clone, Debug)]
pub struct RabbitMqProbe(RabbitMqConnection);

impl RabbitMqConnection {
    /// Creates a probe of this connection.
    pub fn probe(&self) -> RabbitMqProbe {
        RabbitMqProbe(self.clone())
    }
}

impl RabbitMqProbe {
    async fn round_trip(&self) -> Result<(), Error> {
        const REPLY_SUCCESS: u16 = 200;
        let channel = self.0.connection().await?.create_channel().await?;
        channel.close(REPLY_SUCCESS, "probed".into()).await
    }
}

#[async_trait]
impl Probe for RabbitMqProbe {
    fn name(&self) -> &'static str {
        DependencyKind::RabbitMq.as_str()
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        let Err(error) = self.round_trip().await.map_err(probe_error) else {
            return Ok(());
        };
        let config = self.0.config();
        Err(network::advise_tls(error, &config.host, config.port, config.tls).await)
    }
}

fn probe_error(error: Error) -> ProbeError {
    match error.kind() {
        ErrorKind::IOError(_) | ErrorKind::MissingHeartbeatError => network::probe_error(error),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => {
            ProbeError::Unreachable(error.into())
        }
        ErrorKind::ProtocolError(protocol) => match protocol.kind() {
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
                let advice = "the virtual host does not exist, or this user must not use it: run `rabbitmqctl add_vhost` and \
                              `set_permissions`, or name another one";
                ProbeError::Misconfigured(advice, Some(error.into()))
            }
            AMQPErrorKind::Soft(lapin::protocol::AMQPSoftError::ACCESSREFUSED) => {
                ProbeError::CredentialsRejected(error.into())
            }
            _ => ProbeError::Failed(error.into()),
        },
        ErrorKind::ParsingError(_) | ErrorKind::InvalidProtocolVersion(_) => {
            let advice = "this address is not RabbitMQ's AMQP port, or expects TLS: AMQP has port 5672, with TLS 5671, the management page 15672";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    }
}
