//! The limit of open file descriptors, of which each connection takes one.

/// Descriptors for everything but connections: database, listeners, log, dependencies.
const RESERVED: u64 = 256;

/// Raises the soft limit of the process to the hard limit. Many systems start programs with 1,024.
#[cfg(feature = "cli")]
pub(crate) fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        // macOS refuses a limit that is not a number; the server then uses what it has.
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "cannot raise the limit of file descriptors");
        }
    }
}

/// Returns the number of connections that the descriptors of the process permit, at most `most`.
pub(super) fn connections(most: usize) -> usize {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit = None;
    limit.map_or(most, |limit| within(limit, most))
}

fn within(limit: u64, most: usize) -> usize {
    // With few descriptors, connections take half of them.
    let free = limit.saturating_sub(RESERVED).max(limit / 2);
    usize::try_from(free).map_or(most, |free| free.clamp(1, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        for (limit, expected) in [
            (0, 1),
            (64, 32),
            (1024, 768),
            (1 << 20, 4096),
            (u64::MAX, 4096),
        ] {
            assert_eq!(within(limit, 4096), expected, "{limit}");
        }
    }
}
