//! Delivery of webhooks.

mod delivery;
mod resolver;
mod transport;

#[cfg(test)]
mod tests;

pub(crate) use delivery::WebhookSender;
pub(crate) use transport::HttpTransport;
