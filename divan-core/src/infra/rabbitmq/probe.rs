use async_trait::async_trait;
use lapin::protocol::{AMQPErrorKind, AMQPHardError};
use lapin::{Error, ErrorKind};

use super::RabbitMqConnection;
use crate::infra::network;
use crate::infra::probe::{Probe, ProbeError};

/// Opens a channel of the connection and closes it again: that takes a server that answers, the
/// sign-in and the virtual host.
#[derive(Clone, Debug)]
pub struct RabbitMqProbe(RabbitMqConnection);

impl RabbitMqProbe {
    pub(super) fn new(connection: RabbitMqConnection) -> Self {
        Self(connection)
    }

    async fn round_trip(&self) -> Result<(), Error> {
        const GOODBYE: u16 = 200;
        let channel = self.0.connection().await?.create_channel().await?;
        channel.close(GOODBYE, "probed".into()).await
    }
}

#[async_trait]
impl Probe for RabbitMqProbe {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    async fn probe(&self) -> Result<(), ProbeError> {
        self.round_trip().await.map_err(fault)
    }
}

fn fault(error: Error) -> ProbeError {
    match error.kind() {
        ErrorKind::IOError(_) | ErrorKind::MissingHeartbeatError => network::fault(error),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => {
            ProbeError::Unreachable(error.into())
        }
        ErrorKind::ProtocolError(answer) => match answer.kind() {
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
                let advice = "RabbitMQ has no such virtual host, or this user may not use it: `rabbitmqctl add_vhost` and \
                              `set_permissions`, or name another one";
                ProbeError::Misconfigured(advice, Some(error.into()))
            }
            AMQPErrorKind::Soft(lapin::protocol::AMQPSoftError::ACCESSREFUSED) => {
                ProbeError::Refused(error.into())
            }
            _ => ProbeError::Failed(error.into()),
        },
        ErrorKind::ParsingError(_) | ErrorKind::InvalidProtocolVersion(_) => {
            let advice = "what answers at this address is not RabbitMQ's AMQP port: that is 5672, while 15672 is its web page";
            ProbeError::Misconfigured(advice, Some(error.into()))
        }
        _ => ProbeError::Failed(error.into()),
    }
}
