use std::io;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Error, ExchangeKind};

use super::client::RabbitMqConnection;

/// Persistent messages are written to the disk by durable queues.
const PERSISTENT: u8 = 2;

/// A message to publish.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RabbitMqMessage {
    /// The id of the message.
    pub id: String,
    /// The routing key, which is also the type of the message.
    pub routing_key: String,
    /// The media type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// The time of the message, in seconds since 1970.
    pub timestamp: u64,
}

impl RabbitMqMessage {
    /// Creates a message of JSON.
    pub fn new(id: impl Into<String>, routing_key: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            id: id.into(),
            routing_key: routing_key.into(),
            content_type: "application/json".to_owned(),
            body,
            timestamp: 0,
        }
    }

    fn properties(&self) -> BasicProperties {
        BasicProperties::default()
            .with_message_id(self.id.as_str().into())
            .with_type(self.routing_key.as_str().into())
            .with_content_type(self.content_type.as_str().into())
            .with_delivery_mode(PERSISTENT)
            .with_timestamp(self.timestamp)
    }
}

/// Publishes messages to a durable topic exchange, in order and with confirmations.
#[derive(Debug)]
pub struct RabbitMqPublisher {
    connection: RabbitMqConnection,
    exchange: String,
    /// The channel of the last call, if it succeeded.
    channel: Option<Channel>,
}

impl RabbitMqConnection {
    /// Creates a publisher. It declares the exchange when it connects.
    pub fn publisher(&self, exchange: impl Into<String>) -> RabbitMqPublisher {
        RabbitMqPublisher {
            connection: self.clone(),
            exchange: exchange.into(),
            channel: None,
        }
    }
}

impl RabbitMqPublisher {
    /// Publishes messages, and waits until RabbitMQ has confirmed all of them. After an error, or if the
    /// future is dropped, some of them may have been published: publish all of them again.
    ///
    /// RabbitMQ confirms and drops a message that no queue is bound for.
    ///
    /// # Errors
    /// When RabbitMQ is unreachable, refuses the exchange or does not confirm a message.
    pub async fn publish(&mut self, messages: &[RabbitMqMessage]) -> Result<(), Error> {
        let channel = match self.channel.take() {
            Some(channel) if channel.status().connected() => channel,
            _ => self.open().await?,
        };
        let mut confirmations = Vec::with_capacity(messages.len());
        for message in messages {
            let published = channel.basic_publish(
                self.exchange.as_str().into(),
                message.routing_key.as_str().into(),
                BasicPublishOptions::default(),
                &message.body,
                message.properties(),
            );
            confirmations.push(published.await?);
        }
        for confirmation in confirmations {
            if !matches!(confirmation.await?, Confirmation::Ack(_)) {
                return Err(io::Error::other("RabbitMQ did not accept a message").into());
            }
        }
        self.channel = Some(channel);
        Ok(())
    }

    async fn open(&self) -> Result<Channel, Error> {
        let channel = self.connection.connection().await?.create_channel().await?;
        let options = ConfirmSelectOptions::default();
        channel.confirm_select(options).await?;
        let options = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let (kind, arguments) = (ExchangeKind::Topic, FieldTable::default());
        channel
            .exchange_declare(self.exchange.as_str().into(), kind, options, arguments)
            .await?;
        Ok(channel)
    }
}
