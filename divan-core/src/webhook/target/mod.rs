//! Addresses to which a sender of webhooks may connect. Without these rules, an administrator of Divan could
//! send requests to services in the network of the server (SSRF).

mod address;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use address::is_public;

/// Maximum length of the URL of a webhook in bytes.
pub const MAX_WEBHOOK_URL: usize = 2048;

/// Ports below it are those of system services, of which a webhook has its own two only.
const FIRST_USER_PORT: u16 = 1024;

/// Addresses to which webhooks are sent: public ones over https, and those of allowed networks.
///
/// The URL alone does not show where it leads to. Resolve its host once, check each of its addresses with
/// [`allows`](Self::allows), connect to these addresses only, and follow no redirect.
///
/// ```
/// use divan_core::webhook::target::{InvalidWebhookUrl, WebhookTargets};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let targets = WebhookTargets::public();
/// let url = targets.parse("https://hooks.example.com/divan")?;
/// assert!(!targets.allows(&url, "169.254.169.254".parse()?));
/// assert_eq!(targets.parse("https://169.254.169.254/"), Err(InvalidWebhookUrl::Address));
///
/// let targets = targets.or(["10.20.0.0/16".parse()?]);
/// let url = targets.parse("http://10.20.0.5:8080/divan")?;
/// assert!(targets.allows(&url, "10.20.0.5".parse()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct WebhookTargets {
    allowed: Vec<IpNet>,
}

/// The reason why a URL cannot be the one of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhookUrl {
    /// The text is not an absolute URL with a host, or is too long.
    #[error("must be a URL of at most 2048 bytes")]
    Syntax,
    /// The scheme is not https. Plain http is for allowed networks.
    #[error("must begin with `https://`")]
    Scheme,
    /// The URL contains a user name or password.
    #[error("must not contain credentials")]
    Credentials,
    /// The URL contains a fragment, which is never sent.
    #[error("must not contain a fragment")]
    Fragment,
    /// The port is one of another system service.
    #[error("must have port 80, 443, or 1024 and higher")]
    Port,
    /// The name ends with a dot, or is one of this machine.
    #[error("must have the name of another machine")]
    Host,
    /// The address is neither public nor in an allowed network.
    #[error("must have a public address")]
    Address,
}

impl WebhookTargets {
    /// Allows public addresses over https.
    pub fn public() -> Self {
        Self::default()
    }

    /// Also allows the addresses of these networks, over https and http.
    #[must_use]
    pub fn or(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.allowed.extend(networks);
        self
    }

    /// Reads the URL of a webhook.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl`].
    pub fn parse(&self, text: &str) -> Result<Url, InvalidWebhookUrl> {
        let url = Url::parse(text).map_err(|_| InvalidWebhookUrl::Syntax)?;
        self.check(&url)?;
        Ok(url)
    }

    fn check(&self, url: &Url) -> Result<(), InvalidWebhookUrl> {
        use InvalidWebhookUrl as Invalid;

        match url.scheme() {
            "https" => {}
            "http" if !self.allowed.is_empty() => {}
            _ => return Err(Invalid::Scheme),
        }
        if url.as_str().len() > MAX_WEBHOOK_URL {
            return Err(Invalid::Syntax);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Invalid::Credentials);
        }
        if url.fragment().is_some() {
            return Err(Invalid::Fragment);
        }
        let port = url.port_or_known_default();
        if !port.is_some_and(|port| matches!(port, 80 | 443) || port >= FIRST_USER_PORT) {
            return Err(Invalid::Port);
        }
        // The parser has read each form of an address: decimal, octal, hexadecimal, percent-encoded.
        let address = match url.host().ok_or(Invalid::Syntax)? {
            Host::Domain(name) => return self.check_name(name),
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        let is_allowed = self.allows(url, address);
        is_allowed.then_some(()).ok_or(Invalid::Address)
    }

    /// Checks a name, whose addresses are checked for each connection.
    fn check_name(&self, name: &str) -> Result<(), InvalidWebhookUrl> {
        let is_local = name == "localhost" || name.ends_with(".localhost");
        let allows_local = || self.is_in_allowed_network(IpAddr::from([127, 0, 0, 1]));
        if name.ends_with('.') || is_local && !allows_local() {
            return Err(InvalidWebhookUrl::Host);
        }
        Ok(())
    }

    /// Returns `true` if requests for this URL may be sent to this address.
    #[must_use]
    pub fn allows(&self, url: &Url, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.is_in_allowed_network(address) || url.scheme() == "https" && is_public(address)
    }

    fn is_in_allowed_network(&self, address: IpAddr) -> bool {
        let mut networks = self.allowed.iter();
        networks.any(|network| network.contains(&address))
    }
}
