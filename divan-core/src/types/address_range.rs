use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::network::unmapped;

/// An IP address, or a network of addresses (CIDR).
///
/// ```
/// use divan_core::types::AddressRange;
///
/// let office: AddressRange = "192.0.2.0/24".parse()?;
/// assert!(office.contains("192.0.2.7".parse()?));
/// let host: AddressRange = "2001:db8::1".parse()?;
/// assert_eq!(host.to_string(), "2001:db8::1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange(IpNet);

/// The text is neither an IP address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must contain IP addresses, or networks such as 192.0.2.0/24, only")]
pub struct InvalidAddressRange;

impl AddressRange {
    /// Returns `true` for an address of the range. An IPv4 address that is mapped to IPv6 is the IPv4
    /// address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for AddressRange {
    type Err = InvalidAddressRange;

    /// Parses a range. The host bits of a network are cleared.
    fn from_str(text: &str) -> Result<Self, InvalidAddressRange> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        let network = address.or_else(|_| text.parse::<IpNet>());
        let network = network.map_err(|_| InvalidAddressRange)?;
        Ok(Self(unmapped(network.trunc())))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddressRange {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_has_one_text_and_contains_mapped_addresses() {
        for (text, shown) in [
            ("192.0.2.9", "192.0.2.9"),
            ("192.0.2.9/32", "192.0.2.9"),
            ("::ffff:192.0.2.9", "192.0.2.9"),
            ("::ffff:192.0.2.9/120", "192.0.2.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("192.0.2.9/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8::1/64", "2001:db8::/64"),
        ] {
            assert_eq!(range(text).to_string(), shown);
            assert_eq!(range(shown), range(text));
        }
        let office = range("192.0.2.0/24");
        for (address, is_inside) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.3.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(office.contains(address.parse().unwrap()), is_inside);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            " ",
            "192.0.2",
            "192.0.2.0/33",
            "example.com",
            "192.0.2.1:80",
            "::1%1",
        ] {
            assert_eq!(
                text.parse::<AddressRange>(),
                Err(InvalidAddressRange),
                "{text}"
            );
        }
    }
}
