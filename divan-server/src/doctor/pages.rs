//! Checks that the public pages are those of this version of the server.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use divan_pages::{Coding, File, Page};
use reqwest::{Client, Response};
use url::Url;

use super::State;
use super::audiences::join;
use crate::http_client::bounded_body;

/// Returns what is wrong with a page that this server has, as its URL returned it.
pub(super) async fn problems(
    http: &Client,
    url: &Url,
    expected: Page,
    response: Response,
) -> Result<Vec<(State, String)>, reqwest::Error> {
    let mut problems = Vec::new();
    let mut policies = response.headers().get_all(CONTENT_SECURITY_POLICY).iter();
    let has_policy = policies.any(|value| value == expected.policy());
    let body = bounded_body(response).await?.unwrap_or_default();
    let content = File::find(expected.path()).map(|file| file.content(Coding::Identity));
    if Some(body.as_slice()) != content {
        let problem = "has another page than this version of the server: check the proxy and restart all servers; for a page of \
                       your own, set DIVAN_PAGES";
        return Ok(vec![(State::Error, problem.to_owned())]);
    }
    if !has_policy {
        let problem =
            "has another Content-Security-Policy than the server sends: remove it from the proxy";
        problems.push((State::Error, problem.to_owned()));
    }
    for asset in assets(&body) {
        let response = http
            .get(join(url, &format!("/{}", asset.path)))
            .send()
            .await?;
        let content_type = response.headers().get(CONTENT_TYPE);
        let is_it = content_type.is_some_and(|value| value == asset.content_type);
        if !response.status().is_success() || !is_it {
            let (path, status) = (asset.path, response.status());
            let problem = format!(
                "cannot load its file {path}: the response is {status}; forward all paths to the server"
            );
            problems.push((State::Error, problem));
        }
    }
    Ok(problems)
}

/// Returns the files that a page refers to.
fn assets(page: &[u8]) -> Vec<&'static File> {
    let text = String::from_utf8_lossy(page);
    text.split('"').filter_map(File::find).collect()
}
