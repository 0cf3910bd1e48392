use divan_core::store::{Store, StoreError};
use time::{Duration, OffsetDateTime};

use super::Finding;

const SUBJECT: &str = "service credentials";

/// Time before the expiry from which a credential is reported.
const SOON: Duration = Duration::days(14);

/// Names the service credentials that expire within two weeks or have expired. `None` without credentials.
pub(super) async fn expiries(
    store: &dyn Store,
    now: OffsetDateTime,
) -> Result<Option<Finding>, StoreError> {
    let services = store.services().await?;
    let expiring = services.iter().filter_map(|service| {
        let expires_at = service.expires_at.filter(|at| *at < now + SOON)?;
        let verb = if expires_at <= now {
            "expired"
        } else {
            "expires"
        };
        Some(format!("{} {verb} on {}", service.name, expires_at.date()))
    });
    let expiring: Vec<String> = expiring.collect();
    Ok(match expiring.as_slice() {
        _ if services.is_empty() => None,
        [] => Some(Finding::ok(SUBJECT, "none expires within 14 days")),
        _ => Some(Finding::warning(SUBJECT, expiring.join("; "))),
    })
}
