//! Prefixes of IP addresses that clients share.

use std::net::{IpAddr, Ipv6Addr};

/// Returns the prefix of one client: an IPv4 address, or an IPv6 /64.
pub(crate) fn host(address: IpAddr) -> Ipv6Addr {
    prefix(address, 32, 64)
}

/// Returns the prefix of one network: an IPv4 /24, or an IPv6 /48.
pub(crate) fn network(address: IpAddr) -> Ipv6Addr {
    prefix(address, 24, 48)
}

/// Returns the first bits of an address, with zeros after them. An IPv4 address is mapped to IPv6.
fn prefix(address: IpAddr, v4_bits: u32, v6_bits: u32) -> Ipv6Addr {
    let (address, bits) = match address.to_canonical() {
        IpAddr::V4(address) => (address.to_ipv6_mapped(), 96 + v4_bits),
        IpAddr::V6(address) => (address, v6_bits),
    };
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(address: &str) -> [Ipv6Addr; 2] {
        let address = address.parse().unwrap();
        [host(address), network(address)]
    }

    #[test]
    fn an_ipv4_address_is_a_host_and_24_bits_are_a_network() {
        let [host, network] = prefixes("192.0.2.1");
        assert_eq!(host.to_string(), "::ffff:192.0.2.1");
        assert_eq!(network.to_string(), "::ffff:192.0.2.0");
        assert_eq!(prefixes("::ffff:192.0.2.1"), [host, network]);
        assert_ne!(prefixes("192.0.3.1")[1], network);
    }

    #[test]
    fn an_ipv6_host_has_64_bits_and_a_network_48() {
        let [host, network] = prefixes("2001:db8:1:2::1");
        assert_eq!(host.to_string(), "2001:db8:1:2::");
        assert_eq!(network.to_string(), "2001:db8:1::");
        assert_eq!(prefixes("2001:db8:1:2:3::4"), [host, network]);
        assert_ne!(prefixes("2001:db8:1:3::1")[0], host);
        assert_ne!(prefixes("2001:db8:2::1")[1], network);
    }
}
