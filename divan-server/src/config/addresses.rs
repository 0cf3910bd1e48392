use divan_core::token::Surfaces;
use url::{Host, Url};

use super::env::Env;

/// Where the two surfaces are, and what follows from it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Addresses {
    /// The public address of the Mini App.
    pub miniapp: Url,
    /// The public address of the admin panel.
    pub admin: Url,
    /// The audiences of tokens: the hosts of the two.
    pub surfaces: Surfaces,
    /// What tokens name as their issuer.
    pub issuer: String,
}

impl Addresses {
    /// The origins of the two surfaces.
    pub fn origins(&self) -> [String; 2] {
        [&self.miniapp, &self.admin].map(|url| url.origin().ascii_serialization())
    }

    /// Whether both are served by https.
    pub fn are_https(&self) -> bool {
        self.miniapp.scheme() == "https" && self.admin.scheme() == "https"
    }

    /// Whether one of them is only reachable on this machine, which nobody else's browser can open.
    pub fn are_local(&self) -> bool {
        let is_local = |url: &Url| match url.host() {
            Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => true,
        };
        is_local(&self.miniapp) || is_local(&self.admin)
    }
}

pub(super) fn read(env: &mut Env<'_>, port: u16) -> Option<Addresses> {
    let miniapp = address(
        env,
        "DIVAN_MINIAPP_URL",
        &format!("http://divan.localhost:{port}/"),
        "https://divan.example.com/",
    );
    let admin =
        address(env, "DIVAN_ADMIN_URL", &format!("http://sec.localhost:{port}/"), "https://sec.example.com/");
    let (miniapp, admin) = (miniapp?, admin?);
    let hosts = (miniapp.host_str().unwrap_or_default(), admin.host_str().unwrap_or_default());
    let Ok(surfaces) = Surfaces::new(hosts.0, hosts.1) else {
        let reason = "has the same host as DIVAN_MINIAPP_URL; a token of one surface would open the other";
        env.wrong("DIVAN_ADMIN_URL", reason, "https://sec.example.com/");
        return None;
    };
    let issuer = env.text("DIVAN_ISSUER").unwrap_or_else(|| admin.origin().ascii_serialization());
    Some(Addresses { miniapp, admin, surfaces, issuer })
}

fn address(env: &mut Env<'_>, name: &str, default: &str, example: &str) -> Option<Url> {
    let text = env.text(name).unwrap_or_else(|| default.to_owned());
    let reason = match Url::parse(&text) {
        Err(error) => format!("is not an address: {error}"),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => "is neither http nor https".to_owned(),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "has credentials in it".to_owned()
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            "has a query or a fragment".to_owned()
        }
        Ok(url) => return Some(url),
    };
    env.wrong(name, reason, example);
    None
}
