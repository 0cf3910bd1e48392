use std::net::{IpAddr, Ipv6Addr};

use crate::ip_prefix;
use crate::password::PasswordHash;

/// Priority of a hash in a [`HashQueue`](super::HashQueue).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashClass {
    /// Trusted sign-in attempt, or a change by a signed-in user. Runs first.
    Trusted {
        /// User who causes the hash, such as the bits of an id. While a trusted hash of a user waits
        /// or runs, further ones of the same user are treated as untrusted, so that one user cannot
        /// delay all others. `None` for work without a user, which has no such limit.
        user: Option<u128>,
    },
    /// Any other sign-in attempt. Such hashes use at most half of the threads, and clients (users
    /// or addresses) take turns.
    Untrusted {
        /// Address of the client. Clients without one count as a single client.
        address: Option<IpAddr>,
    },
    /// Bulk work such as an import: one hash at a time, after all others.
    Background,
}

/// Part of the queue in which a hash waits and runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Track {
    Trusted,
    /// Trusted verification of a legacy hash, many times slower: runs among the untrusted ones,
    /// ahead of them.
    Legacy,
    Untrusted,
    Background,
}

/// Origin of a hash, by which waiting hashes are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// User of a trusted hash.
    pub(super) user: Option<u128>,
    /// IPv4 address, or IPv6 /64.
    pub(super) address: Option<Ipv6Addr>,
    /// IPv4 /24, or IPv6 /48.
    pub(super) net: Option<Ipv6Addr>,
}

impl HashClass {
    /// Returns the track of a hash; `stored` is the hash to verify, if any.
    pub(super) fn track(self, stored: Option<&PasswordHash>) -> Track {
        match self {
            Self::Trusted { .. } if stored.is_some_and(PasswordHash::is_legacy) => Track::Legacy,
            Self::Trusted { .. } => Track::Trusted,
            Self::Untrusted { .. } => Track::Untrusted,
            Self::Background => Track::Background,
        }
    }

    pub(super) fn source(self) -> Source {
        match self {
            Self::Trusted { user } => Source {
                user,
                ..Source::default()
            },
            Self::Untrusted { address } => Source {
                user: None,
                address: address.map(ip_prefix::host),
                net: address.map(ip_prefix::network),
            },
            Self::Background => Source::default(),
        }
    }
}

impl Source {
    /// Returns `true` if both hashes come from the same client: they then share a turn.
    pub(super) fn is_same_client(&self, other: &Self) -> bool {
        (self.user, self.address) == (other.user, other.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trusted_legacy_hash_has_a_track_of_its_own() {
        let legacy = PasswordHash::from_stored(
            "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2",
        );
        let current = PasswordHash::from_stored(
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        );
        let trusted = HashClass::Trusted { user: None };
        assert_eq!(trusted.track(None), Track::Trusted);
        assert_eq!(trusted.track(Some(&current)), Track::Trusted);
        assert_eq!(trusted.track(Some(&legacy)), Track::Legacy);
        let untrusted = HashClass::Untrusted { address: None };
        assert_eq!(untrusted.track(Some(&legacy)), Track::Untrusted);
    }
}
