use std::net::IpAddr;

/// The maximum length of the description of a device, in characters.
const MAX_DEVICE_CHARS: usize = 200;

/// The origin of a request, shown in lists of sessions and audit events. Only throttling depends on
/// it: see [`address`](Self::address).
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub(super) device: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: Option<String>,
    /// The address that failed attempts are counted for.
    pub(super) limited_address: Option<IpAddr>,
}

impl ClientInfo {
    /// Creates the information about an unknown client.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Sets the name of the browser or program (`User-Agent`). Removes control characters and
    /// truncates long texts.
    #[must_use]
    pub fn device(mut self, user_agent: &str) -> Self {
        let text = user_agent
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_DEVICE_CHARS)
            .collect::<String>();
        self.device = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        self
    }

    /// Sets the address. Failed attempts are counted for it. Behind a proxy it must be the address of
    /// the client: all users would share the limits of the proxy's address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address.to_canonical());
        self.limited_address = self.address;
        self
    }

    /// Does not count failed attempts for the address, because it may be the address of a proxy.
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
