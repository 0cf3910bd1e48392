use std::time::Instant;

use axum::http::HeaderMap;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_SECURITY_POLICY, ORIGIN,
    X_FRAME_OPTIONS,
};
use divan_core::api::{Endpoint, Health, HealthStatus, Live, Me};
use reqwest::{Client, Method, Response, StatusCode};
use url::Url;

use super::{DEADLINE, Finding, State};
use crate::config::Config;
use crate::http_client::{bounded_body, http_client};

/// Where Telegram's web clients show a Mini App in a frame.
const TELEGRAM_WEB: &str = "https://web.telegram.org";

/// An origin that nobody's page has.
const NOBODYS: &str = "https://nobody.invalid";

/// Whether both audiences lead to the server, with the headers that browsers go by.
pub(super) async fn audiences(config: &Config) -> Vec<Finding> {
    let (miniapp, admin) = (&config.addresses.miniapp, &config.addresses.admin);
    let (miniapp, admin) = tokio::join!(
        audience("Mini App address", miniapp, frames_of_miniapp),
        audience("admin panel address", admin, frames_of_admin),
    );
    miniapp.into_iter().chain(admin).collect()
}

/// Whether clients can be told from the proxy in front.
pub(super) fn proxies(config: &Config) -> Finding {
    let trusted = &config.infra.http.trusted_proxies;
    let networks: Vec<String> = trusted.iter().map(ToString::to_string).collect();
    match config.addresses.are_https() {
        _ if !trusted.is_empty() => Finding::ok("trusted proxies", networks.join(", ")),
        true => Finding::warning(
            "trusted proxies",
            "none: behind a proxy all clients have its address; set DIVAN_TRUSTED_PROXIES",
        ),
        false => Finding::ok("trusted proxies", "none"),
    }
}

async fn audience(
    subject: &'static str,
    url: &Url,
    frames: fn(&HeaderMap) -> Result<(), String>,
) -> Vec<Finding> {
    if crate::config::is_local(url) {
        let text =
            format!("{url} is an address of this machine, which nobody else's browser opens");
        return vec![Finding::warning(subject, text)];
    }
    let asked = Instant::now();
    match look(url, frames).await {
        Ok(faults) if faults.is_empty() => {
            vec![Finding::ok(subject, format!("{url} leads to the server")).took(asked.elapsed())]
        }
        Ok(faults) => faults
            .into_iter()
            .map(|(state, fault)| Finding::new(subject, state, format!("{url} {fault}")))
            .collect(),
        Err(error) => vec![Finding::wrong(
            subject,
            format!("{url} cannot be reached: {error}"),
        )],
    }
}

type Faults = Vec<(State, String)>;

async fn look(
    url: &Url,
    frames: fn(&HeaderMap) -> Result<(), String>,
) -> Result<Faults, Box<dyn std::error::Error + Send + Sync>> {
    let http = http_client(url, DEADLINE)?;
    let origin = url.origin().ascii_serialization();
    let mut faults = Faults::new();

    // At once, so that all of it takes as long as the slowest.
    let (page, alive, own, nobodys) = tokio::try_join!(
        async { http.get(url.clone()).send().await.map_err(reason) },
        async { answer_of_life(&http, url).await.map_err(reason) },
        preflight(&http, url, &origin),
        preflight(&http, url, NOBODYS),
    )?;
    if page.status().is_success() {
        faults.extend(
            frames(page.headers())
                .err()
                .map(|fault| (State::Wrong, fault)),
        );
    } else {
        faults.push((
            State::Warning,
            format!("has no page: it answers {}", page.status()),
        ));
    }
    if let Err(status) = alive {
        let fault = format!(
            "does not lead to the server: {} answers {status} and is not of it",
            Live::PATH
        );
        faults.push((State::Wrong, fault));
        return Ok(faults);
    }
    if allowed_origin(&own).as_deref() != Some(origin.as_str()) {
        let fault = format!("refuses its own pages: no CORS for {origin}");
        faults.push((State::Wrong, fault));
    }
    if allowed_origin(&nobodys).is_some() {
        let fault = "lets pages of others call: something in front adds CORS headers".to_owned();
        faults.push((State::Wrong, fault));
    }
    Ok(faults)
}

/// Whether it is the server that answers, or with what status somebody else does: front ends answer
/// with their page to everything.
async fn answer_of_life(
    http: &Client,
    url: &Url,
) -> Result<Result<(), StatusCode>, reqwest::Error> {
    let answer = http.get(join(url, Live::PATH)).send().await?;
    let status = answer.status();
    let body = bounded_body(answer).await?.unwrap_or_default();
    let health = serde_json::from_slice::<Health>(&body);
    Ok(
        if health.is_ok_and(|health| health.status == HealthStatus::Live) {
            Ok(())
        } else {
            Err(status)
        },
    )
}

/// What a browser asks before a page of this origin may call.
async fn preflight(http: &Client, url: &Url, origin: &str) -> Result<Response, String> {
    let call = http.request(Method::OPTIONS, join(url, Me::PATH));
    let call = call
        .header(ORIGIN, origin)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
    call.send().await.map_err(reason)
}

fn allowed_origin(answer: &Response) -> Option<String> {
    Some(
        answer
            .headers()
            .get(ACCESS_CONTROL_ALLOW_ORIGIN)?
            .to_str()
            .ok()?
            .to_owned(),
    )
}

/// Telegram's web clients need to show it in a frame; nobody else does.
fn frames_of_miniapp(headers: &HeaderMap) -> Result<(), String> {
    if headers.contains_key(X_FRAME_OPTIONS) {
        return Err("has X-Frame-Options: Telegram for Web cannot show it".to_owned());
    }
    match frame_ancestors(headers) {
        None => Err(format!(
            "may be shown in anybody's frame: add frame-ancestors {TELEGRAM_WEB}"
        )),
        Some(allowed) if allowed.iter().any(|source| source == TELEGRAM_WEB) => Ok(()),
        Some(_) => Err(format!(
            "may not be shown in a frame of {TELEGRAM_WEB}: see frame-ancestors"
        )),
    }
}

fn frames_of_admin(headers: &HeaderMap) -> Result<(), String> {
    match frame_ancestors(headers).as_deref() {
        Some([none]) if none == "'none'" => Ok(()),
        _ => Err(
            "may be shown in frames: set Content-Security-Policy to frame-ancestors 'none'"
                .to_owned(),
        ),
    }
}

/// The sources of [`frame-ancestors`](https://www.w3.org/TR/CSP3/#directive-frame-ancestors);
/// `None` where it is not there.
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

fn join(url: &Url, path: &str) -> String {
    format!("{}{path}", url.as_str().trim_end_matches('/'))
}

/// The innermost cause says what happened; what stands around it repeats the address.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
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
    fn the_mini_app_is_shown_by_telegram_and_nobody_else() {
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
    fn the_admin_panel_is_shown_by_nobody() {
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

    const PAGE: &str = "frame-ancestors https://web.telegram.org";

    /// What stands before the server, with a page of this policy, and whether it lets these origins
    /// call.
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
        for origin in [own.as_str(), NOBODYS] {
            let mut answer = ResponseTemplate::new(200);
            if allows(if origin == NOBODYS { "nobody" } else { "own" }) {
                answer = answer.insert_header("access-control-allow-origin", origin);
            }
            let preflight = Mock::given(method("OPTIONS"))
                .and(path(Me::PATH))
                .and(header("origin", origin));
            preflight.respond_with(answer).mount(&proxy).await;
        }
        proxy
    }

    async fn faults(proxy: &MockServer) -> Vec<String> {
        let faults = look(&proxy.uri().parse().unwrap(), frames_of_miniapp)
            .await
            .unwrap();
        faults.into_iter().map(|(_, fault)| fault).collect()
    }

    #[tokio::test]
    async fn a_proxy_is_judged_as_browsers_meet_it() {
        assert_eq!(
            faults(&proxy(PAGE, true, |origin| origin == "own").await).await,
            [""; 0]
        );
        let elsewhere = faults(&proxy(PAGE, false, |_| false).await).await;
        assert!(
            elsewhere[0].contains("does not lead to the server"),
            "{elsewhere:?}"
        );
        let closed = faults(&proxy("frame-ancestors 'none'", true, |_| false).await).await;
        assert!(
            closed[0].contains("may not be shown") && closed[1].contains("refuses its own pages"),
            "{closed:?}"
        );
        let open = faults(&proxy(PAGE, true, |_| true).await).await;
        assert!(open[0].contains("lets pages of others call"), "{open:?}");
    }
}
