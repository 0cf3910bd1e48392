use std::time::Instant;

use axum::http::HeaderMap;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_SECURITY_POLICY, LOCATION,
    ORIGIN, X_FRAME_OPTIONS,
};
use divan_core::api::{Endpoint, Health, HealthStatus, Live, Me};
use reqwest::{Client, Method, Response, StatusCode};
use url::Url;

use super::{DEADLINE, Finding, State};
use crate::config::Config;
use crate::error_chain::innermost;
use crate::http_client::{bounded_body, http_client};
#[cfg(feature = "pages")]
use crate::state::Pages;

/// Origin of Telegram's web clients, which show a Mini App in a frame.
const TELEGRAM_WEB: &str = "https://web.telegram.org";

/// Origin that no page has.
const FOREIGN_ORIGIN: &str = "https://foreign.invalid";

/// Checks that the URLs of both audiences reach this server, with the headers that browsers need.
pub(super) async fn audiences(config: &Config) -> Vec<Finding> {
    let (miniapp, admin) = (&config.addresses.miniapp, &config.addresses.admin);
    let miniapp_page = PageCheck {
        frames: frames_of_miniapp,
        #[cfg(feature = "pages")]
        page: (config.pages == Pages::All).then_some(divan_pages::Page::MiniApp),
    };
    let admin_page = PageCheck {
        frames: frames_of_admin,
        #[cfg(feature = "pages")]
        page: matches!(config.pages, Pages::All | Pages::Admin).then_some(divan_pages::Page::Admin),
    };
    let (miniapp, admin) = tokio::join!(
        audience("Mini App URL", miniapp, &miniapp_page),
        audience("admin panel URL", admin, &admin_page),
    );
    miniapp.into_iter().chain(admin).collect()
}

/// Checks of the page that a URL returns.
struct PageCheck {
    /// Checks which sites may show the page in a frame.
    frames: fn(&HeaderMap) -> Result<(), String>,
    /// The server's own page; `None` if another one is served.
    #[cfg(feature = "pages")]
    page: Option<divan_pages::Page>,
}

/// Checks that client addresses can be read behind a proxy.
pub(super) fn proxies(config: &Config) -> Finding {
    let trusted = &config.infra.http.trusted_proxies;
    let networks: Vec<String> = trusted.iter().map(ToString::to_string).collect();
    match config.addresses.are_https() {
        _ if !trusted.is_empty() => Finding::ok("trusted proxies", networks.join(", ")),
        true => Finding::warning(
            "trusted proxies",
            "none: if a proxy is in front, all clients appear with its IP address; set DIVAN_TRUSTED_PROXIES",
        ),
        false => Finding::ok("trusted proxies", "none"),
    }
}

async fn audience(subject: &'static str, url: &Url, page: &PageCheck) -> Vec<Finding> {
    if crate::config::is_local(url) {
        let text = format!("{url} is a local URL, which other machines cannot open");
        return vec![Finding::warning(subject, text)];
    }
    let started = Instant::now();
    match inspect(url, page).await {
        Ok(problems) if problems.is_empty() => {
            vec![Finding::ok(subject, format!("{url} reaches this server")).took(started.elapsed())]
        }
        Ok(problems) => problems
            .into_iter()
            .map(|(state, problem)| Finding::new(subject, state, format!("{url} {problem}")))
            .collect(),
        Err(error) => vec![Finding::error(
            subject,
            format!("{url} cannot be reached: {error}"),
        )],
    }
}

type Problems = Vec<(State, String)>;

async fn inspect(
    url: &Url,
    expected: &PageCheck,
) -> Result<Problems, Box<dyn std::error::Error + Send + Sync>> {
    let http = http_client(url, DEADLINE)?;
    let origin = url.origin().ascii_serialization();
    let mut problems = Problems::new();

    // Concurrently, so that the check takes as long as the slowest request.
    let (page, live, own, foreign) = tokio::try_join!(
        async { http.get(url.clone()).send().await.map_err(reason) },
        async { check_live(&http, url).await.map_err(reason) },
        preflight(&http, url, &origin),
        preflight(&http, url, FOREIGN_ORIGIN),
    )?;
    if let Some(host) = other_host(url, &page) {
        let problem = format!(
            "redirects to {host}: since July 2026, Telegram gives pages on another host no Mini App methods, such as \
             requestContact; set DIVAN_MINIAPP_URL to the final URL"
        );
        problems.push((State::Error, problem));
    } else if page.status().is_success() {
        let frames = (expected.frames)(page.headers()).err();
        problems.extend(frames.map(|problem| (State::Error, problem)));
        #[cfg(feature = "pages")]
        if let Some(expected) = expected.page {
            let found = super::pages::problems(&http, url, expected, page).await;
            problems.extend(found.map_err(reason)?);
        }
    } else {
        problems.push((
            State::Warning,
            format!(
                "has no page: it returns {}; check the files of the front end and the proxy",
                page.status()
            ),
        ));
    }
    if let Err(status) = live {
        let problem = format!(
            "does not reach this server: {} was answered with {status} by another server; check DNS and the proxy",
            Live::PATH
        );
        problems.push((State::Error, problem));
        return Ok(problems);
    }
    if allowed_origin(&own).as_deref() != Some(origin.as_str()) {
        let problem = format!(
            "does not allow requests from {origin}: no CORS header; check DIVAN_MINIAPP_URL, DIVAN_ADMIN_URL and the proxy"
        );
        problems.push((State::Error, problem));
    }
    if allowed_origin(&foreign).is_some() {
        let problem =
            "allows calls from pages of other origins: a proxy in front adds CORS headers; remove them there"
                .to_owned();
        problems.push((State::Error, problem));
    }
    Ok(problems)
}

/// Checks that the server responds; returns the status of another responder. Front ends return
/// their page for every path, so the body is read.
async fn check_live(http: &Client, url: &Url) -> Result<Result<(), StatusCode>, reqwest::Error> {
    let response = http.get(join(url, Live::PATH)).send().await?;
    let status = response.status();
    let body = bounded_body(response).await?.unwrap_or_default();
    let health = serde_json::from_slice::<Health>(&body);
    Ok(
        if health.is_ok_and(|health| health.status == HealthStatus::Live) {
            Ok(())
        } else {
            Err(status)
        },
    )
}

/// Sends the preflight request of a page of this origin.
async fn preflight(http: &Client, url: &Url, origin: &str) -> Result<Response, String> {
    let call = http.request(Method::OPTIONS, join(url, Me::PATH));
    let call = call
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
    call.send().await.map_err(reason)
}

fn allowed_origin(response: &Response) -> Option<String> {
    Some(
        response
            .headers()
            .get(ACCESS_CONTROL_ALLOW_ORIGIN)?
            .to_str()
            .ok()?
            .to_owned(),
    )
}

/// Requires that Telegram's web clients, and no other site, can show the page in a frame.
fn frames_of_miniapp(headers: &HeaderMap) -> Result<(), String> {
    if headers.contains_key(X_FRAME_OPTIONS) {
        return Err(
            "has the header X-Frame-Options, so Telegram for Web cannot show the page: remove it"
                .to_owned(),
        );
    }
    match frame_ancestors(headers) {
        None => Err(format!(
            "can be framed by any site: add frame-ancestors {TELEGRAM_WEB}"
        )),
        Some(allowed) if allowed.iter().any(|source| source == TELEGRAM_WEB) => Ok(()),
        Some(_) => Err(format!(
            "cannot be framed by {TELEGRAM_WEB}: check frame-ancestors"
        )),
    }
}

fn frames_of_admin(headers: &HeaderMap) -> Result<(), String> {
    match frame_ancestors(headers).as_deref() {
        Some([none]) if none == "'none'" => Ok(()),
        _ => Err("can be framed: set Content-Security-Policy to frame-ancestors 'none'".to_owned()),
    }
}

/// Returns the sources of [`frame-ancestors`](https://www.w3.org/TR/CSP3/#directive-frame-ancestors);
/// `None` without that directive.
fn frame_ancestors(headers: &HeaderMap) -> Option<Vec<String>> {
    let policies = headers
        .get_all(CONTENT_SECURITY_POLICY)
        .iter()
        .filter_map(|policy| policy.to_str().ok());
    let directive = policies
        .flat_map(|policy| policy.split([';', ',']))
        .find_map(|directive| {
            let mut words = directive.split_whitespace();
            words
                .next()
                .filter(|name| name.eq_ignore_ascii_case("frame-ancestors"))
                .map(|_| words)
        });
    Some(
        directive?
            .map(|source| source.trim_end_matches('/').to_owned())
            .collect(),
    )
}

/// Appends a path to the URL, whose query belongs to the page.
pub(super) fn join(url: &Url, path: &str) -> String {
    let mut url = url.clone();
    url.set_query(None);
    format!("{}{path}", url.as_str().trim_end_matches('/'))
}

/// Returns the host that the page redirects to, if it is another one.
fn other_host(url: &Url, page: &Response) -> Option<String> {
    let location = page.headers().get(LOCATION)?.to_str().ok()?;
    let target = url.join(location).ok()?;
    let host = target.host_str()?;
    (page.status().is_redirection() && Some(host) != url.host_str()).then(|| host.to_owned())
}

fn reason(error: reqwest::Error) -> String {
    innermost(&error.without_url())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_mini_app_must_be_framed_by_telegram_only() {
        let good = "default-src 'self'; frame-ancestors https://web.telegram.org";
        assert_eq!(
            frames_of_miniapp(&headers(&[(CONTENT_SECURITY_POLICY, good)])),
            Ok(())
        );
        let cases = [
            headers(&[]),
            headers(&[(CONTENT_SECURITY_POLICY, "frame-ancestors 'none'")]),
            headers(&[
                (CONTENT_SECURITY_POLICY, good),
                (X_FRAME_OPTIONS, "SAMEORIGIN"),
            ]),
        ];
        for case in cases {
            assert!(frames_of_miniapp(&case).is_err(), "{case:?}");
        }
    }

    #[test]
    fn the_admin_panel_must_not_be_framed() {
        let policy = |text| headers(&[(CONTENT_SECURITY_POLICY, text)]);
        assert_eq!(
            frames_of_admin(&policy("object-src 'none'; Frame-Ancestors 'none'")),
            Ok(())
        );
        for other in [
            "default-src 'none'",
            "frame-ancestors 'self'",
            "frame-ancestors 'none' https://x.example",
        ] {
            assert!(frames_of_admin(&policy(other)).is_err(), "{other}");
        }
    }

    /// A page of the operator.
    const OWN_PAGE: PageCheck = PageCheck {
        frames: frames_of_miniapp,
        #[cfg(feature = "pages")]
        page: None,
    };

    const PAGE: &str = "frame-ancestors https://web.telegram.org";

    /// Mock of a proxy in front of the server, with a page of this policy and CORS for the allowed
    /// origins.
    async fn proxy(
        policy: &str,
        leads_to_server: bool,
        allows: impl Fn(&str) -> bool,
    ) -> MockServer {
        let proxy = MockServer::start().await;
        let page = ResponseTemplate::new(200).insert_header("content-security-policy", policy);
        Mock::given(method("GET"))
            .and(path("/"))
            .respond_with(page)
            .mount(&proxy)
            .await;
        let status = if leads_to_server { "live" } else { "<html>" };
        let live =
            ResponseTemplate::new(200).set_body_json(serde_json::json!({ "status": status }));
        Mock::given(method("GET"))
            .and(path(Live::PATH))
            .respond_with(live)
            .mount(&proxy)
            .await;
        let own = proxy.uri();
        for origin in [own.as_str(), FOREIGN_ORIGIN] {
            let mut response = ResponseTemplate::new(200);
            if allows(if origin == FOREIGN_ORIGIN {
                "foreign"
            } else {
                "own"
            }) {
                response = response.insert_header("access-control-allow-origin", origin);
            }
            let preflight = Mock::given(method("OPTIONS"))
                .and(path(Me::PATH))
                .and(header("origin", origin));
            preflight.respond_with(response).mount(&proxy).await;
        }
        proxy
    }

    async fn problems(proxy: &MockServer) -> Vec<String> {
        let problems = inspect(&proxy.uri().parse().unwrap(), &OWN_PAGE)
            .await
            .unwrap();
        problems.into_iter().map(|(_, problem)| problem).collect()
    }

    #[tokio::test]
    async fn a_redirect_to_another_host_is_reported() {
        let elsewhere =
            ResponseTemplate::new(302).insert_header("location", "https://other.example.com/app");
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path("/"))
            .respond_with(elsewhere)
            .mount(&server)
            .await;
        let found = problems(&server).await;
        assert!(
            found[0].contains("redirects to other.example.com") && found[0].contains("July 2026"),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn a_query_of_the_url_belongs_to_the_page_only() {
        let proxy = proxy(PAGE, true, |origin| origin == "own").await;
        let url = format!("{}/?v=2", proxy.uri()).parse().unwrap();
        let found = inspect(&url, &OWN_PAGE).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
        let requests = proxy.received_requests().await.unwrap();
        for request in requests {
            let is_page = request.url.path() == "/";
            assert_eq!(request.url.query().is_some(), is_page, "{}", request.url);
        }
    }

    #[tokio::test]
    async fn a_proxy_is_checked_as_a_browser_sees_it() {
        assert_eq!(
            problems(&proxy(PAGE, true, |origin| origin == "own").await).await,
            [""; 0]
        );
        let elsewhere = problems(&proxy(PAGE, false, |_| false).await).await;
        assert!(
            elsewhere[0].contains("does not reach this server"),
            "{elsewhere:?}"
        );
        let closed = problems(&proxy("frame-ancestors 'none'", true, |_| false).await).await;
        assert!(
            closed[0].contains("cannot be framed")
                && closed[1].contains("does not allow requests from"),
            "{closed:?}"
        );
        let open = problems(&proxy(PAGE, true, |_| true).await).await;
        assert!(
            open[0].contains("allows calls from pages of other origins"),
            "{open:?}"
        );
    }

    #[cfg(feature = "pages")]
    #[tokio::test]
    async fn a_page_of_another_version_or_policy_or_without_its_files_is_reported() {
        use divan_pages::{Coding, File, Page};
        let check = PageCheck {
            frames: frames_of_miniapp,
            page: Some(Page::MiniApp),
        };
        let content = File::find(Page::MiniApp.path())
            .unwrap()
            .content(Coding::Identity);
        let policy = Page::MiniApp.policy();
        for (body, policy, has_files, expected) in [
            (content, policy, true, ""),
            (
                b"<!doctype html>".as_slice(),
                policy,
                true,
                "another page than this version",
            ),
            (content, PAGE, true, "another Content-Security-Policy"),
            (content, policy, false, "cannot load its file assets/"),
        ] {
            let server = proxy(PAGE, true, |origin| origin == "own").await;
            let page = ResponseTemplate::new(200).insert_header("content-security-policy", policy);
            let page = Mock::given(method("GET"))
                .and(path("/"))
                .respond_with(page.set_body_bytes(body));
            page.with_priority(1).mount(&server).await;
            for file in File::all().iter().filter(|_| has_files) {
                let found = ResponseTemplate::new(200).set_body_raw("", file.content_type);
                Mock::given(path(format!("/{}", file.path)))
                    .respond_with(found)
                    .mount(&server)
                    .await;
            }
            let found = inspect(&server.uri().parse().unwrap(), &check)
                .await
                .unwrap();
            let found: Vec<_> = found.into_iter().map(|(_, problem)| problem).collect();
            match expected {
                "" => assert_eq!(found, [""; 0]),
                expected => assert!(found[0].contains(expected), "{expected}: {found:?}"),
            }
        }
    }
}
