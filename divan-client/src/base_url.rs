use url::{Host, Url};

use crate::Error;

/// The address of a server: checked, and without `/` at the end of its path.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl(Url);

/// Where plain HTTP may go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PlainHttp {
    Loopback,
    Anywhere,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, Error> {
        // No message repeats the address: it may be refused for the password in it.
        let mut url =
            Url::parse(text).map_err(|_| Error::setup("the address of the server is not a URL"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Error::setup(
                "the address of the server is neither https nor http",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::setup(
                "the address of the server has a user name or password in it",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::setup(
                "the address of the server has a query or fragment",
            ));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let base = Self(url);
        match plain_http {
            PlainHttp::Loopback if !base.is_https() && !base.is_loopback() => Err(Error::setup(
                "plain http is for loopback addresses only: use https",
            )),
            _ => Ok(base),
        }
    }

    /// The URL of a path of the contract, which starts with `/`.
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let prefix = self.0.path().trim_end_matches('/');
        url.set_path(&format!("{prefix}{path}"));
        url
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => self.loopback_name().is_some(),
        }
    }

    /// The host when it is a name of this machine (RFC 6761 §6.3).
    pub(crate) fn loopback_name(&self) -> Option<&str> {
        self.0
            .domain()
            .filter(|name| *name == "localhost" || name.ends_with(".localhost"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BaseUrl, Error> {
        BaseUrl::parse(text, PlainHttp::Loopback)
    }

    #[test]
    fn a_path_prefix_is_kept_with_or_without_its_slash() {
        for (base, url) in [
            ("https://example.com", "https://example.com/auth/me"),
            ("https://example.com/", "https://example.com/auth/me"),
            (
                "https://example.com/prefix",
                "https://example.com/prefix/auth/me",
            ),
            (
                "https://example.com/prefix/",
                "https://example.com/prefix/auth/me",
            ),
            (
                "https://example.com/two%20words/b",
                "https://example.com/two%20words/b/auth/me",
            ),
            (
                "HTTPS://Example.COM:8443/a/",
                "https://example.com:8443/a/auth/me",
            ),
        ] {
            assert_eq!(
                parse(base).unwrap().endpoint("/auth/me").as_str(),
                url,
                "{base}"
            );
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for text in [
            "http://localhost:8000",
            "http://LOCALHOST",
            "http://divan.localhost:8000/",
            "http://127.0.0.1",
            "http://127.8.9.10:1",
            "http://[::1]:8000",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in [
            "http://example.com",
            "http://localhost.example.com",
            "http://notlocalhost",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://128.0.0.1",
            "http://[::2]",
            "http://127.0.0.1.example.com",
        ] {
            assert!(parse(text).unwrap_err().is_setup(), "{text}");
            assert!(BaseUrl::parse(text, PlainHttp::Anywhere).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for text in [
            "",
            "example.com",
            "/auth",
            "https://",
            "https://exa mple.com",
            "ftp://example.com",
            "file:///tmp",
            "data:text/plain,x",
            "https://user@example.com",
            "https://user:hunter2@example.com",
            "https://:hunter2@example.com",
            "https://example.com/?hunter2",
            "https://example.com/?",
            "https://example.com/#hunter2",
        ] {
            for plain_http in [PlainHttp::Loopback, PlainHttp::Anywhere] {
                let error = BaseUrl::parse(text, plain_http).unwrap_err();
                assert!(error.is_setup(), "{text}");
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
            }
        }
    }
}
