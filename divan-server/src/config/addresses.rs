use divan_core::infra::{ADMIN_URL, Env, HttpConfig};
use divan_core::token::Audiences;
use url::{Host, Url};

use super::keys::ISSUER;

/// Public URLs of the two audiences, and the values derived from them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Addresses {
    /// Public URL of the Mini App.
    pub miniapp: Url,
    /// Public URL of the admin panel.
    pub admin: Url,
    /// Audiences of tokens: the hosts of the two URLs.
    pub audiences: Audiences,
    /// Issuer of tokens (`iss`), exactly as configured: verifiers compare it as text.
    pub issuer: String,
}

impl Addresses {
    /// Origins of the two audiences.
    pub fn origins(&self) -> [String; 2] {
        [&self.miniapp, &self.admin].map(|url| url.origin().ascii_serialization())
    }

    /// Returns `true` if both URLs are https.
    pub fn are_https(&self) -> bool {
        self.miniapp.scheme() == "https" && self.admin.scheme() == "https"
    }

    /// Returns `true` if one of the URLs leads to the machine of the browser.
    pub fn are_local(&self) -> bool {
        is_local(&self.miniapp) || is_local(&self.admin)
    }
}

/// Returns `true` if a URL leads to the machine of the browser.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    }
}

/// Returns `true` if all origins lead to the machine of the browser.
pub(crate) fn are_local(origins: &[String]) -> bool {
    let mut urls = origins.iter().map(|origin| Url::parse(origin));
    urls.all(|url| url.is_ok_and(|url| is_local(&url)))
}

/// The configured URLs. Unset ones lead to this machine, with the port of the server.
pub(super) fn read(env: &mut Env<'_>, http: &HttpConfig, port: u16) -> Option<Addresses> {
    let or_local = |given: &Option<Url>, name: &str| match given {
        Some(url) => Some(url.clone()),
        None => Url::parse(&format!("http://{name}.localhost:{port}/")).ok(),
    };
    let issuer = env.checked(&ISSUER, issuer);
    let (miniapp, admin) = (
        or_local(&http.miniapp_url, "divan")?,
        or_local(&http.admin_url, "sec")?,
    );
    let hosts = (
        miniapp.host_str().unwrap_or_default(),
        admin.host_str().unwrap_or_default(),
    );
    let Ok(audiences) = Audiences::new(hosts.0, hosts.1) else {
        let reason =
            "must have another host than DIVAN_MINIAPP_URL: the host is the audience of tokens";
        env.error(&ADMIN_URL, reason);
        return None;
    };
    let issuer = issuer.unwrap_or_else(|| admin.origin().ascii_serialization());
    Some(Addresses {
        miniapp,
        admin,
        audiences,
        issuer,
    })
}

/// Checks an issuer (RFC 8414 §2) and leaves its text unchanged.
fn issuer(text: &str) -> Result<String, &'static str> {
    let is_issuer = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
            && !text.contains('@')
    };
    Url::parse(text)
        .ok()
        .filter(is_issuer)
        .map(|_| text.to_owned())
        .ok_or("must be an http or https URL without credentials, query and fragment")
}
