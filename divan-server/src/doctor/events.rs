use divan_core::service::{AuthService, ConsumerStatus};
use divan_core::store::{StoreError, webhook_of_consumer};

use super::Finding;

const SUBJECT: &str = "events";

/// Reports the consumers of events that are disabled or whose deliveries fail. `None` without consumers.
pub(super) async fn consumers(service: &AuthService) -> Result<Option<Finding>, StoreError> {
    let mut consumers = service.event_consumers().await?;
    // Webhooks have a finding of their own.
    consumers.retain(|status| webhook_of_consumer(&status.consumer.name).is_none());
    if consumers.is_empty() {
        return Ok(None);
    }
    let problems: Vec<String> = consumers.iter().filter_map(problem).collect();
    Ok(Some(if problems.is_empty() {
        Finding::ok(SUBJECT, "all consumers accept events")
    } else {
        Finding::warning(SUBJECT, problems.join("; "))
    }))
}

fn problem(status: &ConsumerStatus) -> Option<String> {
    let consumer = &status.consumer;
    let (name, pending) = (&consumer.name, status.pending);
    if consumer.disabled_at.is_some() {
        return Some(format!("{name} is disabled, {pending} events wait"));
    }
    let error = consumer.last_error.as_ref()?;
    Some(format!("{name} is failing, {pending} events wait: {error}"))
}
