//! `http` and `https` URLs.

use url::Url;

/// A rule that a URL breaks. The message continues the name of the variable and contains no part of
/// the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidAddress {
    #[error("must be a URL: {0}")]
    Unreadable(url::ParseError),
    #[error("must start with `http://` or `https://`")]
    Scheme,
    #[error("must not contain credentials")]
    Credentials,
    #[error("must not contain a query or a fragment")]
    Query,
    #[error("must not contain a fragment")]
    Fragment,
    #[error("must not contain a path")]
    Path,
}

/// Parses a URL that may have a path.
pub(super) fn address(text: &str) -> Result<Url, InvalidAddress> {
    let url = any_address(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        Err(InvalidAddress::Query)
    } else {
        Ok(url)
    }
}

/// Parses a URL that may have a path and a query.
pub(super) fn address_with_query(text: &str) -> Result<Url, InvalidAddress> {
    let url = any_address(text)?;
    if url.fragment().is_some() {
        Err(InvalidAddress::Fragment)
    } else {
        Ok(url)
    }
}

fn any_address(text: &str) -> Result<Url, InvalidAddress> {
    match Url::parse(text) {
        Err(url::ParseError::RelativeUrlWithoutBase) => Err(InvalidAddress::Scheme),
        Err(error) => Err(InvalidAddress::Unreadable(error)),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err(InvalidAddress::Scheme),
        // Anywhere in the text: an unescaped `/` in a password ends the host before the `@`.
        Ok(_) if text.contains('@') => Err(InvalidAddress::Credentials),
        Ok(url) => Ok(url),
    }
}

/// Parses a URL without a path.
pub(super) fn bare_address(text: &str) -> Result<Url, InvalidAddress> {
    let url = address(text)?;
    if url.path() == "/" {
        Ok(url)
    } else {
        Err(InvalidAddress::Path)
    }
}
