//! Addresses of the web: `http` and `https`.

use url::Url;

/// What is wrong with such an address, as the rest of a sentence. None of it is from the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidAddress {
    #[error("is not an address: {0}")]
    Unreadable(url::ParseError),
    #[error("is neither http nor https: begin it with `http://` or `https://`")]
    Scheme,
    #[error("has credentials in it")]
    Credentials,
    #[error("has a query or a fragment")]
    Query,
    #[error("has a path, and is to end after the host and the port")]
    Path,
}

/// Reads an address that may have a path.
pub(super) fn address(text: &str) -> Result<Url, InvalidAddress> {
    match Url::parse(text) {
        Err(url::ParseError::RelativeUrlWithoutBase) => Err(InvalidAddress::Scheme),
        Err(error) => Err(InvalidAddress::Unreadable(error)),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err(InvalidAddress::Scheme),
        // Wherever it stands: an unescaped `/` in a password ends the host before it.
        Ok(_) if text.contains('@') => Err(InvalidAddress::Credentials),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => Err(InvalidAddress::Query),
        Ok(url) => Ok(url),
    }
}

/// Reads an address without a path.
pub(super) fn bare_address(text: &str) -> Result<Url, InvalidAddress> {
    let url = address(text)?;
    if url.path() == "/" {
        Ok(url)
    } else {
        Err(InvalidAddress::Path)
    }
}
