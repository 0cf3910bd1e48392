use url::{Host, Url};

use crate::error::Error;

/// Validated address of a server, without a trailing `/` in its path.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl(Url);

/// Hosts for which plain HTTP is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HttpPolicy {
    LoopbackOnly,
    AnyHost,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str, http_policy: HttpPolicy) -> Result<Self, Error> {
        // No message contains the URL: it may contain a password.
        let mut url = Url::parse(text).map_err(|_| Error::setup("the base URL is invalid"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Error::setup("the base URL must be https or http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::setup(
                "the base URL must not contain a user name or password",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::setup(
                "the base URL must not contain a query or fragment",
            ));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let base_url = Self(url);
        match http_policy {
            HttpPolicy::LoopbackOnly if !base_url.is_https() && !base_url.is_loopback() => Err(
                Error::setup("the base URL must be https: http is allowed for loopback only"),
            ),
            _ => Ok(base_url),
        }
    }

    /// Returns the URL of an endpoint; `path` starts with `/`.
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

    /// Returns the host if it is `localhost` or a subdomain of it (RFC 6761 §6.3).
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
        BaseUrl::parse(text, HttpPolicy::LoopbackOnly)
    }

    #[test]
    fn path_prefix_is_kept_with_and_without_trailing_slash() {
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
    fn plain_http_is_allowed_for_loopback_only() {
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
            assert!(BaseUrl::parse(text, HttpPolicy::AnyHost).is_ok(), "{text}");
        }
    }

    #[test]
    fn invalid_base_urls_are_rejected_without_quoting_them() {
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
            for http_policy in [HttpPolicy::LoopbackOnly, HttpPolicy::AnyHost] {
                let error = BaseUrl::parse(text, http_policy).unwrap_err();
                assert!(error.is_setup(), "{text}");
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
            }
        }
    }
}
