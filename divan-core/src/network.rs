//! Networks of IP addresses.

use ipnet::{IpNet, Ipv4Net};

/// Converts an IPv4-mapped IPv6 network to IPv4, the form of client addresses.
pub(crate) fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else {
        return network;
    };
    let four = six.addr().to_ipv4_mapped().and_then(|four| {
        let prefix = six.prefix_len().checked_sub(96)?;
        Ipv4Net::new(four, prefix).ok()
    });
    four.map_or(network, IpNet::V4)
}
