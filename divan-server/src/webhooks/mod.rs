//! Delivery of webhooks.

mod resolver;
mod transport;

#[cfg(test)]
mod tests;
