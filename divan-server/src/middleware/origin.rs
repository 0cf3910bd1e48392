//! The page that a request comes from (Fetch standard, `Origin` and `Sec-Fetch-Site`).

use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::{HeaderValue, Method};
use divan_core::api::ProblemCode;
use url::Url;

use super::host::RequestHost;
use crate::problem::Problem;
use crate::state::HttpOptions;
use crate::verify_endpoint;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a request that may change something, from a page of an origin that is neither the server's
/// own nor allowed. CORS alone would only hide the response from the page.
pub(super) fn check(
    host: Option<&RequestHost>,
    request: &Request,
    options: &HttpOptions,
) -> Result<(), Problem> {
    let path = request.uri().path();
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    // Forward authentication changes nothing, and has method and headers of the original request.
    if reads || !path.starts_with("/auth/") || verify_endpoint::is_at(path) {
        return Ok(());
    }
    let mut origins = request.headers().get_all(ORIGIN).iter();
    let is_allowed = match (origins.next(), origins.next()) {
        (Some(origin), None) => {
            (origin != "*" && options.allowed_origins.contains(origin))
                || host.is_some_and(|host| is_same(origin, host))
        }
        (Some(_), Some(_)) => false,
        // Not a browser, or one that sends no `Origin`.
        (None, _) => {
            let mut sites = request.headers().get_all(SEC_FETCH_SITE).iter();
            !sites.any(|site| site == "cross-site")
        }
    };
    if is_allowed {
        Ok(())
    } else {
        Err(Problem::new(ProblemCode::OriginNotAllowed))
    }
}

/// Returns `true` if an origin is of this host. The scheme is known to the proxy only.
fn is_same(origin: &HeaderValue, host: &RequestHost) -> bool {
    let url = origin.to_str().ok().and_then(|text| Url::parse(text).ok());
    url.is_some_and(|url| ["http", "https"].contains(&url.scheme()) && host.is_origin(&url))
}
