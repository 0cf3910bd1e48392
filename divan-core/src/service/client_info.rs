use std::net::IpAddr;

/// The maximum length of the description of a device, in characters.
const MAX_DEVICE_CHARS: usize = 200;

/// The origin of a request, shown in lists of sessions and audit events. No decision depends on it.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub(super) device: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: Option<String>,
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

    /// Sets the address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address.to_canonical());
        self
    }

    /// Sets the id of the request in the log.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.request_id = Some(id.to_owned());
        self
    }
}
