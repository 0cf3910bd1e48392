use std::net::IpAddr;

use crate::characters::is_deceptive;

/// The maximum length of the description of a device, in characters.
const MAX_DEVICE_CHARS: usize = 200;

/// Device, address and request id of a client. They are shown in lists of sessions and in audit
/// events. Only throttling depends on them: see [`address`](Self::address).
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub(super) device: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: Option<String>,
    /// The address whose failed attempts are counted.
    pub(super) limited_address: Option<IpAddr>,
}

impl ClientInfo {
    /// Creates the information about an unknown client.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Sets the name of the browser or program (`User-Agent`). Removes control characters and those
    /// that change the direction of text, and truncates long texts.
    #[must_use]
    pub fn device(mut self, user_agent: &str) -> Self {
        let text = user_agent
            .chars()
            .filter(|c| !is_deceptive(*c))
            .take(MAX_DEVICE_CHARS)
            .collect::<String>();
        self.device = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        self
    }

    /// Sets the address. Its failed attempts are counted. Behind a proxy, set the address of the
    /// client: otherwise all users share the limits of the proxy's address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address.to_canonical());
        self.limited_address = self.address;
        self
    }

    /// Does not count the failed attempts of the address. Use it if the address may be that of a
    /// proxy.
    #[must_use]
    pub fn without_address_limits(mut self) -> Self {
        self.limited_address = None;
        self
    }

    /// Sets the id of the request in the log.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.request_id = Some(id.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_one_line_and_one_reading() {
        let device = |text: &str| ClientInfo::unknown().device(text).device;
        assert_eq!(
            device("a\u{202E}b\u{2028}c\u{61C}d\u{200E}e\u{2066}f\0g").as_deref(),
            Some("abcdefg")
        );
        assert_eq!(device("\u{202E} \n"), None);
    }
}
