//! Names that look like ours and belong to others: they share an environment, and a file for
//! compose, with us.

/// What the servers themselves, or their images, are configured with.
const NAMES: [&str; 5] = [
    "TELEGRAM_API_ID",
    "TELEGRAM_API_HASH",
    "MINIO_REGION_NAME",
    "RABBITMQ_NODE_PORT",
    "RABBITMQ_NODENAME",
];

/// The beginnings of such names.
const PREFIXES: [&str; 4] = [
    "QDRANT__",
    "MINIO_ROOT_",
    "MINIO_SITE_",
    "RABBITMQ_DEFAULT_",
];

/// Whether a variable is meant for somebody else.
pub(super) fn is(name: &str, value: &str) -> bool {
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || is_service_link(name, value)
}

/// Whether Kubernetes (or Docker's links) made the variable up for a service of that name, as
/// `DIVAN_SERVICE_HOST`, `DIVAN_PORT_8000_TCP_ADDR` and `REDIS_PORT=tcp://10.0.0.1:6379`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_port = |rest: &str| {
        let protocol = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        protocol.len() < rest.len()
            && (protocol.starts_with("_TCP") || protocol.starts_with("_UDP"))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.split("_PORT_").skip(1).any(is_port)
        || name.ends_with("_PORT") && is_link(value)
}

/// Whether this is what Kubernetes puts into `REDIS_PORT` for a service called `redis`.
pub(super) fn is_link(value: &str) -> bool {
    value.starts_with("tcp://") || value.starts_with("udp://")
}
