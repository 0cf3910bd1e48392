//! The host that a request names, and what the server serves on it.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Version};
use divan_core::api::{
    Bootstrap, Endpoint, INTROSPECTION_PATH, ProblemCode, REVOCATION_PATH, TOKEN_PATH,
};
use url::{Host, Url};

use crate::extract::Peer;
use crate::problem::Problem;
use crate::state::HttpOptions;

/// Headers of proxies and tunnels, in addition to `X-Forwarded-…`.
const FORWARDING: [&str; 10] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-original-host",
    "true-client-ip",
    "cdn-loop",
    "cf-connecting-ip",
    "cf-ray",
    "fly-client-ip",
];

/// The host of a request, in lower case and without a final dot, and the port, if present.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestHost {
    name: String,
    port: Option<u16>,
}

impl RequestHost {
    fn new(authority: &Authority) -> Option<Self> {
        let text = authority.as_str();
        let name = authority.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        // An authority may contain a user name, a host may not.
        let rest = text.get(authority.host().len()..)?;
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            Some(port) => Some(port.parse().ok()?),
            None => return None,
        };
        let name = Host::parse(name).ok()?.to_string();
        Some(Self { name, port })
    }

    /// Returns `true` if a URL has this host. The port matters only on this machine, where each
    /// program has its own: elsewhere a client chooses any port in the header, and proxies select a
    /// site by the name alone.
    pub(super) fn is_of(&self, url: &Url) -> bool {
        let is_same_port = || {
            self.port
                .is_none_or(|port| url.port_or_known_default() == Some(port))
        };
        url.host_str() == Some(&self.name) && (!self.is_local() || is_same_port())
    }

    /// Returns `true` if pages of this origin were loaded from this host. Without a port, the host is
    /// that of the default port.
    pub(super) fn is_origin(&self, origin: &Url) -> bool {
        let port = match self.port {
            Some(_) => origin.port_or_known_default(),
            None => origin.port(),
        };
        origin.host_str() == Some(&self.name) && self.port == port
    }

    /// Returns `true` for names and addresses that no other machine can have.
    fn is_local(&self) -> bool {
        match Host::parse(&self.name) {
            Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Ok(Host::Ipv4(address)) => address.is_loopback(),
            Ok(Host::Ipv6(address)) => address.is_loopback(),
            Err(_) => false,
        }
    }
}

/// Returns the host that a request names: in `Host`, in the target (`GET http://host/path`) or, in
/// HTTP/2, as `:authority`. `None` for a request of HTTP/1.0, or of this process, without one.
pub(super) fn of(request: &Request) -> Result<Option<RequestHost>, Problem> {
    let invalid = |detail| Problem::new(ProblemCode::HostInvalid).with_detail(detail);
    let mut headers = request.headers().get_all(HOST).iter();
    let header = headers.next();
    if headers.next().is_some() {
        return Err(invalid("The header `Host` must appear only once."));
    }
    let parse = |authority: &Authority| RequestHost::new(authority);
    let header = header.map(|value| parse(&Authority::try_from(value.as_bytes()).ok()?));
    let target = request.uri().authority().map(parse);
    match (header, target) {
        (Some(None), _) | (_, Some(None)) => Err(invalid(
            "The header `Host` is not a valid host name or IP address.",
        )),
        (Some(Some(header)), Some(Some(target))) if header != target => Err(invalid(
            "The header `Host` differs from the host in the request line.",
        )),
        (Some(host), _) | (None, Some(host)) => Ok(host),
        // A request without a connection comes from this process.
        (None, None)
            if request.version() > Version::HTTP_10
                && request.extensions().get::<Peer>().is_some() =>
        {
            Err(invalid("The header `Host` is required."))
        }
        (None, None) => Ok(None),
    }
}

/// Refuses a request whose `Host` is not a local name. This prevents DNS rebinding, in which a web
/// page lets its own name resolve to this machine.
#[cfg(feature = "_server")]
pub(super) fn check_local(request: &Request) -> Result<(), Problem> {
    match of(request)? {
        Some(host) if !host.is_local() => Err(Problem::new(ProblemCode::HostNotAllowed)),
        _ => Ok(()),
    }
}

/// Site that a host stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// The Mini App.
    MiniApp,
    /// The admin panel.
    Admin,
    /// This machine, by another name than those of the two sites.
    Local,
    /// Another name or address of the server, or none.
    Other,
}

/// Returns the site of a request. Refuses a host that is not the server's, and paths that the host
/// does not serve.
pub(super) fn site(
    host: Option<&RequestHost>,
    request: &Request,
    options: &HttpOptions,
) -> Result<Site, Problem> {
    let path = request.uri().path();
    let is_bootstrap = request.method() == Method::POST && path == Bootstrap::PATH;
    if options.direct_bootstrap_only && is_bootstrap && is_forwarded(request.headers()) {
        let detail = "In development mode, only a direct request creates the first administrator. \
                      Set DIVAN_BOOTSTRAP_TOKEN to create it through a proxy.";
        return Err(Problem::new(ProblemCode::BootstrapTokenRequired).with_detail(detail));
    }
    let Some(host) = host else {
        return Ok(Site::Other);
    };
    let is_of = |url: &Option<Url>| url.as_ref().is_some_and(|url| host.is_of(url));
    let site = match (is_of(&options.miniapp_url), is_of(&options.admin_url)) {
        (true, _) => Site::MiniApp,
        (_, true) => Site::Admin,
        _ if host.is_local() => Site::Local,
        _ => Site::Other,
    };
    match site {
        Site::Other if options.local_hosts_only => Err(Problem::new(ProblemCode::HostNotAllowed)),
        Site::MiniApp if is_for_administrators(path) => Err(Problem::new(ProblemCode::NotFound)),
        Site::Admin if path.starts_with("/auth/telegram/") => {
            Err(Problem::new(ProblemCode::NotFound))
        }
        site => Ok(site),
    }
}

fn is_for_administrators(path: &str) -> bool {
    path.starts_with("/auth/admin/")
        || [TOKEN_PATH, INTROSPECTION_PATH, REVOCATION_PATH].contains(&path)
        || path == "/openapi.json"
        || path == "/docs"
        || path.starts_with("/docs/")
}

/// Returns `true` if a proxy or a tunnel forwarded the request.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    let is_forwarding = |name: &str| name.starts_with("x-forwarded") || FORWARDING.contains(&name);
    headers.keys().any(|name| is_forwarding(name.as_str()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn host(value: &'static str) -> Option<RequestHost> {
        let request = Request::get("/").header(HOST, value);
        of(&request.body(Body::empty()).unwrap()).ok().flatten()
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_an_optional_port() {
        let name = |value| host(value).map(|host| (host.name, host.port));
        let some = |name: &str, port| Some((name.to_owned(), port));
        assert_eq!(name("Sec.Example.COM."), some("sec.example.com", None));
        assert_eq!(name("localhost:8000"), some("localhost", Some(8000)));
        assert_eq!(name("[::1]:8000"), some("[::1]", Some(8000)));
        // Browsers read numbers as addresses, too.
        assert_eq!(name("0x7f.1"), some("127.0.0.1", None));
        for value in [
            "",
            "a b",
            "user@host",
            "host:x",
            "host:70000",
            "host:",
            "a/b",
            "[::1",
        ] {
            assert_eq!(name(value), None, "{value}");
        }
    }

    #[test]
    fn only_names_of_the_machine_itself_are_local() {
        for value in [
            "localhost",
            "LOCALHOST.",
            "divan.localhost:1",
            "127.9.9.9",
            "[::1]:80",
        ] {
            assert!(host(value).unwrap().is_local(), "{value}");
        }
        for value in [
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.nip.io",
            "192.168.0.1",
            "0.0.0.0",
            "[::]",
            "[::ffff:192.0.2.1]",
        ] {
            assert!(!host(value).unwrap().is_local(), "{value}");
        }
    }

    #[test]
    fn a_url_has_the_name_of_a_request_and_on_this_machine_the_port() {
        let url = Url::parse("https://sec.example.com/panel").unwrap();
        for (value, expected) in [
            ("sec.example.com", true),
            ("sec.example.com:443", true),
            ("sec.example.com:8000", true),
            ("divan.example.com", false),
        ] {
            assert_eq!(host(value).unwrap().is_of(&url), expected, "{value}");
        }
        let url = Url::parse("http://localhost:5173").unwrap();
        for (value, expected) in [
            ("localhost", true),
            ("localhost:5173", true),
            ("localhost:8000", false),
        ] {
            assert_eq!(host(value).unwrap().is_of(&url), expected, "{value}");
        }
    }
}
