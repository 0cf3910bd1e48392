//! Programs of others protect a route, as the guide describes.

mod deployment;
mod page;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use divan_testing::{Gateway, RunningGateway, TestCertificate, TlsFront};
use reqwest::RequestBuilder;

use deployment::{Deployment, Token};
use page::{Cell, Page};

/// Time in which a program must notice a change. Programs wait some time between requests for new keys.
const PATIENCE: Duration = Duration::from_secs(45);

/// Asks for `/auth/verify` in configurations for administrators only.
const VERIFY: &str = "/auth/verify";
const VERIFY_ADMIN: &str = "/auth/verify?role=admin";

#[tokio::test(flavor = "multi_thread")]
async fn nginx_protects_a_route() {
    let page = Page::read();
    let start = |configuration: &str, upstream| {
        RunningGateway::start(Gateway::Nginx, configuration, &[], upstream)
    };
    check_forward_authentication(&page, "Nginx", "nginx", start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_protects_a_route() {
    let page = Page::read();
    let start = |configuration: &str, upstream| {
        RunningGateway::start(Gateway::Caddy, configuration, &[], upstream)
    };
    check_forward_authentication(&page, "Caddy", "caddy", start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_and_haproxy_pass_upgrades() {
    let page = Page::read();
    let deployment = Deployment::start().await;
    let token = deployment.sign_in().await;
    let lua = deployment.localized(&page.block("haproxy, file divan.lua"));
    for (gateway, name, lua) in [
        (Gateway::Caddy, "caddy", ""),
        (Gateway::HaProxy, "haproxy", &lua),
    ] {
        let configuration = deployment.localized(&page.block(name));
        let files = [("divan.lua", lua)];
        let port = deployment.service_port();
        let running = RunningGateway::start(gateway, &configuration, &files, port);
        let url = format!("http://127.0.0.1:{}/", running.port());
        deployment.check_upgrade(&url, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_protects_a_route() {
    let page = Page::read();
    let lua = page.block("haproxy, file divan.lua");
    let deployment = Deployment::start().await;
    let start = |uri: &str| {
        let lua = deployment.localized(&lua).replace(VERIFY, uri);
        let configuration = page.block("haproxy");
        let files = [("divan.lua", lua.as_str())];
        RunningGateway::start(
            Gateway::HaProxy,
            &configuration,
            &files,
            deployment.service_port(),
        )
    };
    let (any, admin) = (start(VERIFY), start(VERIFY_ADMIN));
    let route = Routes::of(&any, &admin);
    check(&page, "HAProxy", deployment, &route, Rules::FORWARD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_verifies_tokens_itself() {
    let page = Page::read();
    let deployment = Deployment::start().await;
    let configuration = format!(
        "{}\n  http-request deny deny_status 403 if {{ path_beg /admin/ }} !{{ var(txn.token),jwt_payload_query('$.role') -m str admin }}",
        page.block("haproxy-jwt")
    );
    let key = deployment.public_key();
    let files = [("divan.pem", key.as_str())];
    let running = RunningGateway::start(
        Gateway::HaProxy,
        &configuration,
        &files,
        deployment.service_port(),
    );
    let route = Routes::of(&running, &running).with_admin_path();
    check(
        &page,
        "HAProxy without requests",
        deployment,
        &route,
        Rules::KEYS,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_protects_a_route() {
    let page = Page::read();
    let deployment = Deployment::start().await;
    let configuration = page.block("apache");
    check_apache(&page, "Apache", deployment, &configuration).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_asks_by_introspection() {
    let page = Page::read();
    let deployment = Deployment::start().await;
    let (id, secret) = deployment.create_service("introspect");
    let block = page.block("apache-introspection");
    let configuration = block.replace("SERVICE", &id).replace("SECRET", &secret);
    check_apache(
        &page,
        "Apache with introspection",
        deployment,
        &configuration,
    )
    .await;
}

async fn check_apache(page: &Page, row: &str, deployment: Deployment, configuration: &str) {
    let certificate = TestCertificate::of_an_authority();
    let front = TlsFront::of(deployment.port(), "http/1.1", &certificate);
    let configuration = deployment.localized(configuration);
    let mut lines: Vec<String> = configuration.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().filter(|line| line.starts_with("OIDC")) {
        *line = line.replace("sec.example.com", &format!("localhost:{}", front.port()));
    }
    lines.push(
        "<Location /admin/>\n  AuthType oauth20\n  Require claim role:admin\n</Location>".into(),
    );
    lines.push("OIDCCABundlePath certificate.pem".into());
    let certificate = std::fs::read_to_string(certificate.file()).unwrap();
    let running = RunningGateway::start(
        Gateway::Apache,
        &lines.join("\n"),
        &[("certificate.pem", &certificate)],
        deployment.service_port(),
    );
    let route = Routes::of(&running, &running).with_admin_path();
    check(page, row, deployment, &route, Rules::KEYS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pyjwt_protects_a_route() {
    check_library(Gateway::Python, "PyJWT", "pyjwt").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jose_protects_a_route() {
    check_library(Gateway::Node, "jose", "jose").await;
}

/// Traefik is not available as a package. The server gets the request that its documentation describes
/// (<https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/>).
#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_traefik_are_answered() {
    let page = Page::read();
    let deployment = Deployment::start().await;
    page.block("traefik");
    let routes = Routes::direct(&deployment, [VERIFY, VERIFY_ADMIN], |request| {
        request
            .header("x-forwarded-method", "POST")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "app.example.com")
            .header("x-forwarded-uri", "/documents?role=editor")
            .header("x-forwarded-for", "203.0.113.7")
            .header("origin", "https://app.example.com")
    });
    check(&page, "Traefik", deployment, &routes, Rules::LIBRARY).await;
}

/// Envoy is not available as a package. The server gets the request that its documentation describes
/// (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter>).
#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_envoy_are_answered() {
    let page = Page::read();
    let deployment = Deployment::start().await;
    page.block("envoy");
    let paths = [
        "/auth/verify/documents?role=editor",
        "/auth/verify/?role=admin",
    ];
    let routes = Routes::direct(&deployment, paths, |request| {
        request
            .header("host", "app.example.com")
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-envoy-internal", "true")
            .header("content-length", "0")
    });
    check(&page, "Envoy", deployment, &routes, Rules::LIBRARY).await;
}

async fn check_library(gateway: Gateway, row: &str, block: &str) {
    let page = Page::read();
    let deployment = Deployment::start().await;
    let configuration = deployment.localized(&page.block(block));
    let running = RunningGateway::start(gateway, &configuration, &[], deployment.service_port());
    let route = Routes::of(&running, &running).with_admin_path();
    check(&page, row, deployment, &route, Rules::LIBRARY).await;
}

async fn check_forward_authentication(
    page: &Page,
    row: &str,
    block: &str,
    start: impl Fn(&str, u16) -> RunningGateway,
) {
    let deployment = Deployment::start().await;
    let configuration = deployment.localized(&page.block(block));
    let port = deployment.service_port();
    let any = start(&configuration, port);
    let admin = configuration.replace("/auth/verify?", VERIFY);
    let admin = start(&admin.replace(VERIFY, VERIFY_ADMIN), port);
    check(
        page,
        row,
        deployment,
        &Routes::of(&any, &admin),
        Rules::FORWARD,
    )
    .await;
}

/// The protected routes of a program.
struct Routes {
    any: String,
    admin: String,
    /// Completes a request.
    prepare: fn(RequestBuilder) -> RequestBuilder,
}

impl Routes {
    fn of(any: &RunningGateway, admin: &RunningGateway) -> Self {
        let url = |gateway: &RunningGateway| format!("http://127.0.0.1:{}/", gateway.port());
        Self {
            any: url(any),
            admin: url(admin),
            prepare: |request| request,
        }
    }

    /// The requests that a program sends to the server.
    fn direct(
        deployment: &Deployment,
        paths: [&str; 2],
        prepare: fn(RequestBuilder) -> RequestBuilder,
    ) -> Self {
        let [any, admin] =
            paths.map(|path| format!("http://127.0.0.1:{}{path}", deployment.port()));
        Self {
            any,
            admin,
            prepare,
        }
    }

    /// The route for administrators is a path.
    fn with_admin_path(mut self) -> Self {
        self.admin += "admin/";
        self
    }
}

/// The rules beyond the table that a program must follow.
#[derive(Clone, Copy)]
struct Rules {
    /// The service behind it gets the headers that name the user.
    names_user: bool,
    /// There is a service behind it.
    has_service: bool,
}

impl Rules {
    const FORWARD: Self = Self {
        names_user: true,
        has_service: true,
    };
    const KEYS: Self = Self {
        names_user: false,
        has_service: true,
    };
    const LIBRARY: Self = Self {
        names_user: false,
        has_service: false,
    };
}

/// Sends the requests of the table through a program, and compares each status with the cell.
async fn check(page: &Page, row: &str, mut deployment: Deployment, routes: &Routes, rules: Rules) {
    let cells = page.row(row);
    let client = &deployment.client.clone();
    let get = async |url: &str, token: Option<&Token>| {
        let request = (routes.prepare)(client.get(url));
        let request = token.into_iter().fold(request, |request, token| {
            request.bearer_auth(token.access())
        });
        request.send().await.unwrap().status()
    };
    for url in [&routes.any, &routes.admin] {
        assert_eq!(get(url, None).await, 401, "{row}: no token");
    }
    let mut employee = deployment.sign_in().await;
    let admin = deployment.sign_in_as_admin().await;
    if rules.has_service {
        deployment
            .check_headers(&routes.any, &employee, rules.names_user)
            .await;
        let with_query = format!("{}?role=editor", routes.any);
        let status = get(&with_query, Some(&employee)).await;
        assert_eq!(status, 200, "{row}: a query of the service");
    }
    let fixed = [
        (Cell::Valid, get(&routes.any, Some(&employee)).await),
        (
            Cell::Expired,
            get(&routes.any, Some(&deployment.expired(&employee))).await,
        ),
        (
            Cell::OtherAudience,
            get(&routes.any, Some(&deployment.limited().await)).await,
        ),
        (Cell::WrongRole, get(&routes.admin, Some(&employee)).await),
    ];
    for (cell, status) in fixed {
        let expected = cells.status(cell).unwrap_or(status);
        assert_eq!(status, expected, "{row}: {cell:?}");
    }
    if rules.names_user {
        assert_eq!(
            get(&routes.admin, Some(&admin)).await,
            200,
            "{row}: an administrator"
        );
    }
    let eventually = async |token: &Token, cell| {
        let began = Instant::now();
        let Some(expected) = cells.status(cell) else {
            return Duration::ZERO;
        };
        let mut status = get(&routes.any, Some(token)).await;
        while status != expected && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(100)).await;
            status = get(&routes.any, Some(token)).await;
        }
        assert_eq!(status, expected, "{row}: {cell:?}");
        began.elapsed()
    };
    let leaving = deployment.sign_in().await;
    assert_eq!(get(&routes.any, Some(&leaving)).await, 200, "{row}");
    deployment.sign_out(&leaving).await;
    let took = eventually(&leaving, Cell::Ended).await;
    assert!(
        took < Duration::from_secs(5),
        "{row}: {took:?} after the end of a session"
    );
    deployment.rotate_key();
    let renewed = deployment.refresh(&employee).await;
    eventually(&renewed, Cell::NewKey).await;
    if cells.status(Cell::NewKey) == Some(StatusCode::OK) {
        employee = renewed;
    }
    deployment.stop();
    eventually(&employee, Cell::Unreachable).await;
}
