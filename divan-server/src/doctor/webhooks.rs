use divan_core::store::{Store, StoreError, StoredConsumer, StoredWebhook, consumer_name};

use super::Finding;

const SUBJECT: &str = "webhooks";

/// Reports webhooks that are disabled or fail. `None` without webhooks.
pub(super) async fn webhooks(store: &dyn Store) -> Result<Option<Finding>, StoreError> {
    let webhooks = store.webhooks().await?;
    if webhooks.is_empty() {
        return Ok(None);
    }
    let consumers = store.event_consumers().await?;
    let problems: Vec<String> = webhooks
        .iter()
        .filter_map(|webhook| problem(webhook, &consumers))
        .collect();
    Ok(Some(if problems.is_empty() {
        Finding::ok(SUBJECT, "all of them deliver events")
    } else {
        let text = format!("{}; see `divan-server webhook list`", problems.join("; "));
        Finding::warning(SUBJECT, text)
    }))
}

fn problem(webhook: &StoredWebhook, consumers: &[StoredConsumer]) -> Option<String> {
    let (id, name) = (webhook.id, consumer_name(webhook.id));
    let consumer = consumers.iter().find(|consumer| consumer.name == name)?;
    if consumer.disabled_at.is_some() {
        let reason = webhook.disabled_reason;
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        return Some(format!("{id} is disabled{reason}"));
    }
    let since = consumer.failing_since?;
    Some(format!("{id} fails since {}", since.date()))
}
