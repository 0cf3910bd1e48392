//! Variables of other programs that share the environment or a compose file.

/// Variables of the servers themselves or of their images.
const NAMES: [&str; 5] = [
    "TELEGRAM_API_ID",
    "TELEGRAM_API_HASH",
    "MINIO_REGION_NAME",
    "RABBITMQ_NODE_PORT",
    "RABBITMQ_NODENAME",
];

/// Prefixes of such variables.
const PREFIXES: [&str; 4] = [
    "QDRANT__",
    "MINIO_ROOT_",
    "MINIO_SITE_",
    "RABBITMQ_DEFAULT_",
];

/// Detects a variable of another program.
pub(super) fn matches(name: &str, value: &str) -> bool {
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || is_service_link(name, value)
}

/// Detects a variable that Kubernetes (or a Docker link) sets for a service, such as
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
        || name.ends_with("_PORT") && is_service_link_value(value)
}

/// Detects a value that Kubernetes sets, such as `REDIS_PORT` for a service named `redis`.
pub(super) fn is_service_link_value(value: &str) -> bool {
    value.starts_with("tcp://") || value.starts_with("udp://")
}
