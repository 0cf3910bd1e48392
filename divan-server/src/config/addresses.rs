use divan_core::infra::{ADMIN_URL, Env, HttpConfig};
use divan_core::token::Audiences;
use url::{Host, Url};

use super::keys::ISSUER;

/// Where the two audiences are, and what follows from it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Addresses {
    /// The public address of the Mini App.
    pub miniapp: Url,
    /// The public address of the admin panel.
    pub admin: Url,
    /// The audiences of tokens: the hosts of the two.
    pub audiences: Audiences,
    /// What tokens name as their issuer.
    pub issuer: String,
}

impl Addresses {
    /// The origins of the two audiences.
    pub fn origins(&self) -> [String; 2] {
        [&self.miniapp, &self.admin].map(|url| url.origin().ascii_serialization())
    }

    /// Whether both are served by https.
    pub fn are_https(&self) -> bool {
        self.miniapp.scheme() == "https" && self.admin.scheme() == "https"
    }

    /// Whether one of them is only reachable on this machine, which nobody else's browser can open.
    pub fn are_local(&self) -> bool {
        is_local(&self.miniapp) || is_local(&self.admin)
    }
}

/// Whether an address leads to the machine that asks for it.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    }
}

/// The addresses that are given, or those of this machine with the port that the server listens on.
pub(super) fn read(env: &mut Env<'_>, http: &HttpConfig, port: u16) -> Option<Addresses> {
    let or_local = |given: &Option<Url>, name: &str| match given {
        Some(url) => Some(url.clone()),
        None => Url::parse(&format!("http://{name}.localhost:{port}/")).ok(),
    };
    let issuer = env.text(&ISSUER);
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
            "has the same host as DIVAN_MINIAPP_URL; a token of one audience would open the other";
        env.wrong(&ADMIN_URL, reason);
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
