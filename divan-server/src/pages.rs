//! The Mini App page, the admin panel and the browser client, served by host.

use axum::Extension;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use divan_core::api::ProblemCode;
use divan_pages::{Coding, File, Page};

use crate::middleware::Site;
use crate::problem::Problem;
use crate::state::{AppState, Pages};

/// All addresses in the Mini App page and the admin panel are relative, so that they work at the root and
/// below any path that ends in a slash.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(page))
        .route("/divan.js", named("divan.js"))
        .route("/divan.d.ts", named("divan.d.ts"))
        .route("/assets/{file}", get(asset))
}

async fn page(
    State(state): State<AppState>,
    site: Extension<Site>,
    headers: HeaderMap,
) -> Response {
    let http = state.http();
    let page = match (*site, http.pages) {
        (Site::MiniApp, Pages::All) => Page::MiniApp,
        (Site::Admin, Pages::All | Pages::Admin) => Page::Admin,
        (Site::Local, Pages::All) if http.is_development => Page::Index,
        _ => return not_found(),
    };
    let policy = [(CONTENT_SECURITY_POLICY, page.policy())];
    (policy, serve(page.path(), &headers)).into_response()
}

fn named(path: &'static str) -> MethodRouter<AppState> {
    get(async move |headers: HeaderMap| serve(path, &headers))
}

async fn asset(file: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    match file {
        Ok(Path(file)) => serve(&format!("assets/{file}"), &headers),
        Err(_) => not_found(),
    }
}

/// Responds with a file in the smallest coding that the client accepts, or with 304 if it has it.
fn serve(path: &str, request: &HeaderMap) -> Response {
    let Some(file) = File::find(path) else {
        return not_found();
    };
    let coding = accepted(request);
    let (name, suffix) = match coding {
        Coding::Brotli => (Some("br"), "-br"),
        Coding::Gzip => (Some("gzip"), "-gzip"),
        Coding::Identity => (None, ""),
    };
    let etag = format!("\"{}{suffix}\"", file.etag);
    let has_file = lists(request, &IF_NONE_MATCH, |known| {
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag
    });
    // A web view checks a page for changes at each opening, so that an old page never loads the
    // files of a new one.
    let cache = if file.is_immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = (
        [(CACHE_CONTROL, cache), (VARY, "accept-encoding")],
        [(ETAG, etag)],
    );
    if has_file {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let content_encoding = name.map(|name| [(CONTENT_ENCODING, name)]);
    let content_type = [(CONTENT_TYPE, file.content_type)];
    (
        headers,
        content_type,
        content_encoding,
        file.content(coding),
    )
        .into_response()
}

/// Returns the smallest coding that a request accepts
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3)).
fn accepted(request: &HeaderMap) -> Coding {
    let is_accepted = |coding: &str| {
        lists(request, &ACCEPT_ENCODING, |item| {
            let mut parts = item.split(';').map(str::trim_ascii);
            let is_named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(coding));
            // Clients send a weight of zero for a coding that they refuse. Its name is case-insensitive.
            let mut weights = parts.filter_map(|part| {
                let (name, weight) = part.split_once('=')?;
                let weight = name.eq_ignore_ascii_case("q").then_some(weight);
                weight?.parse().ok()
            });
            is_named && weights.all(|weight: f32| weight > 0.0)
        })
    };
    let codings = [("br", Coding::Brotli), ("gzip", Coding::Gzip)];
    let mut codings = codings.into_iter();
    codings
        .find(|(name, _)| is_accepted(name))
        .map_or(Coding::Identity, |(_, coding)| coding)
}

/// Returns `true` if an item of a header that lists values satisfies the condition.
fn lists(headers: &HeaderMap, name: &HeaderName, condition: impl Fn(&str) -> bool) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut items = values
        .flat_map(|value| value.split(','))
        .map(str::trim_ascii);
    items.any(condition)
}

fn not_found() -> Response {
    Problem::new(ProblemCode::NotFound).into_response()
}
