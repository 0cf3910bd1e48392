//! The pages: what each host serves at `/`, and with which headers.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use divan_pages::{Coding, File, Page};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::harness::*;
use crate::process::{no_tls, program, start};

const MINIAPP: &str = "divan.example.com";
const ADMIN: &str = "sec.example.com";

/// A response with its body in bytes: it may be compressed.
#[derive(Debug)]
struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Response {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    fn is(&self, path: &str, coding: Coding) -> bool {
        self.status == 200 && self.body == File::find(path).unwrap().content(coding)
    }
}

async fn get(router: &Router, host: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get(path).header("host", host);
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Response {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

#[tokio::test]
async fn each_public_host_serves_its_page() {
    let App { router, .. } = App::start().await;
    for (host, page) in [
        (MINIAPP, Page::MiniApp),
        ("DIVAN.example.com.:443", Page::MiniApp),
        (ADMIN, Page::Admin),
    ] {
        let response = get(&router, host, "/", &[]).await;
        assert!(
            response.is(page.path(), Coding::Identity),
            "{host}: {response:?}"
        );
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", page.policy()),
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("strict-transport-security", "max-age=31536000"),
            ("x-frame-options", ""),
        ] {
            assert_eq!(response.header(name), value, "{host}: {name}");
        }
    }
    for host in ["10.0.0.7:8000", "localhost:8000", "other.example.com"] {
        let response = get(&router, host, "/", &[]).await;
        assert_eq!(response.status, 404, "{host}");
    }
}

#[tokio::test]
async fn both_hosts_serve_the_assets_and_the_client() {
    let App { router, .. } = App::start().await;
    for host in [MINIAPP, ADMIN] {
        for file in File::all()
            .iter()
            .filter(|file| !file.content_type.starts_with("text/html"))
        {
            let response = get(&router, host, &format!("/{}", file.path), &[]).await;
            assert!(response.is(file.path, Coding::Identity), "{}", file.path);
            assert_eq!(response.header("content-type"), file.content_type);
            let cache = if file.is_immutable {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            };
            assert_eq!(response.header("cache-control"), cache, "{}", file.path);
            // The Mini App asks again with a query for a module that Chromium keeps as failed.
            let again = get(&router, host, &format!("/{}?retry=1", file.path), &[]).await;
            assert!(again.is(file.path, Coding::Identity), "{}", file.path);
        }
        for path in [
            "/assets/missing",
            "/assets/admin.00000000.js",
            "/assets/",
            "/assets/%2e%2e/miniapp.html",
            "/assets/..%2fminiapp.html",
            "/assets/%ff",
            "/miniapp.html",
            "/users",
            "/manifest.json",
        ] {
            let response = get(&router, host, path, &[]).await;
            assert_eq!(response.status, 404, "{path}");
            assert_eq!(
                response.header("content-type"),
                "application/problem+json",
                "{path}"
            );
            assert_eq!(response.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn a_file_has_the_smallest_coding_that_the_client_accepts() {
    let App { router, .. } = App::start().await;
    for (accepted, coding, name) in [
        ("gzip, deflate, br, zstd", Coding::Brotli, "br"),
        ("gzip", Coding::Gzip, "gzip"),
        ("GZIP;q=0.5", Coding::Gzip, "gzip"),
        ("br;q=0, gzip;q=1.0", Coding::Gzip, "gzip"),
        ("br; q=0.000,identity", Coding::Identity, ""),
        ("br;Q=0, GZIP;Q=1", Coding::Gzip, "gzip"),
        ("BR;Q=0.5, gzip;Q=0.0", Coding::Brotli, "br"),
        ("brotli, x-gzip", Coding::Identity, ""),
        ("", Coding::Identity, ""),
    ] {
        let response = get(&router, ADMIN, "/", &[("accept-encoding", accepted)]).await;
        assert!(
            response.is("admin.html", coding),
            "{accepted}: {response:?}"
        );
        assert_eq!(response.header("content-encoding"), name, "{accepted}");
        let vary = response.headers.get_all("vary").iter();
        assert!(
            vary.into_iter().any(|value| value == "accept-encoding"),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let App { router, .. } = App::start().await;
    for coding in ["", "gzip", "br"] {
        let coding = ("accept-encoding", coding);
        let first = get(&router, MINIAPP, "/", &[coding]).await;
        let etag = first.header("etag").to_owned();
        let weak = format!("W/{etag}");
        let list = format!("\"other\", {etag}");
        for known in [&etag, &weak, &list, "*"] {
            let response = get(&router, MINIAPP, "/", &[coding, ("if-none-match", known)]).await;
            assert_eq!(response.status, 304, "{known}");
            assert!(response.body.is_empty());
            assert_eq!(response.header("etag"), etag);
            assert_eq!(response.header("cache-control"), "no-cache");
        }
        for other in ["\"other\"", "", etag.trim_matches('"')] {
            let response = get(&router, MINIAPP, "/", &[coding, ("if-none-match", other)]).await;
            assert_eq!(response.status, 200, "{other}");
        }
    }
    let tags = ["", "gzip", "br"].map(|coding| ("accept-encoding", coding));
    let mut etags = Vec::new();
    for coding in tags {
        let response = get(&router, MINIAPP, "/", &[coding]).await;
        etags.push(response.header("etag").to_owned());
    }
    etags.dedup();
    assert_eq!(etags.len(), 3, "each coding has a tag of its own");
}

#[tokio::test]
async fn pages_work_below_a_prefix_with_a_slash() {
    let App { router, .. } = App::start().await;
    let router = Router::new().nest("/sign-in/", router);
    let page = get(&router, MINIAPP, "/sign-in/", &[]).await;
    assert!(page.is("miniapp.html", Coding::Identity), "{page:?}");
    let client = get(&router, MINIAPP, "/sign-in/divan.js", &[]).await;
    assert!(client.is("divan.js", Coding::Identity), "{client:?}");
    let live = get(&router, MINIAPP, "/sign-in/health/live", &[]).await;
    assert_eq!(live.status, 200);
    let admin = get(&router, MINIAPP, "/sign-in/auth/admin/users", &[]).await;
    assert_eq!(admin.status, 404);
}

#[tokio::test]
async fn pages_of_the_operator_replace_those_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let client = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    let client = client.build().unwrap();
    for (setting, index, miniapp, admin) in [
        ("on", 200, 200, 200),
        ("admin", 404, 404, 200),
        ("off", 404, 404, 404),
    ] {
        let server = start(program(folder.path()).env("DIVAN_PAGES", setting));
        for (host, path, status) in [
            ("localhost", "/", index),
            ("divan.localhost", "/", miniapp),
            ("sec.localhost", "/", admin),
            ("divan.localhost", "/divan.js", 200),
        ] {
            let host = format!("{host}:{}", server.port);
            let call = client.get(server.url(path)).header("host", &host);
            let response = call.send().await.unwrap();
            assert_eq!(response.status(), status, "{setting}: {host}{path}");
        }
    }
}
